// How far down in time a reader of the newest rows goes at a time, until it has enough.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "query/time_range.h"

namespace turnscope::query {

struct Filter;

class Steps {
 public:
  /// `range`: what is read at most.
  Steps(const Filter& filter, TimeRange range);
  /// Where to read down to from `line`, when the rows from `line` on have brought `found` of `wanted`: the
  /// first steps are small, and from what they brought it is reckoned how much more has to be read. Never
  /// below the range's begin, always below `line`.
  std::int64_t next(std::int64_t line, std::size_t found, std::size_t wanted) const;

 private:
  std::int64_t from_ = 0;
  std::vector<std::int64_t>
      cuts_;           ///< falling, within the range; as many rows to look through between each two
  bool even_ = false;  ///< ... if so; else they are the steps
};

}  // namespace turnscope::query
