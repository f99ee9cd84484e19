// The decoded form of OTLP: views into the request's bytes, arrays in an arena. Nothing here owns memory: a
// message lives as long as its bytes and its Arena do. Names and meaning: opentelemetry-proto, trace.proto,
// logs.proto, metrics.proto, common.proto.
#pragma once
#include <array>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>

namespace turnscope::otlp {

/// Memory of decoded messages: grows in blocks, is freed as a whole, can be reused after release().
using Arena = std::pmr::monotonic_buffer_resource;

struct KeyValue;

/// AnyValue of common.proto. `text` holds string and bytes values; `values` arrays; `fields` kvlists.
struct AnyValue {
  enum class Type : std::uint8_t { none, string, boolean, integer, real, array, kvlist, bytes };
  Type type = Type::none;
  union {
    bool boolean;
    std::int64_t integer = 0;
    double real;
  };
  std::string_view text;
  std::span<const AnyValue> values;
  std::span<const KeyValue> fields;
};

struct KeyValue {
  std::string_view key;
  AnyValue value;
};
using Attributes = std::span<const KeyValue>;

using TraceId = std::array<std::uint8_t, 16>;

/// A span id as the number whose hex digits in wire order are the id (big-endian); 0 = none.
using SpanId = std::uint64_t;

struct Resource {
  Attributes attributes;
  std::uint32_t dropped_attributes = 0;
  std::string_view schema_url;
};

struct Scope {
  std::string_view name;
  std::string_view version;
  Attributes attributes;
  std::uint32_t dropped_attributes = 0;
  std::string_view schema_url;
};

struct Event {
  std::uint64_t time_unix_nano = 0;
  std::string_view name;
  Attributes attributes;
  std::uint32_t dropped_attributes = 0;
};

struct Link {
  TraceId trace_id{};
  SpanId span_id = 0;
  std::string_view trace_state;
  Attributes attributes;
  std::uint32_t dropped_attributes = 0;
  std::uint32_t flags = 0;
};

enum class SpanKind : std::uint8_t { unspecified, internal, server, client, producer, consumer };
enum class StatusCode : std::uint8_t { unset, ok, error };

struct Span {
  TraceId trace_id{};
  SpanId span_id = 0;
  SpanId parent_span_id = 0;
  std::string_view trace_state;
  std::uint32_t flags = 0;
  std::string_view name;
  SpanKind kind = SpanKind::unspecified;
  std::uint64_t start_unix_nano = 0;
  std::uint64_t end_unix_nano = 0;
  Attributes attributes;
  std::span<const Event> events;
  std::span<const Link> links;
  std::uint32_t dropped_attributes = 0;
  std::uint32_t dropped_events = 0;
  std::uint32_t dropped_links = 0;
  StatusCode status = StatusCode::unset;
  std::string_view status_message;
};

struct ScopeSpans {
  Scope scope;
  std::span<const Span> spans;
};
struct ResourceSpans {
  Resource resource;
  std::span<const ScopeSpans> scopes;
};
/// ExportTraceServiceRequest (and TracesData: the same bytes).
struct Traces {
  std::span<const ResourceSpans> resources;
};

struct LogRecord {
  std::uint64_t time_unix_nano = 0;
  std::uint64_t observed_unix_nano = 0;
  std::int32_t severity_number = 0;
  std::string_view severity_text;
  AnyValue body;
  Attributes attributes;
  std::uint32_t dropped_attributes = 0;
  std::uint32_t flags = 0;
  TraceId trace_id{};  ///< all zero: none
  SpanId span_id = 0;
  std::string_view event_name;
};
struct ScopeLogs {
  Scope scope;
  std::span<const LogRecord> records;
};
struct ResourceLogs {
  Resource resource;
  std::span<const ScopeLogs> scopes;
};
struct Logs {
  std::span<const ResourceLogs> resources;
};

struct Exemplar {
  std::uint64_t time_unix_nano = 0;
  AnyValue value;  ///< real or integer
  TraceId trace_id{};
  SpanId span_id = 0;
  Attributes attributes;
};
struct NumberPoint {
  Attributes attributes;
  std::uint64_t start_unix_nano = 0, time_unix_nano = 0;
  AnyValue value;  ///< real or integer; none when flagged as "no recorded value"
  std::uint32_t flags = 0;
  std::span<const Exemplar> exemplars;
};
struct HistogramPoint {
  Attributes attributes;
  std::uint64_t start_unix_nano = 0, time_unix_nano = 0, count = 0;
  double sum = 0, min = 0, max = 0;
  bool has_sum = false, has_min = false, has_max = false;
  std::span<const std::uint64_t> bucket_counts;
  std::span<const double> bounds;
  std::uint32_t flags = 0;
  std::span<const Exemplar> exemplars;
};
struct ExponentialPoint {
  Attributes attributes;
  std::uint64_t start_unix_nano = 0, time_unix_nano = 0, count = 0, zero_count = 0;
  double sum = 0, min = 0, max = 0, zero_threshold = 0;
  bool has_sum = false, has_min = false, has_max = false;
  std::int32_t scale = 0, positive_offset = 0, negative_offset = 0;
  std::span<const std::uint64_t> positive_counts, negative_counts;
  std::uint32_t flags = 0;
  std::span<const Exemplar> exemplars;
};
struct SummaryPoint {
  Attributes attributes;
  std::uint64_t start_unix_nano = 0, time_unix_nano = 0, count = 0;
  double sum = 0;
  std::span<const std::pair<double, double>> quantiles;  ///< quantile, value
  std::uint32_t flags = 0;
};
enum class MetricType : std::uint8_t { none, gauge, sum, histogram, exponential_histogram, summary };
enum class Temporality : std::uint8_t { unspecified, delta, cumulative };
struct Metric {
  std::string_view name, description, unit;
  MetricType type = MetricType::none;
  Temporality temporality = Temporality::unspecified;
  bool monotonic = false;
  std::span<const NumberPoint> numbers;
  std::span<const HistogramPoint> histograms;
  std::span<const ExponentialPoint> exponentials;
  std::span<const SummaryPoint> summaries;
};
struct ScopeMetrics {
  Scope scope;
  std::span<const Metric> metrics;
};
struct ResourceMetrics {
  Resource resource;
  std::span<const ScopeMetrics> scopes;
};
struct Metrics {
  std::span<const ResourceMetrics> resources;
};

}  // namespace turnscope::otlp
