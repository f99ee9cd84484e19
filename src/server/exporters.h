// The exporters of a server: made from the configuration, started after the ports are known, stopped
// together.
#pragma once
#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "api/exporters.h"
#include "api/health.h"
#include "log/log.h"
#include "server/config.h"
#include "server/exporter_config.h"
#include "sinks/otlp_exporter/exporter.h"
#include "sinks/span_metrics/span_metrics.h"

namespace turnscope::server {

/// What a model call cost by the prices in use; nullopt: not known.
std::optional<std::int64_t> cost_of_call(const genai::Columns&, std::int64_t start_unix_nano);

class ExporterSet {
 public:
  ExporterSet(const Config& config, log::Log& log) : config_(config), log_(log) {}
  /// Refuses loops, forgets cursors of exporters that are gone, starts the others. Errors name the key.
  Status start(const std::vector<OwnAddress>& ours, const sinks::CostOf& cost);
  void stop();
  void add_health(api::HealthReport&) const;
  /// For the API; valid until this is destroyed.
  api::Exporters functions() const;

 private:
  Status start_metrics(const sinks::CostOf& cost);
  Status forget_others() const;
  Result<sinks::SpanSteps> steps(const sinks::ExporterOptions&) const;
  sinks::OtlpExporter* find(std::string_view name) const;
  const Config& config_;
  log::Log& log_;
  std::vector<std::unique_ptr<sinks::OtlpExporter>> exporters_;
  std::unique_ptr<sinks::SpanMetrics> metrics_;
  std::atomic<bool> running_{false};  ///< the list is complete from then on
};

}  // namespace turnscope::server
