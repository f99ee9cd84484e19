#include "otlp/protobuf_common.h"

namespace turnscope::otlp {
namespace {
using namespace pb;

AnyValue real(double d) {
  AnyValue v;
  v.type = AnyValue::Type::real;
  v.real = d;
  return v;
}
AnyValue integer(std::int64_t i) {
  AnyValue v;
  v.type = AnyValue::Type::integer;
  v.integer = i;
  return v;
}
std::int32_t zigzag(std::uint64_t v) {
  const auto n = static_cast<std::uint32_t>(v);
  return static_cast<std::int32_t>(n >> 1 ^ (0u - (n & 1)));
}

Exemplar exemplar(Context& c, std::string_view bytes) {
  Exemplar e;
  AttributeList attributes(c, occurrences(c, bytes, 7));
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(2, Wire::fixed64):
        e.time_unix_nano = m.fixed<std::uint64_t>();
        break;
      case tag(3, Wire::fixed64):
        e.value = real(m.fixed<double>());
        break;
      case tag(6, Wire::fixed64):
        e.value = integer(m.fixed<std::int64_t>());
        break;
      case tag(4, Wire::length):
        e.span_id = optional_span_id(c, m.bytes());
        break;
      case tag(5, Wire::length):
        e.trace_id = optional_trace_id(c, m.bytes());
        break;
      case tag(7, Wire::length):
        attributes.add(m.bytes());
        break;
      default:
        m.skip();
    }
  }
  std::uint32_t dropped = 0;
  e.attributes = attributes.take(dropped);
  return e;
}

/// Repeated 8-byte numbers, packed or not.
template <typename T>
std::span<const T> fixed_list(Context& c, std::string_view bytes, std::uint32_t field) {
  std::size_t n = 0;
  for (Message m(c, bytes); m.next();) {
    if (m.tag() == tag(field, Wire::length)) {
      const std::string_view packed = m.bytes();
      if (packed.size() % 8) c.malformed(packed.data(), "a packed list of 8-byte numbers of odd length");
      n += packed.size() / 8;
      continue;
    }
    n += m.tag() == tag(field, Wire::fixed64);
    m.skip();
  }
  T* out = c.array<T>(n);
  std::size_t used = 0;
  for (Message m(c, bytes); m.next();) {
    if (m.tag() == tag(field, Wire::length)) {
      const std::string_view packed = m.bytes();
      if (!packed.empty()) std::memcpy(out + used, packed.data(), packed.size());
      used += packed.size() / 8;
    } else if (m.tag() == tag(field, Wire::fixed64)) {
      out[used++] = m.fixed<T>();
    } else {
      m.skip();
    }
  }
  return {out, n};
}

/// Repeated varints, packed or not.
std::span<const std::uint64_t> varint_list(Context& c, std::string_view bytes, std::uint32_t field) {
  std::size_t n = 0;
  for (Message m(c, bytes); m.next();) {
    if (m.tag() == tag(field, Wire::length)) {
      for (const char b : m.bytes()) n += static_cast<std::uint8_t>(b) < 0x80;
      continue;
    }
    n += m.tag() == tag(field, Wire::varint);
    m.skip();
  }
  auto* out = c.array<std::uint64_t>(n);
  std::size_t used = 0;
  for (Message m(c, bytes); m.next();) {
    if (m.tag() == tag(field, Wire::length)) {
      const std::string_view packed = m.bytes();
      for (Message list(c, packed); !list.at_end();) out[used++] = list.varint_value();
    } else if (m.tag() == tag(field, Wire::varint)) {
      out[used++] = m.varint_value();
    } else {
      m.skip();
    }
  }
  return {out, n};
}

/// Decodes the exemplars in field `field` of a point.
std::span<const Exemplar> exemplar_list(Context& c, std::string_view bytes, std::uint32_t field) {
  const std::size_t total = occurrences(c, bytes, field);
  const std::size_t room = std::min(total, c.limits.links_per_span);
  if (total == 0) return {};
  auto* list = c.array<Exemplar>(room);
  std::size_t used = 0;
  for (Message m(c, bytes); m.next();) {
    if (m.tag() == tag(field, Wire::length) && used < room)
      list[used++] = exemplar(c, m.bytes());
    else
      m.skip();
  }
  c.dropped_parts(total - room);
  return {list, used};
}

NumberPoint number_point(Context& c, std::string_view bytes) {
  NumberPoint p;
  AttributeList attributes(c, occurrences(c, bytes, 7));
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(2, Wire::fixed64):
        p.start_unix_nano = m.fixed<std::uint64_t>();
        break;
      case tag(3, Wire::fixed64):
        p.time_unix_nano = m.fixed<std::uint64_t>();
        break;
      case tag(4, Wire::fixed64):
        p.value = real(m.fixed<double>());
        break;
      case tag(6, Wire::fixed64):
        p.value = integer(m.fixed<std::int64_t>());
        break;
      case tag(7, Wire::length):
        attributes.add(m.bytes());
        break;
      case tag(8, Wire::varint):
        p.flags = static_cast<std::uint32_t>(m.varint_value());
        break;
      default:
        m.skip();
    }
  }
  std::uint32_t dropped = 0;
  p.attributes = attributes.take(dropped);
  p.exemplars = exemplar_list(c, bytes, 5);
  return p;
}

void set(double& value, bool& has, double v) {
  value = v;
  has = true;
}

HistogramPoint histogram_point(Context& c, std::string_view bytes) {
  HistogramPoint p;
  AttributeList attributes(c, occurrences(c, bytes, 9));
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(2, Wire::fixed64):
        p.start_unix_nano = m.fixed<std::uint64_t>();
        break;
      case tag(3, Wire::fixed64):
        p.time_unix_nano = m.fixed<std::uint64_t>();
        break;
      case tag(4, Wire::fixed64):
        p.count = m.fixed<std::uint64_t>();
        break;
      case tag(5, Wire::fixed64):
        set(p.sum, p.has_sum, m.fixed<double>());
        break;
      case tag(9, Wire::length):
        attributes.add(m.bytes());
        break;
      case tag(10, Wire::varint):
        p.flags = static_cast<std::uint32_t>(m.varint_value());
        break;
      case tag(11, Wire::fixed64):
        set(p.min, p.has_min, m.fixed<double>());
        break;
      case tag(12, Wire::fixed64):
        set(p.max, p.has_max, m.fixed<double>());
        break;
      default:
        m.skip();
    }
  }
  std::uint32_t dropped = 0;
  p.attributes = attributes.take(dropped);
  p.bucket_counts = fixed_list<std::uint64_t>(c, bytes, 6);
  p.bounds = fixed_list<double>(c, bytes, 7);
  p.exemplars = exemplar_list(c, bytes, 8);
  return p;
}

void buckets(Context& c, std::string_view bytes, std::int32_t& offset,
             std::span<const std::uint64_t>& counts) {
  for (Message m(c, bytes); m.next();) {
    if (m.tag() == tag(1, Wire::varint))
      offset = zigzag(m.varint_value());
    else
      m.skip();
  }
  counts = varint_list(c, bytes, 2);
}

ExponentialPoint exponential_point(Context& c, std::string_view bytes) {
  ExponentialPoint p;
  AttributeList attributes(c, occurrences(c, bytes, 1));
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(1, Wire::length):
        attributes.add(m.bytes());
        break;
      case tag(2, Wire::fixed64):
        p.start_unix_nano = m.fixed<std::uint64_t>();
        break;
      case tag(3, Wire::fixed64):
        p.time_unix_nano = m.fixed<std::uint64_t>();
        break;
      case tag(4, Wire::fixed64):
        p.count = m.fixed<std::uint64_t>();
        break;
      case tag(5, Wire::fixed64):
        set(p.sum, p.has_sum, m.fixed<double>());
        break;
      case tag(6, Wire::varint):
        p.scale = zigzag(m.varint_value());
        break;
      case tag(7, Wire::fixed64):
        p.zero_count = m.fixed<std::uint64_t>();
        break;
      case tag(8, Wire::length):
        buckets(c, m.bytes(), p.positive_offset, p.positive_counts);
        break;
      case tag(9, Wire::length):
        buckets(c, m.bytes(), p.negative_offset, p.negative_counts);
        break;
      case tag(10, Wire::varint):
        p.flags = static_cast<std::uint32_t>(m.varint_value());
        break;
      case tag(12, Wire::fixed64):
        set(p.min, p.has_min, m.fixed<double>());
        break;
      case tag(13, Wire::fixed64):
        set(p.max, p.has_max, m.fixed<double>());
        break;
      case tag(14, Wire::fixed64):
        p.zero_threshold = m.fixed<double>();
        break;
      default:
        m.skip();
    }
  }
  std::uint32_t dropped = 0;
  p.attributes = attributes.take(dropped);
  p.exemplars = exemplar_list(c, bytes, 11);
  return p;
}

SummaryPoint summary_point(Context& c, std::string_view bytes) {
  SummaryPoint p;
  std::size_t n_attributes = 0, n_quantiles = 0;
  for (Message m(c, bytes); m.next(); m.skip()) {
    n_attributes += m.tag() == tag(7, Wire::length);
    n_quantiles += m.tag() == tag(6, Wire::length);
  }
  AttributeList attributes(c, n_attributes);
  auto* quantiles = c.array<std::pair<double, double>>(n_quantiles);
  std::size_t used = 0;
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(2, Wire::fixed64):
        p.start_unix_nano = m.fixed<std::uint64_t>();
        break;
      case tag(3, Wire::fixed64):
        p.time_unix_nano = m.fixed<std::uint64_t>();
        break;
      case tag(4, Wire::fixed64):
        p.count = m.fixed<std::uint64_t>();
        break;
      case tag(5, Wire::fixed64):
        p.sum = m.fixed<double>();
        break;
      case tag(6, Wire::length): {
        auto& [quantile, value] = quantiles[used++];
        for (Message q(c, m.bytes()); q.next();) {
          switch (q.tag()) {
            case tag(1, Wire::fixed64):
              quantile = q.fixed<double>();
              break;
            case tag(2, Wire::fixed64):
              value = q.fixed<double>();
              break;
            default:
              q.skip();
          }
        }
        break;
      }
      case tag(7, Wire::length):
        attributes.add(m.bytes());
        break;
      case tag(8, Wire::varint):
        p.flags = static_cast<std::uint32_t>(m.varint_value());
        break;
      default:
        m.skip();
    }
  }
  std::uint32_t dropped = 0;
  p.attributes = attributes.take(dropped);
  p.quantiles = {quantiles, used};
  return p;
}

/// Gauge, Sum, Histogram …: data_points = 1, aggregation_temporality = 2, is_monotonic = 3. A metric counts
/// as many items as it has points; points beyond the limit are rejected.
template <typename Point, typename F>
std::span<const Point> points(Context& c, std::string_view bytes, Metric& metric, F&& one) {
  const std::size_t room = std::min(occurrences(c, bytes, 1), c.items_left());
  auto* list = c.array<Point>(room);
  std::size_t used = 0;
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(1, Wire::length): {
        const std::string_view point = m.bytes();
        if (c.admit()) list[used++] = one(c, point);
        break;
      }
      case tag(2, Wire::varint): {
        const std::uint64_t t = m.varint_value();
        metric.temporality = t <= 2 ? static_cast<Temporality>(t) : Temporality::unspecified;
        break;
      }
      case tag(3, Wire::varint):
        metric.monotonic = m.varint_value() != 0;
        break;
      default:
        m.skip();
    }
  }
  return {list, used};
}

bool metric(Context& c, std::string_view bytes, Metric& out) {
  std::string_view data;
  std::uint32_t which = 0;
  for (Message m(c, bytes); m.next();) {
    switch (m.tag()) {
      case tag(1, Wire::length):
        out.name = c.key(m.bytes());
        break;
      case tag(2, Wire::length):
        out.description = c.text(m.bytes());
        break;
      case tag(3, Wire::length):
        out.unit = c.text(m.bytes());
        break;
      case tag(5, Wire::length):
      case tag(7, Wire::length):
      case tag(9, Wire::length):
      case tag(10, Wire::length):
      case tag(11, Wire::length):
        if (which) c.report.modified = true;  // a oneof set twice: the last one counts
        which = m.tag() >> 3;
        data = m.bytes();
        break;
      default:
        m.skip();
    }
  }
  switch (which) {
    case 5:
      out.type = MetricType::gauge;
      out.numbers = points<NumberPoint>(c, data, out, number_point);
      break;
    case 7:
      out.type = MetricType::sum;
      out.numbers = points<NumberPoint>(c, data, out, number_point);
      break;
    case 9:
      out.type = MetricType::histogram;
      out.histograms = points<HistogramPoint>(c, data, out, histogram_point);
      break;
    case 10:
      out.type = MetricType::exponential_histogram;
      out.exponentials = points<ExponentialPoint>(c, data, out, exponential_point);
      break;
    case 11:
      out.type = MetricType::summary;
      out.summaries = points<SummaryPoint>(c, data, out, summary_point);
      break;
    default:
      break;
  }
  return !out.numbers.empty() || !out.histograms.empty() || !out.exponentials.empty() ||
         !out.summaries.empty();
}

}  // namespace

Result<Metrics> decode_metrics_protobuf(std::string_view bytes, Arena& arena, const Limits& limits,
                                        DecodeReport& report) {
  return guarded<Metrics>(bytes, arena, limits, report, "metrics", "data points", [&](Context& c) {
    return Metrics{groups<ResourceMetrics, ScopeMetrics>(
        c, bytes, [](Context& cc, std::string_view part, ScopeMetrics& s) {
          s.metrics = scope_items<Metric>(
              cc, part, s.scope, [&](std::string_view item, Metric& out) { return metric(cc, item, out); });
          return !s.metrics.empty();
        })};
  });
}

}  // namespace turnscope::otlp
