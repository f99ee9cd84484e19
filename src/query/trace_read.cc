// One trace: its index, texts found in it, and whole spans.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/anomaly.h"
#include "otlp/decode.h"
#include "query/impl.h"
#include "store/span_block.h"
#include "store/span_payload.h"

namespace turnscope::query {

Result<std::shared_ptr<const TraceIndex>> Queries::trace(const Caller& caller, const otlp::TraceId& id) {
  TS_ASSIGN(const auto bounds, impl_->bounds(caller, {id}));
  if (!bounds.empty()) {
    TS_ASSIGN(auto loaded, impl_->load(caller, {bounds.begin()->second}));
    if (!loaded.empty()) return loaded.front();
  }
  return fail(ErrorKind::not_found,
              fmt::format("trace {} is not in the store; it may not have arrived yet", otlp::hex(id)));
}

Result<std::vector<std::shared_ptr<const TraceIndex>>> Queries::traces_by_id(
    const Caller& caller, const std::vector<otlp::TraceId>& ids) {
  TS_ASSIGN(const auto bounds, impl_->bounds(caller, ids));
  std::vector<TraceBounds> wanted;
  for (const auto& id : ids)
    if (const auto it = bounds.find(id); it != bounds.end()) wanted.push_back(it->second);
  return impl_->load(caller, wanted);
}

namespace {

/// `project = … AND trace_id = … AND start between the bounds of these rows`, for PREWHERE.
void in_trace(Sql& sql, const Caller& caller, const TraceIndex& trace, std::int64_t from, std::int64_t to) {
  sql << "project = ";
  sql.u32(caller.project) << " AND trace_id = ";
  sql.trace(trace.trace_id()) << " AND start >= ";
  sql.time(from) << " AND start <= ";
  sql.time(to);
}

std::int64_t last_start(const TraceIndex& trace) {
  std::int64_t last = trace.start();
  for (const auto& s : trace.spans()) last = std::max(last, s.start);
  return last;
}

}  // namespace

Result<FoundSpans> Queries::find(const Caller& caller, const TraceIndex& trace, std::string_view text) {
  FoundSpans out;
  if (text.empty()) return out;
  if (text.size() > 1'000)
    return fail(ErrorKind::invalid_argument, "q= is longer than 1,000 bytes; search for a shorter text");
  Sql sql("SELECT DISTINCT span_id FROM spans PREWHERE ");
  in_trace(sql, caller, trace, trace.start(), last_start(trace));
  sql << " WHERE ";
  bool first = true;
  const auto in_text = [&](Fragment column) {
    if (!first) sql << " OR ";
    first = false;
    sql << "positionCaseInsensitiveUTF8(" << column << ", ";
    sql.str(text) << ") > 0";
  };
  for (const auto column :
       {Fragment("name"), Fragment("service"), Fragment("tool"), Fragment("agent"), Fragment("model"),
        Fragment("status_message"), Fragment("input"), Fragment("output"), Fragment("extra")})
    in_text(column);
  for (const auto list : {Fragment("mapKeys(attrs_str)"), Fragment("mapValues(attrs_str)"),
                          Fragment("mapKeys(attrs_int)"), Fragment("mapKeys(attrs_ref)"),
                          Fragment("mapValues(attrs_json)"), Fragment("ev_name"), Fragment("ev_attrs")}) {
    sql << " OR arrayExists(x -> positionCaseInsensitiveUTF8(x, ";
    sql.str(text) << ") > 0, " << list << ")";
  }
  sql << " OR arrayExists(x -> toString(x) = ";
  sql.str(text) << ", mapValues(attrs_int)) OR (notEmpty(shared) AND hasAny(shared, (SELECT groupArray(id) "
                   "FROM (SELECT id FROM "
                   "content_parts WHERE project = ";
  sql.u32(caller.project) << " AND positionCaseInsensitiveUTF8(text, ";
  sql.str(text) << ") > 0 LIMIT 100000))))";
  TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
  std::vector<std::uint32_t> found;
  store::RowReader in(rows.bytes);
  while (in.more())
    if (const auto row = trace.find(in.u64()); row != kNone) found.push_back(row);
  TS_TRY(in.status());
  std::sort(found.begin(), found.end());
  constexpr std::size_t kMost = 1'000;
  out.more = found.size() > kMost;
  for (std::size_t i = 0; i < std::min(found.size(), kMost); ++i)
    out.span_ids.push_back(trace.spans()[found[i]].span_id);
  return out;
}

Result<ChangedTraces> Queries::changed(const Caller& caller, std::uint64_t version, std::size_t limit) {
  ChangedTraces out;
  out.version = version;
  // Rows of `traces` that were inserted since hold the bounds of what came with them.
  Sql sql("SELECT trace_id, min(min_start), max(max_start) FROM traces WHERE project = ");
  sql.u32(caller.project) << " AND max_version >= ";
  sql.u64(version) << " GROUP BY trace_id ORDER BY max(max_version) DESC LIMIT ";
  sql.u64(limit + 1);
  TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
  store::RowReader in(rows.bytes);
  while (in.more()) {
    out.trace_ids.push_back(in.trace_id());
    out.from = std::min(out.from, in.i64());
    out.to = std::max(out.to, in.i64());
  }
  TS_TRY(in.status());
  out.more = out.trace_ids.size() > limit;
  if (out.more) out.trace_ids.resize(limit);
  return out;
}

namespace {
/// The trace of `trace:ID`, which an open page follows: the ids alone tell whether it is meant.
std::optional<otlp::TraceId> followed(std::string_view q) {
  otlp::TraceId id{};
  if (!q.starts_with("trace:") || !otlp::parse_hex(q.substr(6), id)) return std::nullopt;
  return id;
}
}  // namespace

std::optional<Changes> Queries::changes(const ChangedTraces& changed, std::string_view q) {
  const auto one = followed(q);
  if ((!one && !q.empty()) || changed.spans.size() != changed.trace_ids.size()) return std::nullopt;
  Changes out;
  out.more = changed.more;
  for (std::size_t i = 0; i < changed.trace_ids.size(); ++i) {
    if (one && changed.trace_ids[i] != *one) continue;
    out.trace_ids.push_back(changed.trace_ids[i]);
    out.spans += changed.spans[i];
  }
  return out;
}

QueryAnswer<Changes> Queries::changes(const Caller& caller, const ChangedTraces& changed,
                                      std::string_view q) {
  if (auto known = changes(changed, q)) return std::move(*known);
  Changes out;
  out.more = changed.more;
  auto ids = changed.trace_ids;
  if (const auto one = followed(q)) {
    std::erase_if(ids, [&](const auto& id) { return id != *one; });
    q = {};
  }
  if (ids.empty()) return out;
  auto filter = impl_->filter(caller, q);
  if (!filter) return std::unexpected(filter.error());
  Sql count = filter->prefix;
  count << "SELECT trace_id, count() FROM spans PREWHERE project = ";
  count.u32(caller.project) << " AND start >= ";
  count.time(changed.from) << " AND start <= ";
  count.time(changed.to) << " AND trace_id IN ";
  count.traces(ids) << " AND version >= ";
  count.u64(changed.version);
  if (!filter->everything) {
    count << " WHERE ";
    count.append(filter->predicate);
  }
  count << " GROUP BY trace_id";
  auto rows = impl_->ask(caller, count);
  if (!rows) return std::unexpected(QueryError(rows.error()));
  store::RowReader counts(rows->bytes);
  while (counts.more()) {
    out.trace_ids.push_back(counts.trace_id());
    out.spans += counts.u64();
  }
  return out;
}

namespace {

constexpr Fragment kWholeColumns =
    "SELECT span_id, parent_span_id, start, duration_ns, time_flags, raw_start, raw_end, version, "
    "toInt64(received), span_kind, "
    "status, kind, flags, is_error, trace_state, status_message, name, service, operation, request_model, "
    "response_model, "
    "response_id, error_type, error_message, tok_other, scope_id, resource_id, "
    "attrs_str, attrs_int, attrs_dbl, attrs_bool, attrs_json, attrs_ref, ev_time, ev_name, ev_attrs, links, "
    "dropped, input, "
    "output, extra, shared, shared_at FROM spans PREWHERE ";

StoredSpan read_whole(store::RowReader& in, std::uint64_t& scope_id, std::uint64_t& resource_id,
                      store::StoredPayload& payload) {
  StoredSpan s;
  s.span.span_id = in.u64();
  s.span.parent_span_id = in.u64();
  s.start = in.i64();
  s.duration = in.u64();
  s.time_flags = in.u8();
  const auto raw_start = in.u64(), raw_end = in.u64();
  store::SpanTimes{s.start, s.duration, raw_start, raw_end, s.time_flags}.give(s.span);
  s.version = in.u64();
  s.received_ms = in.i64();
  s.span.kind = static_cast<otlp::SpanKind>(in.u8());
  s.span.status = static_cast<otlp::StatusCode>(in.u8());
  s.kind = in.u8();
  s.span.flags = in.u32();
  s.is_error = in.boolean();
  s.span.trace_state = in.string();
  s.span.status_message = in.string();
  s.span.name = in.string();
  s.service = in.string();
  s.operation = in.string();
  s.request_model = in.string();
  s.response_model = in.string();
  s.response_id = in.string();
  s.error_type = in.string();
  s.error_message = in.string();
  s.other_tokens = in.map([&] { return in.string(); }, [&] { return in.u64(); });
  scope_id = in.u64();
  resource_id = in.u64();
  payload = store::read_payload(in);
  return s;
}

}  // namespace

Status Queries::Impl::read_parts(const Caller& caller, std::map<store::PartId, std::string_view>& parts,
                                 StoredSpans& out) {
  std::vector<otlp::TraceId> ids;
  for (const auto& [id, text] : parts) ids.push_back(id);
  for (std::size_t at = 0; at < ids.size(); at += 10'000) {
    const std::vector<otlp::TraceId> some(
        ids.begin() + static_cast<std::ptrdiff_t>(at),
        ids.begin() + static_cast<std::ptrdiff_t>(std::min(at + 10'000, ids.size())));
    Sql sql("SELECT id, text FROM content_parts PREWHERE project = ");
    sql.u32(caller.project) << " AND id IN ";
    sql.traces(some) << " LIMIT 1 BY id";
    TS_ASSIGN(auto answer, ask(caller, sql));
    store::RowReader in(out.texts.emplace_back(std::move(answer.bytes)));
    while (in.more()) {
      const auto id = in.trace_id();
      parts[id] = in.string();
    }
    TS_TRY(in.status());
  }
  return {};
}

Result<std::shared_ptr<const StoredSpans>> Queries::whole_spans(const Caller& caller, const TraceIndex& trace,
                                                                std::size_t first, std::size_t count) {
  std::vector<std::uint32_t> rows;
  for (auto row = std::min(first, trace.size()); row < trace.size() && rows.size() < count; ++row)
    rows.push_back(static_cast<std::uint32_t>(row));
  return whole_rows(caller, trace, rows);
}

Result<std::shared_ptr<const StoredSpans>> Queries::whole_rows(const Caller& caller, const TraceIndex& trace,
                                                               std::span<const std::uint32_t> rows) {
  auto out = std::make_shared<StoredSpans>();
  if (rows.empty()) return out;
  std::int64_t from = INT64_MAX, to = INT64_MIN;
  std::vector<std::uint64_t> ids;
  for (const auto row : rows) {
    const auto& s = trace.spans()[row];
    from = std::min(from, s.start);
    to = std::max(to, s.start);
    ids.push_back(s.span_id);
  }
  Sql sql(kWholeColumns);
  in_trace(sql, caller, trace, from, to);
  if (ids.size() < trace.size()) {
    sql << " AND span_id IN ";
    sql.u64s(ids);
  }
  sql << " ORDER BY span_id, version DESC LIMIT 1 BY span_id";
  TS_ASSIGN(auto answer, impl_->ask(caller, sql));
  out->bytes = std::move(answer.bytes);

  struct Ids {
    std::uint64_t scope, resource;
  };
  std::vector<Ids> came_with;
  store::RowReader in(out->bytes);
  std::map<std::uint64_t, std::pair<StoredSpan, store::StoredPayload>> by_id;
  std::map<store::PartId, std::string_view> parts;
  std::map<std::uint64_t, Ids> ids_of;
  std::vector<std::uint64_t> wanted;
  while (in.more()) {
    Ids of{};
    store::StoredPayload payload;
    auto span = read_whole(in, of.scope, of.resource, payload);
    TS_TRY(in.status());
    for (const auto& id : payload.shared) parts.emplace(id, std::string_view{});
    span.span.trace_id = trace.trace_id();
    wanted.push_back(of.scope);
    wanted.push_back(of.resource);
    ids_of[span.span.span_id] = of;
    const auto id = span.span.span_id;
    by_id.emplace(id, std::pair(std::move(span), std::move(payload)));
  }
  TS_TRY(in.status());
  if (!parts.empty()) TS_TRY(impl_->read_parts(caller, parts, *out));
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());

  Sql about(
      "SELECT id, is_scope, any(attrs_json), any(name), any(version), any(schema_url), any(dropped) FROM "
      "resources WHERE project = ");
  about.u32(caller.project) << " AND id IN ";
  about.u64s(wanted) << " GROUP BY id, is_scope";
  TS_ASSIGN(auto described, impl_->ask(caller, about));
  out->texts.push_back(std::move(described.bytes));
  store::RowReader resources(out->texts.back());
  while (resources.more()) {
    const auto id = resources.u64();
    const bool is_scope = resources.boolean();
    const auto json = resources.string();
    const auto scope_name = resources.string(), scope_version = resources.string(),
               schema_url = resources.string();
    const auto dropped = resources.u32();
    TS_TRY(resources.status());
    TS_ASSIGN(const auto attributes, store::restore_attributes(json, *out->arena));
    if (is_scope)
      out->scopes[id] = {scope_name, scope_version, attributes, dropped, schema_url};
    else
      out->resources[id] = {attributes, dropped, schema_url};
  }
  for (const auto row : rows) {
    const auto it = by_id.find(trace.spans()[row].span_id);
    if (it == by_id.end()) continue;
    const auto& of = ids_of.at(trace.spans()[row].span_id);
    auto& [span, payload] = it->second;
    if (!payload.join([&](const store::PartId& id) { return parts[id]; }, out->texts))
      turnscope::count(Anomaly::store_part_missing);
    span.input = payload.input;
    span.output = payload.output;
    TS_TRY(store::restore(payload, *out->arena, span.span));
    span.resource = &out->resources[of.resource];  // empty when it has not arrived
    span.scope = &out->scopes[of.scope];
    span.duplicates = trace.nodes()[row].duplicates;
    out->spans.push_back(span);
  }
  return out;
}

Result<std::shared_ptr<const StoredSpans>> Queries::span(const Caller& caller, const TraceIndex& trace,
                                                         std::uint64_t span_id) {
  const auto row = trace.find(span_id);
  if (row == kNone)
    return fail(ErrorKind::not_found,
                fmt::format("span {:016x} is not in trace {}", span_id, otlp::hex(trace.trace_id())));
  TS_ASSIGN(auto found, whole_spans(caller, trace, row, 1));
  if (found->spans.empty())
    return fail(ErrorKind::not_found,
                fmt::format("span {:016x} is gone; retention may have removed it", span_id));
  return found;
}

}  // namespace turnscope::query
