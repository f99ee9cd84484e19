// Usage and money over many calls in one pass over the table `calls`: the engine sums tokens of calls that
// are alike (same model, provider, tier, region, kinds of tokens told), and here the sums are priced. A price
// of whole nano-dollars a token leaves nothing to round, so the sum of products is the product of the sums;
// what other prices leave over is rounded call by call. Equal to the sum over single calls to the
// nano-dollar.
#pragma once
#include <functional>
#include <string_view>
#include <vector>

#include "query/caller.h"
#include "query/cost/cost_sql.h"
#include "query/cost/usage_report.h"
#include "query/sql.h"
#include "query/time_range.h"
#include "store/engine.h"

namespace turnscope::query {

/// A column of `calls` that sums can be asked by.
struct CallKey {
  enum class From : std::uint8_t { model, provider, service, day, hour };
  std::string_view name;
  From from;
  bool time() const { return from == From::day || from == From::hour; }
};
/// Null: `calls` does not have it.
const CallKey* find_call_key(std::string_view name);

struct SumsAsked {
  std::vector<const CallKey*> by;  ///< at most 4
  bool duplicates = false;         ///< some calls may repeat others
  bool traces = false;             ///< they are counted
};

struct SummedUsage {
  std::vector<UsageRow> rows;  ///< in order of time, then the dearest first
  UsageRow total;
  bool stale = false;  ///< there are models, services or parts of tokens that `known` has not
  bool fits = true;    ///< false: figures too large, or too many groups, for this way of summing
};

using AskEngine = std::function<Result<store::QueryResult>(const Sql&)>;
/// `known`: what `cost` was made of. Errors: what the engine says.
Result<SummedUsage> summed_usage(const AskEngine&, const Caller&, TimeRange, const CostSql& cost,
                                 const KnownModels::Of& known, const SumsAsked&);

}  // namespace turnscope::query
