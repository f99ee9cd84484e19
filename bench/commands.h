// The commands of turnscope_bench.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace turnscope::bench {

struct StoreBenchOptions {
  std::size_t spans = 200'000;
  std::size_t rows = 100'000, bytes = 64u << 20;
  bool settle = true, columns = false;
  std::vector<std::string> alter, queries;
  std::string data;
};
int store_bench(const StoreBenchOptions&);

struct ServerBenchOptions {
  std::string server;  ///< path of the turnscope binary
  std::size_t spans = 1'000'000;
  bool http = false, json = false;
  unsigned connections = 4, outstanding = 4;
  double rate = 0;               ///< spans/s; 0: as fast as answers come
  std::vector<std::string> set;  ///< configuration of the server, key=value
  std::string data;              ///< query, startup: keep the loaded store here, and use it again
  std::string only;              ///< query: shapes whose name holds this
};
int ingest_bench(const ServerBenchOptions&);
int export_bench(const ServerBenchOptions&);
int query_bench(const ServerBenchOptions&);
int startup_bench(const ServerBenchOptions&);
int normalise_bench(const ServerBenchOptions&);
int conversation_bench(const ServerBenchOptions&);
int sdk_bench(const ServerBenchOptions&);
int pipeline_bench(const ServerBenchOptions&);

struct RedactBenchOptions {
  std::uint64_t seed = 1;
  std::size_t each = 600;  ///< positives a detector, both halves together
  std::string hard_cases = "tests/fixtures/redact/hard_cases.txt";
  bool json = false;
  bool tuning = false;  ///< the half that rules may be worked on with
  bool show = false;    ///< of the tuning half: what was missed or wrong
};
int redact_bench(const RedactBenchOptions&);

}  // namespace turnscope::bench
