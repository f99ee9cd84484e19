// `{A} >> {B}`: spans related by the tree. Relations go over rows, so the traces that could fit are read by
// their ids, parents and marks, and the relation is followed here; the statement around it then gets the
// spans by id.
#include <fmt/format.h>

#include <unordered_map>

#include "query/impl.h"

namespace turnscope::query {
namespace {

constexpr std::size_t kMaxRows = 1'000'000;  ///< spans looked at
constexpr std::size_t kMaxFound = 20'000;    ///< spans that fit
constexpr std::size_t kMaxTraces = 20'000;   ///< traces that hold something like each part

struct Row {
  std::uint64_t id = 0, parent = 0;
  std::uint32_t marks = 0;  ///< bit i: fits part i
};

/// Spans of one trace that fit the whole chain.
std::vector<std::uint64_t> follow(const std::vector<Row>& rows, const std::vector<Relation>& relations) {
  const auto n = rows.size();
  constexpr std::uint32_t none = 0xffffffff;
  std::unordered_map<std::uint64_t, std::uint32_t> at;
  at.reserve(n);
  for (std::uint32_t i = 0; i < n; ++i) at.emplace(rows[i].id, i);
  std::vector<std::uint32_t> parent(n, none);
  for (std::uint32_t i = 0; i < n; ++i)
    if (const auto it = at.find(rows[i].parent); it != at.end() && it->second != i) parent[i] = it->second;
  // From the last part to the first: which spans fit this part and all behind it.
  std::vector<bool> good(n), next(n);
  const auto last = relations.size();
  for (std::size_t i = 0; i < n; ++i) good[i] = (rows[i].marks >> last & 1) != 0;
  for (auto r = last; r-- > 0;) {
    std::fill(next.begin(), next.end(), false);
    for (std::uint32_t i = 0; i < n; ++i) {
      // Parents that lead in a circle end the walk: no path is longer than the trace.
      if (relations[r] == Relation::child || relations[r] == Relation::descendant) {
        if (!good[i]) continue;
        std::size_t steps = 0;
        for (auto p = parent[i]; p != none && steps++ < n; p = parent[p]) {
          // What is marked has had its ancestors marked before.
          if (next[p] && relations[r] == Relation::descendant) break;
          next[p] = true;
          if (relations[r] == Relation::child) break;
        }
      } else {
        std::size_t steps = 0;
        for (auto p = parent[i]; p != none && steps++ < n; p = parent[p]) {
          if (good[p]) {
            next[i] = true;
            break;
          }
          if (relations[r] == Relation::parent) break;
        }
      }
    }
    for (std::size_t i = 0; i < n; ++i) good[i] = next[i] && (rows[i].marks >> r & 1) != 0;
  }
  std::vector<std::uint64_t> out;
  for (std::size_t i = 0; i < n; ++i)
    if (good[i]) out.push_back(rows[i].id);
  return out;
}

}  // namespace

QueryAnswer<FoundStructure> Queries::Impl::structure(const Caller& caller, const Node& node,
                                                     const ProbeAnswers& answers, TimeRange range) {
  std::vector<Filter> parts;
  std::size_t name = 1000;
  bool needs_cost = false;
  for (const auto& child : node.children) {
    auto part = to_filter(child.get(), answers, name, {}, caller.project);
    if (!part)
      return std::unexpected(
          QueryError(ErrorKind::invalid_argument, part.error().message, "q", part.error().position));
    name = part->predicate.next_name();
    needs_cost = needs_cost || part->needs_cost;
    parts.push_back(std::move(*part));
  }
  Sql prefix;
  if (needs_cost) {
    auto made = cost_prefix(caller, range);
    if (!made) return std::unexpected(QueryError(made.error()));
    prefix = std::move(*made);
  }
  const auto too_many = [&](std::string_view what, std::size_t most) {
    return std::unexpected(
        QueryError(ErrorKind::too_large,
                   fmt::format("more than {} {} could fit this structure; narrow the time range or its parts",
                               most, what),
                   "q", node.position));
  };

  // First the traces that hold something like each part.
  static constexpr Fragment kMarks[] = {"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7"};
  static constexpr Fragment kBits[] = {"1", "2", "4", "8", "16", "32", "64", "128"};
  Sql traces("SELECT trace_id FROM (");
  traces.append(prefix) << "SELECT trace_id";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    traces << ", (";
    traces.append(parts[i].predicate) << ") AS " << kMarks[i];
  }
  traces << " FROM spans WHERE ";
  in_range(traces, caller, range);
  traces << ") GROUP BY trace_id HAVING 1";
  for (std::size_t i = 0; i < parts.size(); ++i) traces << " AND max(" << kMarks[i] << ")";
  traces << " LIMIT ";
  traces.u64(kMaxTraces + 1);
  auto rows = ask(caller, traces);
  if (!rows) return std::unexpected(QueryError(rows.error()));
  std::vector<otlp::TraceId> ids;
  store::RowReader in_traces(rows->bytes);
  while (in_traces.more()) ids.push_back(in_traces.trace_id());
  FoundStructure out;
  if (ids.empty()) return out;
  if (ids.size() > kMaxTraces) return too_many("traces", kMaxTraces);

  Sql spans("SELECT trace_id, span_id, any(parent_span_id), max(marks) FROM (");
  spans.append(prefix) << "SELECT trace_id, span_id, parent_span_id, toUInt32(0";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    spans << " + if(";
    spans.append(parts[i].predicate) << ", " << kBits[i] << ", 0)";
  }
  spans << ") AS marks FROM spans WHERE ";
  in_range(spans, caller, range);
  spans << " AND trace_id IN ";
  spans.traces(ids) << ") GROUP BY trace_id, span_id ORDER BY trace_id LIMIT ";
  spans.u64(kMaxRows + 1);
  rows = ask(caller, spans, "", kMaxRows + 2);
  if (!rows) return std::unexpected(QueryError(rows.error()));
  std::vector<Row> of_trace;
  otlp::TraceId current{};
  std::size_t seen = 0;
  const auto finish = [&] {
    for (auto id : follow(of_trace, node.relations)) {
      out.traces.push_back(current);
      out.spans.push_back(id);
    }
    of_trace.clear();
  };
  store::RowReader in(rows->bytes);
  while (in.more()) {
    const auto id = in.trace_id();
    Row row;
    row.id = in.u64();
    row.parent = in.u64();
    row.marks = in.u32();
    if (id != current) {
      finish();
      current = id;
    }
    of_trace.push_back(row);
    ++seen;
  }
  finish();
  if (seen > kMaxRows) return too_many("spans", kMaxRows);
  if (out.spans.size() > kMaxFound) return too_many("spans that fit", kMaxFound);
  return out;
}

}  // namespace turnscope::query
