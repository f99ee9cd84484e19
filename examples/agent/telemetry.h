// The SDK set up for one service of the example.
#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "turnscope/sdk/sdk.h"

namespace turnscope::example {

/// Writes every accepted export request to a file: 4 bytes of length (big endian), then the protobuf.
/// Thread-safe.
class SpanDump;
std::shared_ptr<SpanDump> open_span_dump(const std::string& file);

struct TelemetryOptions {
  std::string service_name;
  std::string environment;
  std::string otlp_endpoint;          ///< empty: the environment's
  std::shared_ptr<SpanDump> dump{};   ///< may be null
  sdk::TransportFactory transport{};  ///< instead of OTLP/HTTP; for tests
};

/// The SDK's configuration: the environment's, with the options laid over it and short delays (an example
/// ends soon).
sdk::Config telemetry_config(const TelemetryOptions& options);

class Telemetry {
 public:
  explicit Telemetry(const TelemetryOptions& options);
  Telemetry(const Telemetry&) = delete;  // agent_ points to sdk_'s meters
  Telemetry& operator=(const Telemetry&) = delete;
  const std::string& service() const { return service_; }
  const sdk::genai::Agent& agent() const { return agent_; }
  const sdk::Tracer& tracer() const { return tracer_; }
  /// Sends what has ended; false when the endpoint did not take it within 5 s.
  bool flush();

 private:
  std::string service_;
  sdk::Sdk sdk_;
  sdk::Tracer tracer_;
  sdk::genai::Agent agent_;
};

}  // namespace turnscope::example
