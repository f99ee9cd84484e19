// Spans and logs of one run, together: logs join their spans, calls seen twice count once, traces are summed
// up.
#include <map>
#include <unordered_map>

#include "genai/duplicates.h"
#include "genai/explain.h"
#include "genai/gather.h"
#include "otlp/decode.h"

namespace turnscope::genai {
namespace {

struct Node {
  const otlp::Span* span;
  const otlp::Resource* resource;
  const otlp::Scope* scope;
  SpanView view;
};

struct SpanKey {
  otlp::TraceId trace;
  otlp::SpanId span;
  bool operator==(const SpanKey&) const = default;
};
struct SpanKeyHash {
  std::size_t operator()(const SpanKey& k) const {
    return k.span * 0x9E3779B97F4A7C15ull ^ k.trace[0] ^ (std::size_t{k.trace[15]} << 8);
  }
};

std::string_view text_fact(const json::object& facts, std::string_view key) {
  const json::value* v = facts.if_contains(key);
  return v && v->is_string() ? std::string_view(v->get_string().data(), v->get_string().size())
                             : std::string_view{};
}

std::uint64_t count_fact(const json::object& facts, std::string_view key) {
  const json::value* v = facts.if_contains(key);
  if (!v) return 0;
  if (v->is_uint64()) return v->get_uint64();
  return v->is_int64() && v->get_int64() > 0 ? static_cast<std::uint64_t>(v->get_int64()) : 0;
}

bool same_trace_or_none(const otlp::TraceId& a) {
  for (const auto b : a)
    if (b) return false;
  return true;
}

std::string_view event_name(const otlp::LogRecord& r) {
  if (!r.event_name.empty()) return r.event_name;
  for (const auto& kv : r.attributes)
    if (kv.key == "event.name") return text_of(kv.value);
  return {};
}

class RunExplainer {
 public:
  explicit RunExplainer(const Run& run) : run_(run) {}

  json::object operator()() {
    collect();
    join_logs();
    explain();
    lift_trace_facts();
    duplicates();
    json::object out;
    out["trace_totals"] = totals();
    json::object spans;
    for (Node& n : nodes_) {
      json::object facts = std::move(n.view.facts);
      facts["origins"] = std::move(n.view.origins);
      if (!n.view.not_understood.empty()) facts["not_understood"] = std::move(n.view.not_understood);
      spans[otlp::hex(n.span->span_id)] = std::move(facts);
    }
    out["spans"] = std::move(spans);
    if (!loose_.empty()) out["log_events_without_span"] = std::move(loose_);
    return out;
  }

 private:
  void collect() {
    for (const auto* t : run_.traces)
      for (const auto& rs : t->resources)
        for (const auto& ss : rs.scopes)
          for (const auto& s : ss.spans) {
            // The same span received twice is one.
            const auto [it, fresh] = by_id_.try_emplace({s.trace_id, s.span_id}, nodes_.size());
            if (fresh)
              nodes_.push_back({&s, &rs.resource, &ss.scope, {}});
            else
              nodes_[it->second] = {&s, &rs.resource, &ss.scope, {}};
          }
    logs_.resize(nodes_.size());
  }

  void join_logs() {
    for (const auto* l : run_.logs)
      for (const auto& rs : l->resources)
        for (const auto& ss : rs.scopes)
          for (const auto& r : ss.records) {
            const auto it = r.span_id && !same_trace_or_none(r.trace_id)
                                ? by_id_.find({r.trace_id, r.span_id})
                                : by_id_.end();
            if (it != by_id_.end())
              logs_[it->second].push_back(&r);
            else
              loose_.push_back(json::object{{"event", json::string(event_name(r))},
                                            {"scope", json::string(ss.scope.name)}});
          }
  }

  void explain() {
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      nodes_[i].view = view(*nodes_[i].span, *nodes_[i].resource, *nodes_[i].scope, logs_[i]);
  }

  /// Placeholder for facts of the trace that only one span carries: they stay where they were sent; the
  /// totals tell them.
  void lift_trace_facts() {
    for (const Node& n : nodes_) {
      auto& t = traces_[n.span->trace_id];
      for (const auto key : {"session_id", "user_id", "trace_name", "environment", "release"})
        if (const auto v = text_fact(n.view.facts, key); !v.empty() && !t.contains(key))
          t[key] = json::string(v);
    }
  }

  void duplicates() {
    std::vector<CallFacts> calls;
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      const Node& n = nodes_[i];
      if (n.view.kind != Kind::llm && n.view.kind != Kind::embedding) continue;
      const json::object& f = n.view.facts;
      CallFacts c;
      c.node = i;
      c.trace = n.span->trace_id, c.span = n.span->span_id, c.parent = n.span->parent_span_id;
      c.start = n.span->start_unix_nano, c.end = n.span->end_unix_nano;
      c.kind = n.view.kind;
      c.scope = n.scope->name;
      c.response_id = text_fact(f, "response_id");
      c.request_model = text_fact(f, "request_model");
      if (c.request_model.empty()) c.request_model = text_fact(f, "model");
      const std::uint16_t traits = registry().scope_traits(n.scope->name);
      c.sdk = traits & scope_sdk;
      c.logfire = traits & scope_logfire;
      c.failed = f.contains("error");
      c.has_usage = f.contains("usage_role");
      c.has_input = f.contains("input_messages") || f.contains("input");
      c.has_output = f.contains("output_messages") || f.contains("output");
      for (const auto& kv : n.span->attributes)
        if (kv.key == "logfire.span_type" && text_of(kv.value) == "log") c.stream_log = c.logfire;
      calls.push_back(c);
    }
    const auto marks = find_duplicates(calls);
    for (std::size_t i = 0; i < calls.size(); ++i)
      if (marks[i] != kNoDuplicate) {
        json::object& f = nodes_[calls[i].node].view.facts;
        f["duplicate_of"] = otlp::hex(calls[marks[i]].span);
        nodes_[calls[i].node].view.origins["duplicate_of"] =
            json::object{{"from", "run"}, {"rule", "the same model call seen by two instrumentations"}};
      }
    // A placeholder that is sent when a span begins repeats the span above it.
    for (Node& n : nodes_)
      if (n.view.facts.contains("pending") && n.span->parent_span_id &&
          by_id_.contains({n.span->trace_id, n.span->parent_span_id}))
        n.view.facts["duplicate_of"] = otlp::hex(n.span->parent_span_id);
  }

  struct Sum {
    std::uint64_t spans = 0, calls = 0, input = 0, output = 0;
    double cost = 0;
    bool has_cost = false, own_usage = false;
    std::vector<const Node*> aggregates;
  };

  json::object totals() {
    std::vector<otlp::TraceId> order;
    std::map<otlp::TraceId, Sum> sums;
    for (const Node& n : nodes_) {
      const auto [it, fresh] = sums.try_emplace(n.span->trace_id);
      if (fresh) order.push_back(n.span->trace_id);
      Sum& s = it->second;
      const json::object& f = n.view.facts;
      ++s.spans;
      if (f.contains("duplicate_of")) continue;
      const bool call = n.view.kind == Kind::llm || n.view.kind == Kind::embedding;
      if (!call) {
        if (text_fact(f, "usage_role") == "aggregate" || f.contains("reported_cost_usd"))
          s.aggregates.push_back(&n);
        continue;
      }
      ++s.calls;
      s.own_usage |= f.contains("usage_role");
      add(s, f);
    }
    json::object out;
    for (const auto& id : order) {
      Sum& s = sums[id];
      // Aggregates count only where no model call tells its own usage: the outermost ones, each once.
      if (!s.own_usage)
        for (const Node* n : s.aggregates)
          if (outermost(*n, s.aggregates)) add(s, n->view.facts);
      json::object t{{"spans", s.spans},
                     {"model_calls", s.calls},
                     {"input_tokens", s.input},
                     {"output_tokens", s.output}};
      if (s.has_cost) t["reported_cost_usd"] = s.cost;
      for (auto& kv : traces_[id]) t.emplace(kv.key(), kv.value());
      out[otlp::hex(id)] = std::move(t);
    }
    return out;
  }

  static void add(Sum& s, const json::object& f) {
    s.input += count_fact(f, "input_tokens");
    s.output += count_fact(f, "output_tokens");
    if (const json::value* c = f.if_contains("reported_cost_usd")) {
      s.cost += c->to_number<double>();
      s.has_cost = true;
    }
  }

  bool outermost(const Node& n, const std::vector<const Node*>& others) const {
    otlp::SpanId parent = n.span->parent_span_id;
    for (int depth = 0; parent && depth < 10'000; ++depth) {
      const auto it = by_id_.find({n.span->trace_id, parent});
      if (it == by_id_.end()) return true;
      const Node* p = &nodes_[it->second];
      for (const Node* o : others)
        if (o == p) return false;
      parent = p->span->parent_span_id;
    }
    return true;
  }

  const Run& run_;
  std::vector<Node> nodes_;
  std::unordered_map<SpanKey, std::size_t, SpanKeyHash> by_id_;
  std::vector<std::vector<const otlp::LogRecord*>> logs_;
  std::map<otlp::TraceId, json::object> traces_;
  json::array loose_;
};
}  // namespace

json::object explain_run(const Run& run) { return RunExplainer(run)(); }

}  // namespace turnscope::genai
