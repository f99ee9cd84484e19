#include "sinks/stored_piece.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/anomaly.h"
#include "store/params.h"

namespace turnscope::sinks {
namespace {

constexpr std::string_view kColumns =
    "trace_id, span_id, parent_span_id, start, duration_ns, time_flags, raw_start, raw_end, version, "
    "toUnixTimestamp64Milli(received), span_kind, status, flags, trace_state, status_message, name, service, "
    "scope, "
    "scope_version, scope_id, resource_id, weight";

StoredRow read_row(store::RowReader& in) {
  StoredRow r;
  r.span.trace_id = in.trace_id();
  r.span.span_id = in.u64();
  r.span.parent_span_id = in.u64();
  r.times.start = in.i64();
  r.times.duration = in.u64();
  r.times.flags = in.u8();
  r.times.raw_start = in.u64();
  r.times.raw_end = in.u64();
  r.times.give(r.span);
  r.version = in.u64();
  r.received_ms = in.i64();
  r.span.kind = static_cast<otlp::SpanKind>(in.u8());
  r.span.status = static_cast<otlp::StatusCode>(in.u8());
  r.span.flags = in.u32();
  r.span.trace_state = in.string();
  r.span.status_message = in.string();
  r.span.name = in.string();
  r.service = in.string();
  r.scope_name = in.string();
  r.scope_version = in.string();
  r.scope_id = in.u64();
  r.resource_id = in.u64();
  r.weight = in.u32();
  r.facts = store::read_derived(in);
  r.payload = store::read_payload(in);
  return r;
}

}  // namespace

Result<std::unique_ptr<StoredPiece>> StoredPiece::read(store::Engine& engine, std::uint32_t project,
                                                       const PieceCursor& after, std::size_t rows,
                                                       std::size_t bytes) {
  auto sql = fmt::format(
      "SELECT {}, {}, {} FROM spans WHERE project = {{project:UInt32}} AND start >= "
      "fromUnixTimestamp64Nano({{start:Int64}}, 'UTC')",
      kColumns, store::kDerivedColumns, store::kPayloadColumns);
  store::Params params;
  store::add_param(params, "project", project);
  store::add_param(params, "start", after.start);
  store::add_param(params, "rows", std::uint64_t{rows});
  if (!after.first) {
    sql +=
        " AND (start, trace_id, span_id) > (fromUnixTimestamp64Nano({start:Int64}, 'UTC'), "
        "{trace:FixedString(16)}, {span:UInt64})";
    store::add_param(params, "trace", after.trace);
    store::add_param(params, "span", after.span);
  }
  // The table's own order: parts are merged as they are read, nothing is sorted as a whole.
  sql += " ORDER BY project, start, trace_id, span_id, version DESC LIMIT {rows:UInt64}";
  store::QueryLimits limits;
  limits.time = std::chrono::seconds(60);
  limits.result_bytes = bytes;
  TS_ASSIGN(auto answer, engine.query({.sql = sql,
                                       .params = std::move(params),
                                       .limits = limits,
                                       .settings = "max_threads = 1, max_block_size = 2048"}));
  auto piece = std::make_unique<StoredPiece>();
  piece->bytes_ = std::move(answer.bytes);
  piece->end_ = after;
  TS_TRY(piece->read_rows(rows));
  TS_TRY(piece->read_parts(engine, project));
  TS_TRY(piece->read_resources(engine, project));
  return piece;
}

Status StoredPiece::read_rows(std::size_t limit) {
  store::RowReader in(bytes_);
  std::size_t n = 0;
  for (; in.more(); ++n) {
    auto row = read_row(in);
    TS_TRY(in.status());
    if (!rows_.empty() && rows_.back().span.span_id == row.span.span_id &&
        rows_.back().span.trace_id == row.span.trace_id && rows_.back().times.start == row.times.start) {
      rows_.back().again_ms = row.received_ms;
      continue;
    }
    row.own = {row.payload.input, row.payload.output, row.payload.extra};
    row.shared = row.payload.shared;
    rows_.push_back(std::move(row));
  }
  TS_TRY(in.status());
  last_ = n < limit;
  if (!rows_.empty()) {
    const auto& r = rows_.back();
    end_ = {r.times.start, r.span.trace_id, r.span.span_id, false};
  }
  return {};
}

Status StoredPiece::read_parts(store::Engine& engine, std::uint32_t project) {
  std::map<store::PartId, std::string_view> parts;
  for (const auto& r : rows_)
    for (const auto& id : r.shared) parts.emplace(id, std::string_view{});
  std::vector<otlp::TraceId> ids;
  for (const auto& [id, text] : parts) ids.push_back(id);
  for (std::size_t at = 0; at < ids.size(); at += 10'000) {
    const auto some = std::span(ids).subspan(at, std::min<std::size_t>(10'000, ids.size() - at));
    store::Params params;
    store::add_param(params, "project", project);
    store::add_param(params, "ids", std::span<const otlp::TraceId>(some));
    TS_ASSIGN(auto answer,
              engine.query(
                  {.sql = "SELECT id, text FROM content_parts PREWHERE project = {project:UInt32} AND id IN "
                          "{ids:Array(FixedString(16))} LIMIT 1 BY id",
                   .params = std::move(params)}));
    store::RowReader in(texts_.emplace_back(std::move(answer.bytes)));
    while (in.more()) {
      const auto id = in.trace_id();
      parts[id] = in.string();
    }
    TS_TRY(in.status());
  }
  for (auto& r : rows_) {
    if (!r.payload.join([&](const store::PartId& id) { return parts[id]; }, texts_)) r.whole = false;
    if (!store::restore(r.payload, arena_, r.span)) r.whole = false;
  }
  return {};
}

Status StoredPiece::read_resources(store::Engine& engine, std::uint32_t project) {
  std::vector<std::uint64_t> ids;
  for (const auto& r : rows_) {
    ids.push_back(r.scope_id);
    ids.push_back(r.resource_id);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  store::Params params;
  store::add_param(params, "project", project);
  store::add_param(params, "ids", std::span<const std::uint64_t>(ids));
  TS_ASSIGN(auto answer,
            engine.query(
                {.sql = "SELECT id, is_scope, any(attrs_json), any(name), any(version) FROM resources WHERE "
                        "project = {project:UInt32} AND id IN {ids:Array(UInt64)} GROUP BY id, is_scope",
                 .params = std::move(params)}));
  store::RowReader in(texts_.emplace_back(std::move(answer.bytes)));
  while (in.more()) {
    const auto id = in.u64();
    const bool is_scope = in.boolean();
    const auto json = in.string(), name = in.string(), version = in.string();
    TS_TRY(in.status());
    TS_ASSIGN(const auto attributes, store::restore_attributes(json, arena_));
    if (is_scope)
      scopes_[id] = {name, version, attributes, 0, {}};
    else
      resources_[id] = {attributes, 0, {}};
  }
  TS_TRY(in.status());
  for (auto& r : rows_) {
    if (!resources_.contains(r.resource_id)) r.whole = false;
    // A scope without attributes may have left no row; its name stands beside the span.
    scopes_.try_emplace(r.scope_id, otlp::Scope{r.scope_name, r.scope_version, {}, 0, {}});
  }
  return {};
}

}  // namespace turnscope::sinks
