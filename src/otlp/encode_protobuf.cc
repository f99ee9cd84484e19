#include <bit>
#include <protozero/pbf_writer.hpp>

#include "otlp/decode.h"

namespace turnscope::otlp {
namespace {

using protozero::pbf_writer;

void write(pbf_writer& w, const AnyValue& v);

/// A message that is written even when it stays empty, which protozero would leave out: an empty log record,
/// point or link is one all the same. `out` is the buffer that all writers share.
template <typename F>
void message(pbf_writer& w, std::string& out, std::uint32_t field, F&& fill) {
  const std::size_t before = out.size();
  {
    pbf_writer sub(w, field);
    fill(sub);
  }
  if (out.size() == before) w.add_message(field, "", 0);
}

void write(pbf_writer& w, std::uint32_t field, Attributes attributes) {
  for (const KeyValue& kv : attributes) {
    pbf_writer sub(w, field);
    sub.add_string(1, kv.key.data(), kv.key.size());
    if (kv.value.type != AnyValue::Type::none) {
      pbf_writer value(sub, 2);
      write(value, kv.value);
    }
  }
}

void write(pbf_writer& w, const AnyValue& v) {
  switch (v.type) {
    case AnyValue::Type::none:
      break;
    case AnyValue::Type::string:
      w.add_string(1, v.text.data(), v.text.size());
      break;
    case AnyValue::Type::boolean:
      w.add_bool(2, v.boolean);
      break;
    case AnyValue::Type::integer:
      w.add_int64(3, v.integer);
      break;
    case AnyValue::Type::real:
      w.add_double(4, v.real);
      break;
    // protozero leaves out messages that stay empty; an empty list or an element without value is not
    // "nothing".
    case AnyValue::Type::array: {
      if (v.values.empty()) {
        w.add_message(5, "", 0);
        break;
      }
      pbf_writer list(w, 5);
      for (const AnyValue& e : v.values) {
        if (e.type == AnyValue::Type::none) {
          list.add_message(1, "", 0);
          continue;
        }
        pbf_writer element(list, 1);
        write(element, e);
      }
      break;
    }
    case AnyValue::Type::kvlist: {
      if (v.fields.empty()) {
        w.add_message(6, "", 0);
        break;
      }
      pbf_writer list(w, 6);
      write(list, 1, v.fields);
      break;
    }
    case AnyValue::Type::bytes:
      w.add_bytes(7, v.text.data(), v.text.size());
      break;
  }
}

void text(pbf_writer& w, std::uint32_t field, std::string_view s) {
  if (!s.empty()) w.add_string(field, s.data(), s.size());
}
void number(pbf_writer& w, std::uint32_t field, std::uint32_t n) {
  if (n) w.add_uint32(field, n);
}
void time(pbf_writer& w, std::uint32_t field, std::uint64_t t) {
  if (t) w.add_fixed64(field, t);
}
void trace_id(pbf_writer& w, std::uint32_t field, const TraceId& id) {
  if (id != TraceId{}) w.add_bytes(field, reinterpret_cast<const char*>(id.data()), id.size());
}
void span_id(pbf_writer& w, std::uint32_t field, SpanId id) {
  if (!id) return;
  const SpanId wire = std::byteswap(id);
  w.add_bytes(field, reinterpret_cast<const char*>(&wire), sizeof wire);
}

void resource(pbf_writer& w, const Resource& r) {
  pbf_writer sub(w, 1);
  write(sub, 1, r.attributes);
  number(sub, 2, r.dropped_attributes);
}

void scope(pbf_writer& w, const Scope& s) {
  pbf_writer sub(w, 1);
  text(sub, 1, s.name);
  text(sub, 2, s.version);
  write(sub, 3, s.attributes);
  number(sub, 4, s.dropped_attributes);
}

void span(pbf_writer& w, const Span& s, std::string& out) {
  trace_id(w, 1, s.trace_id);
  span_id(w, 2, s.span_id);
  text(w, 3, s.trace_state);
  span_id(w, 4, s.parent_span_id);
  text(w, 5, s.name);
  if (s.kind != SpanKind::unspecified) w.add_enum(6, static_cast<std::int32_t>(s.kind));
  time(w, 7, s.start_unix_nano);
  time(w, 8, s.end_unix_nano);
  write(w, 9, s.attributes);
  number(w, 10, s.dropped_attributes);
  for (const Event& e : s.events) {
    if (e.time_unix_nano == 0 && e.name.empty() && e.attributes.empty() && e.dropped_attributes == 0) {
      w.add_message(11, "", 0);
      continue;
    }
    pbf_writer sub(w, 11);
    time(sub, 1, e.time_unix_nano);
    text(sub, 2, e.name);
    write(sub, 3, e.attributes);
    number(sub, 4, e.dropped_attributes);
  }
  number(w, 12, s.dropped_events);
  for (const Link& l : s.links) {
    message(w, out, 13, [&](pbf_writer& sub) {
      trace_id(sub, 1, l.trace_id);
      span_id(sub, 2, l.span_id);
      text(sub, 3, l.trace_state);
      write(sub, 4, l.attributes);
      number(sub, 5, l.dropped_attributes);
      if (l.flags) sub.add_fixed32(6, l.flags);
    });
  }
  number(w, 14, s.dropped_links);
  if (s.status != StatusCode::unset || !s.status_message.empty()) {
    pbf_writer sub(w, 15);
    text(sub, 2, s.status_message);
    if (s.status != StatusCode::unset) sub.add_enum(3, static_cast<std::int32_t>(s.status));
  }
  if (s.flags) w.add_fixed32(16, s.flags);
}

void record(pbf_writer& w, const LogRecord& r, std::string&) {
  time(w, 1, r.time_unix_nano);
  if (r.severity_number) w.add_enum(2, r.severity_number);
  text(w, 3, r.severity_text);
  if (r.body.type != AnyValue::Type::none) {
    pbf_writer sub(w, 5);
    write(sub, r.body);
  }
  write(w, 6, r.attributes);
  number(w, 7, r.dropped_attributes);
  if (r.flags) w.add_fixed32(8, r.flags);
  trace_id(w, 9, r.trace_id);
  span_id(w, 10, r.span_id);
  time(w, 11, r.observed_unix_nano);
  text(w, 12, r.event_name);
}

/// A number of a point or exemplar: as_double or as_int (sfixed64).
void value(pbf_writer& w, std::uint32_t real_field, std::uint32_t integer_field, const AnyValue& v) {
  if (v.type == AnyValue::Type::real) w.add_double(real_field, v.real);
  if (v.type == AnyValue::Type::integer) w.add_sfixed64(integer_field, v.integer);
}

void exemplars(pbf_writer& w, std::uint32_t field, std::span<const Exemplar> list) {
  for (const Exemplar& e : list) {
    pbf_writer sub(w, field);
    time(sub, 2, e.time_unix_nano);
    value(sub, 3, 6, e.value);
    span_id(sub, 4, e.span_id);
    trace_id(sub, 5, e.trace_id);
    write(sub, 7, e.attributes);
  }
}

void point(pbf_writer& w, const NumberPoint& p) {
  time(w, 2, p.start_unix_nano);
  time(w, 3, p.time_unix_nano);
  value(w, 4, 6, p.value);
  exemplars(w, 5, p.exemplars);
  write(w, 7, p.attributes);
  number(w, 8, p.flags);
}

void point(pbf_writer& w, const HistogramPoint& p) {
  time(w, 2, p.start_unix_nano);
  time(w, 3, p.time_unix_nano);
  time(w, 4, p.count);
  if (p.has_sum) w.add_double(5, p.sum);
  w.add_packed_fixed64(6, p.bucket_counts.begin(), p.bucket_counts.end());
  w.add_packed_double(7, p.bounds.begin(), p.bounds.end());
  exemplars(w, 8, p.exemplars);
  write(w, 9, p.attributes);
  number(w, 10, p.flags);
  if (p.has_min) w.add_double(11, p.min);
  if (p.has_max) w.add_double(12, p.max);
}

void buckets(pbf_writer& w, std::uint32_t field, std::int32_t offset, std::span<const std::uint64_t> counts) {
  if (offset == 0 && counts.empty()) return;
  pbf_writer sub(w, field);
  if (offset) sub.add_sint32(1, offset);
  sub.add_packed_uint64(2, counts.begin(), counts.end());
}

void point(pbf_writer& w, const ExponentialPoint& p) {
  write(w, 1, p.attributes);
  time(w, 2, p.start_unix_nano);
  time(w, 3, p.time_unix_nano);
  time(w, 4, p.count);
  if (p.has_sum) w.add_double(5, p.sum);
  if (p.scale) w.add_sint32(6, p.scale);
  time(w, 7, p.zero_count);
  buckets(w, 8, p.positive_offset, p.positive_counts);
  buckets(w, 9, p.negative_offset, p.negative_counts);
  number(w, 10, p.flags);
  exemplars(w, 11, p.exemplars);
  if (p.has_min) w.add_double(12, p.min);
  if (p.has_max) w.add_double(13, p.max);
  if (p.zero_threshold != 0) w.add_double(14, p.zero_threshold);
}

void point(pbf_writer& w, const SummaryPoint& p) {
  time(w, 2, p.start_unix_nano);
  time(w, 3, p.time_unix_nano);
  time(w, 4, p.count);
  if (p.sum != 0) w.add_double(5, p.sum);
  for (const auto& [quantile, v] : p.quantiles) {
    pbf_writer sub(w, 6);
    sub.add_double(1, quantile);
    sub.add_double(2, v);
  }
  write(w, 7, p.attributes);
  number(w, 8, p.flags);
}

template <typename Point>
void points(pbf_writer& w, std::string& out, std::uint32_t field, const Metric& m,
            std::span<const Point> list) {
  pbf_writer data(w, field);
  for (const Point& p : list) message(data, out, 1, [&](pbf_writer& sub) { point(sub, p); });
  if (m.temporality != Temporality::unspecified) data.add_enum(2, static_cast<std::int32_t>(m.temporality));
  if (m.monotonic) data.add_bool(3, true);
}

void metric(pbf_writer& w, const Metric& m, std::string& out) {
  text(w, 1, m.name);
  text(w, 2, m.description);
  text(w, 3, m.unit);
  switch (m.type) {
    case MetricType::none:
      break;
    case MetricType::gauge:
      points(w, out, 5, m, m.numbers);
      break;
    case MetricType::sum:
      points(w, out, 7, m, m.numbers);
      break;
    case MetricType::histogram:
      points(w, out, 9, m, m.histograms);
      break;
    case MetricType::exponential_histogram:
      points(w, out, 10, m, m.exponentials);
      break;
    case MetricType::summary:
      points(w, out, 11, m, m.summaries);
      break;
  }
}

/// Request → resource groups → scope groups → items, the shape that all signals share.
template <typename Groups, typename Items, typename F>
void request(std::string& out, const Groups& groups, Items&& items, F&& one) {
  pbf_writer w(out);
  for (const auto& group : groups) {
    pbf_writer g(w, 1);
    resource(g, group.resource);
    for (const auto& part : group.scopes) {
      pbf_writer s(g, 2);
      scope(s, part.scope);
      for (const auto& item : items(part)) message(s, out, 2, [&](pbf_writer& i) { one(i, item, out); });
      text(s, 3, part.scope.schema_url);
    }
    text(g, 3, group.resource.schema_url);
  }
}

}  // namespace

void encode_protobuf(const Traces& traces, std::string& out) {
  request(
      out, traces.resources, [](const ScopeSpans& s) { return s.spans; }, span);
}
void encode_protobuf(const Logs& logs, std::string& out) {
  request(
      out, logs.resources, [](const ScopeLogs& s) { return s.records; }, record);
}
void encode_protobuf(const Metrics& metrics, std::string& out) {
  request(
      out, metrics.resources, [](const ScopeMetrics& s) { return s.metrics; }, metric);
}

}  // namespace turnscope::otlp
