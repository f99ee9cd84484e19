// turnscope_bench export: receive, log, forward; no store. What the far side gets is counted, its work is not
// measured.
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "net/http_server.h"
#include "process.h"
#include "server_bench.h"
#include "store/test_folder.h"

namespace turnscope::bench {
namespace {

/// Takes everything at once.
class FarSide {
 public:
  Status listen() {
    net::HttpOptions options;
    options.max_body_bytes = 64u << 20;
    auto server = net::HttpServer::listen(
        options, [this](net::HttpRequest r, std::shared_ptr<net::Responder> responder) {
          bytes += r.body.size();
          ++requests;
          responder->send({200, {{"content-type", "application/x-protobuf"}}, {}});
        });
    if (!server) return fail(server.error());
    server_ = std::move(*server);
    return {};
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}", server_->port()); }
  std::atomic<std::uint64_t> bytes{0}, requests{0};

 private:
  std::unique_ptr<net::HttpServer> server_;
};

std::uint64_t field(const boost::json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v == nullptr     ? 0
         : v->is_int64()  ? static_cast<std::uint64_t>(v->as_int64())
         : v->is_uint64() ? v->as_uint64()
                          : 0;
}

struct Sent {
  std::uint64_t items = 0, retries = 0, lag = 0;
};
std::optional<Sent> exporter_state(RestClient& client) {
  const auto json = client.get_json("/api/v1/exporters");
  if (!json || !json->is_object()) return std::nullopt;
  const auto& list = json->as_object().at("exporters").as_array();
  if (list.empty()) return std::nullopt;
  const auto& e = list[0].as_object();
  return Sent{field(e, "items"), field(e, "retries"), field(e, "lag_records")};
}

}  // namespace

int export_bench(const ServerBenchOptions& o) {
  fmt::print(stderr, "building {} spans\n", o.spans);
  const auto work = build_workload({.spans = o.spans});
  FarSide far;
  if (const auto ok = far.listen(); !ok) {
    fmt::print(stderr, "{}\n", ok.error().message);
    return 1;
  }
  auto set = o.set;
  set.insert(set.begin(), {"store.enabled=false", "exporters.0.name=bench",
                           "exporters.0.endpoint=" + far.url(), "exporters.0.compression=none"});
  const TestFolder folder;
  auto started = ServerProcess::start(o.server, folder.path() / "data", set);
  if (!started) {
    fmt::print(stderr, "{}\n", started.error().message);
    return 1;
  }
  auto& server = **started;
  RestClient client(server.ui());
  const auto idle = process_use(server.pid());
  const auto sent = send(work.requests, {.address = o.http ? server.http() : server.grpc(),
                                         .grpc = !o.http,
                                         .connections = o.connections,
                                         .outstanding = o.outstanding,
                                         .spans_per_second = o.rate});
  const double acked = wall_seconds();
  std::optional<Sent> state;
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    state = exporter_state(client);
  } while ((!state || state->items < work.spans) && wall_seconds() - acked < 120);
  const double caught_up = wall_seconds() - acked;
  const auto done = process_use(server.pid());
  if (!idle || !done || !state) {
    fmt::print(stderr, "the server ended\n");
    return 1;
  }
  const double spans = static_cast<double>(work.spans), million = spans / 1e6;
  boost::json::object f;
  f["protocol in"] = o.http ? "http" : "grpc";
  f["spans"] = work.spans;
  f["wire bytes a span"] = rounded(static_cast<double>(work.bytes) / spans, 1);
  f["acked spans/s"] = rounded(spans / sent.seconds, 1);
  f["forwarded spans/s"] = rounded(spans / (sent.seconds + caught_up), 1);
  f["requests refused"] = sent.refused;
  f["ack ms p99"] = rounded(percentile(sent.latency, 0.99) * 1e3);
  f["caught up after s"] = rounded(caught_up);
  f["server CPU-s per million, in all"] = rounded((done->cpu_seconds - idle->cpu_seconds) / million);
  f["peak RSS MB"] = done->peak_rss >> 20;
  f["spans forwarded"] = state->items;
  f["requests forwarded"] = far.requests.load();
  f["bytes forwarded a span"] = rounded(static_cast<double>(far.bytes.load()) / spans, 1);
  f["retries"] = state->retries;
  f["stopped in order"] = server.stop();
  print_report("export", f, o.json);
  return state->items >= work.spans && sent.refused == 0 ? 0 : 1;
}

}  // namespace turnscope::bench
