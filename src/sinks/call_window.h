// Which of the model calls that come in repeat another one: two instrumentations saw the same call, or a span
// repeats the span above it (genai/duplicates.h). Calls of one project are compared with those of the last
// minutes, so the two spans of a pair may come in different requests and belong to different traces.
#pragma once
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "genai/view.h"
#include "otlp/model.h"
#include "store/duplicate_block.h"

namespace turnscope::sinks {

/// What the comparison needs of one call. Texts are kept as hashes (0: not told): 150 bytes a call, no heap.
struct SeenCall {
  std::uint32_t project = 1;
  genai::Kind kind = genai::Kind::llm;
  bool sdk = false, logfire = false, stream_log = false, failed = false;
  bool has_usage = false, has_input = false, has_output = false;
  otlp::TraceId trace{};
  otlp::SpanId span = 0, parent = 0;
  std::uint64_t start = 0, end = 0;
  std::uint64_t scope = 0, response_id = 0, model = 0;
  std::int64_t received = 0;
  otlp::SpanId repeats = 0;  ///< the span that counts instead, when it has been told already
};

/// The call that this span is. `traits`: those of its scope.
SeenCall seen_call(std::uint32_t project, const otlp::Span&, const otlp::Scope&, std::uint16_t traits,
                   const genai::Columns&, std::int64_t received_unix_nano);

/// Sorts a span into what the window compares: model calls, or (a placeholder) what repeats the span above it
/// without comparison. `traits`: those of the scope.
void collect_call(std::uint32_t project, const otlp::Span&, const otlp::Scope&, std::uint16_t traits,
                  const genai::Columns&, std::int64_t received_unix_nano, std::vector<SeenCall>& calls,
                  std::vector<store::DuplicateCall>& placeholders);

/// A placeholder that Logfire sends when a span begins; its parent is the span itself.
bool is_pending(const otlp::Span&);

class CallWindow {
 public:
  /// Calls remembered a project, and projects.
  static constexpr std::size_t kCalls = 20'000, kProjects = 256;
  static constexpr std::int64_t kAge = 600'000'000'000;  ///< nanoseconds

  /// Takes the calls of one range and appends what is newly known to repeat another call. A service with one
  /// instrumentation costs a hash look-up a call.
  void add(const std::vector<SeenCall>& calls, std::vector<store::DuplicateCall>& found);

 private:
  void add(std::deque<SeenCall>& window, std::vector<store::DuplicateCall>& found);
  std::unordered_map<std::uint32_t, std::deque<SeenCall>> windows_;
};

}  // namespace turnscope::sinks
