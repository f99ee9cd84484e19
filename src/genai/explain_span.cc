// One span → its facts. Reads the same gathered fields as columns.cc; decodes what that leaves alone.
#include <fmt/format.h>

#include <algorithm>

#include "genai/explain.h"
#include "genai/gather.h"
#include "genai/http_call.h"
#include "genai/indexed.h"
#include "genai/question.h"
#include "genai/region.h"
#include "genai/usage.h"
#include "otlp/decode.h"

namespace turnscope::genai {
namespace {

using otlp::AnyValue;
constexpr std::string_view kDetails = "gen_ai.client.inference.operation.details";
constexpr std::string_view kEvaluation = "gen_ai.evaluation.result";

std::string_view sv(const json::string& s) { return {s.data(), s.size()}; }

const AnyValue* find(otlp::Attributes a, std::string_view key) {
  for (const auto& kv : a)
    if (kv.key == key) return &kv.value;
  return nullptr;
}

std::string_view log_name(const otlp::LogRecord& r) {
  if (!r.event_name.empty()) return r.event_name;
  const AnyValue* v = find(r.attributes, "event.name");
  return v ? text_of(*v) : std::string_view{};
}

/// "gen_ai.user.message" → "user"; "" for other names.
std::string_view message_role(std::string_view event) {
  if (!event.starts_with("gen_ai.") || !event.ends_with(".message")) return {};
  event.remove_prefix(7);
  event.remove_suffix(8);
  return event == "system" || event == "user" || event == "assistant" || event == "tool" ? event
                                                                                         : std::string_view{};
}

class Explainer {
 public:
  Explainer(const otlp::Span& s, const otlp::Resource& r, const otlp::Scope& sc,
            std::span<const otlp::LogRecord* const> logs)
      : span_(s), scope_(sc), logs_(logs) {
    gather(registry(), s, r, sc, g_, nullptr);
  }

  SpanView run() {
    offer_events_and_logs();
    v_.kind = kind_of(g_).kind;
    identity();
    model();
    usage();
    if (v_.kind == Kind::tool) {
      tool();
    } else {
      messages();
    }
    finish_reasons();
    plain_facts();
    scores();
    error();
    links();
    extras();
    not_understood();
    return std::move(v_);
  }

 private:
  // ---- where a fact came from
  std::string source(const Winner& w) const {
    if (w.attribute < 0) return {};
    const auto k = static_cast<std::size_t>(w.attribute);
    if (w.event == -1) return fmt::format("attributes.{}", span_.attributes[k].key);
    if (w.event >= 0) {
      const auto& e = span_.events[static_cast<std::size_t>(w.event)];
      return fmt::format("events.{}.{}", w.event, e.attributes[k].key);
    }
    const auto n = static_cast<std::size_t>(-(w.event + 2));
    return fmt::format("logs.{}.{}", log_name(*logs_[n]), logs_[n]->attributes[k].key);
  }
  void origin(std::string_view fact, std::string from, std::string rule) {
    v_.origins[fact] = json::object{{"from", from}, {"rule", rule}};
  }
  void put(std::string_view fact, json::value value, std::string from, std::string rule) {
    v_.facts[fact] = std::move(value);
    origin(fact, std::move(from), std::move(rule));
  }
  void put(std::string_view fact, json::value value, Field f) {
    const Winner& w = g_[f];
    put(fact, std::move(value), source(w),
        fmt::format("{}: {} is {}", g_.tables->dialect_names()[w.rule->dialect], w.rule->key, name(f)));
  }

  // ---- reading fields
  std::string text(Field f) const {
    const AnyValue* v = g_[f].value;
    if (!v) return {};
    if (v->type == AnyValue::Type::string) {
      std::string made;
      return std::string(g_[f].rule->convert == Convert::json_string ? unquoted(v->text, made) : v->text);
    }
    if (v->type == AnyValue::Type::none || v->type == AnyValue::Type::array ||
        v->type == AnyValue::Type::kvlist)
      return {};
    return json::serialize(to_json(*v));
  }
  json::value decoded(Field f) const {
    const Winner& w = g_[f];
    if (!w.value) return nullptr;
    const Convert c = w.rule->convert;
    if (w.value->type == AnyValue::Type::string) {
      bool any = c == Convert::json || c == Convert::json_body;
      if (f == Field::input || f == Field::output) {
        const AnyValue* mime = g_[f == Field::input ? Field::input_mime : Field::output_mime].value;
        if (mime && text_of(*mime) == "application/json" && w.rule->key.ends_with(".value")) any = true;
      }
      if (any)
        if (auto p = parse_json(w.value->text)) return std::move(*p);
      if (c == Convert::structured || c == Convert::body || any)
        if (auto p = parse_structured(w.value->text)) return std::move(*p);
    }
    return to_json(*w.value);
  }
  void put_text(std::string_view fact, Field f) {
    if (std::string t = text(f); !t.empty()) put(fact, json::string(t), f);
  }
  void put_integer(std::string_view fact, Field f) {
    const AnyValue* v = g_[f].value;
    if (!v) return;
    if (const auto n = as_integer(*v))
      put(fact, *n, f);
    else
      misread(f, "a whole number");
  }
  void misread(Field f, std::string_view wanted) {
    v_.not_understood.push_back(json::value(json::string(fmt::format("{}: not {}", source(g_[f]), wanted))));
  }

  void offer_events_and_logs() {
    for (std::size_t i = 0; i < span_.events.size(); ++i) {
      const auto& e = span_.events[i];
      if (e.name == kDetails)
        for (std::size_t k = 0; k < e.attributes.size(); ++k)
          offer(g_, e.attributes[k].key, e.attributes[k].value, static_cast<std::int32_t>(k),
                static_cast<std::int32_t>(i));
      offer_mapped(g_, e, static_cast<std::int32_t>(i));
    }
    for (std::size_t n = 0; n < logs_.size(); ++n) {
      const auto& r = *logs_[n];
      if (log_name(r) != kDetails) continue;
      for (std::size_t k = 0; k < r.attributes.size(); ++k)
        offer(g_, r.attributes[k].key, r.attributes[k].value, static_cast<std::int32_t>(k),
              -static_cast<std::int32_t>(n) - 2);
    }
  }

  // ---- facts
  void identity() {
    v_.facts["name"] = json::string(span_.name);
    v_.facts["trace_id"] = otlp::hex(span_.trace_id);
    v_.facts["parent"] = span_.parent_span_id ? json::value(json::string(otlp::hex(span_.parent_span_id)))
                                              : json::value(nullptr);
    v_.facts["scope"] = json::string(scope_.name);
    const KindFound k = kind_of(g_);
    if (k.by != Field::count)
      put("kind", json::string(name(k.kind)), k.by);
    else
      put("kind", json::string(name(k.kind)), k.by_name ? "name" : "",
          k.by_name ? "the span's name" : "no rule matched");
  }

  void model() {
    if (const std::string p = text(Field::provider); !p.empty()) {
      std::string made;
      provider_ = std::string(provider_name(p, made));
      put("provider", json::string(provider_), Field::provider);
    }
    put_text("operation", Field::operation);
    // A chain has no model of its own: what stands there is its inner call's.
    if (v_.kind != Kind::chain) put_text("request_model", Field::request_model);
    if (const KindFound k = kind_of(g_); k.by == Field::http_url || k.by == Field::server_address)
      if (const auto call = http_call(g_)) {
        const auto told = [&](std::string_view fact, std::string_view value) {
          if (!value.empty() && !v_.facts.contains(fact))
            put(fact, json::string(value), source(g_[call->by]), "an HTTP call to a known host of models");
        };
        told("provider", call->provider);
        if (provider_.empty()) provider_ = call->provider;
        told("operation", call->operation);
        told("request_model", call->model);
      }
    put_text("response_model", Field::response_model);
    if (v_.kind != Kind::chain && !v_.facts.contains("request_model") && !v_.facts.contains("response_model"))
      put_text("model", Field::model);
    put_text("response_id", Field::response_id);
  }

  void put_count(std::string_view fact, const Count& c) {
    // The vendor's raw usage counts in the buckets; as a reported count only what the library itself says is
    // shown.
    if (c.field == Field::usage_raw) return;
    if (!c) {
      if (c.field != Field::count) misread(c.field, "a count");
      return;
    }
    const Winner& w = g_[c.field];
    put(fact, *c.value, c.path.empty() ? source(w) : fmt::format("{}#{}", source(w), c.path),
        w.rule ? fmt::format("{}: {} is {}", g_.tables->dialect_names()[w.rule->dialect], w.rule->key, fact)
               : std::string("sum of its parts"));
  }

  void usage() {
    const Reported r = reported_usage(g_, provider_);
    put_count("input_tokens", r.input);
    put_count("output_tokens", r.output);
    put_count("cache_read_tokens", r.cache_read);
    put_count("cache_write_tokens", r.cache_write);
    put_count("reasoning_tokens", r.reasoning);
    Usage u;
    buckets(r, v_.kind, u);
    if (r.input || r.output) {
      const bool own = u.role == UsageRole::own;
      put("usage_role", own ? "own" : "aggregate", "kind",
          own ? "model calls own their usage" : "usage of other kinds sums up descendants");
    }
    if (r.input_excludes_cache) put("input_excludes_cache", true, "usage", std::string(r.reason));
    if (r.any) {
      json::object b;
      const std::pair<const char*, const std::optional<std::uint64_t>*> all[] = {
          {"input", &u.input},
          {"cache_read", &u.cache_read},
          {"cache_write", &u.cache_write},
          {"cache_write_5m", &u.cache_write_5m},
          {"cache_write_1h", &u.cache_write_1h},
          {"input_audio", &u.input_audio},
          {"input_image", &u.input_image},
          {"output", &u.output},
          {"reasoning", &u.reasoning},
          {"output_audio", &u.output_audio},
          {"output_image", &u.output_image},
          {"reported_total", &u.reported_total}};
      for (const auto& [k, n] : all)
        if (*n) b[k] = **n;
      constexpr std::string_view kBasis[] = {"none", "known", "proven", "assumed"};
      b["basis"] = json::string(kBasis[static_cast<std::size_t>(u.basis)]);
      put("usage", std::move(b), "usage", std::string(r.reason));
    }
    Field from = Field::count;
    if (const auto c = reported_cost(g_, from)) put("reported_cost_usd", *c, from);
  }

  // ---- content
  struct Draft {
    std::vector<SourcedMessage> input, output;
  };

  void add(std::vector<SourcedMessage>& to, std::vector<Message>&& messages, const std::string& from) {
    for (auto& m : messages) to.push_back({std::move(m), from});
  }

  /// Values of a message field: all of its events when it came from events (one event can hold one message),
  /// else the winner.
  bool from_field(Field f, Side side, std::vector<SourcedMessage>& to) {
    const Winner& w = g_[f];
    if (!w.value) return false;
    bool any = false;
    auto take_value = [&](const AnyValue& v, const std::string& from) {
      if (auto m = read_messages(to_json_decoded(v), side)) {
        add(to, std::move(*m), from);
        any = true;
      } else {
        v_.not_understood.push_back(json::value(json::string(from + ": not messages")));
      }
    };
    if (w.event >= 0) {
      const std::string_view event = span_.events[static_cast<std::size_t>(w.event)].name;
      for (std::size_t i = 0; i < span_.events.size(); ++i)
        if (span_.events[i].name == event)
          if (const AnyValue* v = find(span_.events[i].attributes, w.rule->key))
            take_value(*v, fmt::format("events.{}.{}", i, w.rule->key));
    } else {
      take_value(*w.value, source(w));
    }
    return any;
  }

  void event_messages(Draft& d) {
    std::size_t last = span_.events.size();
    bool choice = false;
    for (std::size_t i = 0; i < span_.events.size(); ++i) {
      const bool c = span_.events[i].name == "gen_ai.choice";
      choice |= c;
      if (c || !message_role(span_.events[i].name).empty()) last = i;
    }
    for (std::size_t i = 0; i < span_.events.size(); ++i) {
      const otlp::Event& e = span_.events[i];
      const std::string_view role = message_role(e.name);
      const bool is_choice = e.name == "gen_ai.choice";
      if (role.empty() && !is_choice) continue;
      Message m;
      m.role = is_choice ? "assistant" : std::string(role);
      if (const AnyValue* r = find(e.attributes, "role"); r && !text_of(*r).empty())
        m.role = std::string(canonical_role(text_of(*r)));
      if (const AnyValue* r = find(e.attributes, "finish_reason"); r && !text_of(*r).empty())
        m.finish_reason = std::string(text_of(*r));
      const AnyValue* content = find(e.attributes, is_choice ? "message" : "content");
      std::string_view key = is_choice ? "message" : "content";
      if (!content && is_choice) content = find(e.attributes, "content"), key = "content";
      if (content) read_event_content(*content, find(e.attributes, "id"), role == "tool", m);
      if (const AnyValue* calls = find(e.attributes, "tool_calls")) {
        json::object wrap{{"role", *m.role}, {"tool_calls", to_json_decoded(*calls)}};
        if (auto more = read_message(wrap, *m.role))
          std::move(more->parts.begin(), more->parts.end(), std::back_inserter(m.parts));
      }
      const bool answer = is_choice || (!choice && role == "assistant" && i == last);
      (answer ? d.output : d.input).push_back({std::move(m), fmt::format("events.{}.{}", i, key)});
    }
  }

  void read_event_content(const AnyValue& content, const AnyValue* id, bool is_tool, Message& m) {
    if (content.type != AnyValue::Type::string) {
      json::value v = to_json(content);
      if (auto inner = v.is_object() ? read_message(v, m.role) : std::nullopt) {
        m.parts = std::move(inner->parts);
        if (inner->role) m.role = inner->role;
      } else {
        read_parts(v, m.parts);
      }
    } else if (auto v = parse_structured(content.text);
               v && v->is_object() && member(*v, {"role", "tool_calls", "parts"})) {
      if (auto inner = read_message(*v, m.role)) {
        m.parts = std::move(inner->parts);
        m.role = inner->role;
        if (!m.finish_reason) m.finish_reason = inner->finish_reason;
      }
    } else {
      read_content_text(content.text, m.parts);
    }
    if (is_tool && id && m.parts.size() == 1 && m.parts[0].type == Part::Type::text) {
      Part p;
      p.type = Part::Type::tool_call_response;
      p.id = std::string(text_of(*id));
      p.result = m.parts[0].content;
      m.parts = {std::move(p)};
    }
  }

  void log_messages(Draft& d) {
    for (std::size_t n = 0; n < logs_.size(); ++n) {
      const otlp::LogRecord& r = *logs_[n];
      const std::string_view event = log_name(r), role = message_role(event);
      const bool choice = event == "gen_ai.choice";
      if (!choice && role.empty()) continue;
      json::value body = to_json_decoded(r.body);
      std::optional<std::string> reason;
      if (const auto t = text_member(body, "finish_reason"); !t.empty()) reason = std::string(t);
      if (choice)
        if (const json::value* inner = member(body, {"message", "content"}); inner && inner->is_object())
          body = json::value(*inner);
      if (json::object* o = body.if_object()) {
        if (role == "tool" && o->contains("id")) (*o)["tool_call_id"] = (*o)["id"];
        if (!o->contains("role")) (*o)["role"] = choice ? std::string("assistant") : std::string(role);
        // Google's kit writes this where content is turned off.
        if (const auto* c = o->if_contains("content");
            c && c->is_string() && sv(c->get_string()) == "<elided>")
          continue;
        if (const auto* c = o->if_contains("content"); c && c->is_object() && member(*c, "parts"))
          body = json::value(*c);
      }
      auto m = read_message(body, choice ? std::string_view("assistant") : role);
      if (!m) continue;
      if (reason) m->finish_reason = reason;
      (choice ? d.output : d.input).push_back({std::move(*m), fmt::format("logs.{}.body", event)});
    }
  }

  void vercel_output(Draft& d) {
    Message m;
    m.role = "assistant";
    std::string from;
    auto note = [&](Field f) {
      if (from.empty()) from = source(g_[f]);
    };
    if (const std::string t = text(Field::output_reasoning); !t.empty()) {
      Part p;
      p.type = Part::Type::reasoning;
      p.content = json::string(t);
      m.parts.push_back(std::move(p));
      note(Field::output_reasoning);
    }
    if (const std::string t = text(Field::output_text); !t.empty()) {
      Part p;
      p.content = json::string(t);
      m.parts.push_back(std::move(p));
      note(Field::output_text);
    }
    if (g_.has(Field::output_tool_calls)) {
      json::object wrap{{"role", "assistant"}, {"tool_calls", decoded(Field::output_tool_calls)}};
      if (auto more = read_message(wrap, "assistant"))
        std::move(more->parts.begin(), more->parts.end(), std::back_inserter(m.parts));
      note(Field::output_tool_calls);
    }
    if (!m.parts.empty()) d.output.push_back({std::move(m), from});
  }

  bool body(Field f) const {
    const Winner& w = g_[f];
    return w.value && (w.rule->convert == Convert::body || w.rule->convert == Convert::json_body);
  }

  void messages() {
    Draft d;
    from_field(Field::input_messages, Side::input, d.input);
    from_field(Field::output_messages, Side::output, d.output);
    if (d.input.empty() && g_.has(Family::indexed_prompt))
      add(d.input, indexed_messages(g_, Family::indexed_prompt), "attributes.gen_ai.prompt.*");
    if (d.output.empty() && g_.has(Family::indexed_completion))
      add(d.output, indexed_messages(g_, Family::indexed_completion), "attributes.gen_ai.completion.*");
    if (d.input.empty() && g_.has(Family::openinference_input))
      add(d.input, openinference_messages(g_, Family::openinference_input),
          "attributes.llm.input_messages.*");
    if (d.output.empty() && g_.has(Family::openinference_output))
      add(d.output, openinference_messages(g_, Family::openinference_output),
          "attributes.llm.output_messages.*");
    Draft from_events, from_logs;
    event_messages(from_events);
    log_messages(from_logs);
    for (Draft* more : {&from_events, &from_logs}) {
      if (d.input.empty()) d.input = std::move(more->input);
      if (d.output.empty()) d.output = std::move(more->output);
    }
    if (d.output.empty()) vercel_output(d);
    const bool model_call = v_.kind == Kind::llm;
    if (model_call) {
      bodies(Field::input, Side::input, d.input);
      bodies(Field::output, Side::output, d.output);
      if (g_.has(Field::request_data)) data(Field::request_data, Side::input, d.input);
      if (g_.has(Field::response_data)) data(Field::response_data, Side::output, d.output);
    }
    if (g_.has(Field::system_instructions)) {
      v_.system = read_system(decoded(Field::system_instructions));
      json::array parts;
      for (const Part& p : v_.system) parts.push_back(to_json(p));
      put("system_instructions", std::move(parts), Field::system_instructions);
    }
    put_messages("input_messages", d.input, Field::input_messages);
    put_messages("output_messages", d.output, Field::output_messages);
    v_.input = std::move(d.input);
    v_.output = std::move(d.output);
    if (v_.input.empty() && g_.has(Field::input))
      v_.raw_input = decoded(Field::input), put("input", v_.raw_input, Field::input);
    if (v_.output.empty() && g_.has(Field::output))
      v_.raw_output = decoded(Field::output), put("output", v_.raw_output, Field::output);
    if (g_.has(Family::openinference_documents)) {
      v_.documents = openinference_documents(g_);
      put("documents", v_.documents, "attributes.retrieval.documents.*", "openinference: indexed documents");
    } else if (g_.has(Field::documents)) {
      json::value docs = decoded(Field::documents);
      if (docs.is_array()) v_.documents = docs.get_array();
      put("documents", std::move(docs), Field::documents);
    }
  }

  /// The request or response itself, as the framework kept it.
  void bodies(Field f, Side side, std::vector<SourcedMessage>& to) {
    if (!to.empty() || !body(f)) return;
    if (auto m = read_messages(decoded(f), side); m && !m->empty()) add(to, std::move(*m), source(g_[f]));
  }
  void data(Field f, Side side, std::vector<SourcedMessage>& to) {
    if (!to.empty()) return;
    const json::value v = decoded(f);
    if (!v.is_object()) return;
    if (auto m = read_messages(v, side); m && !m->empty())
      add(to, std::move(*m), source(g_[f]));
    else if (const auto t = text_member(v, "combined_chunk_content"); !t.empty()) {
      Message one;
      one.role = "assistant";
      read_parts(json::string(t), one.parts);
      to.push_back({std::move(one), source(g_[f])});
    }
  }

  void put_messages(std::string_view fact, const std::vector<SourcedMessage>& messages, Field f) {
    if (messages.empty()) return;
    json::array a;
    for (const auto& m : messages) a.push_back(to_json(m.message));
    const Winner& w = g_[f];
    put(fact, std::move(a), messages.front().source,
        w.rule && messages.front().source == source(w)
            ? fmt::format("{}: {} is {}", g_.tables->dialect_names()[w.rule->dialect], w.rule->key, name(f))
            : std::string("messages of ") + messages.front().source);
  }

  void tool() {
    std::string n = text(Field::tool_name);
    if (!n.empty())
      put("tool_name", json::string(n), Field::tool_name);
    else if (n = text(Field::entity_name); !n.empty())
      put("tool_name", json::string(n), Field::entity_name);
    else
      put("tool_name", json::string(tool_in_name(span_.name)), "name", "the span's name names the tool");
    put_text("tool_call_id", Field::tool_call_id);
    for (const Field f : {Field::tool_arguments, Field::input})
      if (g_.has(f)) {
        v_.tool_arguments = decoded(f);
        put("tool_arguments", v_.tool_arguments, f);
        break;
      }
    for (const Field f : {Field::tool_result, Field::output})
      if (g_.has(f)) {
        v_.tool_result = decoded(f);
        put("tool_result", v_.tool_result, f);
        break;
      }
    tool_events();
    put_integer("tool_result_length", Field::tool_result_length);
  }

  /// Strands tells a tool's call and result in events: as tool.message and choice, or as messages in details
  /// events.
  void tool_events() {
    auto fill = [&](std::string_view fact, json::value& into, json::value v, std::string from) {
      if (v_.facts.contains(fact)) return;
      into = v;
      put(fact, std::move(v), std::move(from), "tool span's event");
    };
    for (std::size_t i = 0; i < span_.events.size(); ++i) {
      const auto& e = span_.events[i];
      const bool call = e.name == "gen_ai.tool.message", result = e.name == "gen_ai.choice";
      if (!call && !result) continue;
      if (const AnyValue* id = find(e.attributes, "id");
          id && !v_.facts.contains("tool_call_id") && !text_of(*id).empty())
        put("tool_call_id", json::string(text_of(*id)), fmt::format("events.{}.id", i), "tool span's event");
      const std::string_view key = call ? "content" : "message";
      if (const AnyValue* c = find(e.attributes, key))
        fill(call ? "tool_arguments" : "tool_result", call ? v_.tool_arguments : v_.tool_result,
             to_json_decoded(*c), fmt::format("events.{}.{}", i, key));
    }
    std::vector<SourcedMessage> in, out;
    from_field(Field::input_messages, Side::input, in);
    from_field(Field::output_messages, Side::output, out);
    for (auto* list : {&in, &out})
      for (const auto& m : *list)
        for (const Part& p : m.message.parts) {
          if (p.type == Part::Type::tool_call)
            fill("tool_arguments", v_.tool_arguments, p.arguments, m.source);
          if (p.type == Part::Type::tool_call_response)
            fill("tool_result", v_.tool_result, p.result, m.source);
          if (p.id && !v_.facts.contains("tool_call_id"))
            put("tool_call_id", json::string(*p.id), m.source, "tool span's message");
        }
  }

  void finish_reasons() {
    std::vector<std::string>& r = v_.finish_reasons;
    if (g_.has(Field::finish_reasons)) {
      json::value v = decoded_list(Field::finish_reasons);
      if (const json::array* a = v.if_array())
        for (const auto& x : *a)
          if (x.is_string()) r.emplace_back(sv(x.get_string()));
      if (!r.empty()) put("finish_reasons", json::value_from(r), Field::finish_reasons);
    }
    if (!r.empty() || v_.kind == Kind::tool) return;
    for (const auto& m : v_.output)
      if (m.message.finish_reason) r.push_back(*m.message.finish_reason);
    if (!r.empty())
      put("finish_reasons", json::value_from(r), v_.output.front().source,
          "the output messages tell why they ended");
  }

  json::value decoded_list(Field f) const {
    const Winner& w = g_[f];
    json::array out;
    if (w.value->type == AnyValue::Type::array) return to_json(*w.value);
    if (w.value->type != AnyValue::Type::string) {
      out.push_back(to_json(*w.value));
      return out;
    }
    std::string_view s = w.value->text;
    if (w.rule->convert == Convert::comma_list) {
      while (!s.empty()) {
        const std::size_t comma = s.find(',');
        std::string_view one = s.substr(0, comma);
        while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
        while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
        if (!one.empty()) out.push_back(json::value(json::string(one)));
        s = comma == std::string_view::npos ? std::string_view{} : s.substr(comma + 1);
      }
      return out;
    }
    if (auto p = parse_structured(s); p && p->is_array()) return std::move(*p);
    if (!s.empty()) out.push_back(json::value(json::string(s)));
    return out;
  }

  void plain_facts() {
    put_text("session_id", Field::session_id);
    put_text("user_id", Field::user_id);
    if (g_.has(Field::tags))
      if (json::value t = decoded_list(Field::tags); !t.get_array().empty())
        put("tags", std::move(t), Field::tags);
    put_text("agent_name", Field::agent_name);
    put_text("workflow_name", Field::workflow_name);
    put_text("trace_name", Field::trace_name);
    put_text("environment", Field::environment);
    put_text("release", Field::release);
    put_integer("turn_number", Field::turn_number);
    put_integer("agent_max_turns", Field::agent_max_turns);
    put_integer("agent_turns_used", Field::agent_turns_used);
    put_integer("agent_final_answer_length", Field::agent_final_answer_length);
    if (const AnyValue* b = g_[Field::agent_hit_max_turns].value)
      if (const auto v = as_boolean(*b)) put("agent_hit_max_turns", *v, Field::agent_hit_max_turns);
    put_text("prompt_id", Field::prompt_id);
    if (const AnyValue* p = g_[Field::prompt_version].value)
      put("prompt_version", to_json(*p), Field::prompt_version);
    put_text("prompt_template", Field::prompt_template);
    if (g_.has(Field::prompt_variables))
      put("prompt_variables", decoded(Field::prompt_variables), Field::prompt_variables);
    put_text("experiment_id", Field::experiment_id);
    put_text("experiment_variant", Field::experiment_variant);
    put_text("experiment_name", Field::experiment_name);
    put_text("dataset_id", Field::dataset_id);
    put_text("dataset_item_id", Field::dataset_item_id);
    put_text("level", Field::level);
    put_text("status_message", Field::status_message);
    if (const AnyValue* b = g_[Field::streamed].value)
      if (as_boolean(*b).value_or(false)) put("streamed", true, Field::streamed);
  }

  void add_score(otlp::Attributes a) {
    Score s;
    if (const AnyValue* v = find(a, "gen_ai.evaluation.name")) s.name = std::string(text_of(*v));
    if (const AnyValue* v = find(a, "gen_ai.evaluation.score.value")) s.value = as_number(*v);
    if (const AnyValue* v = find(a, "gen_ai.evaluation.score.label")) s.label = std::string(text_of(*v));
    if (const AnyValue* v = find(a, "gen_ai.evaluation.explanation"))
      s.explanation = std::string(text_of(*v));
    if (!s.name.empty()) v_.scores.push_back(std::move(s));
  }

  void scores() {
    std::string from;
    for (const FamilyHit& h : g_.families) {
      if (h.family != Family::score) continue;
      const otlp::KeyValue& kv = span_.attributes[h.attribute];
      Score s;
      s.name = std::string(kv.key.substr(h.prefix_length));
      s.value = as_number(kv.value);
      if (!s.value && !text_of(kv.value).empty()) s.label = std::string(text_of(kv.value));
      if (s.name.empty()) continue;
      v_.scores.push_back(std::move(s));
      from = "attributes.eval.score.*";
    }
    for (const auto& e : span_.events)
      if (e.name == kEvaluation)
        add_score(e.attributes), from = std::string("events.") + std::string(kEvaluation);
    for (const auto* r : logs_)
      if (log_name(*r) == kEvaluation)
        add_score(r->attributes), from = std::string("logs.") + std::string(kEvaluation);
    if (v_.scores.empty()) return;
    json::array a;
    for (const Score& s : v_.scores) {
      json::object o{{"name", s.name}};
      if (s.value) o["value"] = *s.value;
      if (s.label) o["label"] = *s.label;
      if (s.explanation) o["explanation"] = *s.explanation;
      a.push_back(std::move(o));
    }
    put("scores", std::move(a), from, "scores of evaluations");
  }

  void error() {
    const bool level = g_.has(Field::level) && text_of(*g_[Field::level].value) == "ERROR";
    bool failed = span_.status == otlp::StatusCode::error || level;
    std::string_view type, message;
    std::string from = "status";
    for (std::size_t i = 0; i < span_.events.size(); ++i) {
      const auto& e = span_.events[i];
      if (e.name != "exception") continue;
      failed |=
          g_.trait(scope_genai);  // elsewhere a recorded exception may have been handled: the status tells
      if (const AnyValue* v = find(e.attributes, "exception.type")) type = text_of(*v);
      if (const AnyValue* v = find(e.attributes, "exception.message")) message = text_of(*v);
      from = fmt::format("events.{}.exception", i);
    }
    if (!failed) return;
    const std::string sent_type = text(Field::error_type),
                      sent_message = level ? text(Field::status_message) : std::string();
    if (type.empty()) type = sent_type;
    if (message.empty()) message = sent_message;
    if (message.empty()) message = span_.status_message;
    json::object o{{"type", type.empty() ? json::string("unknown") : json::string(type)}};
    if (!message.empty()) o["message"] = json::string(message);
    put("error", std::move(o), from, "the last exception event, else the status and error.type");
  }

  void links() {
    if (span_.links.empty()) return;
    json::array a;
    for (const auto& l : span_.links) {
      json::object o{{"trace_id", otlp::hex(l.trace_id)}, {"span_id", otlp::hex(l.span_id)}};
      if (!l.attributes.empty()) {
        json::object attributes;
        for (const auto& kv : l.attributes) attributes[kv.key] = to_json(kv.value);
        o["attributes"] = std::move(attributes);
      }
      a.push_back(std::move(o));
    }
    put("links", std::move(a), "links", "span links");
  }

  /// Facts beyond the fixtures' list.
  void extras() {
    if (g_.has(Field::tools))
      read_tools(g_[Field::tools].value->type == AnyValue::Type::string ? decoded(Field::tools)
                                                                        : to_json(*g_[Field::tools].value),
                 v_.tools);
    if (v_.tools.empty()) indexed_tools(g_, v_.tools);
    if (v_.tools.empty() && v_.kind == Kind::llm && body(Field::input)) {
      const json::value b = decoded(Field::input);
      if (const json::value* t = member(b, "tools")) read_tools(*t, v_.tools);
    }
    if (!v_.tools.empty()) {
      json::array a;
      for (const Tool& t : v_.tools) {
        json::object o{{"name", t.name}};
        if (t.description) o["description"] = *t.description;
        if (!t.schema.is_null()) o["schema"] = t.schema;
        a.push_back(std::move(o));
      }
      put("tools_offered", std::move(a),
          g_.has(Field::tools) ? source(g_[Field::tools]) : std::string("attributes"), "tool definitions");
    }
    for (const FamilyHit& h : g_.families)
      if (h.family == Family::request_parameters || h.family == Family::ai_settings) {
        const auto& kv = span_.attributes[h.attribute];
        v_.parameters[kv.key.substr(h.prefix_length)] = to_json(kv.value);
      }
    if (g_.has(Field::parameters))
      if (json::value p = decoded(Field::parameters); p.is_object())
        for (auto& kv : p.get_object())
          if (!kv.value().is_null()) v_.parameters.emplace(kv.key(), kv.value());
    if (!v_.parameters.empty()) put("parameters", v_.parameters, "attributes", "request parameters");
    put_text("service_tier", Field::service_tier);
    std::string lower;
    if (const auto r = call_region(g_, v_.kind, provider_, lower); !r.region.empty())
      put("region", json::string(r.region), r.by == Field::count ? "resource.cloud.region" : source(g_[r.by]),
          std::string(r.rule));
    for (const auto f :
         {Field::system_instructions_ref, Field::input_messages_ref, Field::output_messages_ref,
          Field::tools_ref, Field::tool_arguments_ref, Field::tool_result_ref})
      if (g_.has(f)) put(name(f), decoded(f), f);
    put_text("tool_description", Field::tool_description);
    json::object metadata;
    for (const FamilyHit& h : g_.families)
      if (h.family == Family::metadata) {
        const auto& kv = span_.attributes[h.attribute];
        metadata[kv.key.substr(h.prefix_length)] = to_json_decoded(kv.value);
      }
    if (g_.has(Field::metadata))
      if (json::value m = decoded(Field::metadata); m.is_object())
        for (auto& kv : m.get_object()) metadata.emplace(kv.key(), kv.value());
    if (!metadata.empty()) put("metadata", std::move(metadata), "attributes", "free metadata of the user");
    if (g_.has(Field::span_type) && text(Field::span_type) == "pending_span")
      put("pending", true, Field::span_type);
  }

  void not_understood() {
    for (const auto i : g_.unknown) {
      if (v_.not_understood.size() >= 200) {
        v_.not_understood.push_back("…");
        break;
      }
      v_.not_understood.push_back(
          json::value(json::string(fmt::format("attributes.{}", span_.attributes[i].key))));
    }
  }

  const otlp::Span& span_;
  const otlp::Scope& scope_;
  std::span<const otlp::LogRecord* const> logs_;
  Gathered g_;
  std::string provider_;
  SpanView v_;
};

}  // namespace

SpanView view(const otlp::Span& span, const otlp::Resource& resource, const otlp::Scope& scope,
              std::span<const otlp::LogRecord* const> logs) {
  return Explainer(span, resource, scope, logs).run();
}

}  // namespace turnscope::genai
