#include "otlp/json_common.h"

namespace turnscope::otlp {
namespace {

constexpr std::string_view kinds[] = {"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
                                      "SPAN_KIND_CLIENT",      "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"};
constexpr std::string_view codes[] = {"STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"};

bool event(JsonReader& r, od::value v, Event& e) {
  std::uint32_t over = 0;
  r.object(v, [&](std::string_view k, od::value f) {
    if (k == "timeUnixNano")
      e.time_unix_nano = r.u64(f, k);
    else if (k == "name")
      e.name = r.name(f, k);
    else if (k == "attributes")
      e.attributes = r.attributes(f, over);
    else if (k == "droppedAttributesCount")
      e.dropped_attributes = r.u32(f, k);
  });
  e.dropped_attributes += over;
  return true;
}

bool link(JsonReader& r, od::value v, Link& l) {
  std::uint32_t over = 0;
  r.object(v, [&](std::string_view k, od::value f) {
    if (k == "traceId")
      l.trace_id = r.optional_trace_id(f, k);
    else if (k == "spanId")
      l.span_id = r.optional_span_id(f, k);
    else if (k == "traceState")
      l.trace_state = r.text(f, k);
    else if (k == "attributes")
      l.attributes = r.attributes(f, over);
    else if (k == "droppedAttributesCount")
      l.dropped_attributes = r.u32(f, k);
    else if (k == "flags")
      l.flags = r.u32(f, k);
  });
  l.dropped_attributes += over;
  return true;
}

bool span(JsonReader& r, od::value v, Span& s) {
  Context& c = r.c;
  std::uint32_t over = 0;
  std::size_t events_over = 0, links_over = 0;
  bool trace_ok = false, span_ok = false;
  r.object(v, [&](std::string_view k, od::value f) {
    if (k == "traceId") {
      trace_ok = parse_hex(r.raw_text(f, k), s.trace_id) && s.trace_id != TraceId{};
    } else if (k == "spanId") {
      span_ok = parse_hex(r.raw_text(f, k), s.span_id) && s.span_id != 0;
    } else if (k == "traceState") {
      s.trace_state = r.text(f, k);
    } else if (k == "parentSpanId") {
      s.parent_span_id = r.optional_span_id(f, k);
    } else if (k == "flags") {
      s.flags = r.u32(f, k);
    } else if (k == "name") {
      s.name = r.name(f, k);
    } else if (k == "kind") {
      const std::int32_t kind = r.enumeration(f, k, kinds);
      s.kind = kind >= 0 && kind <= 5 ? static_cast<SpanKind>(kind) : SpanKind::unspecified;
    } else if (k == "startTimeUnixNano") {
      s.start_unix_nano = r.u64(f, k);
    } else if (k == "endTimeUnixNano") {
      s.end_unix_nano = r.u64(f, k);
    } else if (k == "attributes") {
      s.attributes = r.attributes(f, over);
    } else if (k == "droppedAttributesCount") {
      s.dropped_attributes = r.u32(f, k);
    } else if (k == "events") {
      s.events = r.list<Event>(f, c.limits.events_per_span, events_over,
                               [&](od::value e, Event& out) { return event(r, e, out); });
    } else if (k == "droppedEventsCount") {
      s.dropped_events = r.u32(f, k);
    } else if (k == "links") {
      s.links = r.list<Link>(f, c.limits.links_per_span, links_over,
                             [&](od::value e, Link& out) { return link(r, e, out); });
    } else if (k == "droppedLinksCount") {
      s.dropped_links = r.u32(f, k);
    } else if (k == "status") {
      r.object(f, [&](std::string_view kk, od::value ff) {
        if (kk == "message") {
          s.status_message = r.text(ff, kk);
        } else if (kk == "code") {
          const std::int32_t code = r.enumeration(ff, kk, codes);
          s.status = code >= 0 && code <= 2 ? static_cast<StatusCode>(code) : StatusCode::unset;
        }
      });
    }
  });
  s.dropped_attributes += over;
  s.dropped_events += static_cast<std::uint32_t>(events_over);
  s.dropped_links += static_cast<std::uint32_t>(links_over);
  c.dropped_parts(events_over + links_over);
  if (!trace_ok) {
    c.bad_id("traceId");
    return false;
  }
  if (!span_ok) {
    c.bad_id("spanId");
    return false;
  }
  return c.admit();
}

}  // namespace

Result<Traces> decode_traces_json(std::string_view bytes, Arena& arena, const Limits& limits,
                                  DecodeReport& report) {
  return guarded<Traces>(bytes, arena, limits, report, "traces", "spans", [&](Context& c) {
    return json_request<ResourceSpans, ScopeSpans, Span, Traces>(c, bytes, "resourceSpans", "scopeSpans",
                                                                 "spans", &ScopeSpans::spans, span);
  });
}

}  // namespace turnscope::otlp
