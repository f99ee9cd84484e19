// OTLP/gRPC by a generic stub: raw buffers, no generated code.
#include <fmt/format.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include "base/named_file.h"
#include "sinks/otlp_exporter/answer.h"
#include "sinks/otlp_exporter/transport.h"

namespace turnscope::sinks {
namespace {

constexpr std::chrono::milliseconds kStopLook{100};  ///< how often a call under way looks whether to stop
constexpr int kMaxAnswerBytes = 4 << 20;

const char* method_of(log::Signal s) {
  switch (s) {
    case log::Signal::logs:
      return "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    case log::Signal::metrics:
      return "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    default:
      return "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  }
}

Result<std::string> read_pem(std::string_view key, const std::string& path) {
  if (path.empty()) return std::string();
  auto text = read_named_file(path, kLargestPem);
  if (!text) return fail(text.error().with_context(key));
  return text;
}

class GrpcTransport final : public Transport {
 public:
  explicit GrpcTransport(const ExporterOptions& o) : options_(o) {}
  Status prepare();
  Outcome send(log::Signal, std::string_view body, std::uint16_t hops,
               const std::atomic<bool>& stop) override;

 private:
  const ExporterOptions options_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<grpc::GenericStub> stub_;
};

Status GrpcTransport::prepare() {
  std::string_view at = options_.endpoint;
  const bool plain = at.starts_with("http://");
  if (const auto scheme = at.find("://"); scheme != at.npos) at.remove_prefix(scheme + 3);
  while (at.ends_with('/')) at.remove_suffix(1);
  std::string target(at);
  const auto bracket = target.find(']');
  if (target.find(':', bracket == std::string::npos ? 0 : bracket) == std::string::npos)
    target += plain ? ":80" : ":443";
  grpc::ChannelArguments arguments;
  // A connection a sender: load spreads, and a hung one takes no other with it.
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);
  arguments.SetInt("grpc.max_reconnect_backoff_ms", 5'000);
  arguments.SetInt("grpc.initial_reconnect_backoff_ms", 200);
  arguments.SetInt("grpc.enable_retries", 0);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  if (!options_.tls.server_name.empty()) arguments.SetSslTargetNameOverride(options_.tls.server_name);
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  if (plain) {
    credentials = grpc::InsecureChannelCredentials();
  } else {
    grpc::SslCredentialsOptions ssl;
    TS_ASSIGN(ssl.pem_root_certs, read_pem("tls.ca", options_.tls.ca));
    TS_ASSIGN(ssl.pem_cert_chain, read_pem("tls.cert", options_.tls.cert));
    TS_ASSIGN(ssl.pem_private_key, read_pem("tls.key", options_.tls.key));
    credentials = grpc::SslCredentials(ssl);
  }
  channel_ = grpc::CreateCustomChannel(target, credentials, arguments);
  stub_ = std::make_unique<grpc::GenericStub>(channel_);
  return {};
}

Outcome GrpcTransport::send(log::Signal signal, std::string_view body, std::uint16_t hops,
                            const std::atomic<bool>& stop) {
  using std::chrono::system_clock;
  grpc::ClientContext context;
  context.set_deadline(system_clock::now() + options_.timeout);
  if (options_.compression == Compression::gzip) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  for (const auto& [key, value] : options_.headers) context.AddMetadata(key, value.reveal());
  context.AddMetadata("turnscope-hops", std::to_string(hops));
  // A copy: a cancelled call may hold its bytes a moment longer than we wait for it.
  const grpc::Slice slice(body.data(), body.size());
  const grpc::ByteBuffer request(&slice, 1);
  grpc::CompletionQueue queue;
  auto call = stub_->PrepareUnaryCall(&context, method_of(signal), request, &queue);
  call->StartCall();
  grpc::Status status;
  grpc::ByteBuffer answer;
  call->Finish(&answer, &status, this);
  std::optional<std::chrono::steady_clock::time_point> stop_seen;
  bool cancelled = false;
  for (;;) {
    void* tag = nullptr;
    bool ok = false;
    if (queue.AsyncNext(&tag, &ok, system_clock::now() + kStopLook) == grpc::CompletionQueue::GOT_EVENT)
      break;
    if (!stop.load(std::memory_order_relaxed) || cancelled) continue;
    const auto now = std::chrono::steady_clock::now();
    if (!stop_seen) stop_seen = now;
    if (now - *stop_seen > kStopGrace) {
      context.TryCancel();
      cancelled = true;
    }
  }
  if (cancelled) return {Outcome::Kind::stopped, "stopping", std::nullopt, 0};
  Outcome o;
  if (status.ok()) {
    grpc::Slice bytes;
    if (answer.Valid() && answer.DumpToSingleSlice(&bytes).ok()) {
      const auto partial =
          parse_partial_success({reinterpret_cast<const char*>(bytes.begin()), bytes.size()});
      o.rejected = partial.rejected;
      o.message = partial.message;
    }
    return o;
  }
  const auto details = parse_rpc_status(status.error_details());
  o.retry_after = details.retry_after;
  o.kind = kind_of_grpc(status.error_code(), details.retry_after.has_value());
  o.message = fmt::format("gRPC code {}{}{}", static_cast<int>(status.error_code()),
                          status.error_message().empty() ? "" : ": ", cut_words(status.error_message()));
  return o;
}

}  // namespace

Result<std::unique_ptr<Transport>> make_grpc_transport(const ExporterOptions& options) {
  auto t = std::make_unique<GrpcTransport>(options);
  TS_TRY(t->prepare());
  return std::unique_ptr<Transport>(std::move(t));
}

}  // namespace turnscope::sinks
