// turnscope_bench store: the store's path alone, in this process: decode, normalise, blocks, insert, merges.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "commands.h"
#include "process.h"
#include "sinks/range_block.h"
#include "store/chdb_engine.h"
#include "store/params.h"
#include "store/row_reader.h"
#include "store/schema.h"
#include "store/test_folder.h"
#include "workload.h"

namespace turnscope::bench {
namespace {

double cpu() { return process_use(::getpid())->cpu_seconds; }
double wall() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::uint64_t number(store::Engine& e, std::string_view sql) {
  auto r = e.query({.sql = sql});
  if (!r) {
    fmt::print(stderr, "{}\n", r.error().message);
    return 0;
  }
  return store::RowReader(r->bytes).u64();
}

/// "SELECT … SETTINGS a = 1": the engine takes them apart.
std::pair<std::string_view, std::string_view> with_settings(std::string_view sql) {
  constexpr std::string_view kWord = " SETTINGS ";
  const auto at = sql.find(kWord);
  if (at == std::string_view::npos) return {sql, {}};
  return {sql.substr(0, at), sql.substr(at + kWord.size())};
}

void time_queries(store::Engine& engine, const std::vector<std::string>& queries) {
  for (const auto& sql : queries) {
    std::vector<double> ms;
    std::string error;
    for (int i = 0; i < 12; ++i) {
      const double began = wall();
      const auto [statement, settings] = with_settings(sql);
      auto r = engine.query({.sql = statement, .settings = settings});
      if (!r) error = r.error().message;
      ms.push_back((wall() - began) * 1e3);
    }
    std::sort(ms.begin(), ms.end());
    fmt::print("  {:.1f} ms p50, {:.1f} max: {} {}\n", ms[6], ms.back(), sql, error);
  }
}

int in_loaded_store(const StoreBenchOptions& o) {
  store::ChdbOptions options;
  options.directory = std::filesystem::path(o.data) / "store";
  auto engine = store::open_chdb(options);
  if (!engine) {
    fmt::print(stderr, "{}\n", engine.error().message);
    return 1;
  }
  for (const auto& sql : o.queries) {
    const auto [statement, settings] = with_settings(sql);
    auto r = (*engine)->query({.sql = statement, .format = "TSVWithNames", .settings = settings});
    fmt::print("{}\n", r ? r->bytes : r.error().message);
  }
  time_queries(**engine, o.queries);
  return 0;
}

}  // namespace

int store_bench(const StoreBenchOptions& o) {
  if (!o.data.empty()) return in_loaded_store(o);
  fmt::print(stderr, "building {} spans\n", o.spans);
  const auto work = build_workload({.spans = o.spans});
  const TestFolder folder;
  store::ChdbOptions options;
  options.directory = folder.path() / "store";
  auto engine = store::open_chdb(options);
  if (!engine) {
    fmt::print(stderr, "{}\n", engine.error().message);
    return 1;
  }
  if (auto done = store::migrate(**engine); !done) {
    fmt::print(stderr, "{}\n", done.error().message);
    return 1;
  }
  for (const auto& sql : o.alter)
    if (auto done = (*engine)->execute(sql, {}); !done) {
      fmt::print(stderr, "{}: {}\n", sql, done.error().message);
      return 1;
    }
  sinks::RangeLimits limits;
  limits.rows = o.rows;
  limits.bytes = o.bytes;
  sinks::RangeBlock block(limits);
  store::SeenResources seen;
  store::GramIndex words;
  block.count_words(words);
  double encode = 0, insert_cpu = 0, native_bytes = 0;
  std::size_t inserts = 0;
  std::vector<double> times;
  const double start_cpu = cpu(), start = wall();
  const auto received = system_clock().unix_nanos();
  const auto flush = [&] {
    const double before = cpu(), began = wall();
    block.traces.build();
    words.emit(block.grams);
    const auto token = fmt::format("bench-{}", inserts++);
    const auto put = [&](auto& b, std::string_view table) {
      if (b.rows() == 0) return;
      const auto& pieces = b.native();
      native_bytes += static_cast<double>(b.native_bytes());
      if (auto done =
              (*engine)->insert({.table = table, .block = pieces, .columns = b.columns(), .token = token});
          !done)
        fmt::print(stderr, "{}\n", done.error().message);
    };
    put(block.resources, "resources");
    put(block.calls, "calls");
    put(block.grams, "text_grams");
    put(block.traces, "traces");
    put(block.spans, "spans");
    insert_cpu += cpu() - before;
    times.push_back(wall() - began);
    block.clear();
  };
  std::uint64_t position = 0;
  for (const auto& bytes : work.requests) {
    log::Record record{.position = position++, .head = {.received_unix_nano = received}, .bytes = bytes};
    timespec a{}, b{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    block.add(record, seen);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    encode += static_cast<double>(b.tv_sec - a.tv_sec) + static_cast<double>(b.tv_nsec - a.tv_nsec) * 1e-9;
    if (block.full()) flush();
  }
  if (!block.empty()) flush();
  const double inserted_cpu = cpu() - start_cpu, inserted_wall = wall() - start;
  const auto peak = process_use(::getpid())->peak_rss;
  while (o.settle && number(**engine, "SELECT count() FROM system.merges") != 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  std::this_thread::sleep_for(std::chrono::milliseconds(o.settle ? 1500 : 0));
  while (o.settle && number(**engine, "SELECT count() FROM system.merges") != 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const double settled = cpu() - start_cpu;
  const auto per_million = 1e6 / static_cast<double>(work.spans);
  const auto disk = number(**engine, "SELECT sum(bytes_on_disk) FROM system.parts WHERE active");
  std::sort(times.begin(), times.end());
  fmt::print("store: {} spans, {:.0f} B a span on the wire, {:.0f} B in blocks; {}\n", work.spans,
             static_cast<double>(work.bytes) / static_cast<double>(work.spans),
             native_bytes / static_cast<double>(work.spans), environment());
  fmt::print("  CPU-s per million: encode {:.2f}, insert {:.2f}, inserted {:.2f}, settled {:.2f}\n",
             encode * per_million, insert_cpu * per_million, inserted_cpu * per_million,
             settled * per_million);
  fmt::print("  {:.0f} spans/s, {} ranges of {} rows, insert p50 {:.0f} ms max {:.0f} ms\n",
             static_cast<double>(work.spans) / inserted_wall, inserts, o.rows, times[times.size() / 2] * 1e3,
             times.back() * 1e3);
  fmt::print("  disk {:.1f} B a span, parts {}, peak RSS {} MB (of which payloads {} MB)\n",
             static_cast<double>(disk) / static_cast<double>(work.spans),
             number(**engine, "SELECT count() FROM system.parts WHERE active AND table = 'spans'"),
             peak >> 20, work.bytes >> 20);
  if (o.columns) {
    auto r = (*engine)->query(
        {.sql = "SELECT concat(column, ' ', toString(sum(column_data_compressed_bytes)), ' of ', "
                "toString(sum(column_data_uncompressed_bytes))) FROM system.parts_columns WHERE "
                "active AND table = 'spans' GROUP BY column ORDER BY sum(column_data_compressed_bytes) DESC "
                "LIMIT 30",
         .format = "TabSeparated"});
    if (r) fmt::print("{}", r->bytes);
  }
  if (o.columns) {
    auto r = (*engine)->query(
        {.sql = "SELECT concat(event, ' ', toString(round(value / 1000)), ' ms') FROM system.events WHERE "
                "event LIKE '%Microseconds' AND value > 20000 ORDER BY value DESC LIMIT 40",
         .format = "TabSeparated"});
    if (r) fmt::print("{}", r->bytes);
  }
  time_queries(**engine, o.queries);
  return 0;
}

}  // namespace turnscope::bench
