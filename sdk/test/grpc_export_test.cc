// The gRPC exporter against a real grpc++ server (generic callback service: raw bytes in, scripted answer
// out).
#include <gmock/gmock.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <deque>

#include "memory_transport.h"
#include "turnscope/sdk/grpc.h"

namespace turnscope::sdk::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using namespace std::chrono_literals;

class Server : public grpc::CallbackGenericService {
 public:
  struct Call {
    std::string method, body, key;
    std::chrono::steady_clock::time_point at;
  };
  Server() {
    grpc::ServerBuilder b;
    b.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    b.RegisterCallbackGenericService(this);
    server_ = b.BuildAndStart();
  }
  ~Server() override { server_->Shutdown(std::chrono::system_clock::now()); }
  std::string address() const { return "http://127.0.0.1:" + std::to_string(port_); }
  void answer_next(std::vector<std::pair<grpc::Status, std::string>> answers) {
    std::lock_guard lock(mutex_);
    for (auto& a : answers) answers_.push_back(std::move(a));
  }
  std::vector<Call> calls() {
    std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  class Reactor : public grpc::ServerGenericBidiReactor {
   public:
    Reactor(Server& s, grpc::GenericCallbackServerContext* c) : s_(s), context_(c) { StartRead(&in_); }
    void OnReadDone(bool ok) override {
      if (!ok) return Finish(grpc::Status::CANCELLED);
      std::vector<grpc::Slice> slices;
      std::string body;
      if (in_.Dump(&slices).ok())
        for (const auto& slice : slices)
          body.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
      std::string key;
      if (const auto it = context_->client_metadata().find("x-api-key");
          it != context_->client_metadata().end())
        key.assign(it->second.data(), it->second.size());
      std::pair<grpc::Status, std::string> answer{grpc::Status::OK, ""};
      {
        std::lock_guard lock(s_.mutex_);
        s_.calls_.push_back({context_->method(), body, key, std::chrono::steady_clock::now()});
        if (!s_.answers_.empty()) {
          answer = s_.answers_.front();
          s_.answers_.pop_front();
        }
      }
      if (!answer.first.ok()) return Finish(answer.first);
      const grpc::Slice slice(answer.second);
      out_ = grpc::ByteBuffer(&slice, 1);
      StartWriteAndFinish(&out_, {}, grpc::Status::OK);
    }
    void OnDone() override { delete this; }

   private:
    Server& s_;
    grpc::GenericCallbackServerContext* context_;
    grpc::ByteBuffer in_, out_;
  };
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* c) override {
    return new Reactor(*this, c);
  }
  int port_ = 0;
  std::mutex mutex_;
  std::vector<Call> calls_;
  std::deque<std::pair<grpc::Status, std::string>> answers_;
  std::unique_ptr<grpc::Server> server_;
};

/// google.rpc.Status with a RetryInfo of 100 ms.
std::string retry_info() {
  // Duration{nanos: 100,000,000}
  const std::string duration{'\x10', static_cast<char>(0x80), static_cast<char>(0xC2),
                             static_cast<char>(0xD7), '\x2F'};
  const std::string info = std::string("\x0A", 1) + static_cast<char>(duration.size()) + duration;
  const std::string url = "type.googleapis.com/google.rpc.RetryInfo";
  const std::string any = std::string("\x0A", 1) + static_cast<char>(url.size()) + url + "\x12" +
                          static_cast<char>(info.size()) + info;
  return std::string("\x1A", 1) + static_cast<char>(any.size()) + any;
}

struct GrpcExport : testing::Test {
  Server server;
  Config config;
  GrpcExport() {
    use_grpc();
    config.service_name = "grpc";
    config.traces.protocol = config.metrics.protocol = "grpc";
    config.traces.endpoint = config.metrics.endpoint = server.address();
    config.retry.initial = 1ms;
  }
  bool send(TracerProvider& p) {
    p.tracer("s").start("span");
    return p.force_flush();
  }
};

TEST_F(GrpcExport, sends_traces_and_metrics_to_their_services_with_metadata) {
  config.traces.headers = {{"X-Api-Key", "secret"}};
  for (const bool gzip : {false, true}) {
    config.traces.gzip = gzip;
    TracerProvider p(config);
    EXPECT_TRUE(send(p));
  }
  MeterProvider m(config);
  m.counter("s", "c").add(2);
  EXPECT_TRUE(m.force_flush());
  const auto calls = server.calls();
  ASSERT_THAT(calls, SizeIs(3));
  EXPECT_EQ(calls[0].method, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
  EXPECT_EQ(calls[0].key, "secret");
  EXPECT_EQ(read_traces(calls[0].body).spans.at(0).name, "span");
  EXPECT_EQ(read_traces(calls[1].body).spans.at(0).name, "span");
  EXPECT_EQ(calls[2].method, "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
  EXPECT_EQ(read_metrics(calls[2].body).metrics.at(0).points.at(0).sum, 2);
}

TEST_F(GrpcExport, retryable_codes_are_tried_again) {
  using grpc::StatusCode;
  for (const auto code : {StatusCode::UNAVAILABLE, StatusCode::DEADLINE_EXCEEDED, StatusCode::ABORTED,
                          StatusCode::CANCELLED, StatusCode::OUT_OF_RANGE, StatusCode::DATA_LOSS})
    server.answer_next({{grpc::Status(code, "again"), ""}});
  TracerProvider p(config);
  EXPECT_TRUE(send(p));
  EXPECT_THAT(server.calls(), SizeIs(7));
  EXPECT_EQ(p.stats().exported, 1u);
}

TEST_F(GrpcExport, final_codes_are_not) {
  using grpc::StatusCode;
  for (const auto code : {StatusCode::INVALID_ARGUMENT, StatusCode::UNAUTHENTICATED,
                          StatusCode::UNIMPLEMENTED, StatusCode::INTERNAL, StatusCode::RESOURCE_EXHAUSTED}) {
    server.answer_next({{grpc::Status(code, "never"), ""}});
    TracerProvider p(config);
    EXPECT_FALSE(send(p)) << code;
    EXPECT_EQ(p.stats().dropped_export, 1u) << code;
  }
  EXPECT_THAT(server.calls(), SizeIs(5));
}

TEST_F(GrpcExport, retry_info_makes_resource_exhausted_retryable_and_sets_the_delay) {
  server.answer_next({{grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "full", retry_info()), ""}});
  TracerProvider p(config);
  EXPECT_TRUE(send(p));
  const auto calls = server.calls();
  ASSERT_THAT(calls, SizeIs(2));
  EXPECT_GE(calls[1].at - calls[0].at, 95ms);
}

TEST_F(GrpcExport, partial_success_is_counted) {
  server.answer_next({{grpc::Status::OK, std::string("\x0A\x02\x08\x01", 4)}});
  TracerProvider p(config);
  EXPECT_TRUE(send(p));
  EXPECT_EQ(p.stats().rejected, 1u);
}

TEST_F(GrpcExport, shutdown_cancels_a_call_that_hangs) {
  config.traces.endpoint = "http://127.0.0.1:1";
  TracerProvider p(config);
  p.tracer("s").start("s");
  EXPECT_FALSE(p.shutdown(100ms));
  EXPECT_EQ(p.stats().dropped_export, 1u);
}

}  // namespace
}  // namespace turnscope::sdk::test
