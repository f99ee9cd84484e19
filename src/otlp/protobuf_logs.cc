#include "otlp/protobuf_common.h"

namespace turnscope::otlp {
namespace {
using namespace pb;

bool log_record(Context& c, std::string_view bytes, LogRecord& out) {
  if (!c.admit()) return false;
  AttributeList attributes(c, occurrences(c, bytes, 6));
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(1, Wire::fixed64):
        out.time_unix_nano = m.fixed<std::uint64_t>();
        break;
      case tag(2, Wire::varint):
        out.severity_number = static_cast<std::int32_t>(m.varint_value());
        break;
      case tag(3, Wire::length):
        out.severity_text = c.text(m.bytes());
        break;
      case tag(5, Wire::length):
        out.body = any_value(c, m.bytes(), 1);
        break;
      case tag(6, Wire::length):
        attributes.add(m.bytes());
        break;
      case tag(7, Wire::varint):
        out.dropped_attributes = static_cast<std::uint32_t>(m.varint_value());
        break;
      case tag(8, Wire::fixed32):
        out.flags = m.fixed<std::uint32_t>();
        break;
      case tag(9, Wire::length):
        out.trace_id = optional_trace_id(c, m.bytes());
        break;
      case tag(10, Wire::length):
        out.span_id = optional_span_id(c, m.bytes());
        break;
      case tag(11, Wire::fixed64):
        out.observed_unix_nano = m.fixed<std::uint64_t>();
        break;
      case tag(12, Wire::length):
        out.event_name = c.key(m.bytes());
        break;
      default:
        m.skip();
    }
  }
  out.attributes = attributes.take(out.dropped_attributes);
  return true;
}

}  // namespace

Result<Logs> decode_logs_protobuf(std::string_view bytes, Arena& arena, const Limits& limits,
                                  DecodeReport& report) {
  return guarded<Logs>(bytes, arena, limits, report, "logs", "log records", [&](Context& c) {
    return Logs{
        groups<ResourceLogs, ScopeLogs>(c, bytes, [](Context& cc, std::string_view part, ScopeLogs& s) {
          s.records = scope_items<LogRecord>(cc, part, s.scope, [&](std::string_view item, LogRecord& out) {
            return log_record(cc, item, out);
          });
          return !s.records.empty();
        })};
  });
}

}  // namespace turnscope::otlp
