// Sums that people ask for: usage, tools, and runs by what they cost or took.
#include <algorithm>

#include "query/cost/cost_sql.h"
#include "query/impl.h"

namespace turnscope::query {

QueryAnswer<UsageReport> Queries::usage(const Caller& caller, const UsageRequest& request) {
  auto filter = impl_->filter(caller, request.q, request.range);
  if (!filter) return std::unexpected(filter.error());
  store::QueryLimits limits;
  limits.time = options_.time;
  limits.memory_bytes = options_.memory_bytes;
  auto report = usage_report(engine_, caller, request, *prices_in_use(), limits, &*filter,
                             {.weighted = impl_->has_weights(caller),
                              .duplicates = impl_->has_duplicates(caller),
                              .known = &impl_->known_models});
  if (!report) {
    const std::string field = report.error().message.starts_with("by:")  ? "by"
                              : report.error().message.starts_with("q:") ? "q"
                                                                         : "";
    return std::unexpected(QueryError(report.error().kind, report.error().message, field));
  }
  return std::move(*report);
}

Result<Page<ToolInfo>> Queries::tools(const Caller& caller, TimeRange range, std::size_t limit) {
  limit = std::clamp<std::size_t>(limit, 1, 1'000);
  const bool weighted = impl_->has_weights(caller);
  Sql sql("SELECT toString(tool), ");
  sql << count_rows(weighted) << " AS calls, " << count_errors(weighted) << ", " << count_traces(weighted);
  sql << (weighted ? Fragment(", quantileTDigestWeighted(0.5)(duration_ns, weight), "
                              "quantileTDigestWeighted(0.95)(duration_ns, weight), max(duration_ns), "
                              "toUInt64(intDiv(sum(toUInt128(duration_ns) * weight), 1000))")
                   : Fragment(", quantileTDigest(0.5)(duration_ns), quantileTDigest(0.95)(duration_ns), "
                              "max(duration_ns), sum(duration_ns)"));
  sql << ", max(start) FROM spans FINAL WHERE ";
  in_range(sql, caller, range);
  sql << " AND kind = 4 AND tool != '' GROUP BY tool ORDER BY calls DESC, tool LIMIT ";
  sql.u64(limit + 1);
  TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
  Page<ToolInfo> page;
  page.adjusted = weighted;
  std::map<std::string, std::size_t> place;
  store::RowReader in(rows.bytes);
  while (in.more()) {
    ToolInfo t;
    t.name = in.string();
    t.calls = in.u64();
    t.errors = in.u64();
    t.traces = in.u64();
    t.p50_ns = static_cast<std::uint64_t>(std::max(0.0f, in.f32()));
    t.p95_ns = static_cast<std::uint64_t>(std::max(0.0f, in.f32()));
    t.max_ns = in.u64();
    t.total_ns = in.u64();
    t.last_seen = in.i64();
    if (page.items.size() == limit) {
      page.more = true;
      break;
    }
    place[t.name] = page.items.size();
    page.items.push_back(std::move(t));
  }
  TS_TRY(in.status());
  if (page.items.empty()) return page;
  // The same tool with the same arguments again within one trace: an agent that goes in a circle. Calls
  // whose arguments were not sent cannot be told apart and are not counted.
  Sql repeats("SELECT toString(tool), ");
  repeats << (weighted ? Fragment("toUInt64(intDiv(sum((n - 1) * weight) + 500, 1000))")
                       : Fragment("sum(n - 1)"))
          << ", " << count_traces(weighted);
  repeats << " FROM (SELECT tool, trace_id, any(weight) AS weight, sipHash128(input, "
             "arrayFilter((id, at) -> bitShiftRight(at, 62) = 0, shared, shared_at)) AS arguments, "
             "count() AS n FROM spans FINAL WHERE ";
  in_range(repeats, caller, range);
  repeats << " AND kind = 4 AND tool != '' AND (input != '' OR arrayExists(at -> "
             "bitShiftRight(at, 62) = 0, shared_at)) GROUP BY tool, trace_id, "
             "arguments HAVING n > 1) "
             "GROUP BY tool";
  TS_ASSIGN(const auto again, impl_->ask(caller, repeats));
  store::RowReader r(again.bytes);
  while (r.more()) {
    const auto it = place.find(std::string(r.string()));
    const auto repeated = r.u64(), traces = r.u64();
    if (it == place.end()) continue;
    page.items[it->second].repeated = repeated;
    page.items[it->second].traces_with_repeats = traces;
  }
  TS_TRY(r.status());
  return page;
}

QueryAnswer<Page<std::shared_ptr<const TraceIndex>>> Queries::runs(const Caller& caller,
                                                                   const SearchRequest& request,
                                                                   RunOrder order) {
  auto filter = impl_->filter(caller, request.q, request.range);
  if (!filter) return std::unexpected(filter.error());
  if (filter->needs_cost)
    return std::unexpected(
        QueryError(ErrorKind::invalid_argument,
                   "a condition on cost cannot be used here; ask for the dearest runs with sort=cost", "q"));
  const std::size_t limit = std::clamp<std::size_t>(request.limit, 1, 200);
  Sql sql;
  if (order == RunOrder::cost) {
    const auto prices = prices_in_use();
    Sql models("SELECT DISTINCT ");
    models << sold_columns(*prices) << " FROM spans WHERE ";
    in_range(models, caller, request.range);
    models << " AND usage_role = 1 LIMIT ";
    models.u64(kMostSold + 1);
    const auto rows = impl_->ask(caller, models);
    if (!rows) return std::unexpected(QueryError(rows.error()));
    const auto sold = read_all_sold(*rows, *prices);
    if (!sold) return std::unexpected(QueryError(sold.error()));
    const CostSql cost(*prices, *sold, request.range);
    sql << "SELECT trace_id, toFloat64(sum(toInt128(cost_nano))) AS size FROM (";
    cost.with(sql);
    sql << "SELECT trace_id, ";
    cost.columns(sql, true);
    sql << " FROM spans FINAL WHERE ";
  } else {
    sql << "SELECT trace_id, toFloat64(";
    switch (order) {
      case RunOrder::cost:
      case RunOrder::duration:
        // Whole traces, also those that began before the range, are measured when they are loaded.
        sql << "max(addNanoseconds(start, least(duration_ns, toUInt64(315360000000000000)))) - min(start)";
        break;
      case RunOrder::turns:
        sql << "countIf(kind = 2) * 1000000 + countIf(kind = 3)";
        break;
      case RunOrder::tokens:
        sql << "sumIf(tok_input + tok_cache_read + tok_cache_write + tok_output + tok_reasoning, usage_role "
               "= 1)";
        break;
      case RunOrder::tool_calls:
        sql << "countIf(kind = 4)";
        break;
      case RunOrder::errors:
        sql << "countIf(is_error = 1)";
        break;
    }
    sql << ") AS size FROM spans FINAL WHERE ";
  }
  in_range(sql, caller, request.range);
  if (order == RunOrder::cost) sql << " AND usage_role = 1";
  if (order == RunOrder::cost || order == RunOrder::tokens) only_counted(sql, caller);
  if (!filter->everything) {
    sql << " AND trace_id IN (SELECT trace_id FROM spans WHERE ";
    in_range(sql, caller, request.range);
    sql << " AND ";
    sql.append(filter->predicate);
    sql << ")";
  }
  if (order == RunOrder::cost) sql << ")";
  sql << " GROUP BY trace_id HAVING size > 0 ORDER BY size DESC, trace_id LIMIT ";
  sql.u64(limit + 1);
  auto rows = impl_->ask(caller, sql);
  if (!rows) return std::unexpected(QueryError(rows.error()));
  std::vector<otlp::TraceId> ids;
  store::RowReader in(rows->bytes);
  while (in.more()) {
    ids.push_back(in.trace_id());
    in.f64();
  }
  Page<std::shared_ptr<const TraceIndex>> page;
  page.more = ids.size() > limit;
  if (page.more) ids.resize(limit);
  auto loaded = traces_by_id(caller, ids);
  if (!loaded) return std::unexpected(QueryError(loaded.error()));
  page.items = std::move(*loaded);
  return page;
}

}  // namespace turnscope::query
