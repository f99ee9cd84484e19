// The fast path: the typed columns of one span. No allocation in the common case; JSON is parsed only where a
// dialect hides counts in it, and on agents and roots to find the question.
#include <fmt/format.h>

#include <cmath>

#include "genai/gather.h"
#include "genai/http_call.h"
#include "genai/question.h"
#include "genai/region.h"
#include "genai/usage.h"
#include "otlp/decode.h"

namespace turnscope::genai {
namespace {
using Type = otlp::AnyValue::Type;

class Reader {
 public:
  Reader(const Gathered& g, Columns& out) : g_(g), out_(out) {}

  std::string_view text(Field f) {
    const otlp::AnyValue* v = g_[f].value;
    if (!v) return {};
    if (v->type == Type::string) {
      if (g_[f].rule->convert != Convert::json_string) return v->text;
      std::string made_text;
      const std::string_view s = unquoted(v->text, made_text);
      return made_text.empty() ? s : make(std::move(made_text));
    }
    switch (v->type) {
      case Type::integer:
        return make(fmt::format("{}", v->integer));
      case Type::real:
        return std::isfinite(v->real) ? make(fmt::format("{}", v->real)) : std::string_view{};
      case Type::boolean:
        return v->boolean ? "true" : "false";
      default:
        return {};
    }
  }
  std::optional<std::int64_t> integer(Field f) {
    const otlp::AnyValue* v = g_[f].value;
    return v ? as_integer(*v) : std::nullopt;
  }
  std::string_view make(std::string s) {
    out_.made.push_back(std::make_unique<std::string>(std::move(s)));
    return *out_.made.back();
  }

 private:
  const Gathered& g_;
  Columns& out_;
};

bool message_event(std::string_view name) {
  return name.starts_with("gen_ai.") &&
         (name == "gen_ai.choice" || name.ends_with(".message") ||
          name == "gen_ai.client.inference.operation.details" || name.starts_with("gen_ai.content."));
}

/// What the user's rules read from an event.
void mapped_event(Gathered& g, const otlp::Event& e, std::size_t i, Columns& out) {
  offer_mapped(g, e, static_cast<std::int32_t>(i));
  for (const EventEntry& rule : g.tables->event_rules()) {
    const int dir = rule.event == e.name ? content_direction(rule.rule.field) : 0;
    for (std::uint32_t k = 0; dir != 0 && k < e.attributes.size(); ++k)
      if (e.attributes[k].key == rule.rule.key)
        out.content.push_back({dir == 1 ? ContentRef::Direction::input : ContentRef::Direction::output,
                               static_cast<std::int32_t>(i), k});
  }
}

void events(Gathered& g, Columns& out, std::string_view& choice_reason) {
  const auto& events = g.span->events;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const otlp::Event& e = events[i];
    if (!g.tables->event_rules().empty()) mapped_event(g, e, i, out);
    if (e.name == "exception") {
      // The last one tells: frameworks record the same failure on the way up.
      for (const auto& kv : e.attributes) {
        if (kv.key == "exception.type") out.error_type = text_of(kv.value);
        if (kv.key == "exception.message") out.error_message = text_of(kv.value);
      }
      // Elsewhere a recorded exception may have been handled: the status tells.
      if (g.trait(scope_genai)) out.is_error = true;
      continue;
    }
    if (!message_event(e.name)) continue;
    const bool details = e.name == "gen_ai.client.inference.operation.details";
    const bool answer = e.name == "gen_ai.choice" || e.name == "gen_ai.assistant.message" ||
                        e.name == "gen_ai.content.completion";
    for (std::uint32_t k = 0; k < e.attributes.size(); ++k) {
      const otlp::KeyValue& kv = e.attributes[k];
      if (details) {
        offer(g, kv.key, kv.value, static_cast<std::int32_t>(k), static_cast<std::int32_t>(i));
        const KeyEntry* rule = g.tables->find(kv.key);
        const int dir = rule ? content_direction(rule->field) : 0;
        if (dir)
          out.content.push_back({dir == 1 ? ContentRef::Direction::input : ContentRef::Direction::output,
                                 static_cast<std::int32_t>(i), k});
        continue;
      }
      if (kv.key == "finish_reason") choice_reason = text_of(kv.value);
      if (kv.key == "content" || kv.key == "message" || kv.key == "tool.result" || kv.key == "tool_calls" ||
          kv.key == "gen_ai.prompt" || kv.key == "gen_ai.completion" || kv.key == "gen_ai.event.content")
        out.content.push_back({answer || kv.key == "gen_ai.completion" ? ContentRef::Direction::output
                                                                       : ContentRef::Direction::input,
                               static_cast<std::int32_t>(i), k});
    }
  }
}

std::string_view resource_text(const otlp::Resource& r, std::string_view key) {
  for (const auto& kv : r.attributes)
    if (kv.key == key) return text_of(kv.value);
  return {};
}
}  // namespace

void Columns::clear() {
  auto refs = std::move(content);
  auto texts = std::move(made);
  refs.clear();
  texts.clear();
  *this = Columns{};
  content = std::move(refs);
  made = std::move(texts);
}

void columns(const otlp::Span& span, const otlp::Resource& resource, const otlp::Scope& scope, Columns& out) {
  thread_local Gathered g;
  out.clear();
  gather(registry(), span, resource, scope, g, &out.content);
  std::string_view choice_reason;
  if (!span.events.empty()) events(g, out, choice_reason);
  Reader read(g, out);

  const KindFound kind = kind_of(g);
  out.kind = kind.kind;
  if (const std::string_view p = read.text(Field::provider); !p.empty()) {
    thread_local std::string lower;
    const std::string_view canonical = provider_name(p, lower);
    out.provider = canonical.data() == lower.data() ? read.make(lower) : canonical;
  }
  out.operation = read.text(Field::operation);
  out.request_model = read.text(Field::request_model);
  out.response_model = read.text(Field::response_model);
  if (out.request_model.empty() && out.response_model.empty()) out.request_model = read.text(Field::model);
  if (kind.by == Field::http_url || kind.by == Field::server_address)
    if (const auto call = http_call(g)) {
      if (out.provider.empty()) out.provider = call->provider;
      if (out.operation.empty()) out.operation = call->operation;
      if (out.request_model.empty()) out.request_model = call->model;
    }
  out.placeholder = out.kind == Kind::other && g.has(Field::announced_parent);
  out.response_id = read.text(Field::response_id);
  out.service_tier = read.text(Field::service_tier);
  {
    thread_local std::string lower;
    if (const auto r = call_region(g, out.kind, out.provider, lower).region; !r.empty())
      out.region = read.make(std::string(r));
  }
  if (out.kind == Kind::tool) {
    out.tool_name = read.text(Field::tool_name);
    if (out.tool_name.empty()) out.tool_name = read.text(Field::entity_name);
    if (out.tool_name.empty()) out.tool_name = tool_in_name(span.name);
  }
  out.agent_name = read.text(Field::agent_name);
  out.session = read.text(Field::session_id);
  out.user = read.text(Field::user_id);
  out.prompt_name = read.text(Field::prompt_id);
  out.prompt_version = read.text(Field::prompt_version);
  out.experiment = read.text(Field::experiment_id);
  if (out.experiment.empty()) out.experiment = read.text(Field::experiment_name);
  out.variant = read.text(Field::experiment_variant);
  out.environment = read.text(Field::environment);
  if (out.environment.empty()) out.environment = resource_text(resource, "deployment.environment.name");
  if (out.environment.empty()) out.environment = resource_text(resource, "deployment.environment");
  out.release = read.text(Field::release);
  if (out.release.empty()) out.release = resource_text(resource, "service.version");
  out.turn_number = read.integer(Field::turn_number);

  const Reported reported = reported_usage(g, out.provider);
  buckets(reported, out.kind, out.usage);
  Field from = Field::count;
  if (const auto cost = reported_cost(g, from)) out.reported_cost_nano_usd = nano_usd(*cost);
  if (const Winner& w = g[Field::time_to_first_token]; w.value)
    if (auto t = as_number(*w.value); t && *t >= 0) {
      // Strands sends milliseconds under a name whose unit elsewhere is seconds.
      const bool ms = w.rule->convert == Convert::milliseconds || scope.name.starts_with("strands.");
      const double ns = *t * (ms ? 1e6 : 1e9);
      if (ns < 9e18) out.time_to_first_token_ns = static_cast<std::uint64_t>(std::llround(ns));
    }

  if (span.status == otlp::StatusCode::error) out.is_error = true;
  if (g.has(Field::level) && text_of(*g[Field::level].value) == "ERROR") {
    out.is_error = true;
    if (out.error_message.empty()) out.error_message = read.text(Field::status_message);
  }
  if (out.is_error) {
    if (out.error_message.empty()) out.error_message = span.status_message;
    if (out.error_type.empty()) out.error_type = read.text(Field::error_type);
  } else {
    out.error_message = out.error_type = {};
  }
  if (out.kind == Kind::agent || out.kind == Kind::turn || span.parent_span_id == 0) {
    std::string made;
    out.question = question_of(g, made);
    if (!made.empty()) out.question = read.make(std::move(made));
  }
}

std::optional<otlp::SpanId> announced_parent(std::string_view key, std::string_view value) {
  const KeyEntry* rule = registry().find(key);
  if (rule == nullptr || rule->field != Field::announced_parent) return std::nullopt;
  otlp::SpanId parent = 0;
  if (!otlp::parse_hex(value, parent)) return otlp::SpanId{0};
  return parent;
}

}  // namespace turnscope::genai
