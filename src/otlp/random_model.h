// Random but valid models for property tests: every field, every value type, odd numbers, any Unicode.
#pragma once
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "otlp/model.h"

namespace turnscope::otlp {

class RandomModel {
 public:
  explicit RandomModel(std::uint64_t seed) : rng_(seed) {}

  Traces traces() {
    return {many<ResourceSpans>(1, 3, [&] {
      return ResourceSpans{resource(), many<ScopeSpans>(1, 3, [&] {
                             return ScopeSpans{scope(), many<Span>(1, 5, [&] { return span(); })};
                           })};
    })};
  }
  Logs logs() {
    return {many<ResourceLogs>(1, 3, [&] {
      return ResourceLogs{resource(), many<ScopeLogs>(1, 3, [&] {
                            return ScopeLogs{scope(), many<LogRecord>(1, 5, [&] { return record(); })};
                          })};
    })};
  }
  Metrics metrics() {
    return {many<ResourceMetrics>(1, 3, [&] {
      return ResourceMetrics{resource(), many<ScopeMetrics>(1, 3, [&] {
                               return ScopeMetrics{scope(), many<Metric>(1, 6, [&] { return metric(); })};
                             })};
    })};
  }
  std::uint64_t below(std::uint64_t n) {
    return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(rng_);
  }

 private:
  bool chance(int percent) { return below(100) < static_cast<std::uint64_t>(percent); }
  std::uint64_t number() {
    switch (below(4)) {
      case 0:
        return 0;
      case 1:
        return below(1000);
      case 2:
        return std::numeric_limits<std::uint64_t>::max() - below(3);
      default:
        return rng_();
    }
  }
  std::uint32_t small() { return chance(70) ? 0 : static_cast<std::uint32_t>(rng_()); }
  double real() {
    switch (below(7)) {
      case 0:
        return std::numeric_limits<double>::quiet_NaN();
      case 1:
        return std::numeric_limits<double>::infinity();
      case 2:
        return -std::numeric_limits<double>::infinity();
      case 3:
        return -0.0;
      case 4:
        return std::numeric_limits<double>::denorm_min();
      case 5:
        return static_cast<double>(below(1000));
      default:
        return std::uniform_real_distribution<double>(-1e300, 1e300)(rng_);
    }
  }
  std::string_view text(std::size_t most = 40) {
    static constexpr std::string_view parts[] = {"a", "Z", " ",  "\"",   "\\",           "\n",        "\x01",
                                                 "/", "ä", "漢", "🙂", "\xE2\x80\xA8", "</script>", "word"};
    std::string s;
    for (std::uint64_t n = below(most); n > 0; --n) s += parts[below(std::size(parts))];
    if (chance(3)) s.push_back('\0');
    return keep(std::move(s));
  }
  std::string_view blob() {
    std::string s;
    for (std::uint64_t n = below(20); n > 0; --n) s.push_back(static_cast<char>(rng_()));
    return keep(std::move(s));
  }
  std::string_view keep(std::string s) {
    return *texts_.emplace_back(std::make_unique<std::string>(std::move(s)));
  }

  template <typename T, typename F>
  std::span<const T> many(std::size_t least, std::size_t most, F&& one) {
    const std::size_t n = least + below(most - least + 1);
    auto list = std::make_shared<std::vector<T>>();
    for (std::size_t i = 0; i < n; ++i) list->push_back(one());
    lists_.push_back(list);
    return *list;
  }

  AnyValue value(int depth) {
    AnyValue v;
    switch (below(depth > 0 ? 8 : 6)) {
      case 0:
        break;
      case 1:
        v.type = AnyValue::Type::string;
        v.text = text();
        break;
      case 2:
        v.type = AnyValue::Type::boolean;
        v.boolean = chance(50);
        break;
      case 3:
        v.type = AnyValue::Type::integer;
        v.integer = static_cast<std::int64_t>(number());
        break;
      case 4:
        v.type = AnyValue::Type::real;
        v.real = real();
        break;
      case 5:
        v.type = AnyValue::Type::bytes;
        v.text = blob();
        break;
      case 6:
        v.type = AnyValue::Type::array;
        v.values = many<AnyValue>(0, 4, [&] { return value(depth - 1); });
        break;
      default:
        v.type = AnyValue::Type::kvlist;
        v.fields = fields(depth - 1);
        break;
    }
    return v;
  }
  Attributes fields(int depth) {
    std::size_t i = 0;
    return many<KeyValue>(0, 5, [&] {
      return KeyValue{keep(std::to_string(i++) + std::string(text(5))), value(depth)};
    });
  }
  Attributes attributes() { return fields(3); }
  TraceId trace_id() {
    TraceId id;
    for (auto& b : id) b = static_cast<std::uint8_t>(rng_() | 1);
    return id;
  }
  TraceId maybe_trace_id() { return chance(50) ? trace_id() : TraceId{}; }
  SpanId maybe_span_id() { return chance(50) ? rng_() : 0; }
  Resource resource() { return {attributes(), small(), text()}; }
  Scope scope() { return {text(), text(), attributes(), small(), text()}; }
  Span span() {
    Span s;
    s.trace_id = trace_id();
    s.span_id = rng_() | 1;
    s.parent_span_id = maybe_span_id();
    s.trace_state = text();
    s.flags = small();
    s.name = text();
    s.kind = static_cast<SpanKind>(below(6));
    s.start_unix_nano = number();
    s.end_unix_nano = number();
    s.attributes = attributes();
    s.events = many<Event>(0, 3, [&] { return Event{number(), text(), attributes(), small()}; });
    s.links = many<Link>(0, 3, [&] {
      return Link{maybe_trace_id(), maybe_span_id(), text(), attributes(), small(), small()};
    });
    s.dropped_attributes = small();
    s.dropped_events = small();
    s.dropped_links = small();
    s.status = static_cast<StatusCode>(below(3));
    s.status_message = text();
    return s;
  }
  LogRecord record() {
    return {number(),        number(), static_cast<std::int32_t>(below(25)),
            text(),          value(3), attributes(),
            small(),         small(),  maybe_trace_id(),
            maybe_span_id(), text()};
  }
  AnyValue point_value() {
    AnyValue v;
    if (chance(10)) return v;
    v.type = chance(50) ? AnyValue::Type::real : AnyValue::Type::integer;
    if (v.type == AnyValue::Type::real)
      v.real = real();
    else
      v.integer = static_cast<std::int64_t>(rng_());
    return v;
  }
  std::span<const Exemplar> exemplars() {
    return many<Exemplar>(0, 2, [&] {
      return Exemplar{number(), point_value(), maybe_trace_id(), maybe_span_id(), attributes()};
    });
  }
  std::span<const std::uint64_t> counts() {
    return many<std::uint64_t>(0, 6, [&] { return number(); });
  }
  std::span<const double> bounds() {
    return many<double>(0, 6, [&] { return real(); });
  }
  template <typename Point>
  void extremes(Point& p) {
    if ((p.has_sum = chance(70))) p.sum = real();
    if ((p.has_min = chance(50))) p.min = real();
    if ((p.has_max = chance(50))) p.max = real();
  }
  Metric metric() {
    Metric m;
    m.name = text();
    m.description = text();
    m.unit = text();
    m.type = static_cast<MetricType>(1 + below(5));
    const bool aggregated = m.type != MetricType::gauge && m.type != MetricType::summary;
    if (aggregated) m.temporality = static_cast<Temporality>(below(3));
    if (m.type == MetricType::sum) m.monotonic = chance(50);
    switch (m.type) {
      case MetricType::gauge:
      case MetricType::sum:
        m.numbers = many<NumberPoint>(1, 3, [&] {
          return NumberPoint{attributes(), number(), number(), point_value(), small(), exemplars()};
        });
        break;
      case MetricType::histogram:
        m.histograms = many<HistogramPoint>(1, 3, [&] {
          HistogramPoint p;
          p.attributes = attributes();
          p.start_unix_nano = number(), p.time_unix_nano = number(), p.count = number();
          extremes(p);
          p.bucket_counts = counts();
          p.bounds = bounds();
          p.flags = small();
          p.exemplars = exemplars();
          return p;
        });
        break;
      case MetricType::exponential_histogram:
        m.exponentials = many<ExponentialPoint>(1, 3, [&] {
          ExponentialPoint p;
          p.attributes = attributes();
          p.start_unix_nano = number(), p.time_unix_nano = number(), p.count = number(),
          p.zero_count = number();
          extremes(p);
          p.zero_threshold = static_cast<double>(below(3));
          p.scale = static_cast<std::int32_t>(rng_());
          p.positive_offset = static_cast<std::int32_t>(rng_());
          p.negative_offset = static_cast<std::int32_t>(rng_());
          p.positive_counts = counts();
          p.negative_counts = counts();
          p.flags = small();
          p.exemplars = exemplars();
          return p;
        });
        break;
      default:
        m.summaries = many<SummaryPoint>(1, 3, [&] {
          return SummaryPoint{attributes(),
                              number(),
                              number(),
                              number(),
                              static_cast<double>(below(100)),
                              many<std::pair<double, double>>(0, 3,
                                                              [&] {
                                                                return std::pair{real(), real()};
                                                              }),
                              small()};
        });
    }
    return m;
  }

  std::mt19937_64 rng_;
  std::vector<std::unique_ptr<std::string>> texts_;
  std::vector<std::shared_ptr<void>> lists_;
};

}  // namespace turnscope::otlp
