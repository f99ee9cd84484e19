// What the log costs on the machine's disk (TURNSCOPE_BENCH_DIR, by default the working directory).
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/filesystem.h"
#include "base/logger.h"
#include "log/log.h"

namespace turnscope::log {
namespace {

struct BenchDirectory {
  std::string path;
  BenchDirectory() {
    const char* base = ::getenv("TURNSCOPE_BENCH_DIR");
    path = std::string(base != nullptr ? base : ".") + "/log-bench-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  }
  ~BenchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

/// A sink that reads everything and moves its cursor, so that segments come back as in a running server.
class Drain {
 public:
  explicit Drain(Log& log) : log_(log), cursor_(log.cursor("drain").value()), thread_([this] { run(); }) {}
  ~Drain() {
    stop_ = true;
    thread_.join();
  }

 private:
  void run() {
    auto reader = log_.read(0);
    while (!stop_) {
      if (!reader->wait(std::chrono::milliseconds(50))) continue;
      while (auto record = reader->next()) {
        if (!*record) break;
        if (reader->position() % 500 == 0) (void)cursor_->advance(reader->position());
      }
    }
  }
  Log& log_;
  std::shared_ptr<Cursor> cursor_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// Clients that each send one request and wait for its answer, as an exporter does.
void clients(benchmark::State& state, bool sync, int threads, std::size_t bytes, int requests) {
  set_log_level(LogLevel::error);
  const std::string request(bytes, 'x');
  std::vector<double> waits;
  std::uint64_t syncs = 0;
  for (auto _ : state) {
    BenchDirectory dir;
    Options options;
    options.directory = dir.path;
    options.sync = sync;
    auto log = open_log(posix_filesystem(), system_clock(), options);
    if (!log) throw std::runtime_error(log.error().message);
    {
      const Drain drain(**log);
      std::mutex mutex;
      std::vector<std::thread> workers;
      for (int t = 0; t < threads; ++t) {
        workers.emplace_back([&] {
          std::vector<double> mine;
          for (int i = 0; i < requests; ++i) {
            std::mutex done_mutex;
            std::condition_variable done_cv;
            bool done = false;
            Payload payload;
            payload.pieces.push_back(request);
            const auto begin = std::chrono::steady_clock::now();
            (*log)->append({}, std::move(payload), [&](Result<Position> p) {
              if (!p) std::abort();
              std::lock_guard lock(done_mutex);
              done = true;
              done_cv.notify_one();
            });
            std::unique_lock lock(done_mutex);
            done_cv.wait(lock, [&] { return done; });
            mine.push_back(
                std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
          }
          std::lock_guard lock(mutex);
          waits.insert(waits.end(), mine.begin(), mine.end());
        });
      }
      for (auto& w : workers) w.join();
    }
    syncs += (*log)->stats().syncs;
  }
  std::sort(waits.begin(), waits.end());
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * threads * requests *
                          static_cast<std::int64_t>(bytes));
  state.counters["requests/s"] =
      benchmark::Counter(static_cast<double>(waits.size()), benchmark::Counter::kIsRate);
  state.counters["p50_ms"] = waits[waits.size() / 2];
  state.counters["p99_ms"] = waits[waits.size() * 99 / 100];
  state.counters["requests/sync"] =
      syncs > 0 ? static_cast<double>(waits.size()) / static_cast<double>(syncs) : 0;
}

/// 512 spans of 1 KB a request, 4 connections: what `bench ingest` sends. The pair shows what the sync costs.
void append_512_spans(benchmark::State& state) { clients(state, state.range(0) != 0, 4, 512u << 10, 500); }
BENCHMARK(append_512_spans)
    ->ArgName("sync")
    ->Arg(1)
    ->Arg(0)
    ->UseRealTime()
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(2);

/// Small requests from many clients: how far one sync is shared.
void append_small(benchmark::State& state) { clients(state, state.range(0) != 0, 32, 4u << 10, 100); }
BENCHMARK(append_small)
    ->ArgName("sync")
    ->Arg(1)
    ->Arg(0)
    ->UseRealTime()
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(2);

void read_all(benchmark::State& state) {
  set_log_level(LogLevel::error);
  BenchDirectory dir;
  Options options;
  options.directory = dir.path;
  options.sync = false;
  auto log = open_log(posix_filesystem(), system_clock(), options);
  const std::string request(static_cast<std::size_t>(state.range(0)), 'x');
  const std::size_t count = (256u << 20) / request.size();
  std::atomic<std::size_t> done{0};
  for (std::size_t i = 0; i < count; ++i) {
    while (i - done > 100) std::this_thread::yield();
    Payload payload;
    payload.pieces.push_back(request);
    (*log)->append({}, std::move(payload), [&](Result<Position>) { ++done; });
  }
  while (done < count) std::this_thread::yield();
  for (auto _ : state) {
    auto reader = (*log)->read(0);
    std::size_t n = 0;
    while (auto record = reader->next()) {
      if (!*record) break;
      ++n;
    }
    if (n != count) throw std::runtime_error("records are missing");
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * count * request.size()));
}
BENCHMARK(read_all)->ArgName("bytes")->Arg(512 << 10)->Arg(1 << 10)->Unit(benchmark::kMillisecond);

void advance_cursor(benchmark::State& state) {
  set_log_level(LogLevel::error);
  BenchDirectory dir;
  Options options;
  options.directory = dir.path;
  auto log = open_log(posix_filesystem(), system_clock(), options);
  auto cursor = (*log)->cursor("c").value();
  for (auto _ : state) {
    if (!cursor->advance(0, "range 1-2")) throw std::runtime_error("advance failed");
  }
}
BENCHMARK(advance_cursor)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace turnscope::log
