#include "query/cost/usage_report.h"

#include <fmt/format.h>

#include "query/cost/cost_sql.h"
#include "store/row_reader.h"

namespace turnscope::query {
namespace {

struct Key {
  std::string_view name;
  Fragment inner;  ///< expression over a span
  Fragment outer;  ///< text of it; the alias of column i is ki
  bool time = false;
};

constexpr Key kKeys[] = {{"model", "model", "toString"},
                         {"provider", "provider", "toString"},
                         {"service", "service", "toString"},
                         {"agent", "agent", "toString"},
                         {"name", "name", "toString"},
                         {"environment", "environment", "toString"},
                         {"user", "user", "toString"},
                         {"session", "session", "toString"},
                         {"prompt_name", "prompt_name", "toString"},
                         {"prompt_version", "prompt_version", "toString"},
                         {"experiment", "experiment", "toString"},
                         {"variant", "variant", "toString"},
                         {"day", "toStartOfDay(start)", "toString", true},
                         {"hour", "toStartOfHour(start)", "toString", true}};
constexpr Fragment kAliases[] = {" AS k0", " AS k1", " AS k2", " AS k3"};
constexpr Fragment kColumns[] = {"(k0)", "(k1)", "(k2)", "(k3)"};
constexpr Fragment kNames[] = {"k0", "k1", "k2", "k3"};
constexpr std::size_t kMostPairs = 10'000;

const Key* find_key(std::string_view name) {
  for (const Key& k : kKeys)
    if (k.name == name) return &k;
  return nullptr;
}

void where(Sql& sql, const Caller& caller, TimeRange range) {
  sql << " WHERE project = ";
  sql.u32(caller.project) << " AND start >= ";
  sql.time(range.from) << " AND start < ";
  sql.time(range.to) << " AND usage_role = 1";
}

/// "2026-11-22 15:00:00" → "2026-11-22T15:00:00Z"
std::string time_text(std::string_view t) {
  std::string s(t.substr(0, 19));
  if (s.size() > 10) s[10] = 'T';
  return s + 'Z';
}
}  // namespace

Result<UsageReport> usage_report(store::Engine& engine, const Caller& caller, const UsageRequest& request,
                                 const PriceTable& prices, const store::QueryLimits& limits) {
  std::vector<const Key*> keys;
  for (const auto& by : request.by) {
    const Key* k = find_key(by);
    if (!k) {
      std::string known;
      for (const Key& each : kKeys) known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
      return fail(ErrorKind::invalid_argument, fmt::format("by: '{}' is not known; use {}", by, known));
    }
    keys.push_back(k);
  }
  if (keys.size() > std::size(kAliases))
    return fail(ErrorKind::invalid_argument,
                fmt::format("by: at most {} fields can be asked at once", std::size(kAliases)));
  const auto ask = [&](const Sql& sql) {
    return engine.query({.sql = sql.text(),
                         .params = sql.params(),
                         .limits = limits,
                         .cancelled = caller.cancelled ? &caller.cancelled : nullptr});
  };

  Sql pairs_sql("SELECT model, provider, max(bitTest(usage_known, 11)) FROM spans");
  where(pairs_sql, caller, request.range);
  pairs_sql << " GROUP BY model, provider LIMIT 10001";
  TS_ASSIGN(const auto found, ask(pairs_sql));
  std::vector<std::pair<std::string, std::string>> pairs;
  bool parts = false;
  store::RowReader in_pairs(found.bytes);
  while (in_pairs.more()) {
    std::string model(in_pairs.string()), provider(in_pairs.string());
    parts |= in_pairs.u8() != 0;
    pairs.emplace_back(std::move(model), std::move(provider));
  }
  TS_TRY(in_pairs.status());
  if (pairs.size() > kMostPairs)
    return fail(ErrorKind::too_large,
                fmt::format("more than {} models and providers in this time range; narrow it", kMostPairs));

  const CostSql cost(prices, pairs, request.range);
  Sql sql("SELECT ");
  for (std::size_t i = 0; i < keys.size(); ++i) {
    sql << keys[i]->outer << kColumns[i];
    sql << ", ";
  }
  sql << "count() AS calls, sum(tok_input), sum(tok_output), sum(tok_cache_read), sum(tok_cache_write), "
         "sum(tok_reasoning), "
         "toInt64(least(sum(toInt128(cost_nano)), toInt128(9223372036854775807))) AS cost, "
         "countIf(cost_state = 3), countIf(cost_state = 2), "
         "countIf(cost_state = 1), sumIf(reported_cost_nano, bitTest(usage_known, 8)), "
         "countIf(bitTest(usage_known, 8)) FROM (";
  cost.with(sql);
  sql << "SELECT ";
  for (std::size_t i = 0; i < keys.size(); ++i) {
    sql << keys[i]->inner << kAliases[i];
    sql << ", ";
  }
  sql << "tok_input, tok_output, tok_cache_read, tok_cache_write, tok_reasoning, reported_cost_nano, "
         "usage_known, ";
  cost.columns(sql, parts);
  sql << " FROM spans FINAL";
  where(sql, caller, request.range);
  sql << ")";
  for (std::size_t i = 0; i < keys.size(); ++i)
    sql << (i == 0 ? Fragment(" GROUP BY ") : Fragment(", ")) << kNames[i];
  sql << " ORDER BY ";
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i]->time) sql << kNames[i] << ", ";
  sql << "cost DESC, calls DESC";
  for (std::size_t i = 0; i < keys.size(); ++i) sql << ", " << kNames[i];
  const std::size_t limit = std::clamp<std::size_t>(request.limit, 1, 10'000);
  sql << " LIMIT ";
  sql.u64(limit + 1);
  TS_ASSIGN(const auto answer, ask(sql));

  UsageReport out;
  store::RowReader in(answer.bytes);
  while (in.more()) {
    UsageRow row;
    for (const Key* k : keys) {
      const auto text = in.string();
      row.key.push_back(k->time ? time_text(text) : std::string(text));
    }
    row.calls = in.u64();
    row.input = in.u64();
    row.output = in.u64();
    row.cache_read = in.u64();
    row.cache_write = in.u64();
    row.reasoning = in.u64();
    row.cost_nano_usd = in.i64();
    row.priced = in.u64();
    row.partly = in.u64();
    row.unpriced = in.u64();
    const std::int64_t reported = in.i64();
    if (in.u64() > 0) row.reported_nano_usd = reported;
    out.rows.push_back(std::move(row));
  }
  TS_TRY(in.status());
  // Without a key there is one row, also when there are no spans.
  if (keys.empty() && out.rows.size() == 1 && out.rows[0].calls == 0) out.rows.clear();
  if (out.rows.size() > limit) out.rows.resize(limit), out.more = true;
  return out;
}

}  // namespace turnscope::query
