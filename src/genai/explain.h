// The whole canonical view of spans, and where each fact came from: for `turnscope explain`, POST
// /api/v1/explain and the span detail of the UI. Slower than columns(): it decodes messages. Never fails on
// what a span holds; what is not understood is said.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "genai/messages.h"
#include "genai/view.h"
#include "otlp/model.h"

namespace turnscope::genai {

struct Score {
  std::string name;
  std::optional<double> value;
  std::optional<std::string> label, explanation;
};

/// A message and the attribute, event or log record that it came from ("attributes.gen_ai.input.messages").
struct SourcedMessage {
  Message message;
  std::string source;
};

/// What a person sees of one span.
struct SpanView {
  Kind kind = Kind::other;
  std::vector<Part> system;  ///< system instructions that stand beside the messages
  std::vector<SourcedMessage> input, output;
  json::value raw_input,
      raw_output;  ///< for spans without messages (decoded JSON or text); null when not told
  json::value tool_arguments, tool_result;
  std::vector<Tool> tools;  ///< tools offered to the model
  json::object parameters;  ///< temperature, max_tokens …
  std::vector<std::string> finish_reasons;
  std::vector<Score> scores;
  json::array documents;
  json::object facts;    ///< canonical facts, keys as in tests/fixtures/otlp/README.md and docs/genai.md
  json::object origins;  ///< fact → {"from": …, "rule": …}
  json::array not_understood;  ///< attribute keys that no dialect knows, and values that could not be read
};

/// `logs`: the log records that carry this span's id, in order.
SpanView view(const otlp::Span&, const otlp::Resource&, const otlp::Scope&,
              std::span<const otlp::LogRecord* const> logs = {});

/// Messages for the span detail: system instructions first (role "system"), then input; tools as one text
/// part each.
std::vector<SourcedMessage> detail_input(const SpanView&);
std::vector<SourcedMessage> detail_output(const SpanView&);

/// Spans and logs that belong together: one run.
struct Run {
  std::vector<const otlp::Traces*> traces;
  std::vector<const otlp::Logs*> logs;
};
/// {"spans": {id: facts}, "trace_totals": {trace id: …}, "log_events_without_span": […]}: duplicates of one
/// model call found, usage counted once.
json::object explain_run(const Run&);

struct ExplainFile {
  std::string
      name;  ///< its ending tells the kind: .logs.*, .metrics.*; .json or protobuf is seen from the bytes
  std::string bytes;
};
/// explain_run() over OTLP files (protobuf or JSON; traces, logs, metrics), as JSON text. Errors:
/// invalid_argument, naming the file and what is wrong with it.
Result<std::string> explain_json(std::span<const ExplainFile> files);

}  // namespace turnscope::genai
