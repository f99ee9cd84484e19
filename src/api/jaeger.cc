#include "api/jaeger.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "api/render.h"
#include "otlp/decode.h"
#include "query/language/filter.h"
#include "query/language/values.h"

namespace turnscope::api {
namespace {

using Type = otlp::AnyValue::Type;

void tag(JsonWriter& json, std::string_view key, std::string_view text) {
  json.begin_object().field("key", key).field("type", "string").field("value", text).end_object();
}

void tag(JsonWriter& json, const otlp::KeyValue& kv) {
  const auto& v = kv.value;
  json.begin_object().field("key", kv.key);
  switch (v.type) {
    case Type::boolean:
      json.field("type", "bool").field("value", v.boolean);
      break;
    case Type::integer:
      // As Jaeger does it: a JSON number of any size.
      json.field("type", "int64").key("value").raw(fmt::format("{}", v.integer));
      break;
    case Type::real:
      json.field("type", "float64").field("value", v.real);
      break;
    case Type::string:
      json.field("type", "string").field("value", v.text);
      break;
    case Type::bytes: {
      std::string text;
      otlp::encode_plain_json(v, text);
      json.field("type", "binary").key("value").raw(text);
      break;
    }
    case Type::none:
      json.field("type", "string").field("value", "");
      break;
    case Type::array:
    case Type::kvlist: {
      std::string text;
      otlp::encode_plain_json(v, text);
      json.field("type", "string").field("value", text);
      break;
    }
  }
  json.end_object();
}

void reference(JsonWriter& json, std::string_view type, const otlp::TraceId& trace, otlp::SpanId span) {
  json.begin_object()
      .field("refType", type)
      .field("traceID", otlp::hex(trace))
      .field("spanID", hex_id(span))
      .end_object();
}

void write_jaeger_span(JsonWriter& json, const std::string& trace_id, const query::StoredSpan& s,
                       const std::string& process) {
  const auto& span = s.span;
  json.begin_object().field("traceID", trace_id).field("spanID", hex_id(span.span_id)).field("flags", 1);
  json.field("operationName", span.name).key("references").begin_array();
  if (span.parent_span_id) reference(json, "CHILD_OF", span.trace_id, span.parent_span_id);
  for (const auto& link : span.links) reference(json, "FOLLOWS_FROM", link.trace_id, link.span_id);
  json.end_array();
  json.key("startTime").raw(fmt::format("{}", s.start / 1'000));
  json.key("duration").raw(fmt::format("{}", s.duration / 1'000));
  json.key("tags").begin_array();
  for (const auto& kv : span.attributes) tag(json, kv);
  if (span.kind != otlp::SpanKind::unspecified)
    tag(json, "span.kind", span_kind_name(static_cast<std::uint8_t>(span.kind)));
  if (span.status == otlp::StatusCode::ok) tag(json, "otel.status_code", "OK");
  if (span.status == otlp::StatusCode::error) tag(json, "otel.status_code", "ERROR");
  if (span.status == otlp::StatusCode::error || s.is_error)
    json.begin_object().field("key", "error").field("type", "bool").field("value", true).end_object();
  if (!span.status_message.empty()) tag(json, "otel.status_description", span.status_message);
  if (!span.trace_state.empty()) tag(json, "w3c.tracestate", span.trace_state);
  if (s.scope && !s.scope->name.empty()) tag(json, "otel.scope.name", s.scope->name);
  if (s.scope && !s.scope->version.empty()) tag(json, "otel.scope.version", s.scope->version);
  json.end_array().key("logs").begin_array();
  for (const auto& e : span.events) {
    json.begin_object()
        .key("timestamp")
        .raw(fmt::format("{}", e.time_unix_nano / 1'000))
        .key("fields")
        .begin_array();
    bool named = false;
    for (const auto& kv : e.attributes) {
      named = named || kv.key == "event";
      tag(json, kv);
    }
    if (!named && !e.name.empty()) tag(json, "event", e.name);
    json.end_array().end_object();
  }
  json.end_array().field("processID", process).key("warnings");
  if (s.time_flags & 1)
    json.begin_array().value("the span ends before it starts; its duration is unknown").end_array();
  else
    json.null();
  json.end_object();
}

}  // namespace

JaegerTrace::JaegerTrace(JsonWriter& json, const otlp::TraceId& id) : json_(json), trace_id_(otlp::hex(id)) {
  json_.begin_object().field("traceID", trace_id_).key("spans").begin_array();
}

std::string JaegerTrace::process_of(const query::StoredSpan& s) {
  JsonWriter process;
  process.begin_object().field("serviceName", s.service).key("tags").begin_array();
  if (s.resource)
    for (const auto& kv : s.resource->attributes)
      if (kv.key != "service.name") tag(process, kv);
  process.end_array().end_object();
  const auto [it, fresh] = processes_.try_emplace(process.take());
  if (fresh) it->second = fmt::format("p{}", processes_.size());
  return it->second;
}

void JaegerTrace::add(const query::StoredSpans& piece) {
  for (const auto& s : piece.spans) write_jaeger_span(json_, trace_id_, s, process_of(s));
}

void JaegerTrace::finish() {
  json_.end_array().key("processes").begin_object();
  for (const auto& [text, id] : processes_) json_.key(id).raw(text);
  json_.end_object().key("warnings").null();
  json_.end_object();
}

namespace {

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

bool is_field(std::string_view name) {
  for (const auto& f : query::search_fields())
    if (f.name == name) return true;
  return false;
}

/// A tag as a term: numbers and booleans stay bare, so that they match attributes of these types too.
std::string tag_term(std::string_view key, std::string_view value) {
  if (key == "span.kind") return "span_kind:" + in_quotes(value);
  if (key == "otel.scope.name") return "scope.name:" + in_quotes(value);
  if (key == "otel.scope.version") return "scope.version:" + in_quotes(value);
  if (key == "otel.status_code")
    return "status:" + in_quotes(value == "ERROR" ? "error" : value == "OK" ? "ok" : "unset");
  if (key == "error" && (value == "true" || value == "false")) return "error:" + std::string(value);
  const bool bare = query::parse_number(value) || query::parse_bool(value);
  const auto name = is_field(key) ? "attributes." + std::string(key) : std::string(key);
  return in_quotes(name) + "=" + (bare ? std::string(value) : in_quotes(value));
}

query::QueryError bad(std::string_view parameter, std::string message) {
  return {ErrorKind::invalid_argument, std::move(message), std::string(parameter)};
}

}  // namespace

query::QueryAnswer<JaegerSearch> parse_jaeger_search(
    const std::vector<std::pair<std::string, std::string>>& parameters, std::int64_t now) {
  JaegerSearch out;
  auto& q = out.request.q;
  std::int64_t start = -1, end = -1;
  std::uint64_t lookback = 2 * 86'400'000'000'000ull;
  out.request.limit = 100;
  const auto term = [&](std::string_view text) {
    if (!q.empty()) q += ' ';
    q += text;
  };
  const auto micros = [](std::string_view text) -> std::optional<std::int64_t> {
    const auto value = query::parse_integer(text);
    if (!value || *value < 0 || *value > INT64_MAX / 1'000) return std::nullopt;
    return *value * 1'000;
  };
  for (const auto& [name, value] : parameters) {
    if (name == "traceID") {
      const auto id = query::parse_trace_id(value);
      if (!id) return std::unexpected(bad(name, "traceID= takes up to 32 hex digits"));
      if (out.trace_ids.size() >= 500)
        return std::unexpected(bad(name, "at most 500 traceID= in one request"));
      out.trace_ids.push_back(*id);
    } else if (value.empty()) {
      continue;
    } else if (name == "service") {
      term("service:" + in_quotes(value));
    } else if (name == "operation") {
      if (value != "all") term("name:" + in_quotes(value));
    } else if (name == "tag") {
      const auto colon = value.find(':');
      if (colon == std::string::npos || colon == 0) return std::unexpected(bad(name, "tag= takes key:value"));
      term(tag_term(std::string_view(value).substr(0, colon), std::string_view(value).substr(colon + 1)));
    } else if (name == "tags") {
      boost::json::error_code error;
      boost::json::parse_options options;
      options.max_depth = 4;
      const auto tags = boost::json::parse(value, error, {}, options);
      if (error || !tags.is_object())
        return std::unexpected(bad(name, "tags= takes a JSON object, as {\"key\":\"value\"}"));
      for (const auto& member : tags.get_object()) {
        if (member.key().empty()) return std::unexpected(bad(name, "a key in tags= is empty"));
        const auto text = member.value().is_string() ? std::string(member.value().get_string())
                                                     : boost::json::serialize(member.value());
        term(tag_term({member.key().data(), member.key().size()}, text));
      }
    } else if (name == "start" || name == "end") {
      const auto time = micros(value);
      if (!time) return std::unexpected(bad(name, fmt::format("{}= takes microseconds since 1970", name)));
      (name == "start" ? start : end) = *time;
    } else if (name == "lookback") {
      if (value == "custom") continue;
      const auto duration = query::parse_duration(value);
      if (!duration) return std::unexpected(bad(name, "lookback= takes a duration, as 1h or 2d"));
      lookback = *duration;
    } else if (name == "minDuration" || name == "maxDuration") {
      const auto duration = query::parse_duration(value);
      if (!duration)
        return std::unexpected(bad(name, fmt::format("{}= takes a duration, as 100ms or 1.2s", name)));
      term(fmt::format("duration{}{}ns", name == "minDuration" ? ">=" : "<=", *duration));
    } else if (name == "limit") {
      const auto limit = query::parse_integer(value);
      if (!limit || *limit < 1) return std::unexpected(bad(name, "limit= takes a whole number from 1"));
      out.request.limit = static_cast<std::size_t>(std::min<std::int64_t>(*limit, 500));
    }
  }
  auto& range = out.request.range;
  range.to = end >= 0 ? end + 1'000 : now + 60'000'000'000;
  range.from = start >= 0 ? start
               : lookback > static_cast<std::uint64_t>(range.to)
                   ? 0
                   : range.to - static_cast<std::int64_t>(lookback);
  if (range.from >= range.to) return std::unexpected(bad("start", "start= lies behind end="));
  return out;
}

}  // namespace turnscope::api
