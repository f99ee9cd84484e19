// Spans, newest first: read in the order of the table's key, a page at a time.
#include <algorithm>

#include "query/impl.h"
#include "query/steps.h"

namespace turnscope::query {

QueryAnswer<SpanList> Queries::spans(const Caller& caller, const SearchRequest& request) {
  const std::size_t limit = std::clamp<std::size_t>(request.limit, 1, 500);
  std::optional<Cursor> after;
  if (!request.cursor.empty()) {
    auto cursor = parse_cursor(request.cursor);
    if (!cursor) return std::unexpected(cursor.error());
    after = *cursor;
  }
  std::int64_t line = after ? std::min(after->start + 1, request.range.to) : request.range.to;
  auto part = impl_->newest_part(caller, request.q, {request.range.from, line});
  auto filter = impl_->filter(caller, request.q, {part, line});
  if (!filter) return std::unexpected(filter.error());
  SpanList out;
  out.searched = request.range;
  out.hints = filter->hints;

  // Rows of one span stand side by side (same key), so over-reading and folding here is exact. Keys first,
  // the other columns only for what is shown.
  std::vector<Cursor> keys;
  std::size_t rows = limit + limit / 2 + 8;
  Steps steps(*filter, {part, line});
  while (line > request.range.from && keys.size() <= limit) {
    if (line <= part) {
      part = request.range.from;
      filter = impl_->filter(caller, request.q, {part, line});
      if (!filter) return std::unexpected(filter.error());
      steps = Steps(*filter, {part, line});
    }
    Sql sql = filter->prefix;
    sql << "SELECT start, trace_id, span_id FROM spans PREWHERE ";
    const TimeRange range{steps.next(line, keys.size(), limit + 1), line};
    const auto now = within(*filter, range);
    first_in_range(sql, now, caller, range);
    if (after) {
      sql << " AND (start, trace_id, span_id) < (";
      sql.time(after->start) << ", ";
      sql.trace(after->trace_id) << ", ";
      sql.u64(after->span_id) << ")";
    }
    then_rest(sql, now);
    sql << " ORDER BY start DESC, trace_id DESC, span_id DESC LIMIT ";
    sql.u64(rows);
    auto answer = impl_->ask(caller, sql);
    if (!answer) return std::unexpected(QueryError(answer.error()));
    std::size_t read = 0;
    store::RowReader in(answer->bytes);
    while (in.more()) {
      Cursor key;
      key.start = in.i64();
      key.trace_id = in.trace_id();
      key.span_id = in.u64();
      ++read;
      after = key;
      if (keys.empty() || !(keys.back() == key)) keys.push_back(key);
    }
    line = read == rows ? std::min(line, after->start + 1) : range.from;
    rows = std::min<std::size_t>(rows * 3, 100'000);
  }
  const bool next = keys.size() > limit;
  if (next) keys.resize(limit);
  if (next) out.next_cursor = to_text(keys.back());
  if (keys.empty()) return out;

  Sql sql("SELECT trace_id, ");
  impl_->list_columns(sql, caller, {});
  sql << " FROM spans PREWHERE ";
  std::vector<std::pair<std::int64_t, std::int64_t>> starts;
  std::vector<std::uint64_t> ids;
  std::vector<otlp::TraceId> traces;
  for (const auto& key : keys) {
    starts.emplace_back(key.start, key.start);
    ids.push_back(key.span_id);
    traces.push_back(key.trace_id);
  }
  in_ranges(sql, caller, std::move(starts));
  sql << " AND span_id IN ";
  sql.u64s(ids) << " AND trace_id IN ";
  sql.traces(traces);
  auto answer = impl_->ask(caller, sql);
  if (!answer) return std::unexpected(QueryError(answer.error()));
  std::map<Cursor, ListedSpan> found;
  store::RowReader in(answer->bytes);
  while (in.more()) {
    ListedSpan listed;
    listed.trace_id = in.trace_id();
    listed.span = read_list_columns(in, out.pool);
    auto& kept = found[{listed.span.start, listed.trace_id, listed.span.span_id}];
    if (kept.span.span_id == 0 || kept.span.version < listed.span.version) kept = listed;
  }
  for (const auto& key : keys)
    if (const auto it = found.find(key); it != found.end()) out.spans.push_back(it->second);
  return out;
}

}  // namespace turnscope::query
