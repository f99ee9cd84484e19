// Usage and cost summed by what people ask for: model, provider, service, agent, tool, prompt version, user,
// session, experiment variant, day, hour. Only spans that own their usage count.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/caller.h"
#include "query/cost/cost_sql.h"
#include "query/cost/price_table.h"
#include "query/sql.h"
#include "query/time_range.h"
#include "store/engine.h"

namespace turnscope::query {

struct UsageRequest {
  TimeRange range;
  /// model, provider, service, agent, tool, name, environment, user, session, prompt_name, prompt_version,
  /// experiment, variant, day, hour; at most 4
  std::vector<std::string> by = {};
  std::size_t limit =
      1'000;            ///< rows, dearest first (by time first when day or hour is asked); at most 10,000
  std::string q = {};   ///< the search language, over the model calls themselves
  bool traces = false;  ///< count them too
};

struct UsageRow {
  std::vector<std::string> key;  ///< values of `by`; day and hour as RFC 3339
  std::uint64_t calls = 0, errors = 0;
  std::optional<std::uint64_t> traces;  ///< where asked for; exact up to 65,536, then within a percent
  std::uint64_t input = 0, output = 0, cache_read = 0, cache_write = 0, reasoning = 0;  ///< whole columns
  std::int64_t cost_nano_usd = 0;                      ///< of the priced and the partly priced calls
  std::uint64_t priced = 0, partly = 0, unpriced = 0;  ///< calls by state; those without usage are in none
  std::uint64_t unpriced_tokens = 0;                   ///< all tokens of the unpriced calls
  std::optional<std::int64_t> reported_nano_usd;       ///< what clients said, where they did
  std::uint64_t compared = 0;            ///< calls that have both a reported cost and a full price
  std::int64_t difference_nano_usd = 0;  ///< Σ (ours − reported) over those

  /// Of all input tokens, those read from a cache; absent without input.
  std::optional<double> cache_hit_rate() const;
  void add(const UsageRow&);  ///< sums; saturates. `key` stays; `traces` are not added (they may be the same)
};

struct UsageReport {
  std::vector<UsageRow> rows;
  UsageRow total;  ///< over all rows, also those behind the limit
  bool more = false;
  bool adjusted = false;  ///< figures are estimates: sampled traces count with their weight
};

/// Models, providers, tiers and regions that occurred together, and services, when a report was made, so that
/// the next need not ask again: a report finds out whether there are others. Thread-safe.
class KnownModels {
 public:
  struct Of {
    std::vector<Sold> models;
    std::vector<std::string> services;  ///< where they were asked for
    bool parts = false;                 ///< some calls told audio, images or cache writes of a known life
  };
  std::shared_ptr<const Of> get(std::uint32_t project) const;
  void add(std::uint32_t project, const Of&);

 private:
  mutable std::mutex mutex_;
  std::map<std::uint32_t, std::shared_ptr<const Of>> by_project_;
};

/// What the caller knows of the project.
struct UsageHints {
  bool weighted = false;         ///< retention sampling gave weights
  bool duplicates = true;        ///< some calls may repeat others
  KnownModels* known = nullptr;  ///< null: nothing is kept
};

struct Filter;
/// Errors: invalid_argument for an unknown `by`, and what the engine says. `filter` is that of request.q.
Result<UsageReport> usage_report(store::Engine&, const Caller&, const UsageRequest&, const PriceTable&,
                                 const store::QueryLimits& = {}, const Filter* filter = nullptr,
                                 const UsageHints& hints = {});

/// Appends " AND …": leaves out model calls that another span of the same call stands for (duplicate_calls).
void only_counted(Sql&, const Caller&);

}  // namespace turnscope::query
