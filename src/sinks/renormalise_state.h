// How far a run of the renormaliser is.
#pragma once
#include <cstdint>
#include <string>

namespace turnscope::sinks {

struct RenormaliseState {
  bool running = false;
  /// spans, folding, done, stopped, failed; interrupted: a process before this one ended in the middle of it
  std::string step = "never run";
  std::string error;
  std::int64_t since = 0, started = 0, finished = 0;  ///< unix nanoseconds
  std::uint64_t rows = 0;                             ///< to be read, counted at the start
  std::uint64_t read = 0, changed = 0;                ///< spans
  std::uint64_t skipped = 0;  ///< spans that could not be read whole; they stay as they are
  std::uint64_t duplicates_added = 0, duplicates_removed = 0;
  std::uint64_t days_folded = 0;
  /// Of `read`: what runs before this one had read that did not come to their end. This one went on from
  /// there.
  std::uint64_t read_before = 0;
};

}  // namespace turnscope::sinks
