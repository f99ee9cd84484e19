// What the API says about the other parts; the server (composition) fills it in, so that api/ knows none of
// them.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sinks/sink.h"

namespace turnscope::api {

struct HealthReport {
  struct Log {
    bool ok = true;
    std::string message;
    std::uint64_t oldest = 0, durable = 0, bytes_on_disk = 0, max_bytes = 0, pending_bytes = 0;
  } log;
  struct Store {
    bool ok = true;  ///< false: left out, or its last insert failed
    std::string message;
  } store;
  std::vector<sinks::SinkHealth> sinks;
  struct Ingest {
    double spans_per_second = 0;
    std::uint64_t accepted_spans = 0, refused_requests = 0;
  } ingest;
  std::uint64_t max_memory_bytes = 0;
  bool ready = true;      ///< can accept and query
  std::string not_ready;  ///< why not
};
using HealthSource = std::function<HealthReport()>;

}  // namespace turnscope::api
