// Shared by the tests of this folder: requests in which one text stands in every place that can hold text.
#pragma once
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "otlp/decode.h"
#include "otlp/test_support.h"

namespace turnscope::pipeline {

inline std::string with(std::string text, std::string_view what) {
  for (auto p = text.find("@@"); p != text.npos; p = text.find("@@", p + what.size()))
    text.replace(p, 2, what);
  return text;
}

/// OTLP/JSON with `text` (which needs no JSON escapes) in every place of a traces request.
inline std::string traces_with(std::string_view text) {
  return with(
      R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},{"key":"note","value":{"stringValue":"a @@ b"}},{"key":"k @@","value":{"boolValue":true}}]},"schemaUrl":"u @@",
"scopeSpans":[{"scope":{"name":"n @@","version":"v @@","attributes":[{"key":"s","value":{"stringValue":"@@"}}]},"schemaUrl":"u @@","spans":[
{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"name @@","traceState":"t=@@","startTimeUnixNano":"1","endTimeUnixNano":"2",
"attributes":[{"key":"plain","value":{"stringValue":"@@"}},{"key":"list","value":{"arrayValue":{"values":[{"stringValue":"@@"},{"kvlistValue":{"values":[{"key":"deep @@","value":{"stringValue":"x @@"}}]}}]}}},{"key":"key @@","value":{"intValue":"5"}},{"key":"json","value":{"stringValue":"{\"a\":[\"@@\"],\"@@\":\"{\\\"b\\\":\\\"@@\\\"}\"}"}},{"key":"kept","value":{"intValue":"12"}}],
"events":[{"timeUnixNano":"1","name":"e @@","attributes":[{"key":"exception.message","value":{"stringValue":"failed for @@"}},{"key":"exception.stacktrace","value":{"stringValue":"at f(@@)\nat g"}}]}],
"links":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060709","traceState":"l=@@","attributes":[{"key":"l","value":{"stringValue":"@@"}}]}],
"status":{"code":2,"message":"status @@"}}]}]}]})",
      text);
}
inline std::string logs_with(std::string_view text) {
  return with(
      R"({"resourceLogs":[{"resource":{"attributes":[{"key":"note","value":{"stringValue":"@@"}}]},"scopeLogs":[{"scope":{"name":"n @@"},"logRecords":[{"timeUnixNano":"1","severityText":"s @@","eventName":"e @@","body":{"kvlistValue":{"values":[{"key":"b","value":{"stringValue":"@@"}}]}},"attributes":[{"key":"a","value":{"stringValue":"@@"}}]}]}]}]})",
      text);
}
inline std::string metrics_with(std::string_view text) {
  return with(
      R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"note","value":{"stringValue":"@@"}}]},"scopeMetrics":[{"scope":{"name":"n @@"},"metrics":[
{"name":"m @@","description":"d @@","unit":"u @@","gauge":{"dataPoints":[{"timeUnixNano":"1","asInt":"3","attributes":[{"key":"a","value":{"stringValue":"@@"}}],"exemplars":[{"timeUnixNano":"1","asInt":"3","filteredAttributes":[{"key":"x","value":{"stringValue":"@@"}}]}]}]}},
{"name":"h","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1","count":"1","sum":1,"bucketCounts":["1"],"attributes":[{"key":"a","value":{"stringValue":"@@"}}],"exemplars":[{"timeUnixNano":"1","asDouble":1,"filteredAttributes":[{"key":"x","value":{"stringValue":"@@"}}]}]}]}},
{"name":"x","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1","count":"1","attributes":[{"key":"a","value":{"stringValue":"@@"}}]}]}},
{"name":"q","summary":{"dataPoints":[{"timeUnixNano":"1","count":"1","attributes":[{"key":"a","value":{"stringValue":"@@"}}]}]}}]}]}]})",
      text);
}

/// A decoded request with its arena.
template <typename Model>
struct Decoded {
  otlp::Arena arena;
  otlp::DecodeReport report;
  Model model;
};

inline std::string protobuf(const auto& model) {
  std::string out;
  otlp::encode_protobuf(model, out);
  return out;
}

/// Shapes of secrets and personal data.
inline const std::vector<std::string>& planted() {
  static const std::vector<std::string> shapes = [] {
    std::vector<std::string> out;
    std::istringstream in(otlp::read_file(otlp::fixture("../redact/planted.txt")));
    for (std::string line; std::getline(in, line);)
      if (!line.empty() && !line.starts_with('#')) out.push_back(line);
    return out;
  }();
  return shapes;
}
/// What of a shape must not be seen anywhere: without the words that may stay readable.
inline std::string core(std::string_view shape) {
  std::string out(shape);
  for (const std::string_view lead :
       {"Bearer ", "Basic ", "https://api.example.com/v1?api_key=", "password="})
    if (out.starts_with(lead)) return out.substr(lead.size());
  if (out.starts_with("https://plant34:")) return "Zq81mNcV0aLw@";
  return out;
}

}  // namespace turnscope::pipeline
