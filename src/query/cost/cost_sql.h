// The arithmetic of price_table.h in SQL: for sums over many spans. The prices of the models that occur are
// resolved here and handed over as arrays (parameters, never text); each row finds its price row by model,
// provider, time and context, multiplies and rounds exactly as PriceTable::price() does, so that a sum equals
// the sum over single spans.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "query/cost/price_table.h"
#include "query/sql.h"
#include "query/time_range.h"
#include "store/row_reader.h"

namespace turnscope::query {

/// What of PricedBy occurs together in the store, as sent.
struct Sold {
  std::string model, provider;
  std::string service_tier = {};
  std::string region = {};  ///< left empty where no rule has one
  auto operator<=>(const Sold&) const = default;
};
/// The columns that read_sold() expects, of `spans` or `calls`: regions are asked for where prices have some.
inline Fragment sold_columns(const PriceTable& prices) {
  return prices.regional() ? Fragment("model, provider, service_tier, region")
                           : Fragment("model, provider, service_tier");
}
Sold read_sold(store::RowReader&, const PriceTable&);
inline constexpr std::size_t kMostSold = 10'000;
Error too_many_sold();
/// All of an answer of sold_columns(), which was asked for kMostSold + 1 of them. Errors: too_large beyond
/// kMostSold.
Result<std::vector<Sold>> read_all_sold(const store::QueryResult&, const PriceTable&);

/// Appends the number that stands beside the column's text in the lists, 0 where it is not there: a function
/// of the column's dictionary, not of its rows.
void place_in(Sql&, Fragment column, const std::vector<std::string>& names,
              const std::vector<std::uint64_t>& numbers);
std::vector<std::uint64_t> from_one(std::size_t n);  ///< 1, 2 … n

class CostSql {
 public:
  /// `sold`: the models, providers, tiers and regions that occur together; at most kMostSold.
  CostSql(const PriceTable&, const std::vector<Sold>& sold, TimeRange);

  /// Appends "WITH …": the arrays and the expressions that columns() uses. One statement only.
  void with(Sql&) const;
  /// Of that the part that finds the price row (c_row), model and provider of each span, without WITH;
  /// `c_first` is kUnknown where model, provider, tier and region did not occur together in `sold`.
  void row(Sql&) const;
  static constexpr std::uint64_t kUnknown = 1;
  struct PriceRow {
    std::array<std::uint64_t, kPriceBuckets> price{};
    std::uint64_t mask = 0;  ///< bit a bucket that has a price
  };
  const PriceRow& price_row(std::size_t c_row) const { return rows_[c_row - 1]; }
  std::size_t unknown_row() const { return first_row_[kUnknown]; }
  /// Whether a price depends on time or on the size of the context, so that each call must find its own.
  bool steps() const { return !breakpoints_.empty() || !thresholds_.empty(); }
  /// Where it does not: the price row (c_row) of a model, provider, tier and region (kAnyRegion if not
  /// regional()) by their places in the lists below; nothing where they did not occur together.
  static constexpr std::size_t kAnyRegion = 0;
  std::optional<std::size_t> row_of(std::size_t model, std::size_t provider, std::size_t tier,
                                    std::size_t region) const;
  /// Whether a price of what was sold depends on the region: else no statement reads it.
  bool regional() const { return regional_; }
  /// Whether all prices are so small that a span of fewer than 2^32 tokens a bucket costs less than 2^63.
  bool small() const;
  /// By bucket and price row: what is left of the price over whole nano-dollars a token. Empty: nothing is,
  /// in any row.
  std::array<std::vector<std::uint64_t>, kPriceBuckets> left_over() const;
  /// Appends " … AS cost_nano, … AS cost_state": Int64 nano-dollars (0 unless priced or partly) and UInt8
  /// PriceState. Reads from `spans`: model, provider, service_tier, region if regional(), start, usage_known,
  /// tok_*; `parts` also tok_other (audio, images, cache writes of a known life). Leave it out only for rows
  /// without such parts (usage_known bit 11 is not set).
  void columns(Sql&, bool parts) const;
  const std::vector<std::string>& models() const { return models_; }  ///< c_model counts them from 1
  const std::vector<std::string>& providers() const { return providers_; }
  const std::vector<std::string>& sent_tiers() const { return sent_tiers_; }
  const std::vector<std::uint64_t>& tier_places() const { return tier_of_; }  ///< of sent_tiers(), from 1
  const std::vector<std::string>& sent_regions() const { return sent_regions_; }
  const std::vector<std::uint64_t>& region_places() const { return region_of_; }  ///< as tier_places()

 private:
  std::uint64_t place(std::size_t model, std::size_t provider, std::size_t tier, std::size_t region) const {
    return ((model * (providers_.size() + 1) + provider) * (tiers_.size() + 1) + tier) *
               (regions_.size() + 1) +
           region;
  }
  void segment(Sql&) const;  ///< " AS c_first": where c_model and c_provider lead
  void prices(Sql&) const;   ///< ", … AS c_mask, … AS c_p0 …": what price row `c_row` says
  std::size_t add_segment(const PriceRule*, std::string_view service_tier);
  std::vector<std::string> models_, providers_;
  std::vector<std::string> tiers_;       ///< canonical
  std::vector<std::string> sent_tiers_;  ///< all that occur, whatever they mean
  std::vector<std::uint64_t> tier_of_;   ///< beside them: place in tiers_ + 1
  bool regional_;
  std::vector<std::string> regions_;  ///< of rules; none if not regional: one place, kAnyRegion
  std::vector<std::string> sent_regions_;
  std::vector<std::uint64_t> region_of_;  ///< beside them: place in regions_ + 1
  /// By place() → segment, of those that occur. Most of them need not: names come from outside.
  std::map<std::uint64_t, std::uint64_t> first_segment_;
  std::vector<std::vector<std::uint64_t>>
      breakpoints_;                       ///< [n][segment]: from this time on, one segment further
  std::vector<std::uint64_t> first_row_;  ///< segment → price row
  std::vector<std::vector<std::uint64_t>> thresholds_;  ///< [n][segment]: above this input, one row further
  std::vector<PriceRow> rows_;
};

}  // namespace turnscope::query
