#include "otlp/protobuf_common.h"

namespace turnscope::otlp {
namespace {
using namespace pb;

Event event(Context& c, std::string_view bytes) {
  Event e;
  AttributeList attributes(c, occurrences(c, bytes, 3));
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(1, Wire::fixed64):
        e.time_unix_nano = m.fixed<std::uint64_t>();
        break;
      case tag(2, Wire::length):
        e.name = c.key(m.bytes());
        break;
      case tag(3, Wire::length):
        attributes.add(m.bytes());
        break;
      case tag(4, Wire::varint):
        e.dropped_attributes = static_cast<std::uint32_t>(m.varint_value());
        break;
      default:
        m.skip();
    }
  }
  e.attributes = attributes.take(e.dropped_attributes);
  return e;
}

Link link(Context& c, std::string_view bytes) {
  Link l;
  AttributeList attributes(c, occurrences(c, bytes, 4));
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(1, Wire::length):
        l.trace_id = optional_trace_id(c, m.bytes());
        break;
      case tag(2, Wire::length):
        l.span_id = optional_span_id(c, m.bytes());
        break;
      case tag(3, Wire::length):
        l.trace_state = c.text(m.bytes());
        break;
      case tag(4, Wire::length):
        attributes.add(m.bytes());
        break;
      case tag(5, Wire::varint):
        l.dropped_attributes = static_cast<std::uint32_t>(m.varint_value());
        break;
      case tag(6, Wire::fixed32):
        l.flags = m.fixed<std::uint32_t>();
        break;
      default:
        m.skip();
    }
  }
  l.attributes = attributes.take(l.dropped_attributes);
  return l;
}

void status(Context& c, std::string_view bytes, Span& span) {
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(2, Wire::length):
        span.status_message = c.text(m.bytes());
        break;
      case tag(3, Wire::varint): {
        const std::uint64_t code = m.varint_value();
        span.status = code <= 2 ? static_cast<StatusCode>(code) : StatusCode::unset;
        break;
      }
      default:
        m.skip();
    }
  }
}

bool span(Context& c, std::string_view bytes, Span& out) {
  std::size_t n_attributes = 0, n_events = 0, n_links = 0;
  std::string_view trace_id, id;
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(1, Wire::length):
        trace_id = m.bytes();
        continue;
      case tag(2, Wire::length):
        id = m.bytes();
        continue;
      case tag(9, Wire::length):
        ++n_attributes;
        break;
      case tag(11, Wire::length):
        ++n_events;
        break;
      case tag(13, Wire::length):
        ++n_links;
        break;
      default:
        break;
    }
    m.skip();
  }
  if (trace_id.size() != out.trace_id.size()) {
    c.bad_id("trace_id");
    return false;
  }
  std::memcpy(out.trace_id.data(), trace_id.data(), out.trace_id.size());
  if (out.trace_id == TraceId{}) {
    c.bad_id("trace_id");
    return false;
  }
  out.span_id = span_id(id);
  if (out.span_id == 0) {
    c.bad_id("span_id");
    return false;
  }
  if (!c.admit()) return false;

  AttributeList attributes(c, n_attributes);
  const std::size_t event_room = std::min(n_events, c.limits.events_per_span);
  const std::size_t link_room = std::min(n_links, c.limits.links_per_span);
  Event* events = c.array<Event>(event_room);
  Link* links = c.array<Link>(link_room);
  std::size_t events_used = 0, links_used = 0;
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(3, Wire::length):
        out.trace_state = c.text(m.bytes());
        break;
      case tag(4, Wire::length):
        out.parent_span_id = optional_span_id(c, m.bytes());
        break;
      case tag(5, Wire::length):
        out.name = c.key(m.bytes());
        break;
      case tag(6, Wire::varint): {
        const std::uint64_t kind = m.varint_value();
        out.kind = kind <= 5 ? static_cast<SpanKind>(kind) : SpanKind::unspecified;
        break;
      }
      case tag(7, Wire::fixed64):
        out.start_unix_nano = m.fixed<std::uint64_t>();
        break;
      case tag(8, Wire::fixed64):
        out.end_unix_nano = m.fixed<std::uint64_t>();
        break;
      case tag(9, Wire::length):
        attributes.add(m.bytes());
        break;
      case tag(10, Wire::varint):
        out.dropped_attributes = static_cast<std::uint32_t>(m.varint_value());
        break;
      case tag(11, Wire::length): {
        const std::string_view e = m.bytes();
        if (events_used < event_room) events[events_used++] = event(c, e);
        break;
      }
      case tag(12, Wire::varint):
        out.dropped_events = static_cast<std::uint32_t>(m.varint_value());
        break;
      case tag(13, Wire::length): {
        const std::string_view l = m.bytes();
        if (links_used < link_room) links[links_used++] = link(c, l);
        break;
      }
      case tag(14, Wire::varint):
        out.dropped_links = static_cast<std::uint32_t>(m.varint_value());
        break;
      case tag(15, Wire::length):
        status(c, m.bytes(), out);
        break;
      case tag(16, Wire::fixed32):
        out.flags = m.fixed<std::uint32_t>();
        break;
      default:
        m.skip();
    }
  }
  out.attributes = attributes.take(out.dropped_attributes);
  out.events = {events, events_used};
  out.links = {links, links_used};
  out.dropped_events += static_cast<std::uint32_t>(n_events - event_room);
  out.dropped_links += static_cast<std::uint32_t>(n_links - link_room);
  c.dropped_parts(n_events - event_room + n_links - link_room);
  return true;
}

}  // namespace

Result<Traces> decode_traces_protobuf(std::string_view bytes, Arena& arena, const Limits& limits,
                                      DecodeReport& report) {
  return guarded<Traces>(bytes, arena, limits, report, "traces", "spans", [&](Context& c) {
    return Traces{
        groups<ResourceSpans, ScopeSpans>(c, bytes, [](Context& cc, std::string_view part, ScopeSpans& s) {
          s.spans = scope_items<Span>(cc, part, s.scope,
                                      [&](std::string_view item, Span& out) { return span(cc, item, out); });
          return !s.spans.empty();
        })};
  });
}

}  // namespace turnscope::otlp
