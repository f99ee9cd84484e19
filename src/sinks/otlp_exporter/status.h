// What an exporter tells of itself.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>

#include "sinks/sink.h"

namespace turnscope::sinks {

struct ExporterCounters {
  std::atomic<std::uint64_t> requests{0}, retries{0}, items{0}, bytes{0};
  std::atomic<std::uint64_t> filtered{0};  ///< items that did not meet the conditions
  std::atomic<std::uint64_t> rejected{0};  ///< partial success: the far side did not take them
  std::atomic<std::uint64_t> dead{0}, dropped{0};
};

struct ExporterStatus {
  SinkHealth health;
  std::string endpoint, protocol;
  std::uint64_t requests = 0, retries = 0, items = 0, bytes = 0, filtered = 0, rejected = 0, dead = 0,
                dropped = 0;
  std::uint64_t dead_letters = 0, dead_letter_bytes = 0;
  // tail sampling
  bool sampling = false;
  std::uint64_t undecided_traces = 0, kept_traces = 0, dropped_traces = 0, sampler_bytes = 0;
};

}  // namespace turnscope::sinks
