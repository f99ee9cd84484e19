// Traces, newest first by their start, of which one span at least matches.
//
// The store sorts spans by start, not traces. So matching spans are read newest first, down to a time W; a
// trace that starts at or behind W has all its matching spans above W, hence it has been seen. Traces that
// start before W wait until W has come down to them. That is exact for late spans, missing roots and traces
// of any length, and stops early.
#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "query/impl.h"
#include "query/steps.h"

namespace turnscope::query {
namespace {

constexpr std::size_t kMaxCandidates = 200'000;
constexpr std::size_t kSpansOfTrace = 16;  ///< that match, at a guess
constexpr std::size_t kMostRows = 200'000;

/// Rows to ask for so that a page of `limit` is full, when `found` traces are there and the last `read` rows
/// brought `fresh` ones: some more than that, as traces wait until all that is newer than they has been read.
std::size_t for_the_page(std::size_t limit, std::size_t found, std::size_t read, std::size_t fresh) {
  const std::size_t traces = found > limit ? 1 : limit + 1 - found;
  const std::size_t of_each = fresh == 0 ? kSpansOfTrace : (read + fresh - 1) / fresh;
  return traces * of_each * 5 / 4 + 16;
}

/// (start, id) of a trace, compared newest first.
bool newer(const TraceBounds& a, const TraceBounds& b) {
  return a.min_start != b.min_start ? a.min_start > b.min_start : a.id > b.id;
}

struct IdHash {
  std::size_t operator()(const otlp::TraceId& id) const {
    std::uint64_t low = 0;
    std::memcpy(&low, id.data() + 8, 8);
    return low * 0x9e3779b97f4a7c15u ^ id[0];
  }
};

}  // namespace

QueryAnswer<TraceList> Queries::traces(const Caller& caller, const SearchRequest& request) {
  const std::size_t limit = std::clamp<std::size_t>(request.limit, 1, 500);
  auto part = impl_->newest_part(caller, request.q, request.range);
  auto filter = impl_->filter(caller, request.q, {part, request.range.to});
  if (!filter) return std::unexpected(filter.error());
  std::optional<Cursor> after;
  if (!request.cursor.empty()) {
    auto cursor = parse_cursor(request.cursor);
    if (!cursor) return std::unexpected(cursor.error());
    after = *cursor;
  }
  const auto behind_cursor = [&](const TraceBounds& b) {
    return !after || b.min_start < after->start || (b.min_start == after->start && b.id < after->trace_id);
  };

  TraceList out;
  out.searched = request.range;
  out.hints = filter->hints;

  std::unordered_set<otlp::TraceId, IdHash> seen;
  std::vector<TraceBounds> waiting;      // matched, start below the line or not yet enough
  std::int64_t line = request.range.to;  // spans at or above have been read
  // Every trace has a span at its own start: without a filter the next page can begin there.
  if (after && filter->everything && after->start < line) line = after->start + 1;
  // How many spans of a trace match is not known. Where a match is cheap to find: more than enough. Texts are
  // read until there are so many matches, so no more than a page of traces needs if one span of each has it.
  std::size_t rows =
      filter->within ? limit + limit / 4 + 16 : std::max<std::size_t>(limit * kSpansOfTrace, 512);
  const auto ready = [&] {
    return static_cast<std::size_t>(
        std::count_if(waiting.begin(), waiting.end(), [&](const auto& b) { return b.min_start >= line; }));
  };

  Steps steps(*filter, {part, request.range.to});
  while (line > request.range.from && ready() <= limit) {
    if (line <= part) {
      part = request.range.from;
      filter = impl_->filter(caller, request.q, {part, line});
      if (!filter) return std::unexpected(filter.error());
      steps = Steps(*filter, {part, line});
    }
    const TimeRange range{steps.next(line, waiting.size(), limit + 1), line};
    Sql sql = filter->prefix;
    sql << "SELECT trace_id, start FROM spans PREWHERE ";
    const auto now = within(*filter, range);
    first_in_range(sql, now, caller, range);
    then_rest(sql, now);
    sql << " ORDER BY start DESC LIMIT ";
    sql.u64(rows);
    auto answer = impl_->ask(caller, sql);
    if (!answer) return std::unexpected(QueryError(answer.error()));
    std::vector<otlp::TraceId> fresh;
    std::int64_t lowest = line;
    std::size_t read = 0;
    store::RowReader in(answer->bytes);
    while (in.more()) {
      const auto id = in.trace_id();
      lowest = in.i64();
      ++read;
      if (seen.insert(id).second) fresh.push_back(id);
    }
    const bool stuck = read == rows && lowest + 1 >= line;  // all of them start at the same nanosecond
    if (read < rows)
      line = range.from;
    else if (!stuck)
      line = lowest + 1;  // of the spans that start exactly at `lowest` some may be missing
    if (stuck && rows == kMostRows)
      return std::unexpected(
          QueryError(ErrorKind::too_large, "too many spans start at one nanosecond; narrow the search"));
    auto bounds = impl_->bounds(caller, fresh);
    if (!bounds) return std::unexpected(QueryError(bounds.error()));
    for (const auto& [id, b] : *bounds)
      if (behind_cursor(b)) waiting.push_back(b);
    if (waiting.size() > kMaxCandidates)
      return std::unexpected(
          QueryError(ErrorKind::too_large,
                     "more than 200,000 traces match before the page is full; narrow the time range", "q"));
    rows = std::min(rows * 4, kMostRows);
    if (filter->within && !stuck)
      rows = std::min(rows, for_the_page(limit, waiting.size(), read, fresh.size()));
  }
  if (after && filter->everything && line <= request.range.from && ready() <= limit) {
    // Last page: traces that began before the range and still ran in it may lie above the place where we
    // began.
    Sql sql("SELECT DISTINCT trace_id FROM spans WHERE ");
    in_range(sql, caller, request.range);
    sql << " AND trace_id IN (SELECT trace_id FROM traces WHERE project = ";
    sql.u32(caller.project) << " GROUP BY trace_id HAVING min(min_start) < ";
    sql.time(request.range.from) << " AND max(max_start) >= ";
    sql.time(request.range.from) << ")";
    auto answer = impl_->ask(caller, sql);
    if (!answer) return std::unexpected(QueryError(answer.error()));
    std::vector<otlp::TraceId> fresh;
    store::RowReader in(answer->bytes);
    while (in.more())
      if (const auto id = in.trace_id(); seen.insert(id).second) fresh.push_back(id);
    auto bounds = impl_->bounds(caller, fresh);
    if (!bounds) return std::unexpected(QueryError(bounds.error()));
    for (const auto& [id, b] : *bounds)
      if (behind_cursor(b)) waiting.push_back(b);
  }

  const bool all_read = line <= request.range.from;
  if (!all_read) std::erase_if(waiting, [&](const auto& b) { return b.min_start < line; });
  std::sort(waiting.begin(), waiting.end(), newer);
  const bool more = waiting.size() > limit;
  if (more) waiting.resize(limit);
  if (more) out.next_cursor = to_text({waiting.back().min_start, waiting.back().id, 0});
  auto loaded = impl_->load(caller, waiting);
  if (!loaded) return std::unexpected(QueryError(loaded.error()));
  out.traces = std::move(*loaded);
  return out;
}

}  // namespace turnscope::query
