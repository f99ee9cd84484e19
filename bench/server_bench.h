// What the commands that need a server share: a loaded server, and waiting until it has settled.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "commands.h"
#include "rest_client.h"
#include "sender.h"
#include "server_process.h"
#include "workload.h"

namespace turnscope::bench {

struct StoreState {
  std::uint64_t durable = 0, position = 0;  ///< records: in the log, searchable
  std::uint64_t spans = 0, bytes = 0;       ///< rows and bytes of the store
};
std::optional<StoreState> store_state(RestClient&);

/// Until the store has everything and the process's CPU stands still (merges done). Seconds until caught up.
double settle(RestClient&, pid_t, bool merges_too);

/// Times a request `n` times with the path that `path(i)` gives; milliseconds, sorted. Failures are counted.
struct Timed {
  std::vector<double> ms;
  double first = 0;  ///< the very first request
  std::size_t failed = 0;
};
template <typename F>
Timed time_requests(RestClient& client, std::size_t n, F&& path) {
  Timed t;
  for (std::size_t i = 0; i < n; ++i) {
    const auto p = path(i);
    const double began = wall_seconds();
    const auto answer = client.get(p);
    const double ms = (wall_seconds() - began) * 1e3;
    if (i == 0) t.first = ms;
    t.ms.push_back(ms);
    if (answer.status != 200) ++t.failed;
  }
  std::sort(t.ms.begin(), t.ms.end());
  return t;
}

/// Prints figures as "name  value" lines, or as one JSON object.
void print_report(const std::string& title, const boost::json::object& figures, bool json);
double rounded(double v, double unit = 0.01);

}  // namespace turnscope::bench
