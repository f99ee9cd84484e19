// turnscope_bench ingest: the whole server under the canonical workload.
#include <fmt/format.h>

#include <atomic>
#include <set>
#include <thread>

#include "otlp/decode.h"
#include "process.h"
#include "server_bench.h"
#include "store/test_folder.h"

namespace turnscope::bench {
namespace {

/// How long after it was durable each record became searchable, seen by asking the server all the time.
class FreshnessProbe {
 public:
  explicit FreshnessProbe(std::string ui) : thread_([this, ui = std::move(ui)] { run(ui); }) {}
  std::vector<double> stop() {
    stop_ = true;
    thread_.join();
    std::sort(seconds_.begin(), seconds_.end());
    return seconds_;
  }

 private:
  void run(const std::string& ui) {
    RestClient client(ui);
    std::vector<std::pair<std::uint64_t, double>> open;  // durable up to here, seen at
    while (!stop_ || !open.empty()) {
      const auto s = store_state(client);
      const double now = wall_seconds();
      if (s) {
        if (!stop_ && s->durable > last_) {
          open.emplace_back(s->durable, now);
          last_ = s->durable;
        }
        std::erase_if(open, [&](const auto& o) {
          if (s->position < o.first) return false;
          seconds_.push_back(now - o.second);
          return true;
        });
      } else if (stop_) {
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  std::atomic<bool> stop_{false};
  std::uint64_t last_ = 0;
  std::vector<double> seconds_;
  std::thread thread_;
};

}  // namespace

int ingest_bench(const ServerBenchOptions& o) {
  fmt::print(stderr, "building {} spans\n", o.spans);
  const WorkloadOptions work_options{.spans = o.spans};
  const auto work = build_workload(work_options);
  const TestFolder folder;
  auto started = ServerProcess::start(o.server, folder.path() / "data", o.set);
  if (!started) {
    fmt::print(stderr, "{}\n", started.error().message);
    return 1;
  }
  auto& server = **started;
  RestClient client(server.ui());
  const auto idle = process_use(server.pid());
  FreshnessProbe probe(server.ui());
  fmt::print(stderr, "sending {} requests over {}\n", work.requests.size(), o.http ? "HTTP" : "gRPC");
  const auto sent = send(work.requests, {.address = o.http ? server.http() : server.grpc(),
                                         .grpc = !o.http,
                                         .connections = o.connections,
                                         .outstanding = o.outstanding,
                                         .spans_per_second = o.rate});
  const auto after_ack = process_use(server.pid());
  const double caught_up = settle(client, server.pid(), false);
  const auto freshness = probe.stop();
  fmt::print(stderr, "searchable; waiting for merges\n");
  settle(client, server.pid(), true);
  const auto settled = process_use(server.pid());
  if (!idle || !after_ack || !settled) {
    fmt::print(stderr, "the server ended\n");
    return 1;
  }

  // The judge: traces as a person would ask for them.
  const std::size_t traces = o.spans / kSpansPerTrace, samples = std::min<std::size_t>(1000, traces);
  std::size_t complete = 0, doubled = 0;
  for (std::size_t i = 0; i < samples; ++i) {
    const auto id = workload_trace_id(work_options.seed, i * traces / samples);
    const auto json = client.get_json("/api/v1/traces/" + otlp::hex(id) + "/spans");
    if (!json) continue;
    const auto* list = json->as_object().if_contains("spans");
    if (list == nullptr || !list->is_array()) continue;
    std::set<std::string> ids;
    for (const auto& span : list->as_array()) {
      const auto* span_id = span.as_object().if_contains("span_id");
      ids.insert(span_id != nullptr && span_id->is_string() ? std::string(span_id->as_string())
                                                            : std::string());
    }
    complete += ids.size() == kSpansPerTrace;
    doubled += ids.size() != list->as_array().size();
  }
  const auto state = store_state(client);
  const double spans = static_cast<double>(work.spans), million = spans / 1e6;
  boost::json::object f;
  f["protocol"] = o.http ? "http" : "grpc";
  f["spans"] = work.spans;
  f["wire bytes a span"] = rounded(static_cast<double>(work.bytes) / spans, 1);
  f["acked spans/s"] = rounded(spans / sent.seconds, 1);
  f["requests refused"] = sent.refused;
  f["requests retried"] = sent.retried;
  if (!sent.first_error.empty()) f["first error"] = sent.first_error;
  f["ack ms p50"] = rounded(percentile(sent.latency, 0.5) * 1e3);
  f["ack ms p99"] = rounded(percentile(sent.latency, 0.99) * 1e3);
  f["server CPU-s per million, acked"] = rounded((after_ack->cpu_seconds - idle->cpu_seconds) / million);
  f["server CPU-s per million, settled"] = rounded((settled->cpu_seconds - idle->cpu_seconds) / million);
  f["generator CPU-s per million"] = rounded(sent.cpu_seconds / million);
  f["caught up after s"] = rounded(caught_up);
  f["searchable s p50"] = rounded(percentile(freshness, 0.5), 0.001);
  f["searchable s p99"] = rounded(percentile(freshness, 0.99), 0.001);
  f["peak RSS MB"] = settled->peak_rss >> 20;
  f["RSS MB settled"] = settled->rss >> 20;
  if (state) {
    f["store bytes a span"] = rounded(static_cast<double>(state->bytes) / spans, 0.1);
    f["rows in the store"] = state->spans;
    f["lost"] = work.spans > state->spans ? work.spans - state->spans : 0;
    f["duplicated"] = state->spans > work.spans ? state->spans - work.spans : 0;
  }
  f["data folder bytes a span"] =
      rounded(static_cast<double>(folder_bytes(folder.path() / "data")) / spans, 0.1);
  f["sampled traces complete"] = fmt::format("{} of {}", complete, samples);
  f["sampled traces with doubled spans"] = doubled;
  f["stopped in order"] = server.stop();
  print_report("ingest", f, o.json);
  return complete == samples && doubled == 0 && sent.refused == 0 ? 0 : 1;
}

}  // namespace turnscope::bench
