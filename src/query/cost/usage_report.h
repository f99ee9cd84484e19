// Usage and cost summed by what people ask for: model, provider, service, agent, tool, prompt version, user,
// session, experiment variant, day, hour. Only spans that own their usage count.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/caller.h"
#include "query/cost/price_table.h"
#include "query/time_range.h"
#include "store/engine.h"

namespace turnscope::query {

struct UsageRequest {
  TimeRange range;
  std::vector<std::string> by;  ///< model, provider, service, agent, name, environment, user, session,
                                ///< prompt_name, prompt_version, experiment, variant, day, hour; at most 4
  std::size_t limit =
      1'000;  ///< rows, dearest first (by time first when day or hour is asked); at most 10,000
};

struct UsageRow {
  std::vector<std::string> key;  ///< values of `by`; day and hour as RFC 3339
  std::uint64_t calls = 0;
  std::uint64_t input = 0, output = 0, cache_read = 0, cache_write = 0, reasoning = 0;  ///< whole columns
  std::int64_t cost_nano_usd = 0;                      ///< of the priced and the partly priced calls
  std::uint64_t priced = 0, partly = 0, unpriced = 0;  ///< calls by state; those without usage are in none
  std::optional<std::int64_t> reported_nano_usd;       ///< what clients said, where they did
};

struct UsageReport {
  std::vector<UsageRow> rows;
  bool more = false;
};

/// Errors: invalid_argument for an unknown `by`, and what the engine says.
Result<UsageReport> usage_report(store::Engine&, const Caller&, const UsageRequest&, const PriceTable&,
                                 const store::QueryLimits& = {});

}  // namespace turnscope::query
