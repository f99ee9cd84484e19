// OTLP files → one run → JSON: what `turnscope explain` prints and POST /api/v1/explain answers.
#include <deque>

#include "genai/explain.h"
#include "genai/json.h"
#include "otlp/decode.h"

namespace turnscope::genai {
namespace {

enum class Signal { traces, logs, metrics };

bool looks_like_json(std::string_view bytes) {
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  // A protobuf request begins with the tag of field 1 (0x0A, a line break), so look at the first visible
  // byte.
  return first != std::string_view::npos && bytes[first] == '{' &&
         (first == 0 || bytes[0] != '\n' || bytes.find("\"resource", first) < first + 64);
}

/// JSON names its signal; protobuf does not, so the file's name tells.
Signal signal_of(const ExplainFile& f, bool json_text) {
  const std::string_view head = std::string_view(f.bytes).substr(0, 4096);
  if (json_text) {
    const auto at = [&](std::string_view key) { return std::min(head.find(key), head.size()); };
    const std::size_t traces = std::min(at("\"resourceSpans\""), at("\"resource_spans\""));
    const std::size_t logs = std::min(at("\"resourceLogs\""), at("\"resource_logs\""));
    const std::size_t metrics = std::min(at("\"resourceMetrics\""), at("\"resource_metrics\""));
    if (logs < traces && logs < metrics) return Signal::logs;
    if (metrics < traces && metrics < logs) return Signal::metrics;
    return Signal::traces;
  }
  const auto slash = f.name.rfind('/');
  const std::string_view name = std::string_view(f.name).substr(slash == std::string::npos ? 0 : slash + 1);
  if (name.find("logs") != std::string_view::npos) return Signal::logs;
  if (name.find("metrics") != std::string_view::npos) return Signal::metrics;
  return Signal::traces;
}
/// JSON names its signal in the first key of the request; what has none of the names is something else.
bool names_signal(std::string_view bytes) {
  for (const auto key : {"\"resourceSpans\"", "\"resource_spans\"", "\"resourceLogs\"", "\"resource_logs\"",
                         "\"resourceMetrics\"", "\"resource_metrics\""})
    if (bytes.find(key) != std::string_view::npos) return true;
  return false;
}
Error unreadable(Error e, const std::string& context) {
  e.message += "; give what an OTLP exporter posts, as protobuf or JSON, not compressed";
  return e.with_context(context);
}
}  // namespace

Result<std::string> explain_json(std::span<const ExplainFile> files) {
  if (files.empty())
    return fail(ErrorKind::invalid_argument, "explain needs at least one OTLP file (protobuf or JSON)");
  otlp::Arena arena;
  std::deque<otlp::Traces> traces;
  std::deque<otlp::Logs> logs;
  Run run;
  json::array notes;
  for (const ExplainFile& f : files) {
    const bool json_text = looks_like_json(f.bytes);
    otlp::DecodeReport report;
    const otlp::Limits limits;
    const std::string context = "file '" + f.name + "'";
    // A protobuf request begins with a line break (its first tag): no JSON that anybody posts does.
    const auto first = f.bytes.find_first_not_of(" \t\r\n");
    const bool json = json_text || (first != std::string::npos && f.bytes[0] != '\n' &&
                                    (f.bytes[first] == '[' || f.bytes[first] == '"'));
    if (first == std::string::npos)
      return fail(ErrorKind::invalid_argument, context + " is empty; give what an OTLP exporter posts");
    if (json && !names_signal(f.bytes))
      return fail(
          ErrorKind::invalid_argument,
          context +
              (parse_json(f.bytes) ? ": this JSON is no OTLP export request: it has none of resourceSpans, "
                                     "resourceLogs and resourceMetrics"
                                   : ": it begins as JSON and is none") +
              "; send what an OTLP/JSON exporter posts to /v1/traces");
    switch (signal_of(f, json_text)) {
      case Signal::traces: {
        auto t = json_text ? otlp::decode_traces_json(f.bytes, arena, limits, report)
                           : otlp::decode_traces_protobuf(f.bytes, arena, limits, report);
        if (!t) return fail(unreadable(t.error(), context));
        run.traces.push_back(&traces.emplace_back(*t));
        break;
      }
      case Signal::logs: {
        auto l = json_text ? otlp::decode_logs_json(f.bytes, arena, limits, report)
                           : otlp::decode_logs_protobuf(f.bytes, arena, limits, report);
        if (!l) return fail(unreadable(l.error(), context));
        run.logs.push_back(&logs.emplace_back(*l));
        break;
      }
      case Signal::metrics:
        notes.push_back(json::value(
            json::string(context + " holds metrics: they repeat what spans say and are not explained")));
        break;
    }
    if (report.rejected)
      notes.push_back(json::value(
          json::string(context + ": " + std::to_string(report.rejected) + " left out: " + report.reason)));
  }
  json::object out = explain_run(run);
  if (!notes.empty()) out["notes"] = std::move(notes);
  return json::serialize(out);
}

}  // namespace turnscope::genai
