#include "otlp/protobuf_common.h"

namespace turnscope::otlp::pb {
namespace {

using Type = AnyValue::Type;

AnyValue array_value(Context& c, std::string_view bytes, std::size_t depth) {
  const std::size_t total = occurrences(c, bytes, 1);
  const std::size_t room = std::min(total, c.limits.values_per_array);
  AnyValue* list = c.array<AnyValue>(room);
  std::size_t used = 0;
  for (Message m(c, bytes); m.next();) {
    if (m.tag() == tag(1, Wire::length) && used < room)
      list[used++] = any_value(c, m.bytes(), depth + 1);
    else
      m.skip();
  }
  c.dropped_parts(total - room);
  AnyValue v;
  v.type = Type::array;
  v.values = {list, used};
  return v;
}

AnyValue kvlist_value(Context& c, std::string_view bytes, std::size_t depth) {
  const std::size_t total = occurrences(c, bytes, 1);
  const std::size_t room = std::min(total, c.limits.values_per_array);
  KeyValue* list = c.array<KeyValue>(room);
  std::size_t used = 0;
  for (Message m(c, bytes); m.next();) {
    if (m.tag() == tag(1, Wire::length) && used < room)
      list[used++] = key_value(c, m.bytes(), depth + 1);
    else
      m.skip();
  }
  c.dropped_parts(total - room);
  AnyValue v;
  v.type = Type::kvlist;
  v.fields = c.unique({list, used});
  return v;
}

}  // namespace

AnyValue any_value(Context& c, std::string_view bytes, std::size_t depth) {
  AnyValue v;
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(1, Wire::length):
        v = {};
        v.type = Type::string;
        v.text = c.text(m.bytes());
        break;
      case tag(2, Wire::varint):
        v = {};
        v.type = Type::boolean;
        v.boolean = m.varint_value() != 0;
        break;
      case tag(3, Wire::varint):
        v = {};
        v.type = Type::integer;
        v.integer = static_cast<std::int64_t>(m.varint_value());
        break;
      case tag(4, Wire::fixed64):
        v = {};
        v.type = Type::real;
        v.real = m.fixed<double>();
        break;
      case tag(5, Wire::length): {
        const std::string_view list = m.bytes();
        v = depth > c.limits.attribute_depth ? c.depth_marker() : array_value(c, list, depth);
        break;
      }
      case tag(6, Wire::length): {
        const std::string_view list = m.bytes();
        v = depth > c.limits.attribute_depth ? c.depth_marker() : kvlist_value(c, list, depth);
        break;
      }
      case tag(7, Wire::length):
        v = {};
        v.type = Type::bytes;
        v.text = c.blob(m.bytes());
        break;
      default:
        m.skip();
    }
  }
  return v;
}

KeyValue key_value(Context& c, std::string_view bytes, std::size_t depth) {
  KeyValue kv;
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(1, Wire::length):
        kv.key = c.key(m.bytes());
        break;
      case tag(2, Wire::length):
        kv.value = any_value(c, m.bytes(), depth);
        break;
      default:
        m.skip();
    }
  }
  return kv;
}

Resource resource(Context& c, std::string_view bytes) {
  Resource r;
  AttributeList attributes(c, occurrences(c, bytes, 1));
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(1, Wire::length):
        attributes.add(m.bytes());
        break;
      case tag(2, Wire::varint):
        r.dropped_attributes = static_cast<std::uint32_t>(m.varint_value());
        break;
      default:
        m.skip();
    }
  }
  r.attributes = attributes.take(r.dropped_attributes);
  return r;
}

Scope scope(Context& c, std::string_view bytes) {
  Scope s;
  AttributeList attributes(c, occurrences(c, bytes, 3));
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(1, Wire::length):
        s.name = c.text(m.bytes());
        break;
      case tag(2, Wire::length):
        s.version = c.text(m.bytes());
        break;
      case tag(3, Wire::length):
        attributes.add(m.bytes());
        break;
      case tag(4, Wire::varint):
        s.dropped_attributes = static_cast<std::uint32_t>(m.varint_value());
        break;
      default:
        m.skip();
    }
  }
  s.attributes = attributes.take(s.dropped_attributes);
  return s;
}

SpanId optional_span_id(Context& c, std::string_view bytes) {
  if (bytes.size() == 8) return span_id(bytes);
  if (!bytes.empty()) c.id_left_out();
  return 0;
}

TraceId optional_trace_id(Context& c, std::string_view bytes) {
  TraceId id{};
  if (bytes.size() == id.size())
    std::memcpy(id.data(), bytes.data(), id.size());
  else if (!bytes.empty())
    c.id_left_out();
  return id;
}

}  // namespace turnscope::otlp::pb
