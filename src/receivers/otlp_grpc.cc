#include "receivers/otlp_grpc.h"

#include <fmt/format.h>
#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "base/anomaly.h"
#include "base/logger.h"

namespace turnscope::receivers {
namespace {

std::optional<log::Signal> signal_of(std::string_view method) {
  if (method == "/opentelemetry.proto.collector.trace.v1.TraceService/Export") return log::Signal::traces;
  if (method == "/opentelemetry.proto.collector.logs.v1.LogsService/Export") return log::Signal::logs;
  if (method == "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export")
    return log::Signal::metrics;
  return std::nullopt;
}

grpc::Status status_of(const Error& error) {
  const ExportCode code = export_code(error.kind);
  return {static_cast<grpc::StatusCode>(code.grpc), error.message.substr(0, 1024),
          status_body(Encoding::protobuf, error)};
}

/// gRPC prints what clients send (metadata it cannot parse) on standard error: into our log instead, escaped,
/// for debugging.
void log_of_grpc(gpr_log_func_args* args) {
  if (args->severity == GPR_LOG_SEVERITY_ERROR)
    log_line(LogLevel::debug, fmt::format("grpc: {}", printable(args->message)));
}

/// Calls whose message has not come yet, so that those that never send one are ended. The thread sleeps for
/// good while there are none.
class ReadDeadlines {
 public:
  explicit ReadDeadlines(std::chrono::milliseconds limit) : limit_(limit), thread_([this] { run(); }) {}
  ~ReadDeadlines() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  void add(grpc::CallbackServerContext* call) {
    const std::lock_guard lock(mutex_);
    calls_.emplace(call, std::chrono::steady_clock::now() + limit_);
    if (asleep_) wake_.notify_one();
  }
  void remove(grpc::CallbackServerContext* call) {
    const std::lock_guard lock(mutex_);
    calls_.erase(call);
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!stopped_) {
      if (calls_.empty()) {
        asleep_ = true;
        wake_.wait(lock, [&] { return stopped_ || !calls_.empty(); });
        asleep_ = false;
      }
      wake_.wait_for(lock, std::min(limit_, std::chrono::milliseconds(5'000)), [&] { return stopped_; });
      const auto now = std::chrono::steady_clock::now();
      for (auto it = calls_.begin(); it != calls_.end();) {
        if (now < it->second) {
          ++it;
          continue;
        }
        it->first->TryCancel();  // under the lock: remove() comes before the call's end
        count(Anomaly::receiver_timeout);
        it = calls_.erase(it);
      }
    }
  }

  const std::chrono::milliseconds limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::unordered_map<grpc::CallbackServerContext*, std::chrono::steady_clock::time_point> calls_;
  bool asleep_ = false, stopped_ = false;
  std::thread thread_;
};

/// One Export call. Finishes exactly once, then deletes itself.
class ExportCall : public grpc::ServerGenericBidiReactor {
 public:
  ExportCall(grpc::GenericCallbackServerContext* context, ExportHandler& handler, ReadDeadlines& deadlines,
             log::Signal signal)
      : context_(context), handler_(handler), deadlines_(deadlines), signal_(signal) {
    deadlines_.add(context_);
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    deadlines_.remove(context_);
    if (!ok) {
      // Cancelled, or ended without a message (which gRPC's own size limit looks like from here).
      Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "an Export call needs one message"));
      return;
    }
    ExportRequest request;
    grpc::Slice slice;
    if (!request_.TrySingleSlice(&slice).ok() && !request_.DumpToSingleSlice(&slice).ok()) {
      Finish(grpc::Status(grpc::StatusCode::INTERNAL, "the message cannot be read"));
      return;
    }
    request_.Clear();
    auto kept = std::make_shared<grpc::Slice>(std::move(slice));
    request.signal = signal_;
    const auto& metadata = context_->client_metadata();
    if (const auto hops = metadata.find(grpc::string_ref(kHopsHeader.data(), kHopsHeader.size()));
        hops != metadata.end())
      request.hops = parse_hops({hops->second.data(), hops->second.size()});
    request.bytes = {reinterpret_cast<const char*>(kept->begin()), kept->size()};
    request.compression = detect(request.bytes);
    request.owner = std::move(kept);
    handler_.handle(std::move(request), [this](ExportReply reply) { answer(std::move(reply)); });
  }
  void OnWriteDone(bool) override {}
  void OnCancel() override {}  // the append goes on: what was decoded may be durable already
  void OnDone() override { delete this; }

 private:
  void answer(ExportReply reply) {
    if (reply.error) {
      Finish(status_of(*reply.error));
      return;
    }
    const grpc::Slice body(response_body(signal_, Encoding::protobuf, reply));
    response_ = grpc::ByteBuffer(&body, 1);
    StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
  }

  grpc::GenericCallbackServerContext* context_;
  ExportHandler& handler_;
  ReadDeadlines& deadlines_;
  const log::Signal signal_;
  grpc::ByteBuffer request_, response_;
};

class RefusedCall : public grpc::ServerGenericBidiReactor {
 public:
  explicit RefusedCall(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

class Service : public grpc::CallbackGenericService {
 public:
  Service(ExportHandler& handler, std::chrono::milliseconds read_timeout)
      : handler_(handler), deadlines_(read_timeout) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    const auto signal = signal_of(context->method());
    if (!signal)
      return new RefusedCall({grpc::StatusCode::UNIMPLEMENTED,
                              "only Export of the OTLP trace, logs and metrics services is served here"});
    return new ExportCall(context, handler_, deadlines_, *signal);
  }

 private:
  ExportHandler& handler_;
  ReadDeadlines deadlines_;
};

class Receiver : public GrpcReceiver {
 public:
  Receiver(GrpcOptions options, ExportHandler& handler)
      : options_(std::move(options)), handler_(handler), service_(handler, options_.read_timeout) {}
  ~Receiver() override { drain(std::chrono::milliseconds(0)); }

  Status open() {
    const std::string at = options_.address.find(':') == std::string::npos
                               ? fmt::format("{}:{}", options_.address, options_.port)
                               : fmt::format("[{}]:{}", options_.address, options_.port);
    gpr_set_log_function(log_of_grpc);
    grpc::ServerBuilder builder;
    int bound = 0;
    builder.AddListeningPort(at, grpc::InsecureServerCredentials(), &bound);
    builder.RegisterCallbackGenericService(&service_);
    builder.SetMaxReceiveMessageSize(static_cast<int>(handler_.options().limits.request_bytes));
    builder.SetMaxSendMessageSize(4 << 20);
    // gRPC's own decompression has no bound of ours and no zstd: take the bytes as they are, inflate them
    // ourselves.
    builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(options_.max_metadata_bytes));
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options_.max_streams_per_connection);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT,
                               0);  // a port in use is an error, not a second server
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(options_.keepalive.count()));
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_FRAME_SIZE,
                               1 << 20);  // fewer, larger frames for large batches
    grpc::ResourceQuota quota("otlp");
    quota.Resize(options_.memory_bytes);
    builder.SetResourceQuota(quota);
    server_ = builder.BuildAndStart();
    if (!server_ || bound == 0) {
      server_.reset();
      return fail(
          ErrorKind::io,
          fmt::format(
              "cannot listen on {} for gRPC: the port is in use or the address is not ours; stop what "
              "listens there or choose another port (0: a free one)",
              at));
    }
    port_ = static_cast<std::uint16_t>(bound);
    return {};
  }

  std::uint16_t port() const override { return port_; }

  void drain(std::chrono::milliseconds deadline) override {
    if (!server_) return;
    server_->Shutdown(std::chrono::system_clock::now() + deadline);
    server_->Wait();
    server_.reset();
  }

 private:
  GrpcOptions options_;
  ExportHandler& handler_;
  Service service_;
  std::unique_ptr<grpc::Server> server_;
  std::uint16_t port_ = 0;
};

}  // namespace

Result<std::unique_ptr<GrpcReceiver>> start_grpc(GrpcOptions options, ExportHandler& handler) {
  auto receiver = std::make_unique<Receiver>(std::move(options), handler);
  TS_TRY(receiver->open());
  return receiver;
}

}  // namespace turnscope::receivers
