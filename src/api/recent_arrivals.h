// What the last inserts brought, by trace, so that most viewers of the live feed are told without asking the
// store.
#pragma once
#include <deque>
#include <optional>

#include "query/queries.h"
#include "store/arrivals.h"

namespace turnscope::api {

class RecentArrivals {
 public:
  /// Everything before that log position is in the store now. What is not told makes all before it unknown.
  void add(std::uint64_t position, store::Arrivals);
  /// What came behind `seen` (a position that add() was told, or that of the start), so many traces at most;
  /// nothing where that is not known any more.
  std::optional<query::ChangedTraces> since(std::uint32_t project, std::uint64_t seen,
                                            std::size_t most) const;

 private:
  static constexpr std::size_t kInserts = 64;
  struct Insert {
    std::uint64_t position;
    store::Arrivals brought;
  };
  std::deque<Insert> inserts_;
  std::uint64_t floor_ = 0;  ///< what came before is not known
};

}  // namespace turnscope::api
