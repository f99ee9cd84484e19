// The canonical workload: agent traces of 9 spans, about 1 KB a span on the wire. Everything is encoded
// before a clock starts, from one seed, so that two runs send the same bytes (only ids of the run and times
// differ).
//
//   agent.run ─┬─ agent.turn 1 ─┬─ gen_ai.completion  (events: 1,500 characters in, 500 out, words by
//   frequency)
//              │                └─ tool.execute.NAME
//              ├─ agent.turn 2 ─┬─ gen_ai.completion
//              │                └─ tool.execute.NAME
//              └─ agent.turn 3 ─── gen_ai.completion
//
// 12 tools, 6 models, 8 services, 2 % errors; spans in order of their end, traces interleaved, 512 spans a
// request.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "otlp/model.h"

namespace turnscope::bench {

struct WorkloadOptions {
  std::size_t spans = 1'000'000;
  std::size_t spans_per_request = 512;
  std::uint64_t seed = 1;
  std::int64_t from_unix_nano =
      0;  ///< start of the first trace; 0: `spans` long an hour a million, ending now
  std::int64_t span_of_time_nanos = 0;  ///< 0: one hour a million spans
};

struct Workload {
  std::vector<std::string> requests;  ///< ExportTraceServiceRequest, protobuf
  std::size_t spans = 0, bytes = 0;
  double build_seconds = 0;  ///< CPU of this thread
};

Workload build_workload(const WorkloadOptions&);

/// Facts of trace `n` of the workload with this seed, for queries and for the judge.
otlp::TraceId workload_trace_id(std::uint64_t seed, std::uint64_t n);
constexpr std::size_t kSpansPerTrace = 9;
std::string workload_service(std::size_t n);  ///< n < 8
std::string workload_model(std::size_t n);    ///< n < 6
std::string workload_tool(std::size_t n);     ///< n < 12
/// A word that about one completion in 3,000 holds (one span in 9,000), the n-th of 100 such words.
std::string workload_rare_word(std::size_t n);

}  // namespace turnscope::bench
