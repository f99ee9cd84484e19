#include "examples/agent/telemetry.h"

#include <algorithm>
#include <chrono>
#include <fstream>

#include "sdk/src/sender.h"  // make_http_transport: the dump wraps the SDK's own transport

namespace turnscope::example {

using namespace std::chrono_literals;

class SpanDump {
 public:
  explicit SpanDump(const std::string& file) : out_(file, std::ios::binary | std::ios::trunc) {}
  void add(std::string_view request) {
    std::lock_guard lock(mutex_);
    const auto n = static_cast<std::uint32_t>(request.size());
    for (const int shift : {24, 16, 8, 0}) out_.put(static_cast<char>(n >> shift & 0xff));
    out_.write(request.data(), static_cast<std::streamsize>(request.size()));
    out_.flush();
  }

 private:
  std::mutex mutex_;
  std::ofstream out_;
};

namespace {

class DumpingTransport final : public sdk::Transport {
 public:
  DumpingTransport(std::unique_ptr<sdk::Transport> inner, std::shared_ptr<SpanDump> dump)
      : inner_(std::move(inner)), dump_(std::move(dump)) {}
  sdk::SendResult send(std::string_view request, std::chrono::milliseconds timeout,
                       const std::function<bool()>& cancelled) override {
    sdk::SendResult result = inner_->send(request, timeout, cancelled);
    if (result.ok) dump_->add(request);
    return result;
  }

 private:
  std::unique_ptr<sdk::Transport> inner_;
  std::shared_ptr<SpanDump> dump_;
};

sdk::genai::Options agent_options(const std::string& service) {
  sdk::genai::Options options;
  options.agent_name = service;
  options.provider = "anthropic";
  return options;
}

}  // namespace

std::shared_ptr<SpanDump> open_span_dump(const std::string& file) {
  return file.empty() ? nullptr : std::make_shared<SpanDump>(file);
}

sdk::Config telemetry_config(const TelemetryOptions& options) {
  sdk::Config config = sdk::Config::from_env();
  // The environment names the service of a program; the demo's services are several in one program.
  if (config.service_name.empty() || !options.otlp_endpoint.empty())
    config.service_name = options.service_name;
  if (!options.environment.empty())
    config.resource.emplace_back("deployment.environment.name", options.environment);
  config.resource.emplace_back("service.version", "1.4.0");
  if (!options.otlp_endpoint.empty()) {
    config.traces.endpoint = options.otlp_endpoint + "/v1/traces";
    config.metrics.endpoint = options.otlp_endpoint + "/v1/metrics";
    config.traces.protocol = config.metrics.protocol = "http/protobuf";
  }
  config.batch.schedule_delay = std::min(config.batch.schedule_delay, 300ms);
  config.batch.export_timeout = std::min(config.batch.export_timeout, 5000ms);
  config.metric.export_timeout = std::min(config.metric.export_timeout, 2000ms);
  if (options.transport) config.transport = options.transport;
  if (options.dump)
    config.transport = [dump = options.dump](sdk::Signal signal,
                                             const sdk::Config& c) -> std::unique_ptr<sdk::Transport> {
      auto transport = sdk::detail::make_http_transport(signal, c);
      if (signal != sdk::Signal::traces) return transport;
      return std::make_unique<DumpingTransport>(std::move(transport), dump);
    };
  return config;
}

Telemetry::Telemetry(const TelemetryOptions& options)
    : service_(options.service_name),
      sdk_(sdk::start(telemetry_config(options))),
      tracer_(sdk_.tracer("example-agent", "0.1.0")),
      agent_(sdk_.agent(agent_options(options.service_name))) {}

bool Telemetry::flush() { return sdk_.tracers.force_flush(5s) && sdk_.meters.force_flush(2s); }

}  // namespace turnscope::example
