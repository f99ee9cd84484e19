// Conversations and the people in them: traces grouped by the session or user that any of their spans names.
#include <algorithm>

#include "query/impl.h"

namespace turnscope::query {
namespace {

/// Usage by session or user of those ids only.
Result<std::map<std::string, UsageRow>> usage_of(store::Engine& engine, const Caller& caller,
                                                 const QueryOptions& options, TimeRange range,
                                                 std::string_view by, const Filter* filter) {
  store::QueryLimits limits;
  limits.time = options.time;
  limits.memory_bytes = options.memory_bytes;
  TS_ASSIGN(auto report, usage_report(engine, caller, {range, {std::string(by)}, 10'000, {}},
                                      *prices_in_use(), limits, filter));
  std::map<std::string, UsageRow> out;
  for (auto& row : report.rows) out.emplace(row.key[0], std::move(row));
  return out;
}

/// " trace_id IN (traces that name one of these ids in `column`)"
Filter traces_naming(const Caller& caller, TimeRange range, Fragment column,
                     const std::vector<std::string>& ids) {
  Filter f;
  f.everything = false;
  f.predicate.start_names_at(1000);
  f.predicate << "trace_id IN (SELECT trace_id FROM spans WHERE ";
  in_range(f.predicate, caller, range);
  f.predicate << " AND has(";
  f.predicate.strs(ids) << ", " << column << "))";
  return f;
}

}  // namespace

QueryAnswer<Page<SessionInfo>> Queries::sessions(const Caller& caller, const SearchRequest& request) {
  auto filter = impl_->filter(caller, request.q, request.range);
  if (!filter) return std::unexpected(filter.error());
  const std::size_t limit = std::clamp<std::size_t>(request.limit, 1, 500);
  Sql sql = filter->prefix;
  sql << "SELECT session, min(start) AS first, max(addNanoseconds(start, least(duration_ns, "
         "toUInt64(315360000000000000)))) AS last "
         "FROM spans WHERE ";
  in_range(sql, caller, request.range);
  sql << " AND session != ''";
  if (!filter->everything) {
    sql << " AND ";
    sql.append(filter->predicate);
  }
  sql << " GROUP BY session ORDER BY last DESC, session LIMIT ";
  sql.u64(limit + 1);
  auto rows = impl_->ask(caller, sql);
  if (!rows) return std::unexpected(QueryError(rows.error()));
  Page<SessionInfo> page;
  page.stored_only = impl_->has_weights(caller);
  std::map<std::string, std::size_t> place;
  std::vector<std::string> ids;
  store::RowReader in(rows->bytes);
  while (in.more()) {
    SessionInfo s;
    s.id = in.string();
    s.first = in.i64();
    s.last = in.i64();
    if (page.items.size() == limit) {
      page.more = true;
      break;
    }
    place[s.id] = page.items.size();
    ids.push_back(s.id);
    page.items.push_back(std::move(s));
  }
  if (ids.empty()) return page;

  // All spans of their traces, also those that do not name the session.
  Sql about(
      "SELECT lifted, min(start), max(addNanoseconds(start, least(duration_ns, "
      "toUInt64(315360000000000000)))), "
      "uniqExact(trace_id), count(), countIf(kind = 2), countIf(kind = 4), countIf(is_error = 1), "
      "argMinIf(user, start, user != ''), toString(argMinIf(service, start, service != '')), "
      "toString(argMinIf(agent, start, agent != '')), argMinIf(question, start, question != ''), "
      "argMaxIf(question, start, question != '') FROM spans FINAL LEFT ANY JOIN (SELECT trace_id, "
      "argMin(session, start) AS "
      "lifted FROM spans WHERE ");
  in_range(about, caller, request.range);
  about << " AND has(";
  about.strs(ids) << ", session) GROUP BY trace_id) AS named USING (trace_id) WHERE ";
  in_range(about, caller, request.range);
  about << " AND lifted != '' GROUP BY lifted";
  auto described = impl_->ask(caller, about);
  if (!described) return std::unexpected(QueryError(described.error()));
  store::RowReader d(described->bytes);
  while (d.more()) {
    SessionInfo s;
    s.id = d.string();
    s.first = d.i64();
    s.last = d.i64();
    s.traces = d.u64();
    s.spans = d.u64();
    s.turns = d.u64();
    s.tool_calls = d.u64();
    s.errors = d.u64();
    s.user = d.string();
    s.service = d.string();
    s.agent = d.string();
    s.first_question = d.string();
    s.last_question = d.string();
    if (const auto it = place.find(s.id); it != place.end()) page.items[it->second] = std::move(s);
  }
  const auto only = traces_naming(caller, request.range, "session", ids);
  auto usage = usage_of(engine_, caller, options_, request.range, "session", &only);
  if (!usage) return std::unexpected(QueryError(usage.error()));
  for (auto& s : page.items)
    if (const auto it = usage->find(s.id); it != usage->end()) s.usage = it->second;
  return page;
}

Result<Page<std::shared_ptr<const TraceIndex>>> Queries::session(const Caller& caller, std::string_view id,
                                                                 std::int64_t from, std::size_t limit) {
  limit = std::clamp<std::size_t>(limit, 1, 200);
  Sql sql("SELECT trace_id, min(start) AS first FROM spans WHERE project = ");
  sql.u32(caller.project) << " AND session = ";
  sql.str(id) << " AND start >= ";
  sql.time(from) << " GROUP BY trace_id ORDER BY first, trace_id LIMIT ";
  sql.u64(limit + 1);
  TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
  std::vector<otlp::TraceId> ids;
  store::RowReader in(rows.bytes);
  while (in.more()) {
    ids.push_back(in.trace_id());
    in.i64();
  }
  TS_TRY(in.status());
  if (ids.empty())
    return fail(ErrorKind::not_found, "no trace names this session; it may not have arrived yet");
  Page<std::shared_ptr<const TraceIndex>> page;
  page.more = ids.size() > limit;
  if (page.more) ids.resize(limit);
  TS_ASSIGN(page.items, traces_by_id(caller, ids));
  std::sort(page.items.begin(), page.items.end(), [](const auto& a, const auto& b) {
    return a->start() != b->start() ? a->start() < b->start() : a->trace_id() < b->trace_id();
  });
  return page;
}

Result<Page<UserInfo>> Queries::users(const Caller& caller, TimeRange range, std::size_t limit) {
  limit = std::clamp<std::size_t>(limit, 1, 1'000);
  Sql sql(
      "SELECT user, min(start) AS first, max(start) AS last, uniqExact(trace_id), uniqExactIf(session, "
      "session != ''), "
      "uniqExactIf(trace_id, is_error = 1) FROM spans FINAL WHERE ");
  in_range(sql, caller, range);
  sql << " AND user != '' GROUP BY user ORDER BY last DESC, user LIMIT ";
  sql.u64(limit + 1);
  TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
  Page<UserInfo> page;
  page.stored_only = impl_->has_weights(caller);
  std::vector<std::string> ids;
  store::RowReader in(rows.bytes);
  while (in.more()) {
    UserInfo u;
    u.id = in.string();
    u.first = in.i64();
    u.last = in.i64();
    u.traces = in.u64();
    u.sessions = in.u64();
    u.errors = in.u64();
    if (page.items.size() == limit) {
      page.more = true;
      break;
    }
    ids.push_back(u.id);
    page.items.push_back(std::move(u));
  }
  if (ids.empty()) return page;
  const auto only = traces_naming(caller, range, "user", ids);
  TS_ASSIGN(const auto usage, usage_of(engine_, caller, options_, range, "user", &only));
  for (auto& u : page.items)
    if (const auto it = usage.find(u.id); it != usage.end()) u.usage = it->second;
  return page;
}

}  // namespace turnscope::query
