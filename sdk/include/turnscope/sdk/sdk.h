// All of the SDK, and the short way in:
//
//   auto sdk = turnscope::sdk::start("my-agent");            // reads OTEL_*; sends to http://localhost:4318
//   auto span = sdk.tracer("my-agent").start("work");
//   span.set_attribute("answer", 42);                        // ends, and is sent, by itself
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "turnscope/sdk/context.h"
#include "turnscope/sdk/genai.h"
#include "turnscope/sdk/metrics.h"
#include "turnscope/sdk/propagation.h"
#include "turnscope/sdk/tracer.h"

namespace turnscope::sdk {

inline constexpr std::string_view version = "0.1.0";

/// Traces and metrics together. Keep it until the program ends: its destructor sends what is queued.
struct Sdk {
  TracerProvider tracers;
  MeterProvider meters;
  Tracer tracer(std::string_view name, std::string_view scope_version = {}) const {
    return tracers.tracer(name, scope_version);
  }
  genai::Agent agent(genai::Options options) {
    return genai::Agent(tracers, genai::Options::from_env(std::move(options)), &meters);
  }
};

/// The environment's configuration; `service_name` counts when OTEL_SERVICE_NAME is not set.
Sdk start(std::string_view service_name);
Sdk start(Config config);

/// Where the SDK says what it had to drop or ignore. Default: standard error, at most one line a second per
/// kind.
enum class LogLevel : std::uint8_t { warning, error };
void set_log_handler(std::function<void(LogLevel, std::string_view)> handler);

}  // namespace turnscope::sdk
