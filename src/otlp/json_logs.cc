#include "otlp/json_common.h"

namespace turnscope::otlp {
namespace {

bool record(JsonReader& r, od::value v, LogRecord& out) {
  std::uint32_t over = 0;
  r.object(v, [&](std::string_view k, od::value f) {
    if (k == "timeUnixNano")
      out.time_unix_nano = r.u64(f, k);
    else if (k == "observedTimeUnixNano")
      out.observed_unix_nano = r.u64(f, k);
    else if (k == "severityNumber")
      out.severity_number = r.i32(f, k);
    else if (k == "severityText")
      out.severity_text = r.text(f, k);
    else if (k == "body")
      out.body = r.any_value(f, 1);
    else if (k == "attributes")
      out.attributes = r.attributes(f, over);
    else if (k == "droppedAttributesCount")
      out.dropped_attributes = r.u32(f, k);
    else if (k == "flags")
      out.flags = r.u32(f, k);
    else if (k == "traceId")
      out.trace_id = r.optional_trace_id(f, k);
    else if (k == "spanId")
      out.span_id = r.optional_span_id(f, k);
    else if (k == "eventName")
      out.event_name = r.name(f, k);
  });
  out.dropped_attributes += over;
  return r.c.admit();
}

}  // namespace

Result<Logs> decode_logs_json(std::string_view bytes, Arena& arena, const Limits& limits,
                              DecodeReport& report) {
  return guarded<Logs>(bytes, arena, limits, report, "logs", "log records", [&](Context& c) {
    return json_request<ResourceLogs, ScopeLogs, LogRecord, Logs>(c, bytes, "resourceLogs", "scopeLogs",
                                                                  "logRecords", &ScopeLogs::records, record);
  });
}

}  // namespace turnscope::otlp
