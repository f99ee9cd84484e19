// turnscope_bench query and startup: what a loaded store answers, and how soon it does after a start.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "otlp/decode.h"
#include "process.h"
#include "server_bench.h"
#include "store/test_folder.h"

namespace turnscope::bench {
namespace {

struct Loaded {
  TestFolder folder;
  std::filesystem::path data;
  std::unique_ptr<ServerProcess> server;
  std::int64_t from = 0, to = 0;  ///< unix nanoseconds of the workload
};

std::int64_t now_unix_nano() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// --data: a store that an earlier run loaded, with the time range of its workload beside it.
bool reopen(const ServerBenchOptions& o, Loaded& l) {
  std::ifstream in(l.data / "workload");
  std::size_t spans = 0;
  if (!(in >> spans >> l.from >> l.to)) return false;
  if (spans != o.spans) {
    fmt::print(stderr, "{} holds {} spans, not {}\n", l.data.string(), spans, o.spans);
    return false;
  }
  auto started = ServerProcess::start(o.server, l.data / "data", o.set);
  if (!started) {
    fmt::print(stderr, "{}\n", started.error().message);
    return false;
  }
  l.server = std::move(*started);
  return true;
}

bool load(const ServerBenchOptions& o, Loaded& l) {
  l.data = o.data.empty() ? l.folder.path() : std::filesystem::path(o.data);
  if (std::filesystem::exists(l.data / "workload")) return reopen(o, l);
  std::filesystem::create_directories(l.data);
  fmt::print(stderr, "building {} spans\n", o.spans);
  WorkloadOptions w{.spans = o.spans};
  w.span_of_time_nanos = static_cast<std::int64_t>(3.6e12 * static_cast<double>(o.spans) / 1e6);
  l.to = now_unix_nano();
  l.from = w.from_unix_nano = l.to - w.span_of_time_nanos;
  const auto work = build_workload(w);
  auto started = ServerProcess::start(o.server, l.data / "data", o.set);
  if (!started) {
    fmt::print(stderr, "{}\n", started.error().message);
    return false;
  }
  l.server = std::move(*started);
  fmt::print(stderr, "loading\n");
  const auto sent = send(work.requests, {.address = l.server->grpc()});
  if (sent.refused != 0) fmt::print(stderr, "{} requests were refused: {}\n", sent.refused, sent.first_error);
  RestClient client(l.server->ui());
  settle(client, l.server->pid(), true);
  if (!o.data.empty() && sent.refused == 0)
    std::ofstream(l.data / "workload") << o.spans << ' ' << l.from << ' ' << l.to << '\n';
  return sent.refused == 0;
}

}  // namespace

int query_bench(const ServerBenchOptions& o) {
  Loaded l;
  if (!load(o, l)) return 1;
  RestClient client(l.server->ui());
  const std::uint64_t traces = o.spans / kSpansPerTrace;
  const auto range = fmt::format("&from={}&to={}", l.from - 1'000'000'000, l.to + 60'000'000'000);
  const auto trace = [&](std::size_t i) { return otlp::hex(workload_trace_id(1, (i * 7919 + 13) % traces)); };
  constexpr std::size_t kN = 100;
  boost::json::object f;
  f["spans"] = o.spans;
  std::size_t failed = 0;
  const auto shape = [&](const char* name, auto&& path) {
    if (!o.only.empty() && std::string_view(name).find(o.only) == std::string_view::npos) return;
    const auto cold = time_requests(client, 1, [&](std::size_t) { return path(kN + 7); });
    for (std::size_t i = 0; i < 3; ++i) client.get(path(kN + 11 + i));
    const auto t = time_requests(client, kN, path);
    failed += t.failed;
    f[name] = fmt::format("p50 {:.1f} ms, p99 {:.1f} ms, first {:.1f} ms{}", percentile(t.ms, 0.5),
                          percentile(t.ms, 0.99), cold.first,
                          t.failed != 0 ? fmt::format(", {} FAILED", t.failed) : "");
  };
  const auto search = [&](const char* kind, const std::string& q, int limit) {
    return fmt::format("/api/v1/{}?q={}&limit={}{}", kind, client.escape(q), limit, range);
  };
  shape("trace by id, header", [&](std::size_t i) { return "/api/v1/traces/" + trace(i); });
  shape("trace by id, all spans without text",
        [&](std::size_t i) { return "/api/v1/traces/" + trace(i) + "/spans"; });
  shape("trace by id, first window of the tree",
        [&](std::size_t i) { return "/api/v1/traces/" + trace(i) + "/window"; });
  shape("search service, model, duration, newest 20", [&](std::size_t i) {
    return search("spans",
                  fmt::format("service:{} model:{} duration>{}ms", workload_service(i % 8),
                              workload_model(i % 6), 300 + i * 10),
                  20);
  });
  shape("text attribute, rare value", [&](std::size_t i) {
    return search("spans", fmt::format("customer.id:customer-{}", i * 991 % 100'000), 20);
  });
  shape("text attribute, common value", [&](std::size_t i) {
    return search("spans", fmt::format("db.system:sqlite user:user-{}", i * 37 % 5000), 20);
  });
  shape("number in an attribute",
        [&](std::size_t i) { return search("spans", fmt::format("db.rows>{}", 900 + i), 20); });
  shape("tokens by model, one hour", [&](std::size_t i) {
    const auto to = l.to - static_cast<std::int64_t>(i) * 1'000'000'000;
    return fmt::format("/api/v1/tokens?from={}&to={}", to - 3'600'000'000'000, to);
  });
  shape("newest 50 traces with counts", [&](std::size_t i) {
    return fmt::format("/api/v1/traces?limit=50&from={}&to={}", l.from,
                       l.to - static_cast<std::int64_t>(i) * 1'000'000'000);
  });
  shape("rare word in prompts, newest 20",
        [&](std::size_t i) { return search("spans", workload_rare_word(i).substr(0, 12), 20); });
  // A price is edited before each request, so nothing that was computed before can be the answer.
  constexpr std::size_t kEdits = 40;
  std::vector<double> edited;
  for (std::size_t i = 0; i < kEdits + 3; ++i) {
    const auto rule =
        fmt::format("match,model,input,output,source,date\nprefix,{},{}.5,{},bench,2026-01-01\n",
                    workload_model(0), 1 + i % 7, 10 + i);
    failed += client.post("/api/v1/prices", rule, "text/csv").status != 200;
    const auto t = time_requests(
        client, 1, [&](std::size_t) { return fmt::format("/api/v1/usage?by=model,day{}", range); });
    failed += t.failed;
    if (i >= 3) edited.push_back(t.first);
  }
  std::sort(edited.begin(), edited.end());
  f[fmt::format("cost and tokens by model by day, all {} spans, price edited before each", o.spans)] =
      fmt::format("p50 {:.1f} ms, p99 {:.1f} ms", percentile(edited, 0.5), percentile(edited, 0.99));
  f["failed requests"] = failed;
  if (const auto use = process_use(l.server->pid())) f["peak RSS MB"] = use->peak_rss >> 20;
  l.server->stop();
  print_report("query", f, o.json);
  return failed == 0 ? 0 : 1;
}

int startup_bench(const ServerBenchOptions& o) {
  Loaded l;
  if (!load(o, l)) return 1;
  boost::json::object f;
  f["spans"] = o.spans;
  l.server->stop();
  for (int i = 1; i <= 3; ++i) {
    auto again = ServerProcess::start(o.server, l.data / "data", o.set);
    if (!again) {
      fmt::print(stderr, "{}\n", again.error().message);
      return 1;
    }
    RestClient client((*again)->ui());
    const auto first = time_requests(
        client, 1, [&](std::size_t) { return "/api/v1/traces/" + otlp::hex(workload_trace_id(1, 5)); });
    f[fmt::format("start to ready s, {}", i)] = rounded((*again)->start_seconds(), 0.001);
    f[fmt::format("first trace ms, {}", i)] = rounded(first.first, 0.1);
    if (i == 3) {
      settle(client, (*again)->pid(), true);
      const auto before = process_use((*again)->pid());
      std::this_thread::sleep_for(std::chrono::seconds(10));
      const auto after = process_use((*again)->pid());
      if (before && after) {
        f["idle RSS MB"] = after->rss >> 20;
        f["idle CPU % of a core"] = rounded((after->cpu_seconds - before->cpu_seconds) * 10);
      }
    }
    (*again)->stop();
  }
  print_report("startup", f, o.json);
  return 0;
}

}  // namespace turnscope::bench
