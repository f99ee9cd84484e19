// OTLP/gRPC over a generic stub: the request's bytes are encoded already, so no generated code is needed.
// Which codes may be tried again: OTLP specification, "Failures"; RESOURCE_EXHAUSTED only with RetryInfo.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "log.h"
#include "sender.h"
#include "turnscope/sdk/grpc.h"

namespace turnscope::sdk {
namespace {

using namespace detail;

std::string file_text(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

class GrpcTransport final : public Transport {
 public:
  GrpcTransport(Signal signal, const OtlpOptions& options)
      : method_(signal == Signal::traces ? "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
                                         : "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"),
        options_(options) {
    std::string target = options.endpoint.empty() ? "http://localhost:4317" : options.endpoint;
    bool tls = false;
    if (target.starts_with("https://")) tls = true;
    if (const auto scheme = target.find("://"); scheme != target.npos) target.erase(0, scheme + 3);
    target.erase(std::min(target.find('/'), target.size()));
    std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
    if (tls) {
      grpc::SslCredentialsOptions ssl;
      if (!options.certificate.empty()) ssl.pem_root_certs = file_text(options.certificate);
      if (!options.client_certificate.empty()) ssl.pem_cert_chain = file_text(options.client_certificate);
      if (!options.client_key.empty()) ssl.pem_private_key = file_text(options.client_key);
      credentials = grpc::SslCredentials(ssl);
    }
    grpc::ChannelArguments arguments;
    arguments.SetUserAgentPrefix("turnscope-sdk-cpp/" + std::string(version));
    arguments.SetMaxReceiveMessageSize(4 << 20);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // retries are the Sender's
    if (options.gzip) arguments.SetCompressionAlgorithm(GRPC_COMPRESS_GZIP);
    channel_ = grpc::CreateCustomChannel(target, credentials, arguments);
    stub_ = std::make_unique<grpc::GenericStub>(channel_);
    target_ = target;
  }

  SendResult send(std::string_view request, std::chrono::milliseconds timeout,
                  const std::function<bool()>& cancelled) override {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + timeout);
    for (const auto& [name, value] : options_.headers) {
      std::string lower = name;  // metadata keys are lower case
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](unsigned char c) { return std::tolower(c); });
      context.AddMetadata(lower, value);
    }
    const grpc::Slice slice(request.data(), request.size());
    const grpc::ByteBuffer body(&slice, 1);
    grpc::CompletionQueue queue;
    auto call = stub_->PrepareUnaryCall(&context, method_, body, &queue);
    call->StartCall();
    grpc::ByteBuffer answer;
    grpc::Status status;
    call->Finish(&answer, &status, this);
    for (;;) {
      void* tag = nullptr;
      bool ok = false;
      const auto next =
          queue.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + std::chrono::milliseconds(100));
      if (next == grpc::CompletionQueue::GOT_EVENT) break;
      if (cancelled()) context.TryCancel();
    }
    queue.Shutdown();

    SendResult result;
    if (status.ok()) {
      result.ok = true;
      if (!parse_partial_success(text_of(answer), result.rejected, result.message))
        result.message = "the collector's answer is no OTLP response";
      return result;
    }
    std::string words;
    parse_rpc_status(status.error_details(), words, result.retry_after);
    result.message = target_ + ": gRPC status " + std::to_string(static_cast<int>(status.error_code())) +
                     ": " + status.error_message();
    switch (status.error_code()) {
      case grpc::StatusCode::CANCELLED:
      case grpc::StatusCode::DEADLINE_EXCEEDED:
      case grpc::StatusCode::ABORTED:
      case grpc::StatusCode::OUT_OF_RANGE:
      case grpc::StatusCode::UNAVAILABLE:
      case grpc::StatusCode::DATA_LOSS:
        result.retryable = true;
        break;
      case grpc::StatusCode::RESOURCE_EXHAUSTED:
        result.retryable = result.retry_after.has_value();
        break;
      default:
        break;
    }
    return result;
  }

 private:
  static std::string text_of(const grpc::ByteBuffer& buffer) {
    std::vector<grpc::Slice> slices;
    std::string out;
    if (buffer.Valid() && buffer.Dump(&slices).ok())
      for (const grpc::Slice& s : slices) out.append(reinterpret_cast<const char*>(s.begin()), s.size());
    return out;
  }

  const std::string method_;
  const OtlpOptions options_;
  std::string target_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<grpc::GenericStub> stub_;
};

}  // namespace

void use_grpc() {
  register_grpc([](Signal signal, const Config& config) -> std::unique_ptr<Transport> {
    return std::make_unique<GrpcTransport>(signal, signal == Signal::traces ? config.traces : config.metrics);
  });
}

}  // namespace turnscope::sdk
