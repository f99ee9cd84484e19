#include <fmt/format.h>

#include <cmath>

#include "base/json_text.h"
#include "otlp/decode.h"
#include "otlp/text.h"

namespace turnscope::otlp {
namespace {

void real(double d, std::string& out) {
  if (std::isnan(d))
    out += "\"NaN\"";
  else if (std::isinf(d))
    out += d > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  else if (d == 0 && std::signbit(d))
    out += "-0.0";  // readers take -0 for the integer 0
  else
    fmt::format_to(std::back_inserter(out), "{}", d);
}

/// Writes `"name":` after a comma where one is needed.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_.push_back('{'); }
  ~Object() { out_.push_back('}'); }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  std::string& field(std::string_view name) {
    if (!first_) out_.push_back(',');
    first_ = false;
    out_.push_back('"');
    out_.append(name);
    out_ += "\":";
    return out_;
  }
  void text(std::string_view name, std::string_view s) {
    if (!s.empty()) append_json_string(field(name), s);
  }
  void number(std::string_view name, std::uint64_t n) {
    if (n) fmt::format_to(std::back_inserter(field(name)), "{}", n);
  }
  void nanos(std::string_view name, std::uint64_t n) {
    if (n) fmt::format_to(std::back_inserter(field(name)), "\"{}\"", n);
  }
  template <typename T, typename F>
  void list(std::string_view name, std::span<const T> items, F&& one) {
    if (items.empty()) return;
    field(name).push_back('[');
    bool first = true;
    for (const T& item : items) {
      if (!first) out_.push_back(',');
      first = false;
      one(item, out_);
    }
    out_.push_back(']');
  }

 private:
  std::string& out_;
  bool first_ = true;
};

void key_value(const KeyValue& kv, std::string& out) {
  Object o(out);
  append_json_string(o.field("key"), kv.key);
  if (kv.value.type != AnyValue::Type::none) encode_json(kv.value, o.field("value"));
}

void resource(const Resource& r, std::string& out) {
  Object o(out);
  o.list("attributes", r.attributes, key_value);
  o.number("droppedAttributesCount", r.dropped_attributes);
}

void scope(const Scope& s, std::string& out) {
  Object o(out);
  o.text("name", s.name);
  o.text("version", s.version);
  o.list("attributes", s.attributes, key_value);
  o.number("droppedAttributesCount", s.dropped_attributes);
}

void event(const Event& e, std::string& out) {
  Object o(out);
  o.nanos("timeUnixNano", e.time_unix_nano);
  o.text("name", e.name);
  o.list("attributes", e.attributes, key_value);
  o.number("droppedAttributesCount", e.dropped_attributes);
}

void link(const Link& l, std::string& out) {
  Object o(out);
  if (l.trace_id != TraceId{}) o.text("traceId", hex(l.trace_id));
  if (l.span_id) o.text("spanId", hex(l.span_id));
  o.text("traceState", l.trace_state);
  o.list("attributes", l.attributes, key_value);
  o.number("droppedAttributesCount", l.dropped_attributes);
  o.number("flags", l.flags);
}

void span(const Span& s, std::string& out) {
  Object o(out);
  o.text("traceId", hex(s.trace_id));
  o.text("spanId", hex(s.span_id));
  o.text("traceState", s.trace_state);
  if (s.parent_span_id) o.text("parentSpanId", hex(s.parent_span_id));
  o.number("flags", s.flags);
  o.text("name", s.name);
  o.number("kind", static_cast<std::uint64_t>(s.kind));
  o.nanos("startTimeUnixNano", s.start_unix_nano);
  o.nanos("endTimeUnixNano", s.end_unix_nano);
  o.list("attributes", s.attributes, key_value);
  o.number("droppedAttributesCount", s.dropped_attributes);
  o.list("events", s.events, event);
  o.number("droppedEventsCount", s.dropped_events);
  o.list("links", s.links, link);
  o.number("droppedLinksCount", s.dropped_links);
  if (s.status != StatusCode::unset || !s.status_message.empty()) {
    Object status(o.field("status"));
    status.text("message", s.status_message);
    status.number("code", static_cast<std::uint64_t>(s.status));
  }
}

}  // namespace

void encode_json(const AnyValue& v, std::string& out) {
  Object o(out);
  switch (v.type) {
    case AnyValue::Type::none:
      break;
    case AnyValue::Type::string:
      append_json_string(o.field("stringValue"), v.text);
      break;
    case AnyValue::Type::boolean:
      o.field("boolValue") += v.boolean ? "true" : "false";
      break;
    case AnyValue::Type::integer:
      fmt::format_to(std::back_inserter(o.field("intValue")), "\"{}\"", v.integer);
      break;
    case AnyValue::Type::real:
      real(v.real, o.field("doubleValue"));
      break;
    case AnyValue::Type::bytes: {
      std::string& text = o.field("bytesValue");
      text.push_back('"');
      base64_encode(v.text, text);
      text.push_back('"');
      break;
    }
    case AnyValue::Type::array: {
      Object list(o.field("arrayValue"));
      list.list("values", v.values, [](const AnyValue& e, std::string& text) { encode_json(e, text); });
      break;
    }
    case AnyValue::Type::kvlist: {
      Object list(o.field("kvlistValue"));
      list.list("values", v.fields, key_value);
      break;
    }
  }
}

void encode_plain_json(const AnyValue& v, std::string& out) {
  switch (v.type) {
    case AnyValue::Type::none:
      out += "null";
      break;
    case AnyValue::Type::string:
      append_json_string(out, v.text);
      break;
    case AnyValue::Type::boolean:
      out += v.boolean ? "true" : "false";
      break;
    case AnyValue::Type::integer:
      fmt::format_to(std::back_inserter(out), "{}", v.integer);
      break;
    case AnyValue::Type::real:
      real(v.real, out);
      break;
    case AnyValue::Type::bytes:
      out.push_back('"');
      base64_encode(v.text, out);
      out.push_back('"');
      break;
    case AnyValue::Type::array: {
      out.push_back('[');
      for (std::size_t i = 0; i < v.values.size(); ++i) {
        if (i) out.push_back(',');
        encode_plain_json(v.values[i], out);
      }
      out.push_back(']');
      break;
    }
    case AnyValue::Type::kvlist: {
      out.push_back('{');
      for (std::size_t i = 0; i < v.fields.size(); ++i) {
        if (i) out.push_back(',');
        append_json_string(out, v.fields[i].key);
        out.push_back(':');
        encode_plain_json(v.fields[i].value, out);
      }
      out.push_back('}');
      break;
    }
  }
}

void encode_json(const Traces& traces, std::string& out) {
  Object o(out);
  o.list("resourceSpans", traces.resources, [](const ResourceSpans& group, std::string& g) {
    Object go(g);
    resource(group.resource, go.field("resource"));
    go.list("scopeSpans", group.scopes, [](const ScopeSpans& part, std::string& p) {
      Object po(p);
      scope(part.scope, po.field("scope"));
      po.list("spans", part.spans, span);
      po.text("schemaUrl", part.scope.schema_url);
    });
    go.text("schemaUrl", group.resource.schema_url);
  });
}

}  // namespace turnscope::otlp
