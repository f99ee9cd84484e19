// What tail sampling keeps. A policy is a set of conditions on a whole trace (all that are given must hold),
// a share of the traces that meet them, and a budget; a trace is kept when one policy keeps it.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace turnscope::sinks {

struct Policy {
  std::string name;
  std::optional<bool> error;                               ///< some span failed; false: none did
  std::optional<std::chrono::milliseconds> latency_above;  ///< first start to last end
  std::optional<std::int64_t> cost_above_nano_usd;         ///< reported cost, else tokens × price
  std::optional<std::uint64_t> tokens_above;               ///< input and output of model calls
  std::map<std::string, double> score_below;      ///< evaluation name ("*": any) → a score under this
  std::vector<std::string> tool;                  ///< one of these was called; "*" at the end: anything
  std::vector<std::string> service;               ///< a span of one of these
  std::map<std::string, std::string> attributes;  ///< a span or resource has all of these
  std::uint64_t keep_per_mille = 1000;            ///< share, by a hash of the trace id
  std::uint64_t budget_per_second = 0;            ///< traces, by the log's time; 0: no limit
};

struct SamplingOptions {
  bool enabled = false;
  /// Empty: the default (default_policies()).
  std::vector<Policy> policies;
  /// A trace is complete when nothing of it came for this long: after its root ended, and while the root is
  /// missing or a parent has not come (an agent may wait for a model or a person).
  std::chrono::milliseconds idle{10'000}, idle_open{600'000};
  /// Undecided traces at most; beyond, the longest idle one is decided by what is known. Counted.
  std::uint64_t max_traces = 200'000;
};

/// All errors, everything above ten seconds, a tenth of the rest.
std::vector<Policy> default_policies();

}  // namespace turnscope::sinks
