// What one span costs to decode: 512 agent spans of about 1 KB, as one request. Figures and machine:
// docs/performance.md.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "otlp/agent_request.h"
#include "otlp/decode.h"

namespace turnscope::otlp {
namespace {

constexpr std::size_t spans_per_request = 512;

void report(benchmark::State& state, std::size_t bytes) {
  const auto spans = static_cast<std::int64_t>(state.iterations() * spans_per_request);
  state.SetItemsProcessed(spans);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes));
  state.counters["bytes_per_span"] = static_cast<double>(bytes) / spans_per_request;
}

void decode_protobuf(benchmark::State& state) {
  const std::string bytes = agent_request(spans_per_request);
  const auto block = std::make_unique<std::byte[]>(4u << 20);
  Arena arena(block.get(), 4u << 20);
  for (auto _ : state) {
    arena.release();
    DecodeReport seen;
    benchmark::DoNotOptimize(decode_traces_protobuf(bytes, arena, {}, seen));
    if (seen.accepted != spans_per_request) state.SkipWithError("not decoded");
  }
  report(state, bytes.size());
}
BENCHMARK(decode_protobuf)->Unit(benchmark::kMicrosecond);

void decode_json(benchmark::State& state) {
  const std::string bytes = agent_request(spans_per_request);
  Arena first;
  DecodeReport seen;
  std::string json;
  encode_json(decode_traces_protobuf(bytes, first, {}, seen).value(), json);
  const auto block = std::make_unique<std::byte[]>(8u << 20);
  Arena arena(block.get(), 8u << 20);
  for (auto _ : state) {
    arena.release();
    benchmark::DoNotOptimize(decode_traces_json(json, arena, {}, seen));
    if (seen.accepted != spans_per_request) state.SkipWithError("not decoded");
  }
  report(state, json.size());
}
BENCHMARK(decode_json)->Unit(benchmark::kMicrosecond);

void encode(benchmark::State& state) {
  const std::string bytes = agent_request(spans_per_request);
  Arena arena;
  DecodeReport seen;
  const Traces traces = decode_traces_protobuf(bytes, arena, {}, seen).value();
  std::string out;
  for (auto _ : state) {
    out.clear();
    encode_protobuf(traces, out);
    benchmark::DoNotOptimize(out.data());
  }
  report(state, bytes.size());
}
BENCHMARK(encode)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace turnscope::otlp
