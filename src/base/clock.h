// The seam at the clock: code that reads the time takes a Clock, so that tests can set and jump it.
#pragma once
#include <chrono>
#include <cstdint>

namespace turnscope {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall clock, nanoseconds since 1970 UTC. May jump; never used to order records.
  virtual std::int64_t unix_nanos() const = 0;
  /// Monotonic, for timeouts and durations.
  virtual std::chrono::steady_clock::time_point steady() const = 0;
};

/// The machine's clock.
const Clock& system_clock();

}  // namespace turnscope
