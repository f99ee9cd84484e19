#include "store/metric_block.h"

#include <fmt/format.h>

#include <iterator>

#include "otlp/decode.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace turnscope::store {
namespace {

using Type = otlp::AnyValue::Type;

void append_exemplar(std::string& out, const otlp::Exemplar& e) {
  fmt::format_to(std::back_inserter(out), "{{\"timeUnixNano\":\"{}\"", e.time_unix_nano);
  if (e.value.type == Type::integer)
    fmt::format_to(std::back_inserter(out), ",\"asInt\":\"{}\"", e.value.integer);
  else if (e.value.type == Type::real)
    fmt::format_to(std::back_inserter(out), ",\"asDouble\":{}", e.value.real);
  if (e.trace_id != otlp::TraceId{})
    fmt::format_to(std::back_inserter(out), ",\"traceId\":\"{}\"", otlp::hex(e.trace_id));
  if (e.span_id != 0) fmt::format_to(std::back_inserter(out), ",\"spanId\":\"{}\"", otlp::hex(e.span_id));
  if (!e.attributes.empty()) {
    out += ",\"filteredAttributes\":";
    append_json_attributes(out, e.attributes);
  }
  out += '}';
}

std::uint8_t has_bits(bool sum, bool min, bool max) {
  return static_cast<std::uint8_t>(sum | min << 1 | max << 2);
}

}  // namespace

std::size_t MetricBlock::add(const otlp::Metric& m, const RowContext& c, std::uint64_t version) {
  std::size_t n = 0;
  for (const auto& p : m.numbers) {
    Point q{.attributes = p.attributes, .start = p.start_unix_nano, .time = p.time_unix_nano};
    q.value = &p.value;
    q.exemplars = p.exemplars;
    q.flags = p.flags;
    add(m, q, c, version + n++);
  }
  for (const auto& p : m.histograms) {
    Point q{
        .attributes = p.attributes, .start = p.start_unix_nano, .time = p.time_unix_nano, .count = p.count};
    q.sum = p.sum, q.min = p.min, q.max = p.max;
    q.has = has_bits(p.has_sum, p.has_min, p.has_max);
    q.bounds = p.bounds;
    q.buckets = p.bucket_counts;
    q.exemplars = p.exemplars;
    q.flags = p.flags;
    add(m, q, c, version + n++);
  }
  for (const auto& p : m.exponentials) {
    Point q{
        .attributes = p.attributes, .start = p.start_unix_nano, .time = p.time_unix_nano, .count = p.count};
    q.zero_count = p.zero_count;
    q.zero_threshold = p.zero_threshold;
    q.sum = p.sum, q.min = p.min, q.max = p.max;
    q.has = has_bits(p.has_sum, p.has_min, p.has_max);
    q.scale = p.scale, q.positive_offset = p.positive_offset, q.negative_offset = p.negative_offset;
    q.buckets = p.positive_counts;
    q.negative = p.negative_counts;
    q.exemplars = p.exemplars;
    q.flags = p.flags;
    add(m, q, c, version + n++);
  }
  for (const auto& p : m.summaries) {
    Point q{
        .attributes = p.attributes, .start = p.start_unix_nano, .time = p.time_unix_nano, .count = p.count};
    q.sum = p.sum;
    q.has = 1;
    q.quantiles = p.quantiles;
    q.flags = p.flags;
    add(m, q, c, version + n++);
  }
  return n;
}

void MetricBlock::add(const otlp::Metric& m, const Point& p, const RowContext& c, std::uint64_t version) {
  const auto t = span_times(p.time, 0, c.received_unix_nano);
  project_.add(c.project);
  name_.add(m.name);
  key_.clear();
  append_json_attributes(key_, p.attributes);
  const std::uint64_t ids[] = {c.resource_id, c.scope_id, static_cast<std::uint64_t>(m.type)};
  key_.append(m.name).append(m.unit).append(reinterpret_cast<const char*>(ids), sizeof ids);
  series_.add(XXH3_64bits(key_.data(), key_.size()));
  time_.add(t.start);
  raw_time_.add(p.time == static_cast<std::uint64_t>(t.start) ? 0 : p.time);
  start_.add(p.start);
  version_.add(version);
  received_.add(sane_received(c.received_unix_nano) / 1'000'000);
  type_.add(static_cast<std::uint8_t>(m.type));
  temporality_.add(static_cast<std::uint8_t>(m.temporality));
  monotonic_.add(m.monotonic);
  description_.add(m.description);
  unit_.add(m.unit);
  service_.add(c.service);
  const bool integer = p.value != nullptr && p.value->type == Type::integer;
  const bool real = p.value != nullptr && p.value->type == Type::real;
  value_kind_.add(integer ? 1 : real ? 2 : 0);
  number_int_.add(integer ? p.value->integer : 0);
  number_.add(integer ? static_cast<double>(p.value->integer) : real ? p.value->real : 0);
  count_.add(p.count);
  sum_.add(p.sum);
  min_.add(p.min);
  max_.add(p.max);
  has_.add(p.has);
  for (const auto v : p.bounds) bounds_.items.add(v);
  for (const auto& [quantile, value] : p.quantiles) {
    bounds_.items.add(quantile);
    quantile_values_.items.add(value);
  }
  bounds_.end_row();
  quantile_values_.end_row();
  for (const auto v : p.buckets) buckets_.items.add(v);
  buckets_.end_row();
  scale_.add(p.scale);
  zero_count_.add(p.zero_count);
  zero_threshold_.add(p.zero_threshold);
  positive_offset_.add(p.positive_offset);
  negative_offset_.add(p.negative_offset);
  for (const auto v : p.negative) negative_buckets_.items.add(v);
  negative_buckets_.end_row();
  for (const auto& e : p.exemplars) {
    json_.clear();
    append_exemplar(json_, e);
    exemplars_.items.add(json_);
  }
  exemplars_.end_row();
  flags_.add(p.flags);
  attributes_.row(p.attributes);
  scope_.add(c.scope != nullptr ? c.scope->name : std::string_view{});
  scope_version_.add(c.scope != nullptr ? c.scope->version : std::string_view{});
  scope_id_.add(c.scope_id);
  resource_id_.add(c.resource_id);
  ++rows_;
}

}  // namespace turnscope::store
