// What the scripted model says: a JSON script of scenarios, each a list of steps. The whole conversation is
// in the request (as with the real API), so the script keeps no state: the step is the number of answers
// since the last question.
//
//   {"scenarios": [{"name": "double-charge", "when": "order (\\d+)", "latency_ms": 120, "steps": [
//     {"say": "I will look.", "tools": [{"name": "query_database", "input": {"sql": "… = {{match.1}}"}}]},
//     {"answer": "There are {{result.0.row_count}} charges."}]}]}
//
// `when`: RE2, searched in the last question; the first scenario that matches is taken. Header x-scenario
// names one directly. step: say, tools, answer, latency_ms, chunk_ms, stop_reason, loop (this step is
// repeated for ever),
//       error {status, type, message, retry_after, times (the first N requests for this step; default:
//       always)}, if_failed (another step, taken when the last tool failed).
// Templates in strings: {{question}}, {{match.N}}, {{result.N.path}} ({{result.last.path}}: the last) into
// the JSON of the Nth tool result since the question; a filter behind "|": cents ("104.50"), count
// (elements), rows (one line each, 8 at most).
#pragma once
#include <boost/json.hpp>

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turnscope::example {

struct ToolUse {
  std::string name;
  boost::json::object input;
};

/// What to answer to one request.
struct Reply {
  std::string scenario;
  std::size_t step = 0;
  std::string text;
  std::vector<ToolUse> tools;
  std::string stop_reason = "end_turn";
  int latency_ms = 0, chunk_ms = 0;
  struct Failure {
    int status = 500;
    std::string type, message, retry_after;
    std::uint64_t times = ~0ull;  ///< fail only the first N requests for this step
  };
  std::optional<Failure> failure;
};

class Script {
 public:
  /// Error: a sentence with the scenario's name.
  static std::expected<Script, std::string> parse(std::string_view json);
  /// The scenarios of `turnscope demo`, and a fall-back that answers anything about the shop.
  static const Script& bundled();

  /// `messages`: of a valid request. `scenario`: a name, or empty to choose by the question.
  Reply answer(const boost::json::array& messages, std::string_view scenario) const;

 private:
  struct Scenario;
  std::vector<std::shared_ptr<const Scenario>> scenarios_;
};

/// The JSON text of bundled().
std::string_view bundled_script();

}  // namespace turnscope::example
