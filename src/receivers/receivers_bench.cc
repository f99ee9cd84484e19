// Receiving alone: gRPC or HTTP → decode → durable log, no store. The clients are another process, so that
// the CPU time printed is the server's. Usage: receivers_bench [grpc|http] [requests] [clients]. Figures:
// docs/performance.md.
#include <curl/curl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "otlp/agent_request.h"
#include "receivers/otlp_grpc.h"
#include "receivers/otlp_grpc_client.h"
#include "receivers/otlp_http.h"
#include "receivers/test_support.h"

namespace turnscope::receivers {
namespace {

constexpr std::size_t spans = 512;

std::size_t drop(char*, std::size_t a, std::size_t n, void*) { return a * n; }

/// Sends `requests` over `clients` connections; returns how many were acknowledged.
int send_all(bool grpc, std::uint16_t port, int requests, int clients) {
  std::vector<std::string> bodies;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) bodies.push_back(otlp::agent_request(spans, seed));
  std::atomic<int> next{0}, good{0};
  std::vector<std::thread> threads;
  for (int c = 0; c < clients; ++c)
    threads.emplace_back([&] {
      GrpcClient client(port);
      CURL* curl = curl_easy_init();
      const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/v1/traces";
      curl_slist* headers =
          curl_slist_append(curl_slist_append(nullptr, "Content-Type: application/x-protobuf"), "Expect:");
      curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
      curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
      curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &drop);
      for (int i; (i = next++) < requests;) {
        const std::string& body = bodies[static_cast<std::size_t>(i) % bodies.size()];
        if (grpc) {
          good += client.call(GrpcClient::traces, body).status.ok();
        } else {
          curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
          curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
          long status = 0;
          curl_easy_perform(curl);
          curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
          good += status == 200;
        }
      }
      curl_slist_free_all(headers);
      curl_easy_cleanup(curl);
    });
  for (auto& t : threads) t.join();
  return good;
}

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
}

int run(bool grpc, int requests, int clients) {
  int to_child[2], from_child[2];
  if (::pipe(to_child) != 0 || ::pipe(from_child) != 0) return 1;
  const pid_t child = ::fork();  // before any thread of gRPC's exists
  if (child == 0) {
    std::uint16_t port = 0;
    if (::read(to_child[0], &port, sizeof port) != sizeof port) ::_exit(1);
    const int good = send_all(grpc, port, requests, clients);
    const ssize_t n = ::write(from_child[1], &good, sizeof good);
    ::_exit(n == sizeof good ? 0 : 1);
  }
  TestLog log;
  ExportHandler handler(*log, {});
  GrpcOptions g;
  g.port = 0;
  HttpReceiverOptions h;
  h.port = 0;
  std::unique_ptr<GrpcReceiver> grpc_receiver;
  std::unique_ptr<HttpReceiver> http_receiver;
  if (grpc)
    grpc_receiver = std::move(start_grpc(g, handler).value());
  else
    http_receiver = std::move(start_http(h, handler).value());
  const std::uint16_t port = grpc ? grpc_receiver->port() : http_receiver->port();
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  const auto start = std::chrono::steady_clock::now();
  int good = 0;
  if (::write(to_child[1], &port, sizeof port) != sizeof port ||
      ::read(from_child[0], &good, sizeof good) != sizeof good)
    return 1;
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ::getrusage(RUSAGE_SELF, &after);
  ::waitpid(child, nullptr, 0);
  const double user = seconds(after.ru_utime) - seconds(before.ru_utime),
               sys = seconds(after.ru_stime) - seconds(before.ru_stime);
  const double total = static_cast<double>(good) * spans;
  std::printf(
      "%s: %d of %d requests of %zu spans, %.2f s, %.0f acked spans/s, %.2f CPU-s per million spans (user "
      "%.2f, system %.2f), peak RSS %ld MB, %llu syncs\n",
      grpc ? "gRPC" : "HTTP", good, requests, spans, wall, total / wall, (user + sys) / total * 1e6,
      user / total * 1e6, sys / total * 1e6, after.ru_maxrss / 1024,
      static_cast<unsigned long long>(log->stats().syncs));
  return good == requests ? 0 : 1;
}

}  // namespace
}  // namespace turnscope::receivers

int main(int argc, char** argv) {
  const bool grpc = argc < 2 || std::string_view(argv[1]) != "http";
  return turnscope::receivers::run(grpc, argc > 2 ? std::atoi(argv[2]) : 1'000,
                                   argc > 3 ? std::atoi(argv[3]) : 4);
}
