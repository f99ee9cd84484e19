#include "sender.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/byte_buffer.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <mutex>
#include <thread>

#include "rest_client.h"
#include "server_process.h"

namespace turnscope::bench {
namespace {

double process_cpu() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

class Run {
 public:
  Run(const std::vector<std::string>& requests, const SendOptions& options)
      : requests_(requests), options_(options), began_(wall_seconds()) {}

  /// The next request to send, at its time; size() when there is none. `due`: when it is or was to be sent.
  /// Its latency counts from there, so that a slow answer does not hide the wait of those behind it.
  std::size_t next(double& due) {
    const auto i = next_++;
    due = wall_seconds();
    if (i >= requests_.size()) return requests_.size();
    if (options_.spans_per_second > 0) {
      due = began_ + static_cast<double>(i * options_.spans_per_request) / options_.spans_per_second;
      if (const double wait = due - wall_seconds(); wait > 0)
        std::this_thread::sleep_for(std::chrono::duration<double>(wait));
    }
    return i;
  }
  void http(SendReport& report) {
    RestClient client(options_.address);
    double due = 0;
    for (auto i = next(due); i < requests_.size(); i = next(due)) {
      for (;;) {
        const auto answer = client.post("/v1/traces", requests_[i], "application/x-protobuf");
        report.latency.push_back(wall_seconds() - due);
        if (answer.status == 200) {
          ++report.acked;
          break;
        }
        if (report.first_error.empty()) report.first_error = "HTTP " + std::to_string(answer.status);
        if (answer.status != 503 && answer.status != 429 && answer.status != 0) {
          ++report.refused;
          break;
        }
        ++report.retried;
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        due = wall_seconds();
      }
    }
  }

  void grpc(SendReport& report) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(1 << 20);
    grpc::GenericStub stub(
        grpc::CreateCustomChannel(options_.address, grpc::InsecureChannelCredentials(), arguments));
    grpc::CompletionQueue queue;
    struct Call {
      grpc::ClientContext context;
      grpc::ByteBuffer answer;
      grpc::Status status;
      std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
      std::size_t request = 0;
      double sent = 0;
    };
    const auto begin = [&](std::size_t i, double due) {
      auto* call = new Call;
      call->request = i;
      call->sent = due;
      call->context.set_wait_for_ready(true);
      const grpc::Slice slice(requests_[i].data(), requests_[i].size(), grpc::Slice::STATIC_SLICE);
      const grpc::ByteBuffer body(&slice, 1);
      call->reader = stub.PrepareUnaryCall(
          &call->context, "/opentelemetry.proto.collector.trace.v1.TraceService/Export", body, &queue);
      call->reader->StartCall();
      call->reader->Finish(&call->answer, &call->status, call);
    };
    unsigned under_way = 0;
    const auto more = [&] {
      double due = 0;
      if (const auto i = next(due); i < requests_.size()) {
        begin(i, due);
        ++under_way;
      }
    };
    // At a given rate the wait for a request's time must not keep answers waiting.
    const unsigned outstanding = options_.spans_per_second > 0 ? 1 : options_.outstanding;
    for (unsigned k = 0; k < outstanding; ++k) more();
    void* tag = nullptr;
    bool ok = false;
    while (under_way > 0 && queue.Next(&tag, &ok)) {
      const std::unique_ptr<Call> call(static_cast<Call*>(tag));
      report.latency.push_back(wall_seconds() - call->sent);
      --under_way;
      if (call->status.ok()) {
        ++report.acked;
        more();
        continue;
      }
      if (report.first_error.empty()) report.first_error = call->status.error_message();
      if (call->status.error_code() == grpc::StatusCode::UNAVAILABLE) {
        ++report.retried;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        begin(call->request, wall_seconds());
        ++under_way;
      } else {
        ++report.refused;
        more();
      }
    }
    queue.Shutdown();
    while (queue.Next(&tag, &ok)) delete static_cast<Call*>(tag);
  }

 private:
  const std::vector<std::string>& requests_;
  const SendOptions& options_;
  const double began_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace

SendReport send(const std::vector<std::string>& requests, const SendOptions& options) {
  SendReport sum;
  const double began = wall_seconds(), cpu = process_cpu();
  Run run(requests, options);
  std::vector<SendReport> reports(options.connections);
  {
    std::vector<std::jthread> threads;
    for (auto& r : reports) threads.emplace_back([&] { options.grpc ? run.grpc(r) : run.http(r); });
  }
  sum.seconds = wall_seconds() - began;
  sum.cpu_seconds = process_cpu() - cpu;
  for (auto& r : reports) {
    sum.acked += r.acked;
    sum.refused += r.refused;
    sum.retried += r.retried;
    sum.latency.insert(sum.latency.end(), r.latency.begin(), r.latency.end());
    if (sum.first_error.empty()) sum.first_error = r.first_error;
  }
  std::sort(sum.latency.begin(), sum.latency.end());
  return sum;
}

double percentile(const std::vector<double>& sorted, double p) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(p * static_cast<double>(sorted.size())))];
}

}  // namespace turnscope::bench
