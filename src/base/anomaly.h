// Declared anomalies: one counter a row of anomaly.def; shown by /metrics, GET /api/v1/health and the UI.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace turnscope {

enum class Severity { info, warn, error };

enum class Anomaly {
#define ANOMALY(name, severity, unit, help) name,
#include "base/anomaly.def"
#undef ANOMALY
};

struct AnomalyInfo {
  std::string_view name;
  Severity severity;
  std::string_view unit;
  std::string_view help;
};

/// The table, in the order of the enum.
std::span<const AnomalyInfo> anomaly_table();

/// Adds `n` to the counter. Thread-safe, wait-free.
void count(Anomaly anomaly, std::uint64_t n = 1);

/// What has been counted since the process started.
std::uint64_t counted(Anomaly anomaly);

}  // namespace turnscope
