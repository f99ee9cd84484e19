// Everything that can be set, with the environment variable that sets it (OpenTelemetry's own names).
#pragma once
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "turnscope/sdk/propagation.h"
#include "turnscope/sdk/transport.h"

namespace turnscope::sdk {

inline constexpr std::uint32_t no_limit = std::numeric_limits<std::uint32_t>::max();

enum class SamplerKind : std::uint8_t {
  always_on,
  always_off,
  traceidratio,
  parentbased_always_on,
  parentbased_always_off,
  parentbased_traceidratio
};

struct SpanLimits {
  std::uint32_t attributes = 128;  ///< OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT, OTEL_ATTRIBUTE_COUNT_LIMIT
  std::uint32_t attribute_value_length =
      no_limit;  ///< characters; OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT, OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT
  std::uint32_t events = 128;            ///< OTEL_SPAN_EVENT_COUNT_LIMIT
  std::uint32_t links = 128;             ///< OTEL_SPAN_LINK_COUNT_LIMIT
  std::uint32_t event_attributes = 128;  ///< OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT
  std::uint32_t link_attributes = 128;   ///< OTEL_LINK_ATTRIBUTE_COUNT_LIMIT
};

struct BatchOptions {
  std::chrono::milliseconds schedule_delay{5000};  ///< OTEL_BSP_SCHEDULE_DELAY
  std::chrono::milliseconds export_timeout{
      30000};                                 ///< OTEL_BSP_EXPORT_TIMEOUT: one batch with all its retries
  std::uint32_t max_queue_size = 2048;        ///< OTEL_BSP_MAX_QUEUE_SIZE, spans
  std::uint32_t max_export_batch_size = 512;  ///< OTEL_BSP_MAX_EXPORT_BATCH_SIZE, spans
  std::uint64_t max_queue_bytes = 4 << 20;    ///< TURNSCOPE_BSP_MAX_QUEUE_BYTES, encoded bytes
  std::uint64_t max_export_batch_bytes = 2 << 20;  ///< TURNSCOPE_BSP_MAX_EXPORT_BATCH_BYTES
};

struct RetryOptions {
  std::chrono::milliseconds initial{500};
  std::chrono::milliseconds max{10000};
  double multiplier = 2.0;
  double jitter = 0.2;  ///< ± part of the delay
};

/// OTEL_EXPORTER_OTLP_*, and the per-signal OTEL_EXPORTER_OTLP_TRACES_* / _METRICS_*, which win.
struct OtlpOptions {
  std::string protocol = "http/protobuf";  ///< _PROTOCOL: http/protobuf, or grpc when use_grpc() was called
  std::string endpoint;  ///< whole URL (HTTP) or host:port / URL (gRPC); empty: exporter's default
  Headers headers;       ///< _HEADERS
  bool gzip = false;     ///< _COMPRESSION
  std::chrono::milliseconds timeout{10000};  ///< _TIMEOUT: one attempt
  std::string certificate, client_certificate,
      client_key;       ///< _CERTIFICATE, _CLIENT_CERTIFICATE, _CLIENT_KEY (files)
  bool enabled = true;  ///< OTEL_TRACES_EXPORTER / OTEL_METRICS_EXPORTER: otlp or none
};

struct MetricOptions {
  std::chrono::milliseconds export_interval{60000};  ///< OTEL_METRIC_EXPORT_INTERVAL
  std::chrono::milliseconds export_timeout{30000};   ///< OTEL_METRIC_EXPORT_TIMEOUT
  bool delta = false;  ///< OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: cumulative, delta, lowmemory
  std::uint32_t cardinality = 2000;  ///< attribute sets per instrument; more go to `otel.metric.overflow`
};

using ResourceAttributes = std::vector<std::pair<std::string, std::string>>;

struct Config {
  bool disabled = false;        ///< OTEL_SDK_DISABLED
  std::string service_name;     ///< OTEL_SERVICE_NAME; default unknown_service:<program>
  ResourceAttributes resource;  ///< OTEL_RESOURCE_ATTRIBUTES; these win over what is detected
  bool detect_resource = true;  ///< host.*, process.*, os.type, service.instance.id
  SamplerKind sampler = SamplerKind::parentbased_always_on;  ///< OTEL_TRACES_SAMPLER
  double sampler_ratio = 1.0;                                ///< OTEL_TRACES_SAMPLER_ARG
  SpanLimits limits;
  BatchOptions batch;
  RetryOptions retry;
  OtlpOptions traces, metrics;
  MetricOptions metric;
  /// What a destructor, or the end of the process, may take to send what is queued; TURNSCOPE_EXIT_TIMEOUT.
  std::chrono::milliseconds exit_timeout{5000};
  Propagators propagators;     ///< OTEL_PROPAGATORS
  TransportFactory transport;  ///< instead of the built-in OTLP/HTTP; tests and gRPC use it

  /// The defaults with the environment laid over them. A value that makes no sense is reported and ignored.
  static Config from_env();
};

}  // namespace turnscope::sdk
