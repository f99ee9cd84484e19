// Usage and money over many calls in one pass over the table `calls`: tokens are summed by price row first,
// and the sums are multiplied. A price of whole nano-dollars a million tokens leaves nothing to round, so the
// sum of products is the product of the sums; what other prices leave over is rounded span by span. Equal to
// the statement over single spans to the nano-dollar; not for spans of 2^32 tokens and more (`huge` says so).
#pragma once
#include <string_view>
#include <vector>

#include "query/caller.h"
#include "query/cost/cost_sql.h"
#include "query/sql.h"
#include "query/time_range.h"

namespace turnscope::query {

/// A column of `calls` that sums can be asked by.
struct CallKey {
  std::string_view name;
  Fragment inner;  ///< what single calls are grouped by: narrow
  bool time = false;
};
/// Null: `calls` does not have it.
const CallKey* find_call_key(std::string_view name);

/// Appends the statement: the key's texts, then as UsageRow has it (usage_report.cc reads it), then of the
/// group: UInt64 largest number of tokens or more (all bits of them), UInt64 calls whose model, provider and
/// tier `cost` does not know, UInt8 whether parts of tokens were told. `parts`: they are looked at.
/// `duplicates`: some calls may repeat others.
void summed_usage(Sql&, const Caller&, TimeRange, const CostSql& cost, const std::vector<const CallKey*>& by,
                  bool parts, bool duplicates, std::size_t limit);

/// Whether `most`, as summed_usage() gives it, is too much for it.
constexpr bool huge(std::uint64_t most) { return most >> 32 != 0; }

}  // namespace turnscope::query
