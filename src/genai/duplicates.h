// One model call can be seen by two instrumentations (a framework's and the vendor SDK's own). Which spans
// repeat another is decided here, over the spans of one run: by parent, else by response id, else by model
// and time.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "genai/view.h"
#include "otlp/model.h"

namespace turnscope::genai {

/// What the matching reads of one model call (kind llm or embedding) or placeholder.
struct CallFacts {
  std::uint32_t node = 0;  ///< caller's number of the span
  otlp::TraceId trace{};
  otlp::SpanId span = 0, parent = 0;
  std::uint64_t start = 0, end = 0;
  Kind kind = Kind::llm;
  std::string_view scope, response_id, request_model;
  bool sdk = false;  ///< a vendor SDK tracing itself
  bool has_usage = false, has_input = false, has_output = false;
  bool stream_log = false;  ///< Logfire's second span of a streamed call: it has output and usage
  bool logfire = false;
  bool failed = false;
};

inline constexpr std::uint32_t kNoDuplicate = UINT32_MAX;

/// For each call, the index (into `calls`) of the one that counts instead, or kNoDuplicate.

std::vector<std::uint32_t> find_duplicates(std::span<const CallFacts> calls);

}  // namespace turnscope::genai
