// The visible rows of a trace for a set of folded spans, as one bounded answer; the overview above them; the
// findings.
#pragma once
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "query/trace_index.h"

namespace turnscope::query {

struct WindowRequest {
  std::size_t first = 0;
  std::size_t count = 200;              ///< at most kMaxWindowRows
  std::optional<std::uint64_t> around;  ///< span to show: its ancestors are opened
  std::unordered_set<std::uint64_t> folded, unfolded;
  std::optional<std::uint32_t> depth;  ///< spans at this depth and deeper start folded; default by size
  bool hide_plumbing = false;
  bool group = false;  ///< runs of kGroupFrom or more leaf-like siblings of one name and kind become one row
  std::unordered_set<std::uint64_t> ungrouped;  ///< first spans of the runs that stay open
};
inline constexpr std::size_t kMaxWindowRows = 2'000;
inline constexpr std::size_t kOpenBelow = 2'000;  ///< traces up to this size are open by default
inline constexpr std::size_t kMaxBars = 2'000;
inline constexpr std::uint32_t kGroupFrom = 5;

struct WindowRow {
  std::uint32_t row = 0;   ///< row among the visible ones
  std::uint32_t span = 0;  ///< row in the TraceIndex
  bool folded = false;
  std::uint32_t hidden = 0;  ///< descendants not shown: folded, or plumbing
  /// Of the run of like siblings that this row begins: how many, and the row behind the last one's subtree.
  /// 1: none.
  std::uint32_t group = 1, group_end = 0;
  bool grouped = false;  ///< the others are hidden behind this row
};
struct Window {
  std::size_t total_rows = 0, first = 0;
  std::vector<WindowRow> rows;
  std::vector<std::uint32_t> ungrouped;  ///< runs that were opened for the span asked for: their first rows
};
Window window(const TraceIndex&, const WindowRequest&);

struct Bar {
  std::int64_t start = 0;  ///< from the trace's start, ns
  std::uint64_t duration = 0;
  std::uint32_t lane = 0;
  std::uint8_t kind = 0;
  bool error = false;
};
/// At most kMaxBars bars; big traces are merged by time and lane.
std::vector<Bar> minimap(const TraceIndex&);

/// At most 48 pieces for the miniature of a list line: leaves of the agent's work in order of time.
std::vector<Bar> shape(const TraceIndex&);

struct Finding {
  enum class Type { slow, dear, wrong };
  enum class Unit { ns, nano_usd, tokens, errors };
  Type type;
  std::uint32_t span = 0;  ///< row in the TraceIndex
  std::int64_t value = 0;
  Unit unit = Unit::ns;
  std::optional<double> share;
  std::string text;    ///< one sentence that stands alone
  std::string detail;  ///< why, by rule, where the spans tell it; else empty
};
/// At most one of each type; nothing is said where nothing is known.
std::vector<Finding> findings(const TraceIndex&);

/// "1.2 s", "340 ms": for sentences.
std::string human_duration(std::uint64_t ns);

}  // namespace turnscope::query
