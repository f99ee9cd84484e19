// Metrics as agents send them: points are read from the store, series are made in metric_series.cc.
#include "query/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "query/impl.h"

namespace turnscope::query {
namespace {

constexpr std::size_t kMostSteps = 2'000, kMostPoints = 500'000;
/// Before the range: where cumulative counts stood. Clients report every minute at the latest, as a rule.
constexpr std::int64_t kBefore = 600'000'000'000;

void group_or_attribute(Sql& sql, const std::string& key) {
  if (key == "service")
    sql << "toString(service)";
  else
    attribute_text(sql, key);
}

double weight(const MetricSeries& s) {
  double sum = 0;
  for (const auto& v : s.values)
    if (v && std::isfinite(*v)) sum += std::abs(*v);
  return sum;
}

}  // namespace

Result<Page<MetricInfo>> Queries::metrics(const Caller& caller, TimeRange range) {
  Sql sql(
      "SELECT toString(name), any(toString(unit)), any(toString(description)), any(type), any(temporality), "
      "max(monotonic), uniqExact(series), count(), toInt64(toUnixTimestamp64Nano(max(time))), "
      "groupUniqArray(50)(toString(service)), groupUniqArrayArray(50)(arrayConcat(mapKeys(attrs_str), "
      "mapKeys(attrs_int), mapKeys(attrs_dbl), mapKeys(attrs_bool))) FROM metrics FINAL WHERE project = ");
  sql.u32(caller.project) << " AND time >= ";
  sql.time(range.from) << " AND time < ";
  sql.time(range.to) << " GROUP BY name ORDER BY name LIMIT 1001";
  TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
  Page<MetricInfo> out;
  store::RowReader in(rows.bytes);
  while (in.more()) {
    MetricInfo m;
    m.name = in.string();
    m.unit = in.string();
    m.description = in.string();
    m.type = in.u8();
    m.temporality = in.u8();
    m.monotonic = in.boolean();
    m.series = in.u64();
    m.points = in.u64();
    m.last = in.i64();
    for (const auto s : in.strings()) m.services.emplace_back(s);
    for (const auto s : in.strings()) m.attributes.emplace_back(s);
    std::sort(m.services.begin(), m.services.end());
    std::sort(m.attributes.begin(), m.attributes.end());
    out.items.push_back(std::move(m));
  }
  TS_TRY(in.status());
  out.more = out.items.size() > 1'000;
  if (out.more) out.items.resize(1'000);
  return out;
}

QueryAnswer<MetricAnswer> Queries::metric(const Caller& caller, const MetricRequest& request) {
  const auto wrong = [](std::string message, std::string field) {
    return std::unexpected(QueryError(ErrorKind::invalid_argument, std::move(message), std::move(field)));
  };
  const auto& ask = request.ask;
  if (request.name.empty()) return wrong("name= is missing; GET /api/v1/metrics lists the metrics", "name");
  if (ask.step < 1'000'000'000) return wrong("step= is at least 1s", "step");
  if (static_cast<std::uint64_t>(ask.range.to - ask.range.from) / static_cast<std::uint64_t>(ask.step) >=
      kMostSteps)
    return wrong(fmt::format("more than {} steps in this time range: take a larger step=", kMostSteps),
                 "step");
  if (request.by.size() > 4) return wrong("at most 4 attributes can be asked for at once", "by");
  if (request.where.size() > 8) return wrong("at most 8 conditions can be asked for at once", "where");

  Sql sql(
      "SELECT series, toInt64(toUnixTimestamp64Nano(time)), start, type, temporality, number, count, sum, "
      "bounds, "
      "buckets, scale, zero_count, positive_offset, negative_offset, negative_buckets, toString(unit)");
  for (const auto& key : request.by) {
    sql << ", ";
    group_or_attribute(sql, key);
  }
  sql << " FROM metrics FINAL WHERE project = ";
  sql.u32(caller.project) << " AND name = ";
  sql.str(request.name) << " AND time >= ";
  sql.time(std::max<std::int64_t>(0, ask.range.from - std::max(kBefore, ask.step))) << " AND time < ";
  // A point without a recorded value says that there is none.
  sql.time(ask.range.to) << " AND bitAnd(flags, 1) = 0";
  for (const auto& [key, value] : request.where) {
    sql << " AND ";
    group_or_attribute(sql, key);
    sql << " = ";
    sql.str(value);
  }
  sql << " ORDER BY series, time";
  auto rows = impl_->ask(caller, sql, "", kMostPoints);
  if (!rows) return std::unexpected(QueryError(rows.error()));

  MetricAnswer out;
  std::vector<MetricPoint> points;
  store::RowReader in(rows->bytes);
  while (in.more()) {
    MetricPoint p;
    p.series = in.u64();
    p.time = in.i64();
    p.start = in.u64();
    p.type = static_cast<otlp::MetricType>(in.u8());
    p.temporality = static_cast<otlp::Temporality>(in.u8());
    p.value = in.f64();
    p.count = in.u64();
    p.sum = in.f64();
    p.bounds = in.array([&] { return in.f64(); });
    p.buckets = in.array([&] { return in.u64(); });
    p.scale = in.i32();
    p.zero_count = in.u64();
    p.positive_offset = in.i32();
    p.negative_offset = in.i32();
    p.negative = in.array([&] { return in.u64(); });
    const auto unit = in.string();
    for (std::size_t i = 0; i < request.by.size(); ++i) p.key.emplace_back(in.string());
    out.unit = unit;
    out.type = static_cast<std::uint8_t>(p.type);
    out.temporality = static_cast<std::uint8_t>(p.temporality);
    points.push_back(std::move(p));
  }
  if (const auto read = in.status(); !read) return std::unexpected(QueryError(read.error()));
  if (points.empty())
    return std::unexpected(QueryError(
        ErrorKind::not_found,
        "no point of that metric in this time range; GET /api/v1/metrics lists the metrics", "name"));
  out.points = points.size();
  out.series = metric_series(points, ask);
  std::stable_sort(out.series.begin(), out.series.end(),
                   [](const auto& a, const auto& b) { return weight(a) > weight(b); });
  out.more = out.series.size() > request.limit;
  if (out.more) out.series.resize(request.limit);
  return out;
}

}  // namespace turnscope::query
