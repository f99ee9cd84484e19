#include "query/cost/usage_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "query/cost/usage_sums.h"
#include "query/language/filter.h"
#include "store/row_reader.h"

namespace turnscope::query {
namespace {

/// Facts that libraries often put on one span of a trace only: a call without its own takes the trace's
/// (the earliest span that has one), so that its tokens are not "of nobody".
enum class Lift : std::uint8_t { no, trace, tool };

struct Key {
  std::string_view name;
  Fragment own;     ///< expression over a span
  Fragment lifted;  ///< (argMinIf) over the spans of its trace
  Lift lift = Lift::no;
  bool time = false;
};

constexpr Key kKeys[] = {
    {"model", "model", ""},
    {"provider", "provider", ""},
    {"service", "service", ""},
    {"agent", "agent", "argMinIf(agent, start, agent != '')", Lift::trace},
    {"tool", "tool", "", Lift::tool},
    {"name", "name", ""},
    {"environment", "environment", "argMinIf(environment, start, environment != '')", Lift::trace},
    {"user", "user", "argMinIf(user, start, user != '')", Lift::trace},
    {"session", "session", "argMinIf(session, start, session != '')", Lift::trace},
    {"prompt_name", "prompt_name", "argMinIf(prompt_name, start, prompt_name != '')", Lift::trace},
    {"prompt_version", "prompt_version", "argMinIf(prompt_version, start, prompt_version != '')",
     Lift::trace},
    {"experiment", "experiment", "argMinIf(experiment, start, experiment != '')", Lift::trace},
    {"variant", "variant", "argMinIf(variant, start, variant != '')", Lift::trace},
    {"day", "toStartOfDay(start)", "", Lift::no, true},
    {"hour", "toStartOfHour(start)", "", Lift::no, true}};
constexpr std::size_t kMostKeys = 4;
constexpr Fragment kAliases[] = {" AS k0", " AS k1", " AS k2", " AS k3"};
constexpr Fragment kColumns[] = {"toString(k0)", "toString(k1)", "toString(k2)", "toString(k3)"};
constexpr Fragment kNames[] = {"k0", "k1", "k2", "k3"};
constexpr Fragment kLiftAliases[] = {" AS l0", " AS l1", " AS l2", " AS l3"};
constexpr Fragment kLiftNames[] = {"l0", "l1", "l2", "l3"};
__extension__ using Wide = __int128;
constexpr Wide kMost = std::numeric_limits<std::int64_t>::max();

const Key* find_key(std::string_view name) {
  for (const Key& k : kKeys)
    if (k.name == name) return &k;
  return nullptr;
}

void in_project(Sql& sql, const Caller& caller, TimeRange range) {
  sql << " WHERE project = ";
  sql.u32(caller.project) << " AND start >= ";
  sql.time(range.from) << " AND start < ";
  sql.time(range.to);
}

void where(Sql& sql, const Caller& caller, const UsageRequest& request, const Filter* filter,
           bool duplicates) {
  in_project(sql, caller, request.range);
  sql << " AND usage_role = 1";
  if (duplicates) only_counted(sql, caller);
  if (filter && !filter->everything) {
    sql << " AND ";
    sql.append(filter->predicate);
  }
}

/// "2026-11-22 15:00:00" → "2026-11-22T15:00:00Z"
std::string time_text(std::string_view t) {
  std::string s(t.substr(0, 19));
  if (s.size() > 10) s[10] = 'T';
  return s + 'Z';
}

std::int64_t saturated(Wide n) { return static_cast<std::int64_t>(std::clamp<Wide>(n, -kMost, kMost)); }
std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
  std::uint64_t out = 0;
  return __builtin_add_overflow(a, b, &out) ? std::numeric_limits<std::uint64_t>::max() : out;
}

void read_sums(store::RowReader& in, UsageRow& row, bool traces) {
  row.calls = in.u64();
  row.errors = in.u64();
  if (const auto n = in.u64(); traces) row.traces = n;
  row.input = in.u64();
  row.output = in.u64();
  row.cache_read = in.u64();
  row.cache_write = in.u64();
  row.reasoning = in.u64();
  row.cost_nano_usd = in.i64();
  row.priced = in.u64();
  row.partly = in.u64();
  row.unpriced = in.u64();
  row.unpriced_tokens = in.u64();
  const std::int64_t reported = in.i64();
  if (in.u64() > 0) row.reported_nano_usd = reported;
  row.compared = in.u64();
  row.difference_nano_usd = in.i64();
}

/// The spans with the columns that are asked for: the table alone, or joined with what their trace or the
/// tool above them tells.
void from(Sql& sql, const Caller& caller, TimeRange range, const std::vector<const Key*>& keys,
          Fragment table) {
  sql << " FROM " << table << " FINAL";
  bool lifted = false, tool = false;
  for (const Key* k : keys) lifted |= k->lift == Lift::trace, tool |= k->lift == Lift::tool;
  if (lifted) {
    sql << " LEFT ANY JOIN (SELECT trace_id";
    for (std::size_t i = 0; i < keys.size(); ++i)
      if (keys[i]->lift == Lift::trace) {
        sql << ", " << keys[i]->lifted;
        sql << kLiftAliases[i];
      }
    sql << " FROM spans";
    in_project(sql, caller, range);
    sql << " AND (";
    bool first = true;
    for (const Key* k : keys) {
      if (k->lift != Lift::trace) continue;
      sql << (first ? Fragment("") : Fragment(" OR ")) << k->own << " != ''";
      first = false;
    }
    sql << ") GROUP BY trace_id) AS lift USING (trace_id)";
  }
  if (tool) {
    // The nearest tool above a call, at most four spans up (tool → agent → turn → step → call).
    sql << " LEFT ANY JOIN (SELECT a.trace_id AS trace_id, a.span_id AS parent_span_id, multiIf(a.tool != "
           "'', "
           "a.tool, b.tool != '', b.tool, c.tool != '', c.tool, d.tool) AS above_tool FROM (SELECT trace_id, "
           "span_id, "
           "parent_span_id AS up, toString(tool) AS tool FROM spans";
    const auto inner = [&] {
      in_project(sql, caller, range);
      sql << " AND usage_role != 1";
    };
    inner();
    sql << ") AS a LEFT ANY JOIN (SELECT trace_id, span_id, parent_span_id AS up, toString(tool) AS tool "
           "FROM spans";
    inner();
    sql << ") AS b ON a.trace_id = b.trace_id AND a.up = b.span_id LEFT ANY JOIN (SELECT trace_id, span_id, "
           "parent_span_id AS up, toString(tool) AS tool FROM spans";
    inner();
    sql << ") AS c ON b.trace_id = c.trace_id AND b.up = c.span_id LEFT ANY JOIN (SELECT trace_id, span_id, "
           "toString(tool) AS tool FROM spans";
    inner();
    sql << ") AS d ON c.trace_id = d.trace_id AND c.up = d.span_id) AS above USING (trace_id, "
           "parent_span_id)";
  }
}
}  // namespace

std::optional<double> UsageRow::cache_hit_rate() const {
  const auto all =
      static_cast<double>(input) + static_cast<double>(cache_read) + static_cast<double>(cache_write);
  if (all <= 0) return std::nullopt;
  return static_cast<double>(cache_read) / all;
}

void UsageRow::add(const UsageRow& o) {
  calls += o.calls, errors += o.errors;
  input = sum(input, o.input), output = sum(output, o.output);
  cache_read = sum(cache_read, o.cache_read), cache_write = sum(cache_write, o.cache_write);
  reasoning = sum(reasoning, o.reasoning);
  cost_nano_usd = saturated(Wide{cost_nano_usd} + o.cost_nano_usd);
  priced += o.priced, partly += o.partly, unpriced += o.unpriced;
  unpriced_tokens = sum(unpriced_tokens, o.unpriced_tokens);
  if (o.reported_nano_usd)
    reported_nano_usd = saturated(Wide{reported_nano_usd.value_or(0)} + *o.reported_nano_usd);
  compared += o.compared;
  difference_nano_usd = saturated(Wide{difference_nano_usd} + o.difference_nano_usd);
}

void only_counted(Sql& sql, const Caller& caller) {
  sql << " AND (trace_id, span_id) NOT IN (SELECT trace_id, span_id FROM duplicate_calls WHERE project = ";
  sql.u32(caller.project) << ")";
}

Result<UsageReport> usage_report(store::Engine& engine, const Caller& caller, const UsageRequest& request,
                                 const PriceTable& prices, const store::QueryLimits& limits,
                                 const Filter* filter, const UsageHints& hints) {
  const bool weighted = hints.weighted;
  std::vector<const Key*> keys;
  for (const auto& by : request.by) {
    const Key* k = find_key(by);
    if (!k) {
      std::string known;
      for (const Key& each : kKeys) known += fmt::format("{}{}", known.empty() ? "" : ", ", each.name);
      return fail(ErrorKind::invalid_argument, fmt::format("by: '{}' is not known; use {}", by, known));
    }
    if (std::ranges::find(keys, k) != keys.end())
      return fail(ErrorKind::invalid_argument, fmt::format("by: '{}' is named twice; once is enough", by));
    keys.push_back(k);
  }
  if (keys.size() > kMostKeys)
    return fail(ErrorKind::invalid_argument,
                fmt::format("by: at most {} fields can be asked at once", kMostKeys));
  if (filter && filter->needs_cost)
    return fail(ErrorKind::invalid_argument,
                "q: a condition on cost cannot be used here; the rows are sorted by their cost");
  const auto ask = [&](const Sql& sql) {
    return engine.query({.sql = sql.text(),
                         .params = sql.params(),
                         .limits = limits,
                         .cancelled = caller.cancelled ? &caller.cancelled : nullptr});
  };

  const std::size_t limit = std::clamp<std::size_t>(request.limit, 1, 10'000);
  // What `calls` has is asked there.
  std::vector<const CallKey*> call_keys;
  for (const Key* k : keys)
    if (const CallKey* c = find_call_key(k->name)) call_keys.push_back(c);
  const bool narrow = call_keys.size() == keys.size() && (!filter || filter->everything);

  const auto models = [&](bool services) -> Result<KnownModels::Of> {
    Sql sql("SELECT ");
    sql << sold_columns(prices) << ", max(bitTest(usage_known, 11)) FROM calls";
    in_project(sql, caller, request.range);
    sql << " AND usage_role = 1 GROUP BY " << sold_columns(prices) << " LIMIT ";
    sql.u64(kMostSold + 1);
    TS_ASSIGN(const auto found, ask(sql));
    KnownModels::Of out;
    store::RowReader in(found.bytes);
    while (in.more()) {
      Sold by = read_sold(in, prices);
      out.parts |= in.u8() != 0;
      out.models.push_back(std::move(by));
    }
    TS_TRY(in.status());
    if (out.models.size() > kMostSold) return fail(too_many_sold());
    if (!services) return out;
    Sql of("SELECT DISTINCT service FROM calls");
    in_project(of, caller, request.range);
    of << " AND usage_role = 1 LIMIT 65001";
    TS_ASSIGN(const auto named, ask(of));
    store::RowReader each(named.bytes);
    while (each.more()) out.services.emplace_back(each.string());
    TS_TRY(each.status());
    std::ranges::sort(out.services);
    return out;
  };

  const auto finish = [&](std::vector<UsageRow> rows, auto&& total) -> Result<UsageReport> {
    UsageReport out;
    out.rows = std::move(rows);
    out.adjusted = hints.weighted;
    // Without a key there is one row, also when there are no spans.
    if (keys.empty() && out.rows.size() == 1 && out.rows[0].calls == 0) out.rows.clear();
    if (out.rows.size() > limit) {
      out.rows.resize(limit);
      out.more = true;
      TS_ASSIGN(out.total, total());
    } else {
      for (const auto& row : out.rows) out.total.add(row);
      if (keys.empty() && !out.rows.empty()) out.total.traces = out.rows[0].traces;
    }
    return out;
  };

  if (narrow && !hints.weighted) {
    const SumsAsked asked{.by = call_keys, .duplicates = hints.duplicates, .traces = request.traces};
    const bool services =
        std::ranges::any_of(call_keys, [](const CallKey* k) { return k->from == CallKey::From::service; });
    auto known = hints.known ? hints.known->get(caller.project) : nullptr;
    for (bool fresh = false;;) {
      if (!known || (services && known->services.empty())) {
        TS_ASSIGN(auto found, models(services));
        if (hints.known) hints.known->add(caller.project, found);
        known = std::make_shared<const KnownModels::Of>(std::move(found));
        fresh = true;
      }
      TS_ASSIGN(auto sums, summed_usage(ask, caller, request.range,
                                        CostSql(prices, known->models, request.range), *known, asked));
      if (!sums.fits) break;
      // Calls that came in after their models were asked for: once more, and the rest is for the next report.
      if (sums.stale && !fresh) {
        known = nullptr;
        continue;
      }
      return finish(std::move(sums.rows), [&]() -> Result<UsageRow> { return sums.total; });
    }
  }

  TS_ASSIGN(const auto sold, models(false));
  const bool parts = sold.parts;
  const CostSql cost(prices, sold.models, request.range);
  const auto rows_by = [&](const std::vector<const Key*>& by,
                           std::size_t most) -> Result<std::vector<UsageRow>> {
    Sql sql("SELECT ");
    for (std::size_t i = 0; i < by.size(); ++i) sql << kColumns[i] << ", ";
    // Sums, each row with its weight where retention sampling gave weights.
    const auto calls = [&](Fragment condition) {
      if (weighted)
        sql << "toUInt64(intDiv(sumIf(weight, " << condition << ") + 500, 1000))";
      else
        sql << "countIf(" << condition << ")";
    };
    const auto tokens = [&](Fragment x, Fragment condition) {
      if (weighted)
        sql << "toUInt64(intDiv(sumIf(toUInt128(" << x << ") * weight, " << condition << "), 1000)), ";
      else
        sql << "sumIf(" << x << ", " << condition << "), ";
    };
    const auto money = [&](Fragment x, Fragment condition) {
      sql << (weighted ? Fragment("toInt64(greatest(least(intDiv(sumIf(toInt128(")
                       : Fragment("toInt64(greatest(least(sumIf(toInt128("))
          << x << (weighted ? Fragment(") * weight, ") : Fragment("), ")) << condition
          << (weighted ? Fragment("), 1000), ") : Fragment("), "))
          << "toInt128(9223372036854775807)), toInt128(-9223372036854775807)))";
    };
    calls("1");
    sql << " AS calls, ";
    calls("is_error = 1");
    sql << ", "
        << (!request.traces ? Fragment("toUInt64(0)")
            : weighted      ? count_traces(true)
                            : Fragment("uniq(trace_id)"))
        << ", ";
    tokens("tok_input", "1");
    tokens("tok_output", "1");
    tokens("tok_cache_read", "1");
    tokens("tok_cache_write", "1");
    tokens("tok_reasoning", "1");
    money("cost_nano", "1");
    sql << " AS cost, ";
    for (const auto condition :
         {Fragment("cost_state = 3"), Fragment("cost_state = 2"), Fragment("cost_state = 1")}) {
      calls(condition);
      sql << ", ";
    }
    tokens("tok_input + tok_output + tok_cache_read + tok_cache_write + tok_reasoning", "cost_state = 1");
    money("reported_cost_nano", "bitTest(usage_known, 8)");
    sql << ", ";
    calls("bitTest(usage_known, 8)");
    sql << ", ";
    calls("bitTest(usage_known, 8) AND cost_state = 3");
    sql << ", ";
    money("toInt128(cost_nano) - toInt128(reported_cost_nano)", "bitTest(usage_known, 8) AND cost_state = 3");
    sql << " FROM (";
    cost.with(sql);
    sql << "SELECT ";
    for (std::size_t i = 0; i < by.size(); ++i) {
      switch (by[i]->lift) {
        case Lift::no:
          sql << by[i]->own;
          break;
        case Lift::trace:
          sql << "if(" << by[i]->own << " != '', toString(" << by[i]->own << "), toString(" << kLiftNames[i]
              << "))";
          break;
        case Lift::tool:
          sql << "toString(above_tool)";
          break;
      }
      sql << kAliases[i];
      sql << ", ";
    }
    sql << "trace_id, is_error, tok_input, tok_output, tok_cache_read, tok_cache_write, tok_reasoning, "
           "reported_cost_nano, "
           "usage_known, weight, ";
    cost.columns(sql, parts);
    from(sql, caller, request.range, by, narrow ? Fragment("calls") : Fragment("spans"));
    where(sql, caller, request, filter, hints.duplicates);
    sql << ")";
    for (std::size_t i = 0; i < by.size(); ++i)
      sql << (i == 0 ? Fragment(" GROUP BY ") : Fragment(", ")) << kNames[i];
    sql << " ORDER BY ";
    for (std::size_t i = 0; i < by.size(); ++i)
      if (by[i]->time) sql << kNames[i] << ", ";
    sql << "cost DESC, calls DESC";
    for (std::size_t i = 0; i < by.size(); ++i) sql << ", " << kNames[i];
    sql << " LIMIT ";
    sql.u64(most);
    TS_ASSIGN(const auto answer, ask(sql));
    std::vector<UsageRow> rows;
    store::RowReader in(answer.bytes);
    while (in.more()) {
      UsageRow row;
      for (const Key* k : by) {
        const auto text = in.string();
        row.key.push_back(k->time ? time_text(text) : std::string(text));
      }
      read_sums(in, row, request.traces);
      rows.push_back(std::move(row));
    }
    TS_TRY(in.status());
    return rows;
  };

  TS_ASSIGN(auto rows, rows_by(keys, limit + 1));
  return finish(std::move(rows), [&]() -> Result<UsageRow> {
    TS_ASSIGN(auto all, rows_by({}, 1));
    return all.empty() ? UsageRow{} : std::move(all.front());
  });
}

std::shared_ptr<const KnownModels::Of> KnownModels::get(std::uint32_t project) const {
  const std::lock_guard lock(mutex_);
  const auto it = by_project_.find(project);
  return it == by_project_.end() ? nullptr : it->second;
}

void KnownModels::add(std::uint32_t project, const Of& of) {
  auto all = of;
  const std::lock_guard lock(mutex_);
  if (by_project_.size() > 1'000) by_project_.clear();
  auto& known = by_project_[project];
  if (known && known->models.size() + of.models.size() < 1'000 &&
      known->services.size() + of.services.size() < 10'000) {
    all.parts |= known->parts;
    all.models.insert(all.models.end(), known->models.begin(), known->models.end());
    std::sort(all.models.begin(), all.models.end());
    all.models.erase(std::unique(all.models.begin(), all.models.end()), all.models.end());
    all.services.insert(all.services.end(), known->services.begin(), known->services.end());
    std::ranges::sort(all.services);
    const auto again = std::ranges::unique(all.services);
    all.services.erase(again.begin(), again.end());
  }
  known = std::make_shared<const Of>(std::move(all));
}

}  // namespace turnscope::query
