#include "query/cost/cost_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace turnscope::query {
namespace {
constexpr std::uint64_t kNever = 0x7fffffffffffffffull;
/// So many places are told as one array; more would be mostly empty.
constexpr std::uint64_t kMostPlaces = 100'000;

}  // namespace

Sold read_sold(store::RowReader& in, const PriceTable& prices) {
  Sold s{std::string(in.string()), std::string(in.string()), std::string(in.string())};
  if (prices.regional()) s.region = in.string();
  return s;
}

Error too_many_sold() {
  return Error(
      ErrorKind::too_large,
      fmt::format("more than {} combinations of model, provider, service tier and region were called in "
                  "this time range; ask for a shorter one",
                  kMostSold));
}

Result<std::vector<Sold>> read_all_sold(const store::QueryResult& answer, const PriceTable& prices) {
  std::vector<Sold> out;
  store::RowReader in(answer.bytes);
  while (in.more()) out.push_back(read_sold(in, prices));
  TS_TRY(in.status());
  if (out.size() > kMostSold) return fail(too_many_sold());
  return out;
}

std::size_t CostSql::add_segment(const PriceRule* rule, std::string_view service_tier) {
  const std::size_t segment = first_row_.size();
  first_row_.push_back(rows_.size() + 1);  // arrays count from 1
  std::vector<std::uint64_t> steps;
  if (!rule) {
    rows_.emplace_back();
  } else {
    std::vector<std::uint64_t> contexts{0};
    for (const PriceTier& t : rule->tiers)
      if ((t.service_tier.empty() || t.service_tier == service_tier) && t.context_above)
        contexts.push_back(t.context_above);
    std::sort(contexts.begin(), contexts.end());
    contexts.erase(std::unique(contexts.begin(), contexts.end()), contexts.end());
    for (const std::uint64_t above : contexts) {
      const PriceTier& tier = choose_tier(*rule, service_tier, above == 0 ? 0 : above + 1);
      const Prices prices = tier_prices(*rule, tier);
      PriceRow row;
      for (std::size_t b = 0; b < kPriceBuckets; ++b)
        if (prices[b]) row.price[b] = static_cast<std::uint64_t>(*prices[b]), row.mask |= 1ull << b;
      rows_.push_back(row);
      if (above) steps.push_back(above);
    }
  }
  while (thresholds_.size() < steps.size()) thresholds_.emplace_back(segment, kNever);
  for (std::size_t n = 0; n < thresholds_.size(); ++n)
    thresholds_[n].push_back(n < steps.size() ? steps[n] : kNever);
  return segment;
}

CostSql::CostSql(const PriceTable& table, const std::vector<Sold>& sold, TimeRange range)
    : regional_(table.regional() && std::ranges::any_of(sold, [&](const Sold& by) {
                  const auto rules = table.rules_of(by.model, by.provider);
                  return std::ranges::any_of(*rules, [](const PriceRule* r) { return !r->region.empty(); });
                })) {
  std::set<std::string> models, providers, tiers, sent_tiers, regions, sent_regions;
  for (const auto& by : sold) {
    models.insert(by.model), providers.insert(by.provider);
    sent_tiers.insert(by.service_tier), tiers.insert(canonical_service_tier(by.service_tier));
    if (regional_) sent_regions.insert(by.region), regions.emplace(table.price_region(by.region));
  }
  tiers_.assign(tiers.begin(), tiers.end());
  sent_tiers_.assign(sent_tiers.begin(), sent_tiers.end());
  regions_.assign(regions.begin(), regions.end());
  sent_regions_.assign(sent_regions.begin(), sent_regions.end());
  models_.assign(models.begin(), models.end());
  providers_.assign(providers.begin(), providers.end());
  const auto at = [](const std::vector<std::string>& list, const std::string& s) {
    return static_cast<std::size_t>(std::lower_bound(list.begin(), list.end(), s) - list.begin()) + 1;
  };
  for (const auto& sent : sent_tiers_) tier_of_.push_back(at(tiers_, canonical_service_tier(sent)));
  for (const auto& sent : sent_regions_)
    region_of_.push_back(at(regions_, std::string(table.price_region(sent))));
  add_segment(nullptr, {});  // segment 0: unpriced
  add_segment(nullptr, {});  // kUnknown
  using Chain = std::vector<std::pair<std::int64_t, const PriceRule*>>;
  std::map<std::pair<std::string, Chain>, std::size_t> known;
  std::vector<std::vector<std::int64_t>> starts(2);  // by segment: when the following ones of its chain begin
  for (const Sold& by : sold) {
    const std::string tier = canonical_service_tier(by.service_tier);
    const auto rules = table.rules_for({by.model, by.provider, by.service_tier, by.region});
    // The choice changes only where some rule begins or ends.
    std::vector<std::int64_t> times{range.from};
    for (const PriceRule* r : *rules)
      for (const std::int64_t t : {r->valid_from, r->valid_to})
        if (t > range.from && t < range.to) times.push_back(t);
    std::sort(times.begin(), times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());
    Chain chain;
    for (const std::int64_t t : times) {
      const PriceRule* chosen = nullptr;
      for (const PriceRule* r : *rules)
        if (r->valid_from <= t && t < r->valid_to) {
          chosen = r;
          break;
        }
      if (chain.empty() || chain.back().second != chosen) chain.emplace_back(t, chosen);
    }
    const std::size_t region =
        regional_ ? at(regions_, std::string(table.price_region(by.region))) : kAnyRegion;
    auto& segment =
        first_segment_[place(at(models_, by.model), at(providers_, by.provider), at(tiers_, tier), region)];
    segment = 0;
    if (chain.size() == 1 && !chain[0].second) continue;
    auto [it, fresh] = known.try_emplace(std::pair(tier, chain), 0);
    if (fresh) {
      std::vector<std::int64_t> later;
      for (std::size_t i = 1; i < chain.size(); ++i) later.push_back(chain[i].first);
      for (std::size_t i = 0; i < chain.size(); ++i) {
        const std::size_t s = add_segment(chain[i].second, tier);
        if (i == 0) it->second = s;
        starts.push_back(i == 0 ? later : std::vector<std::int64_t>{});
      }
    }
    segment = it->second;
  }
  std::size_t most = 0;
  for (const auto& s : starts) most = std::max(most, s.size());
  breakpoints_.assign(most, std::vector<std::uint64_t>(starts.size(), kNever));
  for (std::size_t s = 0; s < starts.size(); ++s)
    for (std::size_t n = 0; n < starts[s].size(); ++n)
      // Times before 1970 cannot stand in the store; prices that begin there hold from its first day.
      breakpoints_[n][s] = static_cast<std::uint64_t>(std::max<std::int64_t>(starts[s][n], 0));
}

void CostSql::with(Sql& sql) const {
  sql << "WITH ";
  row(sql);
  prices(sql);
  sql << " ";
}

void place_in(Sql& sql, Fragment column, const std::vector<std::string>& names,
              const std::vector<std::uint64_t>& numbers) {
  if (names.empty()) {
    sql << "toUInt64(0)";
    return;
  }
  sql << "transform(" << column << ", ";
  sql.strs(names) << ", ";
  sql.u64s(numbers) << ", toUInt64(0))";
}

std::vector<std::uint64_t> from_one(std::size_t n) {
  std::vector<std::uint64_t> numbers(n);
  std::iota(numbers.begin(), numbers.end(), std::uint64_t{1});
  return numbers;
}

void CostSql::segment(Sql& sql) const {
  const std::uint64_t places = place(models_.size() + 1, 0, 0, 0);
  const bool dense = places <= kMostPlaces;
  if (dense) {
    std::vector<std::uint64_t> all(places, kUnknown);
    for (const auto& [at, segment] : first_segment_) all[at] = segment;
    sql << "arrayElement(";
    sql.u64s(all) << ", 1 + ";
  } else {
    sql << "transform(";
  }
  // Places as place() counts them.
  sql << (regional_ ? Fragment("((c_model * ") : Fragment("(c_model * "));
  sql.u64(providers_.size() + 1) << " + c_provider) * ";
  sql.u64(tiers_.size() + 1) << " + ";
  place_in(sql, "service_tier", sent_tiers_, tier_of_);
  if (regional_) {
    sql << ") * ";
    sql.u64(regions_.size() + 1) << " + ";
    place_in(sql, "region", sent_regions_, region_of_);
  }
  if (!dense) {
    std::vector<std::uint64_t> at, segments;
    for (const auto& [place, segment] : first_segment_) at.push_back(place), segments.push_back(segment);
    sql << ", ";
    sql.u64s(at) << ", ";
    sql.u64s(segments) << ", ";
    sql.u64(kUnknown);
  }
  sql << ") AS c_first";
}

void CostSql::row(Sql& sql) const {
  place_in(sql, "model", models_, from_one(models_.size()));
  sql << " AS c_model, ";
  place_in(sql, "provider", providers_, from_one(providers_.size()));
  sql << " AS c_provider, ";
  segment(sql);
  sql << ", ";
  // Each step takes one segment further where the span began after the price changed.
  sql << "c_first";
  for (const auto& times : breakpoints_) {
    sql << " + (toUInt64(toUnixTimestamp64Nano(start)) >= arrayElement(";
    sql.u64s(times) << ", c_first + 1))";
  }
  sql << " + 1 AS c_segment, tok_input + tok_cache_read + tok_cache_write AS c_all_input, arrayElement(";
  sql.u64s(first_row_) << ", c_segment)";
  for (const auto& above : thresholds_) {
    sql << " + (c_all_input > arrayElement(";
    sql.u64s(above) << ", c_segment))";
  }
  sql << " AS c_row";
}

void CostSql::prices(Sql& sql) const {
  std::vector<std::uint64_t> masks;
  for (const PriceRow& r : rows_) masks.push_back(r.mask);
  sql << ", arrayElement(";
  sql.u64s(masks) << ", c_row) AS c_mask";
  constexpr Fragment kNames[] = {", c_row) AS c_p0", ", c_row) AS c_p1", ", c_row) AS c_p2",
                                 ", c_row) AS c_p3", ", c_row) AS c_p4", ", c_row) AS c_p5",
                                 ", c_row) AS c_p6", ", c_row) AS c_p7", ", c_row) AS c_p8",
                                 ", c_row) AS c_p9", ", c_row) AS c_p10"};
  for (std::size_t b = 0; b < kPriceBuckets; ++b) {
    std::vector<std::uint64_t> column;
    for (const PriceRow& r : rows_) column.push_back(r.price[b]);
    sql << ", arrayElement(";
    sql.u64s(column) << kNames[b];
  }
}

std::optional<std::size_t> CostSql::row_of(std::size_t model, std::size_t provider, std::size_t tier,
                                           std::size_t region) const {
  const auto at = first_segment_.find(place(model, provider, tier, region));
  if (at == first_segment_.end()) return std::nullopt;
  return first_row_[at->second];
}

bool CostSql::small() const {
  return std::ranges::all_of(rows_, [](const PriceRow& r) {
    return std::ranges::all_of(r.price, [](std::uint64_t p) { return p < std::uint64_t{1} << 36; });
  });
}

std::array<std::vector<std::uint64_t>, kPriceBuckets> CostSql::left_over() const {
  std::array<std::vector<std::uint64_t>, kPriceBuckets> out;
  for (std::size_t b = 0; b < kPriceBuckets; ++b) {
    if (std::ranges::all_of(rows_, [&](const PriceRow& r) { return r.price[b] % 1'000 == 0; })) continue;
    for (const PriceRow& r : rows_) out[b].push_back(r.price[b] % 1'000);
  }
  return out;
}

void CostSql::columns(Sql& sql, bool parts) const {
  // Buckets in the order of PriceBucket: tokens of each, exclusive.
  if (parts)
    sql << "tok_other['input_audio'] AS c_t5, tok_other['input_image'] AS c_t6, tok_other['cache_write_5m'] "
           "AS c_t3, "
           "tok_other['cache_write_1h'] AS c_t4, tok_other['output_audio'] AS c_t9, "
           "tok_other['output_image'] AS c_t10, "
           "tok_input - least(tok_input, c_t5 + c_t6) AS c_t0, tok_cache_write - least(tok_cache_write, c_t3 "
           "+ c_t4) AS c_t2, "
           "tok_output - least(tok_output, c_t9 + c_t10) AS c_t7, "
           "bitShiftLeft(toUInt64(c_t3 > 0), 3) + bitShiftLeft(toUInt64(c_t4 > 0), 4) + "
           "bitShiftLeft(toUInt64(c_t5 > 0), 5) + "
           "bitShiftLeft(toUInt64(c_t6 > 0), 6) + bitShiftLeft(toUInt64(c_t9 > 0), 9) + "
           "bitShiftLeft(toUInt64(c_t10 > 0), 10) AS c_used_parts, "
           "toInt128(c_t3) * c_p3 + toInt128(c_t4) * c_p4 + toInt128(c_t5) * c_p5 + toInt128(c_t6) * c_p6 + "
           "toInt128(c_t9) * c_p9 + "
           "toInt128(c_t10) * c_p10 AS c_sum_parts, ";
  else
    sql << "tok_input AS c_t0, tok_cache_write AS c_t2, tok_output AS c_t7, toUInt64(0) AS c_used_parts, "
           "toInt128(0) AS c_sum_parts, ";
  sql << "c_used_parts + toUInt64(c_t0 > 0) + bitShiftLeft(toUInt64(tok_cache_read > 0), 1) + "
         "bitShiftLeft(toUInt64(c_t2 > 0), 2) + "
         "bitShiftLeft(toUInt64(c_t7 > 0), 7) + bitShiftLeft(toUInt64(tok_reasoning > 0), 8) AS c_used, "
         "multiIf(bitAnd(usage_known, 31) = 0 AND c_used_parts = 0, toUInt8(0), c_mask = 0, toUInt8(1), "
         "bitAnd(c_used, bitNot(c_mask)) = 0, toUInt8(3), "
         "bitAnd(c_used, c_mask) = 0, toUInt8(1), toUInt8(2)) AS cost_state, "
         "if(cost_state < 2, toInt64(0), toInt64(least(intDiv(c_sum_parts + toInt128(c_t0) * c_p0 + "
         "toInt128(tok_cache_read) * c_p1 + "
         "toInt128(c_t2) * c_p2 + toInt128(c_t7) * c_p7 + toInt128(tok_reasoning) * c_p8 + 500, 1000), "
         "toInt128(9223372036854775807)))) AS cost_nano";
}

}  // namespace turnscope::query
