#include "query/cost/usage_sums.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "store/row_reader.h"

namespace turnscope::query {
namespace {

using From = CallKey::From;
constexpr CallKey kCallKeys[] = {{"model", From::model},
                                 {"provider", From::provider},
                                 {"service", From::service},
                                 {"day", From::day},
                                 {"hour", From::hour}};
constexpr Fragment kGroupNames[] = {"g0", "g1", "g2", "g3"};
constexpr Fragment kGroupAliases[] = {" AS g0, ", " AS g1, ", " AS g2, ", " AS g3, "};
constexpr std::size_t kMostGroups = 200'000;
constexpr std::size_t kMostNumbers = 65'000;  // numbers of names stand in 16 bits
__extension__ using Wide = __int128;
constexpr Wide kTopMoney = std::numeric_limits<std::int64_t>::max();

struct Bucket {
  std::size_t price;  ///< PriceBucket
  Fragment tokens;    ///< of one call, exclusive
  Fragment bit;       ///< of `used`
  Fragment sum;
};
constexpr Bucket kWhole[] = {
    {0, "c_t0", "toUInt16(c_t0 > 0)", ", sum(c_t0)"},
    {1, "tok_cache_read", "bitShiftLeft(toUInt16(tok_cache_read > 0), 1)", ", sum(tok_cache_read)"},
    {2, "c_t2", "bitShiftLeft(toUInt16(c_t2 > 0), 2)", ", sum(c_t2)"},
    {7, "c_t7", "bitShiftLeft(toUInt16(c_t7 > 0), 7)", ", sum(c_t7)"},
    {8, "tok_reasoning", "bitShiftLeft(toUInt16(tok_reasoning > 0), 8)", ", sum(tok_reasoning)"}};
constexpr Bucket kParts[] = {{3, "c_t3", "bitShiftLeft(toUInt16(c_t3 > 0), 3)", ", sum(c_t3)"},
                             {4, "c_t4", "bitShiftLeft(toUInt16(c_t4 > 0), 4)", ", sum(c_t4)"},
                             {5, "c_t5", "bitShiftLeft(toUInt16(c_t5 > 0), 5)", ", sum(c_t5)"},
                             {6, "c_t6", "bitShiftLeft(toUInt16(c_t6 > 0), 6)", ", sum(c_t6)"},
                             {9, "c_t9", "bitShiftLeft(toUInt16(c_t9 > 0), 9)", ", sum(c_t9)"},
                             {10, "c_t10", "bitShiftLeft(toUInt16(c_t10 > 0), 10)", ", sum(c_t10)"}};
constexpr std::uint64_t kPartBits = 0b110'0111'1000;

template <typename F>
void each_bucket(bool parts, F&& f) {
  for (const Bucket& b : kWhole) f(b);
  if (!parts) return;
  for (const Bucket& b : kParts) f(b);
}

/// Exclusive tokens of one call, as CostSql::columns() has them.
void exclusive_tokens(Sql& sql, bool parts) {
  if (parts)
    sql << "tok_other['input_audio'] AS c_t5, tok_other['input_image'] AS c_t6, "
           "tok_other['cache_write_5m'] AS c_t3, tok_other['cache_write_1h'] AS c_t4, "
           "tok_other['output_audio'] AS c_t9, tok_other['output_image'] AS c_t10, "
           "tok_input - least(tok_input, c_t5 + c_t6) AS c_t0, "
           "tok_cache_write - least(tok_cache_write, c_t3 + c_t4) AS c_t2, "
           "tok_output - least(tok_output, c_t9 + c_t10) AS c_t7";
  else
    sql << "tok_input AS c_t0, tok_cache_write AS c_t2, tok_output AS c_t7";
}

/// place_in() as a plain number, which is cheaper to group by than a dictionary's column.
void place(Sql& sql, Fragment column, const std::vector<std::string>& names,
           const std::vector<std::uint64_t>& numbers) {
  sql << "CAST(";
  place_in(sql, column, names, numbers);
  sql << ", 'UInt16')";
}
void place(Sql& sql, Fragment column, const std::vector<std::string>& names) {
  place(sql, column, names, from_one(names.size()));
}

void key_column(Sql& sql, const CallKey& key, const CostSql& cost, const KnownModels::Of& known) {
  switch (key.from) {
    case From::model:
      return place(sql, "model", cost.models());
    case From::provider:
      return place(sql, "provider", cost.providers());
    case From::service:
      return place(sql, "service", known.services);
    case From::day:
      sql << "toUInt32(intDiv(toUnixTimestamp64Nano(start), 86400000000000))";
      return;
    case From::hour:
      sql << "toUInt32(intDiv(toUnixTimestamp64Nano(start), 3600000000000))";
      return;
  }
}

void from_calls(Sql& sql, const Caller& caller, TimeRange range, const SumsAsked& asked) {
  sql << " FROM calls FINAL WHERE project = ";
  sql.u32(caller.project) << " AND start >= ";
  sql.time(range.from) << " AND start < ";
  sql.time(range.to) << " AND usage_role = 1";
  if (asked.duplicates) only_counted(sql, caller);
  sql << " GROUP BY ";
  for (std::size_t i = 0; i < asked.by.size(); ++i) sql << kGroupNames[i] << ", ";
}

/// Calls that are alike, summed. `price_row`: each call finds its own price row, which depends on more than
/// model, provider, tier and region.
Sql groups(const Caller& caller, TimeRange range, const CostSql& cost, const KnownModels::Of& known,
           const SumsAsked& asked, bool price_row) {
  Sql sql("WITH ");
  if (price_row) {
    cost.row(sql);
    sql << ", ";
  }
  exclusive_tokens(sql, known.parts);
  sql << " SELECT ";
  for (std::size_t i = 0; i < asked.by.size(); ++i) {
    key_column(sql, *asked.by[i], cost, known);
    sql << kGroupAliases[i];
  }
  if (price_row) {
    sql << "toUInt32(c_row) AS r, ";
  } else {
    place(sql, "model", cost.models());
    sql << " AS m, ";
    place(sql, "provider", cost.providers());
    sql << " AS p, ";
    place(sql, "service_tier", cost.sent_tiers(), cost.tier_places());
    sql << " AS t, ";
    if (cost.regional()) {
      place(sql, "region", cost.sent_regions(), cost.region_places());
      sql << " AS w, ";
    }
  }
  bool first = true;
  each_bucket(known.parts, [&](const Bucket& b) {
    sql << (first ? Fragment("toUInt16(") : Fragment(" + ")) << b.bit;
    first = false;
  });
  sql << ") AS used, usage_known AS told, is_error AS e, count()";
  each_bucket(known.parts, [&](const Bucket& b) { sql << b.sum; });
  if (known.parts) sql << ", sum(tok_input), sum(tok_cache_write), sum(tok_output)";
  const auto left = cost.left_over();
  first = true;
  each_bucket(known.parts, [&](const Bucket& b) {
    if (!price_row || left[b.price].empty()) return;
    sql << (first ? Fragment(", sum(intDiv(") : Fragment(" + ")) << b.tokens << " * arrayElement(";
    sql.u64s(left[b.price]) << ", c_row)";
    first = false;
  });
  sql << (first ? Fragment(", toUInt64(0)") : Fragment(" + 500, 1000))"));
  // How far sums can have come: bit 63 a call of 2^32 tokens, below it the largest reported cost over 2^31.
  sql << ", sum(reported_cost_nano), max(bitOr(bitShiftLeft(toUInt64(bitOr(bitOr(bitOr(tok_input, "
         "tok_cache_read), bitOr(tok_cache_write, tok_output)), tok_reasoning) > 4294967295), 63), "
         "toUInt64(bitShiftRight(abs(reported_cost_nano), 31))))";
  from_calls(sql, caller, range, asked);
  sql << (price_row         ? Fragment("r")
          : cost.regional() ? Fragment("m, p, t, w")
                            : Fragment("m, p, t"))
      << ", used, told, e LIMIT ";
  sql.u64(kMostGroups + 1);
  return sql;
}

Sql traces_of_groups(const Caller& caller, TimeRange range, const CostSql& cost, const KnownModels::Of& known,
                     const SumsAsked& asked) {
  Sql sql("SELECT ");
  for (std::size_t i = 0; i < asked.by.size(); ++i) {
    key_column(sql, *asked.by[i], cost, known);
    sql << kGroupAliases[i];
  }
  sql << "1 AS one, uniq(trace_id)";
  from_calls(sql, caller, range, asked);
  sql << "one LIMIT ";
  sql.u64(kMostGroups + 1);
  return sql;
}

/// One row of groups().
struct Group {
  std::array<std::uint32_t, 4> key{};
  std::size_t row = 0;  ///< of prices
  std::uint64_t used = 0, known = 0, calls = 0;
  std::array<std::uint64_t, kPriceBuckets> tokens{};  ///< exclusive
  std::uint64_t input = 0, cache_write = 0, output = 0;
  std::uint64_t rest = 0;  ///< nano-dollars that were rounded call by call
  std::int64_t reported = 0;
  bool error = false;
};

/// Sums of one answer row, wide enough for any number of calls.
struct Sums {
  UsageRow row;
  Wide cost = 0, reported = 0, difference = 0;

  void add(const Group& g, const CostSql::PriceRow& price) {
    row.calls += g.calls;
    if (g.error) row.errors += g.calls;
    row.input += g.input, row.output += g.output, row.cache_write += g.cache_write;
    row.cache_read += g.tokens[1], row.reasoning += g.tokens[8];
    const bool told = (g.known & 31) != 0 || (g.used & kPartBits) != 0;
    Wide money = 0;
    // As CostSql::columns(): nothing told, no price, all priced, or some of it.
    if (told && (price.mask == 0 || (g.used != 0 && (g.used & price.mask) == 0))) {
      row.unpriced += g.calls;
      row.unpriced_tokens += g.input + g.output + g.tokens[1] + g.cache_write + g.tokens[8];
    } else if (told) {
      for (std::size_t b = 0; b < kPriceBuckets; ++b)
        money += Wide{g.tokens[b]} * static_cast<Wide>(price.price[b] / 1'000);
      money += g.rest;
      cost += money;
      ((g.used & ~price.mask) == 0 ? row.priced : row.partly) += g.calls;
    }
    if ((g.known >> 8 & 1) == 0) return;
    reported += g.reported;
    row.reported_nano_usd = 0;
    if (!told || price.mask == 0 || (g.used & ~price.mask) != 0) return;
    row.compared += g.calls;
    difference += money - g.reported;
  }
  UsageRow done() const {
    const auto fit = [](Wide n) {
      return static_cast<std::int64_t>(std::clamp<Wide>(n, -kTopMoney, kTopMoney));
    };
    UsageRow out = row;
    out.cost_nano_usd = fit(cost);
    if (out.reported_nano_usd) out.reported_nano_usd = fit(reported);
    out.difference_nano_usd = fit(difference);
    return out;
  }
};

std::string key_text(const CallKey& key, std::uint32_t n, const CostSql& cost, const KnownModels::Of& known) {
  const auto name = [&](const std::vector<std::string>& names) {
    return n == 0 || n > names.size() ? std::string() : names[n - 1];
  };
  switch (key.from) {
    case From::model:
      return name(cost.models());
    case From::provider:
      return name(cost.providers());
    case From::service:
      return name(known.services);
    case From::day:
      return fmt::format("{:%FT%TZ}", fmt::gmtime(std::time_t{n} * 86'400));
    case From::hour:
      return fmt::format("{:%FT%TZ}", fmt::gmtime(std::time_t{n} * 3'600));
  }
  return {};
}

}  // namespace

const CallKey* find_call_key(std::string_view name) {
  for (const CallKey& k : kCallKeys)
    if (k.name == name) return &k;
  return nullptr;
}

Result<SummedUsage> summed_usage(const AskEngine& ask, const Caller& caller, TimeRange range,
                                 const CostSql& cost, const KnownModels::Of& known, const SumsAsked& asked) {
  SummedUsage out;
  const auto left = cost.left_over();
  const bool price_row =
      cost.steps() || std::ranges::any_of(left, [](const auto& of_bucket) { return !of_bucket.empty(); });
  if (cost.models().size() > kMostNumbers || known.services.size() > kMostNumbers || !cost.small()) {
    out.fits = false;
    return out;
  }
  TS_ASSIGN(const auto answer, ask(groups(caller, range, cost, known, asked, price_row)));
  using Key = std::array<std::uint32_t, 4>;
  std::map<Key, Sums> by_key;
  Sums total;
  store::RowReader in(answer.bytes);
  const auto read_key = [&](store::RowReader& from, Key& key) {
    for (std::size_t i = 0; i < asked.by.size(); ++i) {
      key[i] = asked.by[i]->time() ? from.u32() : from.u16();
      out.stale |= key[i] == 0 && !asked.by[i]->time();
    }
  };
  std::size_t rows = 0;
  while (in.more()) {
    Group g;
    read_key(in, g.key);
    if (price_row) {
      g.row = in.u32();
      out.stale |= g.row == cost.unknown_row();
    } else {
      const auto model = in.u16(), provider = in.u16(), tier = in.u16();
      const auto row = cost.row_of(model, provider, tier, cost.regional() ? in.u16() : CostSql::kAnyRegion);
      out.stale |= !row;
      g.row = row.value_or(cost.unknown_row());
    }
    g.used = in.u16(), g.known = in.u16(), g.error = in.u8() != 0, g.calls = in.u64();
    each_bucket(known.parts, [&](const Bucket& b) { g.tokens[b.price] = in.u64(); });
    g.input = g.tokens[0], g.cache_write = g.tokens[2], g.output = g.tokens[7];
    if (known.parts) g.input = in.u64(), g.cache_write = in.u64(), g.output = in.u64();
    g.rest = in.u64();
    g.reported = in.i64();
    const auto reach = in.u64();
    out.fits &= reach >> 63 == 0 && Wide{reach + 1} * g.calls <= Wide{1} << 32;
    out.stale |= (g.known >> 11 & 1) != 0 && !known.parts;
    out.fits &= ++rows <= kMostGroups;
    if (!out.fits) return out;
    const auto& price = cost.price_row(g.row);
    by_key[g.key].add(g, price);
    total.add(g, price);
  }
  TS_TRY(in.status());
  if (asked.traces) {
    TS_ASSIGN(const auto counted, ask(traces_of_groups(caller, range, cost, known, asked)));
    store::RowReader each(counted.bytes);
    while (each.more()) {
      Key key{};
      read_key(each, key);
      each.u8();
      const auto traces = each.u64();
      // Calls that came in between have no row yet.
      if (const auto it = by_key.find(key); it != by_key.end()) it->second.row.traces = traces;
    }
    TS_TRY(each.status());
  }
  for (const auto& [key, sums] : by_key) {
    UsageRow row = sums.done();
    for (std::size_t i = 0; i < asked.by.size(); ++i)
      row.key.push_back(key_text(*asked.by[i], key[i], cost, known));
    if (asked.traces && !row.traces) row.traces = 0;
    out.rows.push_back(std::move(row));
  }
  out.total = total.done();
  if (asked.by.empty() && !out.rows.empty()) out.total.traces = out.rows.front().traces;
  std::ranges::sort(out.rows, [&](const UsageRow& a, const UsageRow& b) {
    for (std::size_t i = 0; i < asked.by.size(); ++i)
      if (asked.by[i]->time() && a.key[i] != b.key[i]) return a.key[i] < b.key[i];
    return std::tie(b.cost_nano_usd, b.calls, a.key) < std::tie(a.cost_nano_usd, a.calls, b.key);
  });
  return out;
}

}  // namespace turnscope::query
