// What there is: services, operations, dependencies, facets, keys, values, series over time.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "query/impl.h"

namespace turnscope::query {
namespace {

/// Rows sent twice are folded by the engine in these (see "Duplicates from clients" in docs/performance.md).
constexpr std::size_t kListLimit = 1'000;

void order_and_cut(auto& page, std::size_t limit) {
  page.more = page.items.size() > limit;
  if (page.more) page.items.resize(limit);
}

struct FacetField {
  std::string_view name;
  Fragment expression;  ///< gives a String; empty text is no value
};
constexpr FacetField kFacetFields[] = {
    {"service", "service"},
    {"name", "name"},
    {"kind",
     "transform(kind, [0,1,2,3,4,5,6,7], "
     "['other','agent','turn','llm','tool','retrieval','embedding','chain'], '')"},
    {"status", "transform(status, [0,1,2], ['unset','ok','error'], '')"},
    {"span_kind",
     "transform(span_kind, [0,1,2,3,4,5], "
     "['unspecified','internal','server','client','producer','consumer'], '')"},
    {"error", "if(is_error = 1, 'true', 'false')"},
    {"model", "model"},
    {"provider", "provider"},
    {"tool", "tool"},
    {"agent", "agent"},
    {"session", "session"},
    {"user", "user"},
    {"operation", "operation"},
    {"environment", "environment"},
    {"prompt_name", "prompt_name"},
    {"prompt_version", "prompt_version"},
    {"experiment", "experiment"},
    {"variant", "variant"},
    {"error_type", "error_type"},
    {"root_name", "if(parent_span_id = 0, name, '')"},
    {"scope.name", "scope"},
};

const FacetField* facet_field(std::string_view name) {
  for (const auto& f : kFacetFields)
    if (f.name == name) return &f;
  return nullptr;
}

std::string facet_fields() {
  std::string all;
  for (const auto& f : kFacetFields) all.append(all.empty() ? "" : ", ").append(f.name);
  return all;
}

void add_filter(Sql& sql, const Filter& filter) {
  if (filter.everything) return;
  sql << " AND ";
  sql.append(filter.predicate);
}

/// Rows of UInt8 field, String value, UInt64 count: of each field the most frequent values, `limit` and one
/// more.
Sql facet_counts(const Caller& caller, TimeRange range, const Filter& filter, bool traces, bool weighted,
                 std::span<const FacetField* const> fields, std::size_t limit) {
  Sql sql = filter.prefix;
  sql << "SELECT pair.1 AS field, pair.2 AS value, "
      << (traces ? count_traces(weighted) : count_rows(weighted)) << " AS n FROM (SELECT trace_id, weight, "
      << "arrayJoin([";
  for (std::size_t i = 0; i < fields.size(); ++i) {
    sql << (i == 0 ? Fragment("(toUInt8(") : Fragment(", (toUInt8("));
    sql.u64(i) << "), toString(" << fields[i]->expression << "))";
  }
  sql << "]) AS pair FROM spans" << (traces ? Fragment(" WHERE ") : Fragment(" FINAL WHERE "));
  in_range(sql, caller, range);
  add_filter(sql, filter);
  sql << ") WHERE value != '' GROUP BY field, value ORDER BY n DESC, value LIMIT ";
  sql.u64(limit + 1) << " BY field";
  return sql;
}

}  // namespace

Result<Page<ServiceInfo>> Queries::services(const Caller& caller, TimeRange range) {
  const bool weighted = impl_->has_weights(caller);
  Sql sql("SELECT service, ");
  sql << count_rows(weighted) << ", " << count_errors(weighted) << ", max(start) FROM spans FINAL WHERE ";
  in_range(sql, caller, range);
  sql << " GROUP BY service ORDER BY service LIMIT 1001";
  TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
  Page<ServiceInfo> page;
  page.adjusted = weighted;
  store::RowReader in(rows.bytes);
  while (in.more()) {
    ServiceInfo s;
    s.name = in.string();
    s.spans = in.u64();
    s.errors = in.u64();
    s.last_seen = in.i64();
    page.items.push_back(std::move(s));
  }
  TS_TRY(in.status());
  order_and_cut(page, kListLimit);
  return page;
}

Result<Page<std::string>> Queries::service_names(const Caller& caller) {
  Sql sql("SELECT DISTINCT service FROM resources WHERE project = ");
  sql.u32(caller.project) << " AND is_scope = 0 AND service != '' ORDER BY service LIMIT 10001";
  TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
  Page<std::string> page;
  store::RowReader in(rows.bytes);
  while (in.more()) page.items.emplace_back(in.string());
  TS_TRY(in.status());
  order_and_cut(page, 10'000);
  return page;
}

Result<Page<OperationInfo>> Queries::operations(const Caller& caller, std::string_view service,
                                                TimeRange range) {
  const bool weighted = impl_->has_weights(caller);
  Sql sql("SELECT name, service, span_kind, kind, ");
  sql << count_rows(weighted) << " AS n FROM spans FINAL WHERE ";
  in_range(sql, caller, range);
  if (!service.empty()) {
    sql << " AND service = ";
    sql.str(service);
  }
  sql << " GROUP BY name, service, span_kind, kind ORDER BY n DESC, name, service, span_kind, kind LIMIT "
         "1001";
  TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
  Page<OperationInfo> page;
  page.adjusted = weighted;
  store::RowReader in(rows.bytes);
  while (in.more()) {
    OperationInfo o;
    o.name = in.string();
    o.service = in.string();
    o.span_kind = in.u8();
    o.kind = in.u8();
    o.spans = in.u64();
    page.items.push_back(std::move(o));
  }
  TS_TRY(in.status());
  order_and_cut(page, kListLimit);
  return page;
}

Result<Page<OperationInfo>> Queries::operation_names(const Caller& caller, std::string_view service) {
  Sql sql("SELECT name, span_kind FROM spans WHERE project = ");
  sql.u32(caller.project) << " AND service = ";
  sql.str(service) << " GROUP BY name, span_kind ORDER BY name, span_kind LIMIT 10001";
  TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
  Page<OperationInfo> page;
  store::RowReader in(rows.bytes);
  while (in.more()) {
    OperationInfo o;
    o.name = in.string();
    o.span_kind = in.u8();
    o.service = service;
    page.items.push_back(std::move(o));
  }
  TS_TRY(in.status());
  order_and_cut(page, 10'000);
  return page;
}

Result<Page<DependencyInfo>> Queries::dependencies(const Caller& caller, TimeRange range) {
  // A call across services is a span whose parent is of another service. Parents may have started up to an
  // hour before.
  TimeRange parents = range;
  parents.from = std::max<std::int64_t>(0, parents.from - 3'600'000'000'000);
  const bool weighted = impl_->has_weights(caller);
  Sql sql("SELECT p.service AS parent, c.service AS child, ");
  sql << count_rows(weighted) << ", " << count_errors(weighted);
  sql << (weighted ? Fragment(", quantileTDigestWeighted(0.5)(c.duration_ns, c.weight), "
                              "quantileTDigestWeighted(0.95)(c.duration_ns, c.weight)")
                   : Fragment(", quantileTDigest(0.5)(c.duration_ns), quantileTDigest(0.95)(c.duration_ns)"));
  sql << " FROM (SELECT trace_id, parent_span_id, service, is_error, duration_ns, weight FROM spans FINAL "
         "WHERE ";
  in_range(sql, caller, range);
  sql << " AND parent_span_id != 0) AS c INNER JOIN (SELECT trace_id, span_id, any(service) AS service FROM "
         "spans WHERE ";
  in_range(sql, caller, parents);
  sql << " GROUP BY trace_id, span_id) AS p ON c.trace_id = p.trace_id AND c.parent_span_id = p.span_id "
         "WHERE p.service != "
         "c.service GROUP BY parent, child ORDER BY parent, child LIMIT 5001";
  TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
  Page<DependencyInfo> page;
  page.adjusted = weighted;
  store::RowReader in(rows.bytes);
  while (in.more()) {
    DependencyInfo d;
    d.parent = in.string();
    d.child = in.string();
    d.calls = in.u64();
    d.errors = in.u64();
    d.p50_ns = static_cast<std::uint64_t>(std::max(0.0f, in.f32()));
    d.p95_ns = static_cast<std::uint64_t>(std::max(0.0f, in.f32()));
    page.items.push_back(std::move(d));
  }
  TS_TRY(in.status());
  order_and_cut(page, 5'000);
  return page;
}

QueryAnswer<std::vector<Facet>> Queries::facets(const Caller& caller, const SearchRequest& request,
                                                bool traces, const std::vector<std::string>& fields) {
  auto filter = impl_->filter(caller, request.q, request.range);
  if (!filter) return std::unexpected(filter.error());
  if (fields.size() > 20)
    return std::unexpected(
        QueryError(ErrorKind::invalid_argument, "more than 20 fields; ask for fewer", "fields"));
  const std::size_t limit = std::clamp<std::size_t>(request.limit, 1, 100);
  const bool weighted = impl_->has_weights(caller);
  std::vector<Facet> out;
  std::vector<const FacetField*> known;
  for (const auto& name : fields) {
    const auto* field = facet_field(name);
    if (!field)
      return std::unexpected(
          QueryError(ErrorKind::invalid_argument,
                     fmt::format("`{}` has no facet; use one of {}, or /api/v1/values?key={} for attributes",
                                 name, facet_fields(), name),
                     "fields"));
    known.push_back(field);
    out.push_back({name, {}, false, weighted});
  }
  const auto count_by = [&](std::span<const FacetField* const> by, std::span<Facet> to) -> Status {
    const auto sql = facet_counts(caller, request.range, *filter, traces, weighted, by, limit);
    TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
    store::RowReader in(rows.bytes);
    while (in.more()) {
      const auto field = in.u8();
      ValueCount v;
      v.value = in.string();
      v.count = in.u64();
      if (field < to.size()) to[field].values.push_back(std::move(v));
    }
    return in.status();
  };
  // A condition is worked out once for all fields: one that looks through texts takes seconds. Without one,
  // and where that takes too much memory, field by field.
  Status done = filter->everything || known.empty() ? fail(ErrorKind::overloaded, "") : count_by(known, out);
  if (!done && done.error().kind == ErrorKind::overloaded) {
    done = {};
    for (std::size_t i = 0; i < known.size() && done; ++i) {
      out[i].values.clear();
      done = count_by(std::span(known).subspan(i, 1), std::span(out).subspan(i, 1));
    }
  }
  if (!done) return std::unexpected(QueryError(done.error()));
  for (auto& facet : out) {
    facet.more = facet.values.size() > limit;
    if (facet.more) facet.values.resize(limit);
  }
  return out;
}

Result<Page<KeyCount>> Queries::keys(const Caller& caller, std::string_view prefix, TimeRange range) {
  Page<KeyCount> page;
  page.stored_only = impl_->has_weights(caller);
  for (const auto& f : search_fields())
    if (f.name.starts_with(prefix)) page.items.push_back({std::string(f.name), std::string(f.type), 0});
  // Names of attributes are a matter of instrumentation, not of a single span: a look at recent ones
  // suffices, and the count says how many of those have it.
  const std::string_view under = prefix.starts_with("resource.") ? prefix.substr(9) : prefix;
  Sql sql(
      "SELECT key, type, count() AS n FROM (SELECT arrayJoin(arrayConcat(arrayMap(k -> (k, 'text'), "
      "mapKeys(attrs_str)), "
      "arrayMap(k -> (k, 'number'), mapKeys(attrs_int)), arrayMap(k -> (k, 'number'), mapKeys(attrs_dbl)), "
      "arrayMap(k -> (k, 'bool'), mapKeys(attrs_bool)), arrayMap(k -> (k, 'list'), mapKeys(attrs_json)), "
      "arrayMap(k -> (k, 'text'), mapKeys(attrs_ref)))) AS pair, pair.1 AS key, pair.2 AS type FROM (SELECT "
      "attrs_str, "
      "attrs_int, attrs_dbl, attrs_bool, attrs_json, attrs_ref FROM spans WHERE ");
  in_range(sql, caller, range);
  sql << " ORDER BY start DESC LIMIT 20000)) WHERE startsWith(key, ";
  sql.str(under) << ") GROUP BY key, type ORDER BY n DESC, key LIMIT 501";
  TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
  store::RowReader in(rows.bytes);
  while (in.more()) {
    KeyCount k;
    k.key = in.string();
    k.type = in.string();
    k.count = in.u64();
    if (!prefix.starts_with("resource.")) page.items.push_back(std::move(k));
  }
  TS_TRY(in.status());
  Sql about(
      "SELECT concat('resource.', key) AS name, count() AS n FROM (SELECT arrayJoin(mapKeys(attrs_str)) AS "
      "key FROM "
      "resources WHERE project = ");
  about.u32(caller.project) << " AND is_scope = 0) WHERE startsWith(name, ";
  about.str(prefix) << ") GROUP BY name ORDER BY n DESC, name LIMIT 201";
  TS_ASSIGN(const auto described, impl_->ask(caller, about));
  store::RowReader resources(described.bytes);
  while (resources.more()) {
    KeyCount k;
    k.key = resources.string();
    k.type = "text";
    k.count = resources.u64();
    page.items.push_back(std::move(k));
  }
  TS_TRY(resources.status());
  order_and_cut(page, 500);
  return page;
}

QueryAnswer<Page<ValueCount>> Queries::values(const Caller& caller, std::string_view key,
                                              std::string_view prefix, TimeRange range) {
  Page<ValueCount> page;
  page.stored_only = impl_->has_weights(caller);
  Sql sql;
  if (const auto* field = facet_field(key)) {
    sql << "SELECT value, count() AS n FROM (SELECT " << field->expression << " AS value FROM spans WHERE ";
    in_range(sql, caller, range);
    sql << " ORDER BY start DESC LIMIT 200000)";
  } else if (key.starts_with("resource.")) {
    sql << "SELECT value, count() AS n FROM (SELECT attrs_str[";
    sql.str(key.substr(9)) << "] AS value FROM resources WHERE project = ";
    sql.u32(caller.project) << " AND is_scope = 0)";
  } else {
    if (key.empty() || key.size() > 1024)
      return std::unexpected(QueryError(ErrorKind::invalid_argument,
                                        "give the field or attribute key, at most 1,024 bytes", "key"));
    sql << "SELECT value, count() AS n FROM (SELECT ";
    attribute_text(sql, key);
    sql << " AS value FROM spans WHERE ";
    in_range(sql, caller, range);
    sql << " ORDER BY start DESC LIMIT 200000)";
  }
  sql << " WHERE value != '' AND startsWith(lowerUTF8(value), lowerUTF8(";
  sql.str(prefix) << ")) GROUP BY value ORDER BY n DESC, value LIMIT 101";
  auto rows = impl_->ask(caller, sql);
  if (!rows) return std::unexpected(QueryError(rows.error()));
  store::RowReader in(rows->bytes);
  while (in.more()) {
    ValueCount v;
    v.value = in.string();
    v.count = in.u64();
    page.items.push_back(std::move(v));
  }
  order_and_cut(page, 100);
  return page;
}

QueryAnswer<Timeseries> Queries::timeseries(const Caller& caller, const SearchRequest& request, bool traces,
                                            std::size_t buckets, std::string_view by) {
  auto filter = impl_->filter(caller, request.q, request.range);
  if (!filter) return std::unexpected(filter.error());
  const auto* split = by.empty() ? nullptr : facet_field(by);
  if (!by.empty() && !split)
    return std::unexpected(
        QueryError(ErrorKind::invalid_argument,
                   fmt::format("`{}` is no field to split by; use one of {}", by, facet_fields()), "by"));
  buckets = std::clamp<std::size_t>(buckets, 1, 500);
  // Steps people can read, so that the same range gives the same bars.
  static constexpr std::array<std::int64_t, 24> kSteps = {
      1,    2,    5,     10,    15,    30,    60,     120,    300,     600,     900,     1800,
      3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000, 7776000, 31536000};
  const auto span = request.range.to - request.range.from;
  std::int64_t step = kSteps.back();
  for (auto s : kSteps) {
    if (span / (s * 1'000'000'000) + 1 > static_cast<std::int64_t>(buckets)) continue;
    step = s;
    break;
  }
  Timeseries out;
  const bool weighted = out.adjusted = impl_->has_weights(caller);
  out.step_ns = step * 1'000'000'000;
  const auto read =
      [&](const Sql& sql) -> Result<std::vector<std::pair<std::string, std::map<std::int64_t, TimePoint>>>> {
    TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
    std::vector<std::pair<std::string, std::map<std::int64_t, TimePoint>>> groups;
    store::RowReader in(rows.bytes);
    while (in.more()) {
      std::string key(in.string());
      const auto bucket = in.i64();
      TimePoint p;
      p.count = in.u64();
      p.errors = in.u64();
      p.p50_ns = static_cast<std::uint64_t>(std::max(0.0f, in.f32()));
      p.p95_ns = static_cast<std::uint64_t>(std::max(0.0f, in.f32()));
      p.p99_ns = static_cast<std::uint64_t>(std::max(0.0f, in.f32()));
      p.input_tokens = in.u64();
      p.output_tokens = in.u64();
      if (groups.empty() || groups.back().first != key)
        groups.emplace_back(key, std::map<std::int64_t, TimePoint>());
      groups.back().second[bucket] = p;
    }
    TS_TRY(in.status());
    return groups;
  };
  const auto figures = [&](Sql& sql) {
    sql << "intDiv(toUnixTimestamp64Nano(start), ";
    sql.i64(out.step_ns) << ") AS bucket, ";
    if (traces)
      sql << count_traces(weighted) << ", " << count_failed_traces(weighted) << ", ";
    else
      sql << count_rows(weighted) << ", " << count_errors(weighted) << ", ";
    if (weighted)
      sql << "quantileTDigestWeighted(0.5)(duration_ns, weight), quantileTDigestWeighted(0.95)(duration_ns, "
             "weight), "
             "quantileTDigestWeighted(0.99)(duration_ns, weight), "
             "toUInt64(intDiv(sumIf(toUInt128(tok_input + tok_cache_read + tok_cache_write) * weight, "
             "usage_role = 1), 1000)), "
             "toUInt64(intDiv(sumIf(toUInt128(tok_output + tok_reasoning) * weight, usage_role = 1), 1000)) "
             "FROM spans FINAL WHERE ";
    else
      sql << "quantileTDigest(0.5)(duration_ns), quantileTDigest(0.95)(duration_ns), "
             "quantileTDigest(0.99)(duration_ns), "
             "sumIf(tok_input + tok_cache_read + tok_cache_write, usage_role = 1), "
             "sumIf(tok_output + tok_reasoning, usage_role = 1) FROM spans FINAL WHERE ";
    in_range(sql, caller, request.range);
    add_filter(sql, *filter);
  };
  // Empty steps are points too: a gap in the data is not a gap in the axis.
  const auto fill = [&](const std::map<std::int64_t, TimePoint>& points) {
    std::vector<TimePoint> all;
    for (auto bucket = request.range.from / out.step_ns; bucket * out.step_ns < request.range.to; ++bucket) {
      TimePoint p;
      if (const auto it = points.find(bucket); it != points.end()) p = it->second;
      p.time = bucket * out.step_ns;
      all.push_back(p);
    }
    return all;
  };
  Sql sql = filter->prefix;
  if (traces)
    sql << "SELECT if(grouping(bucket) = 0, 'steps', 'whole') AS part, ";
  else
    sql << "SELECT 'steps' AS part, ";
  figures(sql);
  if (traces)
    sql << " GROUP BY GROUPING SETS ((bucket), ())";
  else
    sql << " GROUP BY bucket";
  sql << " ORDER BY part, bucket LIMIT 1001";
  auto whole = read(sql);
  if (!whole) return std::unexpected(QueryError(whole.error()));
  std::map<std::int64_t, TimePoint> steps;
  for (auto& [part, found] : *whole) {
    for (const auto& [bucket, p] : found)
      if (part == "whole" || !traces) out.count += p.count, out.errors += p.errors;
    if (part == "steps") steps = std::move(found);
  }
  out.points = fill(steps);
  if (!split) return out;

  constexpr std::size_t kSeries = 8;
  Sql top = filter->prefix;
  top << "SELECT " << split->expression << " AS value FROM spans FINAL WHERE ";
  in_range(top, caller, request.range);
  add_filter(top, *filter);
  top << " AND value != '' GROUP BY value ORDER BY count() DESC, value LIMIT ";
  top.u64(kSeries + 1);
  auto values = impl_->ask(caller, top);
  if (!values) return std::unexpected(QueryError(values.error()));
  std::vector<std::string> keys;
  store::RowReader in(values->bytes);
  while (in.more()) keys.emplace_back(in.string());
  out.more = keys.size() > kSeries;
  if (out.more) keys.resize(kSeries);
  Sql parts = filter->prefix;
  parts << "SELECT " << split->expression << " AS value, ";
  figures(parts);
  parts << " AND value IN ";
  parts.strs(keys) << " GROUP BY value, bucket ORDER BY value, bucket LIMIT 10000";
  auto series = read(parts);
  if (!series) return std::unexpected(QueryError(series.error()));
  for (const auto& key : keys)
    for (const auto& [name, points] : *series)
      if (name == key) out.series.emplace_back(key, fill(points));
  return out;
}

Result<Page<StoredDay>> Queries::storage() {
  Sql sql(
      "SELECT table, if(partition = 'tuple()', '', partition) AS day, sum(rows), sum(bytes_on_disk), "
      "sum(data_uncompressed_bytes), count() FROM system.parts WHERE active AND database = currentDatabase() "
      "GROUP BY "
      "table, day ORDER BY day DESC, table LIMIT 5001");
  TS_ASSIGN(const auto rows, impl_->ask({}, sql));
  Page<StoredDay> page;
  store::RowReader in(rows.bytes);
  while (in.more()) {
    StoredDay d;
    d.table = in.string();
    d.day = in.string();
    d.rows = in.u64();
    d.bytes = in.u64();
    d.raw_bytes = in.u64();
    d.parts = in.u64();
    page.items.push_back(std::move(d));
  }
  TS_TRY(in.status());
  order_and_cut(page, 5'000);
  return page;
}

Result<Page<SampledDay>> Queries::sampled_days() {
  Sql sql(
      "SELECT toString(day), sum(traces), sum(spans) FROM retention_runs GROUP BY day ORDER BY day DESC "
      "LIMIT 1001");
  TS_ASSIGN(const auto rows, impl_->ask({}, sql));
  Page<SampledDay> page;
  store::RowReader in(rows.bytes);
  while (in.more()) {
    SampledDay d{std::string(in.string()), 0, 0};
    d.traces = in.u64();
    d.spans = in.u64();
    page.items.push_back(std::move(d));
  }
  TS_TRY(in.status());
  order_and_cut(page, kListLimit);
  return page;
}

Result<Page<ModelTokens>> Queries::tokens_by_model(const Caller& caller, TimeRange range) {
  const bool weighted = impl_->has_weights(caller);
  Sql sql("SELECT model, provider, ");
  sql << count_rows(weighted) << " AS calls";
  for (const auto tokens : {Fragment("tok_input + tok_cache_read + tok_cache_write"),
                            Fragment("tok_output + tok_reasoning"), Fragment("tok_cache_read")})
    if (weighted)
      sql << ", toUInt64(intDiv(sum(toUInt128(" << tokens << ") * weight), 1000))";
    else
      sql << ", sum(" << tokens << ")";
  sql << " FROM calls FINAL WHERE ";
  in_range(sql, caller, range);
  // To look for them reads the ids of every row, and most projects have none.
  if (impl_->has_duplicates(caller)) only_counted(sql, caller);
  sql << " AND usage_role = 1 AND model != '' GROUP BY model, provider ORDER BY calls DESC, model, provider "
         "LIMIT 1001";
  TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
  Page<ModelTokens> page;
  page.adjusted = weighted;
  store::RowReader in(rows.bytes);
  while (in.more()) {
    ModelTokens m;
    m.model = in.string();
    m.provider = in.string();
    m.calls = in.u64();
    m.input = in.u64();
    m.output = in.u64();
    m.cache_read = in.u64();
    page.items.push_back(std::move(m));
  }
  TS_TRY(in.status());
  order_and_cut(page, kListLimit);
  return page;
}

Result<Queries::StoreSize> Queries::store_size() {
  Sql sql(
      "SELECT sumIf(rows, table = 'spans'), sum(bytes_on_disk) FROM system.parts WHERE active AND database = "
      "currentDatabase()");
  TS_ASSIGN(const auto rows, impl_->ask({}, sql));
  store::RowReader in(rows.bytes);
  StoreSize size;
  size.spans = in.u64();
  size.bytes = in.u64();
  TS_TRY(in.status());
  return size;
}

}  // namespace turnscope::query
