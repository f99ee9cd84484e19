// /api/v1/metrics: what agents send as metrics, as series over time.
#include <fmt/format.h>

#include "api/handlers.h"
#include "api/render.h"
#include "query/language/values.h"

namespace turnscope::api {
namespace {

using query::QueryAnswer;
using query::QueryError;

constexpr std::string_view kTypes[] = {"none",   "gauge", "sum", "histogram", "exponential_histogram",
                                       "summary"};
constexpr std::string_view kTemporalities[] = {"unspecified", "delta", "cumulative"};

std::string_view type_name(std::uint8_t t) { return kTypes[t < std::size(kTypes) ? t : 0]; }
std::string_view temporality_name(std::uint8_t t) {
  return kTemporalities[t < std::size(kTemporalities) ? t : 0];
}

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).begin_array();
  for (const auto& t : texts) json.value(t);
  json.end_array();
}

void write_range(JsonWriter& json, query::TimeRange range) {
  json.key("searched_from").text_of(range.from);
  json.key("searched_to").text_of(range.to);
}

QueryAnswer<Answer> list(Context& context, const ApiRequest& r) {
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  const auto found = context.queries->metrics(r.caller, *range);
  if (!found) return std::unexpected(QueryError(found.error()));
  JsonWriter json;
  json.begin_object().key("metrics").begin_array();
  for (const auto& m : found->items) {
    json.begin_object().field("name", m.name).field("type", type_name(m.type));
    json.field("temporality", temporality_name(m.temporality)).field("monotonic", m.monotonic);
    json.text_or_null("unit", m.unit).text_or_null("description", m.description);
    json.field("series", m.series).field("points", m.points).key("last_unix_nano").text_of(m.last);
    write_texts(json, "services", m.services);
    write_texts(json, "attributes", m.attributes);
    json.end_object();
  }
  json.end_array().field("more", found->more);
  write_range(json, *range);
  json.end_object();
  return Answer{200, json.take(), "application/json", {}, false};
}

/// About a hundred steps, in round numbers.
std::int64_t fitting_step(query::TimeRange range) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  for (const std::int64_t s : {1, 5, 10, 15, 30, 60, 300, 600, 1'800, 3'600, 7'200, 21'600, 86'400, 604'800})
    if ((range.to - range.from) / (s * kSecond) <= 120) return s * kSecond;
  return 30 * 86'400 * kSecond;
}

QueryAnswer<query::MetricRequest> request_of(const ApiRequest& r) {
  query::MetricRequest out;
  out.name = std::string(r.parameter("name"));
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  out.ask.range = *range;
  out.ask.step = fitting_step(*range);
  if (r.has("step")) {
    const auto step = query::parse_duration(r.parameter("step"));
    if (!step || *step > 366ull * 86'400'000'000'000)
      return std::unexpected(
          QueryError(ErrorKind::invalid_argument, "step= is a duration, as 30s, 5m or 1h", "step"));
    out.ask.step = static_cast<std::int64_t>(*step);
  }
  if (r.has("fn")) {
    const auto function = query::metric_function(r.parameter("fn"));
    if (!function)
      return std::unexpected(QueryError(ErrorKind::invalid_argument, function.error().message, "fn"));
    out.ask.function = *function;
  }
  if (r.has("q")) {
    const auto percent = r.number("q", 0, 100, 95);
    if (!percent)
      return std::unexpected(QueryError(ErrorKind::invalid_argument, "q= is a percentile, 0 to 100", "q"));
    out.ask.quantile = static_cast<double>(*percent) / 100;
  }
  std::string_view rest = r.parameter("by");
  while (!rest.empty()) {
    const auto end = rest.find(',');
    if (end != 0) out.by.emplace_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  for (const auto& condition : r.all("where")) {
    const auto equals = condition.find('=');
    if (equals == std::string::npos || equals == 0)
      return std::unexpected(
          QueryError(ErrorKind::invalid_argument, "where= is KEY=VALUE, once for each condition", "where"));
    out.where.emplace_back(condition.substr(0, equals), condition.substr(equals + 1));
  }
  auto limit = r.number("limit", 1, 1'000, 100);
  if (!limit) return std::unexpected(limit.error());
  out.limit = *limit;
  return out;
}

QueryAnswer<Answer> series(Context& context, const ApiRequest& r) {
  auto request = request_of(r);
  if (!request) return std::unexpected(request.error());
  auto found = context.queries->metric(r.caller, *request);
  if (!found) return std::unexpected(found.error());
  JsonWriter json;
  json.begin_object().field("name", request->name).field("type", type_name(found->type));
  json.field("temporality", temporality_name(found->temporality)).text_or_null("unit", found->unit);
  json.field("fn", name(request->ask.function))
      .field("step_ns", static_cast<std::uint64_t>(request->ask.step));
  json.key("q");
  if (request->ask.function == query::MetricFunction::quantile)
    json.value(request->ask.quantile * 100);
  else
    json.null();
  write_texts(json, "by", request->by);
  json.field("points", found->points).key("series").begin_array();
  for (const auto& s : found->series) {
    json.begin_object().key("key").begin_object();
    for (std::size_t i = 0; i < request->by.size(); ++i) json.text_or_null(request->by[i], s.key[i]);
    json.end_object().key("values").begin_array();
    for (const auto& v : s.values) {
      if (v)
        json.value(*v);
      else
        json.null();
    }
    json.end_array().end_object();
  }
  json.end_array().field("more", found->more);
  write_range(json, request->ask.range);
  json.end_object();
  return Answer{200, json.take(), "application/json", {}, false};
}

}  // namespace

void add_metric_routes(Router& router, Context& context) {
  router.get("/api/v1/metrics", context, list);
  router.get("/api/v1/metrics/series", context, series);
}

}  // namespace turnscope::api
