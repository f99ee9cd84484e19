// Search results as points, and what sets a cloud of them apart from the rest.
#include <algorithm>
#include <cmath>
#include <tuple>

#include "query/impl.h"

namespace turnscope::query {
namespace {

/// One row a trace or span of the search: id, start, duration, tokens (and whether any), cost (and whether
/// any), error.
void points(Sql& sql, const Caller& caller, const SearchRequest& request, bool traces, const Filter& filter) {
  sql.append(filter.prefix);
  if (traces) {
    sql << "SELECT trace_id, toUInt64(0) AS span_id, toUnixTimestamp64Nano(min(start)) AS at, "
           "toInt64(max(toUnixTimestamp64Nano(start) + toInt64(least(duration_ns, 1000000000000000000)))) - "
           "at AS took, "
           "toInt64(sumIf(tok_input + tok_cache_read + tok_cache_write + tok_output + tok_reasoning, "
           "usage_role = 1)) AS tokens, "
           "countIf(usage_role = 1) AS told, toInt64(sumIf(cost_nano, usage_role = 1)) AS cost, "
           "countIf(usage_role = 1 AND cost_state >= 2) AS priced, max(is_error) AS bad FROM spans FINAL "
           "WHERE ";
    in_range(sql, caller, request.range);
    if (!filter.everything) {
      sql << " AND trace_id IN (";
      if (filter.needs_cost) sql.append(filter.prefix);
      sql << "SELECT trace_id FROM spans WHERE ";
      in_range(sql, caller, request.range);
      sql << " AND ";
      sql.append(filter.predicate) << ")";
    }
    sql << " GROUP BY trace_id";
    return;
  }
  sql << "SELECT trace_id, span_id, toUnixTimestamp64Nano(start) AS at, toInt64(least(duration_ns, "
         "1000000000000000000)) AS took, "
         "toInt64(tok_input + tok_cache_read + tok_cache_write + tok_output + tok_reasoning) AS tokens, "
         "toUInt64(usage_role = 1) AS told, toInt64(cost_nano) AS cost, toUInt64(usage_role = 1 AND "
         "cost_state >= 2) AS priced, "
         "is_error AS bad FROM spans FINAL WHERE ";
  in_range(sql, caller, request.range);
  if (!filter.everything) {
    sql << " AND ";
    sql.append(filter.predicate);
  }
}

constexpr std::size_t kMaxPairs = 20'000;

}  // namespace

QueryAnswer<Scatter> Queries::scatter(const Caller& caller, const SearchRequest& request, bool traces) {
  auto filter = impl_->filter(caller, request.q, request.range, true);
  if (!filter) return std::unexpected(filter.error());
  const auto limit = std::clamp<std::size_t>(request.limit, 1, 5'000);
  Sql sql("SELECT trace_id, span_id, at, took, tokens, told, cost, priced, toUInt8(bad) FROM (");
  points(sql, caller, request, traces, *filter);
  sql << ") ORDER BY at DESC, trace_id, span_id LIMIT ";
  sql.u64(limit + 1);
  auto rows = impl_->ask(caller, sql);
  if (!rows) return std::unexpected(QueryError(rows.error()));
  Scatter out;
  store::RowReader in(rows->bytes);
  while (in.more()) {
    ScatterPoint p;
    p.trace_id = in.trace_id();
    p.span_id = in.u64();
    p.start = in.i64();
    p.duration = static_cast<std::uint64_t>(std::max<std::int64_t>(0, in.i64()));
    const auto tokens = in.i64();
    if (in.u64() > 0) p.tokens = static_cast<std::uint64_t>(std::max<std::int64_t>(0, tokens));
    const auto cost = in.i64();
    if (in.u64() > 0) p.cost_nano_usd = cost;
    p.error = in.boolean();
    out.points.push_back(p);
  }
  if (auto ok = in.status(); !ok) return std::unexpected(QueryError(ok.error()));
  out.more = out.points.size() > limit;
  if (out.more) out.points.resize(limit);
  return out;
}

QueryAnswer<Difference> Queries::difference(const Caller& caller, const SearchRequest& request, bool traces,
                                            const Cloud& cloud) {
  auto filter = impl_->filter(caller, request.q, request.range, true);
  if (!filter) return std::unexpected(filter.error());
  // The rows of the search, each inside the cloud or not.
  const auto chosen = [&](Sql& sql) {
    sql << "(SELECT trace_id, span_id, toUInt8(at >= ";
    sql.i64(cloud.time.from) << " AND at < ";
    sql.i64(cloud.time.to);
    switch (cloud.figure) {
      case Cloud::Figure::duration:
        sql << " AND took";
        break;
      case Cloud::Figure::tokens:
        sql << " AND told > 0 AND tokens";
        break;
      case Cloud::Figure::cost:
        sql << " AND priced > 0 AND cost";
        break;
    }
    sql << " BETWEEN ";
    sql.i64(cloud.least) << " AND ";
    sql.i64(cloud.most) << ") AS inside FROM (";
    points(sql, caller, request, traces, *filter);
    sql << "))";
  };
  Difference out;
  Sql totals("SELECT countIf(inside = 1), countIf(inside = 0) FROM ");
  chosen(totals);
  auto rows = impl_->ask(caller, totals);
  if (!rows) return std::unexpected(QueryError(rows.error()));
  store::RowReader sums(rows->bytes);
  out.inside = sums.u64();
  out.outside = sums.u64();
  if (auto ok = sums.status(); !ok) return std::unexpected(QueryError(ok.error()));
  if (out.inside == 0) return out;

  // Then the pairs of key and value that they carry.
  Sql sql("SELECT key, value, a, b, count() OVER () FROM (SELECT pair.1 AS key, pair.2 AS value, ");
  if (traces)
    sql << "uniqExactIf(trace_id, inside = 1) AS a, uniqExactIf(trace_id, inside = 0) AS b";
  else
    sql << "uniqExactIf((trace_id, span_id), inside = 1) AS a, uniqExactIf((trace_id, span_id), inside = 0) "
           "AS b";
  sql << " FROM (SELECT s.trace_id AS trace_id, s.span_id AS span_id, c.inside AS inside, arrayJoin(s.pairs) "
         "AS pair FROM "
         "(SELECT trace_id, span_id, "
         "arrayFilter(p -> p.2 != '' AND length(p.2) <= 120, arrayConcat([('service', toString(service)), "
         "('name', "
         "toString(name)), ('model', toString(model)), ('provider', toString(provider)), ('tool', "
         "toString(tool)), ('agent', "
         "toString(agent)), ('user', user), ('environment', toString(environment)), ('prompt_name', "
         "toString(prompt_name)), "
         "('prompt_version', toString(prompt_version)), ('experiment', toString(experiment)), ('variant', "
         "toString(variant)), "
         "('error_type', toString(error_type)), ('event.name', if(notEmpty(ev_name), toString(ev_name[1]), "
         "''))], "
         "arrayMap((k, v) -> (toString(k), v), mapKeys(attrs_str), mapValues(attrs_str)), "
         "arrayFilter(p -> NOT startsWith(p.1, 'gen_ai.usage.'), arrayMap((k, v) -> (toString(k), "
         "toString(v)), "
         "mapKeys(attrs_int), mapValues(attrs_int))), "
         "arrayMap((k, v) -> (toString(k), if(v = 1, 'true', 'false')), mapKeys(attrs_bool), "
         "mapValues(attrs_bool)))) AS "
         "pairs FROM spans WHERE ";
  in_range(sql, caller, request.range);
  sql << ") AS s INNER JOIN ";
  chosen(sql);
  if (traces)
    sql << " AS c ON s.trace_id = c.trace_id)";
  else
    sql << " AS c ON s.trace_id = c.trace_id AND s.span_id = c.span_id)";
  sql << " GROUP BY key, value HAVING a > 1) ORDER BY a DESC, b, key, value LIMIT ";
  sql.u64(kMaxPairs);
  rows = impl_->ask(caller, sql);
  if (!rows) return std::unexpected(QueryError(rows.error()));
  store::RowReader in(rows->bytes);
  while (in.more()) {
    DifferenceRow row;
    row.key = in.string();
    row.value = in.string();
    row.inside = in.u64();
    row.outside = in.u64();
    out.compared = in.u64();
    out.rows.push_back(std::move(row));
  }
  if (auto ok = in.status(); !ok) return std::unexpected(QueryError(ok.error()));
  // Ranked by how much the share differs and by how many rows carry it; what fewer than a tenth carry is
  // chance.
  const auto share = [](std::uint64_t n, std::uint64_t of) {
    return of == 0 ? 0.0 : static_cast<double>(n) / static_cast<double>(of);
  };
  const auto floor = std::max<std::uint64_t>(2, out.inside / 10);
  const auto worth = [&](const DifferenceRow& r) {
    const auto a = share(r.inside, out.inside), b = share(r.outside, out.outside);
    return a * std::log((a + 0.01) / (b + 0.01));
  };
  std::erase_if(out.rows, [&](const auto& r) {
    return r.inside < floor || share(r.inside, out.inside) < share(r.outside, out.outside) + 0.05;
  });
  std::sort(out.rows.begin(), out.rows.end(), [&](const auto& x, const auto& y) {
    const auto a = worth(x), b = worth(y);
    return a != b ? a > b : std::tie(x.key, x.value) < std::tie(y.key, y.value);
  });
  // One fact under several keys (a tool's name, also as an attribute) is told once, under the field's own
  // name.
  std::vector<DifferenceRow> told;
  for (auto& row : out.rows) {
    const auto same = std::find_if(told.begin(), told.end(), [&](const auto& t) {
      return t.value == row.value && t.inside == row.inside && t.outside == row.outside;
    });
    if (same == told.end())
      told.push_back(std::move(row));
    else if (row.key.size() < same->key.size())
      same->key = row.key;
  }
  out.rows = std::move(told);
  if (out.rows.size() > 30) out.rows.resize(30);
  return out;
}

}  // namespace turnscope::query
