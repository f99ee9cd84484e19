#include "server/memory_shares.h"

#include <algorithm>

namespace turnscope::server {
namespace {

constexpr std::uint64_t MB = 1'000'000;
constexpr std::uint64_t kLeastEngine = 200 * MB;     // below, merges of ordinary parts fail
constexpr std::uint64_t kLeastReceiving = 100 * MB;  // below, requests of ordinary size wait for each other

// Measured: an idle server, a little rounded up.
std::uint64_t base_of(const Config& c) { return c.store_enabled ? 250 * MB : 60 * MB; }

constexpr std::uint64_t kOpenTrace = 200;      // bytes a trace that is not decided: 190 measured
constexpr std::uint64_t kReader = 4 * MB;      // of the log, and a decoded request
constexpr std::uint64_t kOffloader = 32 * MB;  // packed values of one request

}  // namespace

std::uint64_t exporter_memory(const Config& c) {
  std::uint64_t sum = c.offload_above != 0 ? kOffloader : 0;
  for (const auto& e : c.exporters) {
    if (!e.enabled) continue;
    // Batches as exporter.h bounds them, and each sender's compressed copy.
    sum += (3 * e.concurrency + 3) * e.batch_bytes + kReader;
    if (e.sampling.enabled) sum += e.sampling.max_traces * kOpenTrace;
  }
  return sum;
}

std::uint64_t least_memory(const Config& c) {
  return base_of(c) + exporter_memory(c) + (c.store_enabled ? kLeastEngine : 0) + kLeastReceiving;
}

MemoryShares memory_shares(const Config& c) {
  MemoryShares s;
  s.base = base_of(c);
  s.exporters = exporter_memory(c);
  const std::uint64_t all = std::max(c.memory_max, least_memory(c)) - s.base - s.exporters;
  if (c.store_enabled) {
    s.engine = std::max(kLeastEngine, std::min(c.store_memory, all / 5 * 3));
    s.query = std::min(c.query_memory, s.engine / 5 * 3);
  }
  const std::uint64_t receive = all - s.engine;
  s.range = std::min<std::uint64_t>(48u << 20, receive / 8);
  s.in_flight = std::min(c.in_flight_bytes, receive / 4);
  s.receiving = s.in_flight + s.in_flight / 2;
  s.log_pending = std::min(c.log_pending_bytes, s.in_flight);
  s.model = receive / 2;
  return s;
}

}  // namespace turnscope::server
