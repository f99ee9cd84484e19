// Test client: an Export call of raw bytes, as any OTLP client would make it.
#pragma once
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "receivers/test_support.h"

namespace turnscope::receivers {

/// Calls Export with raw bytes, as any OTLP client would.
class GrpcClient {
 public:
  explicit GrpcClient(std::uint16_t port) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);
    arguments.SetMaxSendMessageSize(-1);
    channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port),
                                         grpc::InsecureChannelCredentials(), arguments);
    stub_ = std::make_unique<grpc::GenericStub>(channel_);
  }
  struct Answer {
    grpc::Status status;
    std::string body;
    RpcStatus details() const { return RpcStatus::parse(status.error_details()); }
  };
  static constexpr const char* traces = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  static constexpr const char* logs = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
  static constexpr const char* metrics = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

  Answer call(const std::string& method, const std::string& bytes, bool gzip = false,
              const std::vector<std::pair<std::string, std::string>>& metadata = {}) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    if (gzip) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    for (const auto& [k, v] : metadata) context.AddMetadata(k, v);
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::CompletionQueue queue;
    auto rpc = stub_->PrepareUnaryCall(&context, method, request, &queue);
    rpc->StartCall();
    Answer answer;
    grpc::ByteBuffer response;
    rpc->Finish(&response, &answer.status, this);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    if (answer.status.ok() && response.Valid()) {
      grpc::Slice body;
      if (response.DumpToSingleSlice(&body).ok())
        answer.body.assign(reinterpret_cast<const char*>(body.begin()), body.size());
    }
    return answer;
  }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<grpc::GenericStub> stub_;
};

}  // namespace turnscope::receivers
