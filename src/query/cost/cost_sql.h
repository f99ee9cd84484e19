// The arithmetic of price_table.h in SQL: for sums over many spans. The prices of the models that occur are
// resolved here and handed over as arrays (parameters, never text); each row finds its price row by model,
// provider, time and context, multiplies and rounds exactly as PriceTable::price() does, so that a sum equals
// the sum over single spans.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "query/cost/price_table.h"
#include "query/sql.h"
#include "query/time_range.h"

namespace turnscope::query {

/// What decides on a price beside time and size.
struct PricedBy {
  std::string model, provider;
  std::string service_tier = {};  ///< as sent: batch, flex, priority, standard …
};

class CostSql {
 public:
  /// `sold`: the models, providers and tiers that occur together. At most 10,000 of them.
  CostSql(const PriceTable&, const std::vector<PricedBy>& sold, TimeRange);

  /// Appends "WITH …": the arrays and the expressions that columns() uses. One statement only.
  void with(Sql&) const;
  /// Appends " … AS cost_nano, … AS cost_state": Int64 nano-dollars (0 unless priced or partly) and UInt8
  /// PriceState. Reads from `spans`: model, provider, service_tier, start, usage_known, tok_*; `parts` also
  /// tok_other (audio, images, cache writes of a known life). Leave it out only for rows without such parts
  /// (usage_known bit 11 is not set).
  void columns(Sql&, bool parts) const;

 private:
  struct PriceRow {
    std::array<std::uint64_t, kPriceBuckets> price{};
    std::uint64_t mask = 0;  ///< bit a bucket that has a price
  };
  std::size_t add_segment(const PriceRule*, std::string_view service_tier);
  std::vector<std::string> models_, providers_, tiers_;
  std::vector<std::uint64_t>
      first_segment_;  ///< [(model × (providers + 1) + provider) × (tiers + 1) + tier] → segment; 0: none
  std::vector<std::vector<std::uint64_t>>
      breakpoints_;                       ///< [n][segment]: from this time on, one segment further
  std::vector<std::uint64_t> first_row_;  ///< segment → price row
  std::vector<std::vector<std::uint64_t>> thresholds_;  ///< [n][segment]: above this input, one row further
  std::vector<PriceRow> rows_;
};

}  // namespace turnscope::query
