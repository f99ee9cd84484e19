// What there is: services, operations, dependencies, facets, keys, values, series over time, tokens by model.
#include <chrono>
#include <cmath>

#include "api/handlers.h"
#include "api/render.h"

namespace turnscope::api {
namespace {

using query::QueryAnswer;
using query::QueryError;

double since(std::chrono::steady_clock::time_point start) {
  const auto ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return std::round(ms * 100) / 100;
}

template <typename T, typename Write>
QueryAnswer<Answer> page(const Result<query::Page<T>>& items, std::string_view name, Write&& write) {
  if (!items) return std::unexpected(QueryError(items.error()));
  JsonWriter json;
  json.begin_object().key(name).begin_array();
  for (const auto& item : items->items) {
    json.begin_object();
    write(json, item);
    json.end_object();
  }
  json.end_array();
  write_more(json, *items);
  json.end_object();
  return Answer{200, json.take(), "application/json", {}, false};
}

QueryAnswer<Answer> services(Context& context, const ApiRequest& r) {
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  return page(context.queries->services(r.caller, *range), "services",
              [](JsonWriter& json, const query::ServiceInfo& s) {
                json.field("name", s.name).field("spans", s.spans).field("errors", s.errors);
                json.key("last_seen_unix_nano").text_of(s.last_seen);
              });
}

QueryAnswer<Answer> operations(Context& context, const ApiRequest& r) {
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  return page(context.queries->operations(r.caller, r.parameter("service"), *range), "operations",
              [](JsonWriter& json, const query::OperationInfo& o) {
                json.field("name", o.name)
                    .field("service", o.service)
                    .field("span_kind", span_kind_name(o.span_kind));
                json.field("kind", kind_name(o.kind)).field("spans", o.spans);
              });
}

QueryAnswer<Answer> dependencies(Context& context, const ApiRequest& r) {
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  return page(context.queries->dependencies(r.caller, *range), "dependencies",
              [](JsonWriter& json, const query::DependencyInfo& d) {
                json.field("parent", d.parent)
                    .field("child", d.child)
                    .field("calls", d.calls)
                    .field("errors", d.errors);
                json.field("p50_ns", d.p50_ns).field("p95_ns", d.p95_ns);
              });
}

QueryAnswer<bool> rows_are_traces(const ApiRequest& r) {
  const auto row = r.parameter("row");
  if (row.empty() || row == "traces") return true;
  if (row == "spans") return false;
  return std::unexpected(QueryError(ErrorKind::invalid_argument, "row= is traces or spans", "row"));
}

QueryAnswer<Answer> facets(Context& context, const ApiRequest& r) {
  const auto start = std::chrono::steady_clock::now();
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  auto traces = rows_are_traces(r);
  if (!traces) return std::unexpected(traces.error());
  auto limit = r.number("limit", 1, 100, 20);
  if (!limit) return std::unexpected(limit.error());
  std::vector<std::string> fields;
  std::string_view rest =
      r.has("fields") ? r.parameter("fields") : "service,kind,status,model,tool,agent,environment";
  while (!rest.empty()) {
    const auto end = rest.find(',');
    if (end != 0) fields.emplace_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  query::SearchRequest request{std::string(r.parameter("q")), *range, *limit, {}};
  auto found = context.queries->facets(r.caller, request, *traces, fields);
  if (!found) return std::unexpected(found.error());
  JsonWriter json;
  json.begin_object().key("facets").begin_array();
  for (const auto& facet : *found) {
    json.begin_object().field("field", facet.field).key("values").begin_array();
    for (const auto& v : facet.values)
      json.begin_object().field("value", v.value).field("count", v.count).end_object();
    json.end_array().field("more", facet.more).end_object();
  }
  json.end_array();
  if (!found->empty() && found->front().adjusted) json.field("adjusted", true);
  json.field("took_ms", since(start)).end_object();
  return Answer{200, json.take(), "application/json", {}, false};
}

QueryAnswer<Answer> keys(Context& context, const ApiRequest& r) {
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  return page(context.queries->keys(r.caller, r.parameter("prefix"), *range), "keys",
              [](JsonWriter& json, const query::KeyCount& k) {
                json.field("key", k.key).field("type", k.type).field("count", k.count);
              });
}

QueryAnswer<Answer> values(Context& context, const ApiRequest& r) {
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  auto found = context.queries->values(r.caller, r.parameter("key"), r.parameter("prefix"), *range);
  if (!found) return std::unexpected(found.error());
  return page(Result<query::Page<query::ValueCount>>(std::move(*found)), "values",
              [](JsonWriter& json, const query::ValueCount& v) {
                json.field("value", v.value).field("count", v.count);
              });
}

void write_points(JsonWriter& json, const std::vector<query::TimePoint>& points) {
  json.begin_array();
  for (const auto& p : points) {
    json.begin_object().key("t").text_of(p.time);
    json.field("count", p.count)
        .field("errors", p.errors)
        .field("p50_ns", p.p50_ns)
        .field("p95_ns", p.p95_ns);
    json.field("p99_ns", p.p99_ns)
        .field("input_tokens", p.input_tokens)
        .field("output_tokens", p.output_tokens)
        .end_object();
  }
  json.end_array();
}

QueryAnswer<Answer> timeseries(Context& context, const ApiRequest& r) {
  const auto start = std::chrono::steady_clock::now();
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  auto traces = rows_are_traces(r);
  if (!traces) return std::unexpected(traces.error());
  auto buckets = r.number("buckets", 1, 500, 60);
  if (!buckets) return std::unexpected(buckets.error());
  query::SearchRequest request{std::string(r.parameter("q")), *range, 50, {}};
  const auto by = r.parameter("by");
  auto found = context.queries->timeseries(r.caller, request, *traces, *buckets, by);
  if (!found) return std::unexpected(found.error());
  JsonWriter json;
  json.begin_object().field("step_ns", found->step_ns).key("points");
  write_points(json, found->points);
  if (!by.empty()) {
    json.key("series").begin_array();
    for (const auto& [key, points] : found->series) {
      json.begin_object().field("key", key).key("points");
      write_points(json, points);
      json.end_object();
    }
    json.end_array().field("more", found->more);
  }
  json.field("count", found->count).field("errors", found->errors);
  if (found->adjusted) json.field("adjusted", true);
  json.field("took_ms", since(start)).end_object();
  return Answer{200, json.take(), "application/json", {}, false};
}

QueryAnswer<Answer> storage(Context& context, const ApiRequest&) {
  const auto tables = context.queries->storage();
  if (!tables) return std::unexpected(QueryError(tables.error()));
  const auto sampled = context.queries->sampled_days();
  if (!sampled) return std::unexpected(QueryError(sampled.error()));
  JsonWriter json;
  json.begin_object().key("tables").begin_array();
  for (const auto& d : tables->items) {
    json.begin_object().field("table", d.table).text_or_null("day", d.day).field("rows", d.rows);
    json.field("bytes", d.bytes)
        .field("uncompressed_bytes", d.raw_bytes)
        .field("parts", d.parts)
        .end_object();
  }
  json.end_array().field("more", tables->more).key("sampled_days").begin_array();
  for (const auto& d : sampled->items)
    json.begin_object()
        .field("day", d.day)
        .field("dropped_traces", d.traces)
        .field("dropped_spans", d.spans)
        .end_object();
  json.end_array().end_object();
  return Answer{200, json.take(), "application/json", {}, false};
}

QueryAnswer<Answer> tokens(Context& context, const ApiRequest& r) {
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  return page(context.queries->tokens_by_model(r.caller, *range), "models",
              [](JsonWriter& json, const query::ModelTokens& m) {
                json.field("model", m.model).text_or_null("provider", m.provider).field("calls", m.calls);
                json.field("input", m.input).field("output", m.output).field("cache_read", m.cache_read);
              });
}

}  // namespace

void add_catalog_routes(Router& router, Context& context) {
  router.get("/api/v1/services", context, services);
  router.get("/api/v1/operations", context, operations);
  router.get("/api/v1/dependencies", context, dependencies);
  router.get("/api/v1/facets", context, facets);
  router.get("/api/v1/keys", context, keys);
  router.get("/api/v1/values", context, values);
  router.get("/api/v1/timeseries", context, timeseries);
  router.get("/api/v1/storage", context, storage);
  router.get("/api/v1/tokens", context, tokens);
}

}  // namespace turnscope::api
