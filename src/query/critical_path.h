// The critical path: which span kept the run waiting at each moment. Read from the end backwards: at a
// moment, the child that finished last; where no child was running, the span itself.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace turnscope::query {

struct Interval {
  std::int64_t start = 0, end = 0;
  std::uint32_t parent = 0xffffffff;  ///< index of the parent, or 0xffffffff: top level
};

/// Nanoseconds of [from, to) spent in each span itself; what no span covers belongs to nobody. Parents may
/// come in any order but must not lead in a circle. A child that outlives its parent counts, behind the
/// parent's end, below the nearest ancestor that still runs.
std::vector<std::uint64_t> critical_times(std::span<const Interval> spans, std::int64_t from,
                                          std::int64_t to);

}  // namespace turnscope::query
