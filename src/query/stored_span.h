// Whole spans as they were received, with the resource and scope they came with, and the meaning stored
// beside them.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "otlp/model.h"

namespace turnscope::query {

struct StoredSpan {
  otlp::Span span;  ///< as sent: times, attributes, events and links
  const otlp::Resource* resource = nullptr;
  const otlp::Scope* scope = nullptr;
  std::int64_t start = 0;  ///< as stored (clamped to 1970 … 2262)
  std::uint64_t duration = 0, version = 0, duplicates = 0;
  std::int64_t received_ms = 0;
  std::uint8_t time_flags = 0, kind = 0;
  bool is_error = false;
  std::string_view service, operation, request_model, response_model, response_id, error_type, error_message;
  std::string_view input, output;  ///< payload texts (prompts and arguments; completions and results)
  std::vector<std::pair<std::string_view, std::uint64_t>> other_tokens;  ///< tok_other
};

/// Owns the memory of its spans.
struct StoredSpans {
  std::vector<StoredSpan> spans;
  std::string bytes;              ///< rows as read; texts point into it
  std::deque<std::string> texts;  ///< further rows (resources)
  std::unique_ptr<otlp::Arena> arena = std::make_unique<otlp::Arena>();
  std::map<std::uint64_t, otlp::Resource> resources;
  std::map<std::uint64_t, otlp::Scope> scopes;
};

}  // namespace turnscope::query
