// Sends encoded requests over gRPC or HTTP and keeps how long each answer took.
#pragma once
#include <atomic>
#include <string>
#include <vector>

namespace turnscope::bench {

struct SendOptions {
  std::string address;  ///< host:port
  bool grpc = true;
  unsigned connections = 4;
  unsigned outstanding = 4;     ///< requests under way on a connection (gRPC; HTTP has one)
  double spans_per_second = 0;  ///< 0: as fast as answers come
  std::size_t spans_per_request = 512;
};

struct SendReport {
  std::size_t acked = 0, refused = 0, retried = 0;  ///< requests
  double seconds = 0, cpu_seconds = 0;
  std::vector<double> latency;  ///< seconds, sorted
  std::string first_error;
};

/// All requests, each until it is acknowledged (refusals that may be retried are, after a pause).
SendReport send(const std::vector<std::string>& requests, const SendOptions&);

/// Of sorted figures; 0 if there are none.
double percentile(const std::vector<double>& sorted, double p);

}  // namespace turnscope::bench
