#include "base/anomaly.h"

#include <array>
#include <atomic>

namespace turnscope {
namespace {

constexpr std::array kTable = {
#define ANOMALY(name, severity, unit, help) AnomalyInfo{#name, Severity::severity, #unit, help},
#include "base/anomaly.def"
#undef ANOMALY
};

std::array<std::atomic<std::uint64_t>, kTable.size()> counters;

}  // namespace

std::span<const AnomalyInfo> anomaly_table() { return kTable; }

void count(Anomaly anomaly, std::uint64_t n) {
  counters[static_cast<std::size_t>(anomaly)].fetch_add(n, std::memory_order_relaxed);
}

std::uint64_t counted(Anomaly anomaly) {
  return counters[static_cast<std::size_t>(anomaly)].load(std::memory_order_relaxed);
}

}  // namespace turnscope
