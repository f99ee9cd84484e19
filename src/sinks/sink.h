// A sink reads the log at its own pace and persists its own cursor. It tells its health; it never blocks
// another sink.
#pragma once
#include <cstdint>
#include <string>

#include "base/result.h"

namespace turnscope::sinks {

struct SinkHealth {
  std::string name;
  bool ok = true;
  std::string message;         ///< empty when ok
  std::uint64_t position = 0;  ///< cursor in the log
  std::uint64_t lag_records = 0;
  double freshness_seconds = 0;  ///< age of the oldest record not yet at the far side
};

/// start → (works on its own thread) → stop. stop() is safe twice and without start; it finishes what is in
/// hand.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual Status start() = 0;
  virtual void stop() = 0;
  virtual SinkHealth health() const = 0;
};

}  // namespace turnscope::sinks
