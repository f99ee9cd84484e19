#include "workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ctime>
#include <deque>
#include <memory>
#include <queue>

#include "base/clock.h"
#include "otlp/decode.h"

namespace turnscope::bench {
namespace {

using otlp::AnyValue;
using otlp::KeyValue;
using Type = AnyValue::Type;

/// splitmix64: the same numbers everywhere, unlike the distributions of <random>.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

/// Made-up words, drawn by Zipf's law as in natural text.
class Words {
 public:
  Words() {
    Random random(42);
    constexpr std::string_view kHead[] = {"b", "br", "c",  "ch", "d", "f",  "g", "h",  "j", "k", "l", "m",
                                          "n", "p",  "qu", "r",  "s", "st", "t", "tr", "v", "w", ""};
    constexpr std::string_view kMiddle[] = {"a", "e", "i", "o", "u", "ea", "ou", "ai"};
    constexpr std::string_view kTail[] = {"", "n", "r", "s", "t", "l", "m", "nd", "ck", "st", "ng"};
    for (std::size_t i = 0; i < kWords; ++i) {
      std::string w;
      const std::size_t syllables = i < 100 ? 1 : 1 + random.below(3);
      for (std::size_t s = 0; s <= syllables / 2 + (i > 2000); ++s) {
        w += kHead[random.below(std::size(kHead))];
        w += kMiddle[random.below(std::size(kMiddle))];
        w += kTail[random.below(std::size(kTail))];
      }
      w.resize(std::min<std::size_t>(w.size(), 14));
      w += ' ';
      auto& to = words_[i];
      std::memcpy(to.text, w.data(), w.size());
      to.size = static_cast<std::uint8_t>(w.size());
    }
    // A table of draws: word i as often as 1 / (i + 2.7).
    double sum = 0;
    for (std::size_t i = 0; i < kWords; ++i) sum += 1.0 / (static_cast<double>(i) + 2.7);
    double at = 0;
    std::size_t filled = 0;
    for (std::size_t i = 0; i < kWords; ++i) {
      at += 1.0 / (static_cast<double>(i) + 2.7) / sum;
      const auto until = static_cast<std::size_t>(at * kDraws);
      while (filled < until) draws_[filled++] = static_cast<std::uint16_t>(i);
    }
    while (filled < kDraws) draws_[filled++] = 0;
  }
  void append(std::string& out, std::size_t size, Random& random) const {
    const auto from = out.size();
    out.resize(from + size + 16);
    char* to = out.data() + from;
    char* const end = to + size;
    while (to < end) {
      auto r = random.next();
      for (int i = 0; i < 3 && to < end; ++i, r >>= 20) {
        const auto& w = words_[draws_[r & (kDraws - 1)]];
        std::memcpy(to, w.text, 16);
        to += w.size;
      }
    }
    out.resize(from + size);
  }

 private:
  static constexpr std::size_t kWords = 20'000, kDraws = 1 << 20;
  struct Word {
    char text[16];
    std::uint8_t size;
  };
  std::array<Word, kWords> words_{};
  std::vector<std::uint16_t> draws_ = std::vector<std::uint16_t>(kDraws);
};

AnyValue str(std::string_view v) {
  AnyValue a;
  a.type = Type::string;
  a.text = v;
  return a;
}
AnyValue num(std::int64_t v) {
  AnyValue a;
  a.type = Type::integer;
  a.integer = v;
  return a;
}
AnyValue real(double v) {
  AnyValue a;
  a.type = Type::real;
  a.real = v;
  return a;
}
AnyValue flag(bool v) {
  AnyValue a;
  a.type = Type::boolean;
  a.boolean = v;
  return a;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) { return Random(a * 0x9e3779b97f4a7c15 + b).next(); }

/// One trace with everything it points to.
struct Trace {
  std::array<otlp::Span, kSpansPerTrace> spans;
  std::array<std::vector<KeyValue>, kSpansPerTrace> attributes;
  std::array<std::vector<otlp::Event>, kSpansPerTrace> events;
  std::deque<std::vector<KeyValue>> event_attributes;
  std::deque<std::vector<AnyValue>> lists;
  std::deque<std::string> texts;
  std::size_t left = kSpansPerTrace;

  std::string_view keep(std::string s) { return texts.emplace_back(std::move(s)); }
};

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : seed_(seed) {}

  std::unique_ptr<Trace> make(std::uint64_t n, std::int64_t start) {
    auto t = std::make_unique<Trace>();
    Random r(mix(seed_, n));
    const auto id = workload_trace_id(seed_, n);
    const bool bad = r.below(50) == 0;
    const auto model = t->keep(workload_model(r.below(6)));
    const auto session = t->keep(fmt::format("session-{:08x}", n / 4));
    const auto user = t->keep(fmt::format("user-{}", mix(seed_, n / 4) % 5000));
    auto at = static_cast<std::uint64_t>(start);
    std::size_t i = 0;
    const auto begin = [&](std::string_view name, std::uint64_t parent, otlp::SpanKind kind) -> otlp::Span& {
      auto& s = t->spans[i];
      s.trace_id = id;
      s.span_id = mix(seed_ + 1, n * kSpansPerTrace + i) | 1;
      s.parent_span_id = parent;
      s.name = name;
      s.kind = kind;
      s.flags = 0x101;
      s.start_unix_nano = at;
      ++i;
      return s;
    };
    auto& run = begin("agent.run", 0, otlp::SpanKind::internal);
    at += 1'000'000;
    std::string question;
    words_.append(question, 90, r);
    for (int turn = 1; turn <= 3; ++turn) {
      const auto turn_index = i;
      const auto turn_id = begin("agent.turn", run.span_id, otlp::SpanKind::internal).span_id;
      at += 200'000 + r.below(300'000);
      completion(*t, i, begin("gen_ai.completion", turn_id, otlp::SpanKind::client), model, bad && turn == 3,
                 r, at, n);
      at += 100'000;
      if (turn < 3) tool(*t, i, turn_id, begin, bad && turn == 2, r, at);
      auto& s = t->spans[turn_index];
      s.end_unix_nano = at;
      at += 50'000;
      t->attributes[turn_index] = {{"agent.turn_number", num(turn)},
                                   {"session.id", str(session)},
                                   {"gen_ai.agent.name", str("support-agent")},
                                   {"agent.tools_offered", num(12)},
                                   {"agent.context_messages", num(turn * 2)},
                                   {"thread.id", num(static_cast<std::int64_t>(4242 + n % 16))}};
      if (bad && turn == 3) s.status = otlp::StatusCode::error;
    }
    run.end_unix_nano = at + 1'000'000;
    run.status = bad ? otlp::StatusCode::error : otlp::StatusCode::ok;
    t->attributes[0] = {{"agent.user_message", str(t->keep(question))},
                        {"agent.max_turns", num(10)},
                        {"agent.turns_used", num(3)},
                        {"agent.final_answer_length", num(500)},
                        {"agent.hit_max_turns", flag(false)},
                        {"session.id", str(session)},
                        {"user.id", str(user)},
                        {"gen_ai.agent.name", str("support-agent")},
                        {"prompt.id", str("support-main")},
                        {"prompt.version", str(n % 10 < 8 ? "v7" : "v8")},
                        {"experiment.id", str("tone")},
                        {"experiment.variant", str(n % 2 ? "warm" : "plain")}};
    for (std::size_t k = 0; k < kSpansPerTrace; ++k) {
      t->spans[k].attributes = t->attributes[k];
      t->spans[k].events = t->events[k];
    }
    return t;
  }

 private:
  void completion(Trace& t, std::size_t i, otlp::Span& s, std::string_view model, bool bad, Random& r,
                  std::uint64_t& at, std::uint64_t n) {
    --i;
    const auto took = 200'000'000 + r.below(1'800'000'000);
    std::string in, out;
    words_.append(in, 1500, r);
    words_.append(out, 500, r);
    if (r.below(30) == 0) in.replace(700, 12, workload_rare_word(r.below(100)).substr(0, 12));
    auto& user = t.event_attributes.emplace_back();
    user = {{"content", str(t.keep(std::move(in)))}, {"role", str("user")}};
    t.events[i].push_back({.time_unix_nano = at, .name = "gen_ai.user.message", .attributes = user});
    at += took;
    if (bad) {
      auto& e = t.event_attributes.emplace_back();
      e = {{"exception.type", str("anthropic.RateLimitError")},
           {"exception.message", str("429 too many requests")}};
      t.events[i].push_back({.time_unix_nano = at, .name = "exception", .attributes = e});
      s.status = otlp::StatusCode::error;
      s.status_message = "429 too many requests";
    } else {
      auto& choice = t.event_attributes.emplace_back();
      choice = {
          {"content", str(t.keep(std::move(out)))}, {"finish_reason", str("end_turn")}, {"index", num(0)}};
      t.events[i].push_back({.time_unix_nano = at, .name = "gen_ai.choice", .attributes = choice});
    }
    s.end_unix_nano = at;
    const auto in_tokens = static_cast<std::int64_t>(350 + r.below(3000));
    auto& reasons = t.lists.emplace_back();
    reasons = {str("end_turn")};
    AnyValue list;
    list.type = Type::array;
    list.values = reasons;
    t.attributes[i] = {{"gen_ai.provider.name", str("anthropic")},
                       {"gen_ai.operation.name", str("chat")},
                       {"gen_ai.request.model", str(model)},
                       {"gen_ai.response.model", str(model)},
                       {"gen_ai.response.id", str(t.keep(fmt::format("msg_{:016x}", mix(n, i))))},
                       {"gen_ai.usage.input_tokens", num(in_tokens)},
                       {"gen_ai.usage.output_tokens", num(static_cast<std::int64_t>(90 + r.below(200)))},
                       {"gen_ai.request.temperature", real(0.2)},
                       {"gen_ai.request.max_tokens", num(1024)},
                       {"gen_ai.response.finish_reasons", list},
                       {"server.address", str("api.anthropic.com")},
                       {"llm.cost.usd", real(static_cast<double>(in_tokens) * 3e-6)}};
  }
  template <typename F>
  void tool(Trace& t, std::size_t& i, std::uint64_t parent, F&& begin, bool bad, Random& r,
            std::uint64_t& at) {
    const auto name = workload_tool(r.below(12));
    auto& s = begin(t.keep("tool.execute." + name), parent, otlp::SpanKind::internal);
    const auto k = i - 1;
    at += 1'000'000 + r.below(90'000'000);
    s.end_unix_nano = at;
    std::string query;
    words_.append(query, 40, r);
    const auto rows = static_cast<std::int64_t>(r.below(1000));
    t.attributes[k] = {
        {"tool.name", str(t.keep(name))},
        {"gen_ai.tool.call.id", str(t.keep(fmt::format("toolu_{:012x}", r.below(1ull << 48))))},
        {"tool.arguments", str(t.keep(fmt::format("{{\"query\":\"{}\",\"limit\":50}}", query)))},
        {"tool.result_length", num(rows * 13)},
        {"db.system", str("sqlite")},
        {"db.rows", num(rows)},
        {"retry.count", num(0)},
        {"cache.hit", flag(r.below(4) == 0)},
        {"customer.id", str(t.keep(fmt::format("customer-{}", r.below(100'000))))},
        {"code.function", str("run_tool")},
        {"thread.id", num(7)},
        {"queue.wait_ms", real(static_cast<double>(r.below(5000)) / 100)}};
    if (bad) {
      s.status = otlp::StatusCode::error;
      s.status_message = "timeout";
      auto& e = t.event_attributes.emplace_back();
      e = {{"exception.type", str("TimeoutError")}, {"exception.message", str("no answer in 30 s")}};
      t.events[k].push_back({.time_unix_nano = at, .name = "exception", .attributes = e});
    }
  }

  std::uint64_t seed_;
  Words words_;
};

double thread_cpu() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

}  // namespace

otlp::TraceId workload_trace_id(std::uint64_t seed, std::uint64_t n) {
  otlp::TraceId id{};
  const std::uint64_t parts[] = {mix(seed, 2 * n), mix(seed, 2 * n + 1) | 1};
  std::memcpy(id.data(), parts, 16);
  return id;
}
std::string workload_service(std::size_t n) {
  constexpr const char* kNames[] = {"checkout-agent", "support-agent", "search-agent", "billing-agent",
                                    "triage-agent",   "report-agent",  "code-agent",   "travel-agent"};
  return kNames[n % 8];
}
std::string workload_model(std::size_t n) {
  constexpr const char* kNames[] = {"claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-5", "gpt-5",
                                    "gpt-5-mini",        "gemini-2.5-pro"};
  return kNames[n % 6];
}
std::string workload_tool(std::size_t n) {
  constexpr const char* kNames[] = {"query_database", "search_logs", "calculate",   "fetch_page",
                                    "send_mail",      "read_file",   "list_orders", "refund",
                                    "translate",      "geocode",     "weather",     "create_ticket"};
  return kNames[n % 12];
}
std::string workload_rare_word(std::size_t n) { return fmt::format("zyx{:06x}qwv ", mix(99, n) & 0xffffff); }

Workload build_workload(const WorkloadOptions& o) {
  const double cpu = thread_cpu();
  Workload out;
  const std::uint64_t traces = (o.spans + kSpansPerTrace - 1) / kSpansPerTrace;
  const auto range = o.span_of_time_nanos != 0
                         ? o.span_of_time_nanos
                         : static_cast<std::int64_t>(3.6e12 * static_cast<double>(o.spans) / 1e6);
  const auto from = o.from_unix_nano != 0 ? o.from_unix_nano : system_clock().unix_nanos() - range;
  Maker maker(o.seed);
  // Each service exports its own spans in the order of their end.
  struct Pending {
    std::uint64_t end;
    Trace* trace;
    std::size_t index;
    bool operator<(const Pending& b) const { return end > b.end; }
  };
  struct Service {
    std::priority_queue<Pending> pending;
    std::vector<otlp::Span> batch;
    std::vector<Trace*> owners;
    std::string name, instance;
  };
  std::array<Service, 8> services;
  for (std::size_t i = 0; i < 8; ++i) {
    services[i].name = workload_service(i);
    services[i].instance = fmt::format("{}-7f9c-{}", services[i].name, i);
  }
  const auto flush = [&](Service& s) {
    if (s.batch.empty()) return;
    const std::vector<KeyValue> resource{{"service.name", str(s.name)},
                                         {"service.instance.id", str(s.instance)},
                                         {"service.version", str("1.4.2")},
                                         {"deployment.environment.name", str("production")},
                                         {"telemetry.sdk.name", str("turnscope")},
                                         {"telemetry.sdk.language", str("cpp")},
                                         {"host.name", str("node-3")},
                                         {"process.pid", num(4711)}};
    otlp::ScopeSpans scope;
    scope.scope.name = "turnscope.genai";
    scope.scope.version = "0.1.0";
    scope.spans = s.batch;
    otlp::ResourceSpans rs;
    rs.resource.attributes = resource;
    rs.scopes = {&scope, 1};
    auto& bytes = out.requests.emplace_back();
    otlp::encode_protobuf(otlp::Traces{{&rs, 1}}, bytes);
    out.bytes += bytes.size();
    out.spans += s.batch.size();
    for (auto* t : s.owners)
      if (--t->left == 0) delete t;
    s.batch.clear();
    s.owners.clear();
  };
  const auto drain = [&](Service& s, std::uint64_t until) {
    while (!s.pending.empty() && s.pending.top().end <= until) {
      const auto p = s.pending.top();
      s.pending.pop();
      s.batch.push_back(p.trace->spans[p.index]);
      s.owners.push_back(p.trace);
      if (s.batch.size() == o.spans_per_request) flush(s);
    }
  };
  for (std::uint64_t n = 0; n < traces; ++n) {
    const auto start = from + static_cast<std::int64_t>(static_cast<double>(range) * static_cast<double>(n) /
                                                        static_cast<double>(traces));
    auto& s = services[n % 8];
    auto* t = maker.make(n, start).release();
    for (std::size_t i = 0; i < kSpansPerTrace; ++i) s.pending.push({t->spans[i].end_unix_nano, t, i});
    drain(s, static_cast<std::uint64_t>(start));
  }
  for (auto& s : services) {
    drain(s, ~0ull);
    flush(s);
  }
  out.build_seconds = thread_cpu() - cpu;
  return out;
}

}  // namespace turnscope::bench
