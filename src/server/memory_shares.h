// How memory.max is divided. Each part is bounded by its own share; the ceiling itself (base/memory.h) stands
// behind them.
#pragma once
#include <cstdint>

#include "server/config.h"

namespace turnscope::server {

struct MemoryShares {
  std::uint64_t base = 0;       ///< code, threads, buffers that are always there
  std::uint64_t exporters = 0;  ///< batches under way and open traces of samplers
  std::uint64_t engine = 0;     ///< inserts, merges, queries, caches
  std::uint64_t query = 0;      ///< one query, out of the engine's
  std::uint64_t range = 0;      ///< columns of one block; the store writer has three
  std::uint64_t in_flight =
      0;  ///< requests being decoded or waiting for the disk; half as much may wait for room
  std::uint64_t receiving = 0;    ///< bodies being read or handled: HTTP, and the same for gRPC
  std::uint64_t log_pending = 0;  ///< out of what is in flight
  std::uint64_t model = 0;        ///< one decoded request
};

MemoryShares memory_shares(const Config&);

/// What exporters, their samplers and the offloader hold at most, however far behind they are.
std::uint64_t exporter_memory(const Config&);

/// The smallest memory.max that works.
std::uint64_t least_memory(const Config&);

}  // namespace turnscope::server
