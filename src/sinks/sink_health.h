// Where a sink stands against the log, as its health tells it.
#pragma once
#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "log/log.h"
#include "sinks/sink.h"

namespace turnscope::sinks {

/// `oldest`: receipt of the oldest record that it has not passed on; 0: none is known.
inline SinkHealth sink_health(std::string name, std::uint64_t position, const log::Log& log,
                              const Clock& clock, std::int64_t oldest, const std::string& error) {
  SinkHealth h;
  h.name = std::move(name);
  h.ok = error.empty();
  h.message = error;
  h.position = position;
  const auto durable = log.stats().durable;
  h.lag_records = durable > position ? durable - position : 0;
  if (h.lag_records != 0 && oldest != 0)
    h.freshness_seconds = std::max(0.0, static_cast<double>(clock.unix_nanos() - oldest) / 1e9);
  return h;
}

}  // namespace turnscope::sinks
