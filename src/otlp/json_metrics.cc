#include "otlp/json_common.h"

namespace turnscope::otlp {
namespace {

constexpr std::string_view temporalities[] = {"AGGREGATION_TEMPORALITY_UNSPECIFIED",
                                              "AGGREGATION_TEMPORALITY_DELTA",
                                              "AGGREGATION_TEMPORALITY_CUMULATIVE"};

AnyValue number(JsonReader& r, std::string_view k, od::value v) {
  AnyValue out;
  if (JsonReader::is_null(v)) return out;
  if (k == "asInt") {
    out.type = AnyValue::Type::integer;
    out.integer = r.i64(v, k);
  } else {
    out.type = AnyValue::Type::real;
    out.real = r.real(v, k);
  }
  return out;
}
bool is_number(std::string_view k) { return k == "asInt" || k == "asDouble"; }

std::span<const Exemplar> exemplars(JsonReader& r, od::value v) {
  std::size_t over = 0;
  const auto list = r.list<Exemplar>(v, r.c.limits.links_per_span, over, [&](od::value element, Exemplar& e) {
    std::uint32_t dropped = 0;
    r.object(element, [&](std::string_view k, od::value f) {
      if (k == "timeUnixNano")
        e.time_unix_nano = r.u64(f, k);
      else if (is_number(k))
        e.value = number(r, k, f);
      else if (k == "traceId")
        e.trace_id = r.optional_trace_id(f, k);
      else if (k == "spanId")
        e.span_id = r.optional_span_id(f, k);
      else if (k == "filteredAttributes")
        e.attributes = r.attributes(f, dropped);
    });
    return true;
  });
  r.c.dropped_parts(over);
  return list;
}

std::span<const std::uint64_t> counts(JsonReader& r, od::value v, std::string_view what) {
  return r.list<std::uint64_t>(v, [&](od::value e, std::uint64_t& n) {
    n = r.u64(e, what);
    return true;
  });
}

/// What every kind of point has.
template <typename Point>
bool common(JsonReader& r, std::string_view k, od::value f, Point& p) {
  std::uint32_t dropped = 0;
  if (k == "attributes")
    p.attributes = r.attributes(f, dropped);
  else if (k == "startTimeUnixNano")
    p.start_unix_nano = r.u64(f, k);
  else if (k == "timeUnixNano")
    p.time_unix_nano = r.u64(f, k);
  else if (k == "flags")
    p.flags = r.u32(f, k);
  else
    return false;
  return true;
}

/// Optional sum, min and max of the two histograms.
template <typename Point>
bool extremes(JsonReader& r, std::string_view k, od::value f, Point& p) {
  double* value = k == "sum" ? &p.sum : k == "min" ? &p.min : k == "max" ? &p.max : nullptr;
  if (!value) return false;
  if (JsonReader::is_null(f)) return true;
  *value = r.real(f, k);
  (k == "sum" ? p.has_sum : k == "min" ? p.has_min : p.has_max) = true;
  return true;
}

void point(JsonReader& r, od::value v, NumberPoint& p) {
  r.object(v, [&](std::string_view k, od::value f) {
    if (common(r, k, f, p)) return;
    if (is_number(k))
      p.value = number(r, k, f);
    else if (k == "exemplars")
      p.exemplars = exemplars(r, f);
  });
}

void point(JsonReader& r, od::value v, HistogramPoint& p) {
  r.object(v, [&](std::string_view k, od::value f) {
    if (common(r, k, f, p) || extremes(r, k, f, p)) return;
    if (k == "count")
      p.count = r.u64(f, k);
    else if (k == "bucketCounts")
      p.bucket_counts = counts(r, f, k);
    else if (k == "explicitBounds")
      p.bounds = r.list<double>(f, [&](od::value e, double& d) {
        d = r.real(e, k);
        return true;
      });
    else if (k == "exemplars")
      p.exemplars = exemplars(r, f);
  });
}

void buckets(JsonReader& r, od::value v, std::int32_t& offset, std::span<const std::uint64_t>& list) {
  r.object(v, [&](std::string_view k, od::value f) {
    if (k == "offset")
      offset = r.i32(f, k);
    else if (k == "bucketCounts")
      list = counts(r, f, k);
  });
}

void point(JsonReader& r, od::value v, ExponentialPoint& p) {
  r.object(v, [&](std::string_view k, od::value f) {
    if (common(r, k, f, p) || extremes(r, k, f, p)) return;
    if (k == "count")
      p.count = r.u64(f, k);
    else if (k == "scale")
      p.scale = r.i32(f, k);
    else if (k == "zeroCount")
      p.zero_count = r.u64(f, k);
    else if (k == "zeroThreshold" && !JsonReader::is_null(f))
      p.zero_threshold = r.real(f, k);
    else if (k == "positive")
      buckets(r, f, p.positive_offset, p.positive_counts);
    else if (k == "negative")
      buckets(r, f, p.negative_offset, p.negative_counts);
    else if (k == "exemplars")
      p.exemplars = exemplars(r, f);
  });
}

void point(JsonReader& r, od::value v, SummaryPoint& p) {
  r.object(v, [&](std::string_view k, od::value f) {
    if (common(r, k, f, p)) return;
    if (k == "count")
      p.count = r.u64(f, k);
    else if (k == "sum" && !JsonReader::is_null(f))
      p.sum = r.real(f, k);
    else if (k == "quantileValues")
      p.quantiles = r.list<std::pair<double, double>>(f, [&](od::value e, std::pair<double, double>& q) {
        r.object(e, [&](std::string_view kk, od::value ff) {
          if (JsonReader::is_null(ff)) return;
          if (kk == "quantile")
            q.first = r.real(ff, kk);
          else if (kk == "value")
            q.second = r.real(ff, kk);
        });
        return true;
      });
  });
}

template <typename Point>
std::span<const Point> points(JsonReader& r, od::value v, Metric& m) {
  std::span<const Point> out;
  r.object(v, [&](std::string_view k, od::value f) {
    if (k == "dataPoints") {
      out = r.list<Point>(f, [&](od::value e, Point& p) {
        if (!r.c.admit()) return false;
        point(r, e, p);
        return true;
      });
    } else if (k == "aggregationTemporality") {
      const std::int32_t t = r.enumeration(f, k, temporalities);
      m.temporality = t >= 0 && t <= 2 ? static_cast<Temporality>(t) : Temporality::unspecified;
    } else if (k == "isMonotonic") {
      m.monotonic = r.boolean(f, k);
    }
  });
  return out;
}

bool metric(JsonReader& r, od::value v, Metric& m) {
  r.object(v, [&](std::string_view k, od::value f) {
    if (k == "name") {
      m.name = r.name(f, k);
    } else if (k == "description") {
      m.description = r.text(f, k);
    } else if (k == "unit") {
      m.unit = r.text(f, k);
    } else if (JsonReader::is_null(f)) {
      return;
    } else if (k == "gauge") {
      m.type = MetricType::gauge;
      m.numbers = points<NumberPoint>(r, f, m);
    } else if (k == "sum") {
      m.type = MetricType::sum;
      m.numbers = points<NumberPoint>(r, f, m);
    } else if (k == "histogram") {
      m.type = MetricType::histogram;
      m.histograms = points<HistogramPoint>(r, f, m);
    } else if (k == "exponentialHistogram") {
      m.type = MetricType::exponential_histogram;
      m.exponentials = points<ExponentialPoint>(r, f, m);
    } else if (k == "summary") {
      m.type = MetricType::summary;
      m.summaries = points<SummaryPoint>(r, f, m);
    }
  });
  return !m.numbers.empty() || !m.histograms.empty() || !m.exponentials.empty() || !m.summaries.empty();
}

}  // namespace

Result<Metrics> decode_metrics_json(std::string_view bytes, Arena& arena, const Limits& limits,
                                    DecodeReport& report) {
  return guarded<Metrics>(bytes, arena, limits, report, "metrics", "data points", [&](Context& c) {
    return json_request<ResourceMetrics, ScopeMetrics, Metric, Metrics>(
        c, bytes, "resourceMetrics", "scopeMetrics", "metrics", &ScopeMetrics::metrics, metric);
  });
}

}  // namespace turnscope::otlp
