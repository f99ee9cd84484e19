// Protobuf decoding of what traces, logs and metrics share (common.proto, resource.proto). Private to
// src/otlp.
#pragma once
#include <span>
#include <string_view>

#include "otlp/context.h"
#include "otlp/wire.h"

namespace turnscope::otlp::pb {

/// `depth` is the nesting of this value, 1 for the value of an attribute.
AnyValue any_value(Context&, std::string_view bytes, std::size_t depth);
KeyValue key_value(Context&, std::string_view bytes, std::size_t depth);
Resource resource(Context&, std::string_view bytes);
Scope scope(Context&, std::string_view bytes);

/// Big-endian number of 8 bytes; any other length is left out and counted, empty is none.
SpanId optional_span_id(Context&, std::string_view bytes);
/// 16 bytes; any other length is left out and counted, empty is none.
TraceId optional_trace_id(Context&, std::string_view bytes);

inline SpanId span_id(std::string_view bytes) {
  if (bytes.size() != 8) return 0;
  SpanId v;
  std::memcpy(&v, bytes.data(), 8);
  return std::byteswap(v);
}

/// Attributes of a message whose number is known from a first pass. Those beyond the limit are dropped and
/// counted.
class AttributeList {
 public:
  AttributeList(Context& context, std::size_t count)
      : context_(context),
        room_(std::min(count, context.limits.attributes_per_item)),
        fields_(context.array<KeyValue>(room_)) {}
  void add(std::string_view bytes) {
    if (used_ == room_) {
      ++dropped_;
      return;
    }
    fields_[used_++] = key_value(context_, bytes, 1);
  }
  /// Ends the list; adds to `dropped` what had to go.
  Attributes take(std::uint32_t& dropped) {
    if (dropped_) {
      context_.dropped_attributes(dropped_);
      dropped += static_cast<std::uint32_t>(dropped_);
    }
    return context_.unique({fields_, used_});
  }

 private:
  Context& context_;
  std::size_t room_, used_ = 0, dropped_ = 0;
  KeyValue* fields_;
};

/// How often the length-delimited field `field` occurs.
inline std::size_t occurrences(Context& c, std::string_view bytes, std::uint32_t field) {
  std::size_t n = 0;
  for (Message m(c, bytes); m.next(); m.skip()) n += m.tag() == tag(field, Wire::length);
  return n;
}

/// The two outer levels, which all three signals share: request → resource groups → scope groups. `Group` is
/// ResourceSpans and the like; `items(context, bytes, scope_group)` decodes the items of one scope group and
/// says whether any is left. Groups without items are left out: they hold nothing, and millions of them cost
/// two bytes each.
template <typename Group, typename ScopeGroup, typename F>
std::span<const Group> groups(Context& c, std::string_view request, F&& items) {
  std::size_t n = 0;
  for (Message m(c, request); m.next();) {
    if (m.tag() == tag(1, Wire::length))
      n += m.bytes().size() > 2;  // less cannot hold an item with ids or a value
    else
      m.skip();
  }
  n = std::min(n, c.limits.spans_per_request + 1);
  Group* out = c.array<Group>(n);
  std::size_t used = 0;
  for (Message m(c, request); m.next();) {
    if (m.tag() != tag(1, Wire::length)) {
      m.skip();
      continue;
    }
    const std::string_view bytes = m.bytes();
    const std::size_t scopes = std::min(occurrences(c, bytes, 2), c.limits.spans_per_request + 1);
    if (scopes == 0) continue;
    ScopeGroup* list = c.array<ScopeGroup>(scopes);
    std::size_t scopes_used = 0;
    Group group;
    std::string_view schema_url;
    bool seen = false;
    for (Message g(c, bytes); g.next();) {
      switch (g.tag()) {
        case tag(1, Wire::length):
          group.resource = resource(c, g.bytes());
          if (seen) c.report.modified = true;
          seen = true;
          break;
        case tag(2, Wire::length): {
          ScopeGroup s;
          if (items(c, g.bytes(), s) && scopes_used < scopes) list[scopes_used++] = s;
          break;
        }
        case tag(3, Wire::length):
          schema_url = c.text(g.bytes());
          break;
        default:
          g.skip();
      }
    }
    if (scopes_used == 0) continue;
    group.resource.schema_url = schema_url;
    group.scopes = {list, scopes_used};
    if (used < n) out[used++] = group;
  }
  return {out, used};
}

/// One scope group: scope = 1, items = 2, schema_url = 3. `one(bytes, item)` decodes an item; false: it was
/// rejected.
template <typename Item, typename F>
std::span<const Item> scope_items(Context& c, std::string_view bytes, Scope& scope_out, F&& one) {
  const std::size_t total = occurrences(c, bytes, 2);
  const std::size_t room = std::min(total, c.items_left());
  Item* list = c.array<Item>(room);
  std::size_t used = 0;
  std::string_view schema_url;
  bool seen = false;
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(1, Wire::length):
        scope_out = scope(c, m.bytes());
        if (seen) c.report.modified = true;
        seen = true;
        break;
      case tag(2, Wire::length): {
        const std::string_view item = m.bytes();
        if (used == room) {
          c.over_limit(1);
        } else if (one(item, list[used])) {
          ++used;
        } else {
          list[used] = Item{};
        }
        break;
      }
      case tag(3, Wire::length):
        schema_url = c.text(m.bytes());
        break;
      default:
        m.skip();
    }
  }
  scope_out.schema_url = schema_url;
  return {list, used};
}

}  // namespace turnscope::otlp::pb
