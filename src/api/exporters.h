// What the API shows of the exporters and may ask of them; the server (composition) fills it in.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sinks/otlp_exporter/dead_letters.h"
#include "sinks/otlp_exporter/status.h"

namespace turnscope::api {

struct Exporters {
  std::function<std::vector<sinks::ExporterStatus>()> list;
  /// Appends the span metrics in Prometheus' text format.
  std::function<void(std::string&)> span_metrics;
  /// Sends an exporter's dead letters again; how many. Errors: not_found.
  std::function<Result<std::uint64_t>(std::string_view name)> replay;
  /// The oldest letters, without their bodies. Errors: not_found, io.
  std::function<Result<std::vector<sinks::DeadLetter>>(std::string_view name, std::size_t limit)> letters;
};

/// Figures of the exporters in Prometheus' text format.
void append_exporter_metrics(const Exporters&, std::string& out);

}  // namespace turnscope::api
