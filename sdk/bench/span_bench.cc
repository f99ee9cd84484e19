// What a span costs the thread that makes it, while the exporter thread encodes batches and hands them to a
// transport. `caller_ns` is the CPU time of the calling thread (CLOCK_THREAD_CPUTIME_ID) for one span, start
// to end.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <string>
#include <vector>

#include "turnscope/sdk/sdk.h"

namespace turnscope::sdk {
namespace {

class CountingTransport final : public Transport {
 public:
  SendResult send(std::string_view request, std::chrono::milliseconds,
                  const std::function<bool()>&) override {
    bytes += request.size();
    SendResult r;
    r.ok = true;
    return r;
  }
  static inline std::atomic<std::uint64_t> bytes{0};
};

Config bench_config() {
  Config c;
  c.service_name = "bench";
  c.batch.max_queue_size = 1 << 14;
  c.transport = [](Signal, const Config&) { return std::make_unique<CountingTransport>(); };
  return c;
}

double thread_cpu() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

double resident_mb() {
  std::ifstream in("/proc/self/statm");
  long total = 0, resident = 0;
  in >> total >> resident;
  return static_cast<double>(resident) * 4096 / 1e6;
}

/// `in_flight` children below one parent, as a program makes them; what the queue had to drop is said beside
/// the figure.
template <class Body>
void measure(benchmark::State& state, Body body) {
  const double before = resident_mb();
  TracerProvider provider(bench_config());
  const Tracer tracer = provider.tracer("bench");
  Span root = tracer.start("root");
  const auto scope = root.activate();
  for (int i = 0; i < 1000; ++i) body(tracer);
  std::vector<double> windows;
  windows.reserve(1 << 16);
  constexpr int window = 200;
  const double start = thread_cpu();
  double mark = start;
  int left = window;
  for (auto _ : state) {
    body(tracer);
    if (--left) continue;
    left = window;
    const double now = thread_cpu();
    if (windows.size() < windows.capacity()) windows.push_back((now - mark) / window);
    mark = now;
  }
  const double cpu = thread_cpu() - start;
  if (!windows.empty()) {
    std::nth_element(windows.begin(), windows.begin() + static_cast<std::ptrdiff_t>(windows.size() / 10),
                     windows.end());
    state.counters["quiet_ns"] = windows[windows.size() / 10];
  }
  const double after = resident_mb();
  const TraceStats stats = provider.stats();
  state.counters["caller_ns"] = cpu / static_cast<double>(state.iterations());
  state.counters["dropped_%"] =
      100.0 * static_cast<double>(stats.dropped_queue) / static_cast<double>(stats.ended);
  state.counters["more_MB"] = after - before;
}

void bare_span(benchmark::State& state) {
  measure(state, [](const Tracer& t) { Span s = t.start("bare"); });
}
BENCHMARK(bare_span);

void span_with_8_attributes(benchmark::State& state) {
  measure(state, [](const Tracer& t) {
    Span s = t.start("gen_ai.completion");
    s.set_attribute("gen_ai.system", "anthropic");
    s.set_attribute("gen_ai.operation.name", "chat");
    s.set_attribute("gen_ai.request.model", "claude-sonnet-4-5");
    s.set_attribute("gen_ai.request.max_tokens", 1024);
    s.set_attribute("gen_ai.usage.input_tokens", 29);
    s.set_attribute("gen_ai.usage.output_tokens", 41);
    s.set_attribute("llm.cost.usd", 0.000702);
    s.set_attribute("gen_ai.request.stream", true);
  });
}
BENCHMARK(span_with_8_attributes);

/// A whole run of the GenAI layer: run, 2 turns, 2 completions with messages, 1 tool: 6 spans, metrics
/// included.
void agent_run(benchmark::State& state) {
  Config c = bench_config();
  TracerProvider tracers(c);
  MeterProvider meters(c);
  const genai::Agent agent(tracers, {.agent_name = "bench", .provider = "anthropic"}, &meters);
  const std::string text(1500, 'q'), answer(500, 'a');
  const double start = thread_cpu();
  for (auto _ : state) {
    auto run = agent.run({.user_message = text, .max_turns = 5, .session_id = "s-1"});
    for (int i = 0; i < 2; ++i) {
      auto turn = run.turn();
      auto call = turn.completion(
          {.model = "claude-sonnet-4-5", .max_tokens = 1024, .input = {genai::Message::text("user", text)}});
      call.response({.id = "msg_1",
                     .model = "claude-sonnet-4-5-20250929",
                     .finish_reasons = {"end_turn"},
                     .input_tokens = 29,
                     .output_tokens = 41,
                     .cost_usd = 0.0007,
                     .output = {genai::Message::text("assistant", answer)}});
      call.end();
      if (i) continue;
      auto tool = turn.tool({.name = "get_weather", .arguments = R"({"city": "Paris"})"});
      tool.result(answer);
    }
    run.finish({.answer = answer});
  }
  state.counters["caller_ns"] = (thread_cpu() - start) / static_cast<double>(state.iterations());
}
BENCHMARK(agent_run);

void unsampled_span(benchmark::State& state) {
  Config c = bench_config();
  c.sampler = SamplerKind::always_off;
  TracerProvider provider(std::move(c));
  const Tracer tracer = provider.tracer("bench");
  for (auto _ : state) {
    Span s = tracer.start("off");
    benchmark::DoNotOptimize(s.set_attribute("key", 1));
  }
}
BENCHMARK(unsampled_span);

}  // namespace
}  // namespace turnscope::sdk
