// OTLP/gRPC: the three Export methods as raw bytes over a generic callback service (no generated code). gRPC
// stays in otlp_grpc.cc.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "receivers/export_handler.h"

namespace turnscope::receivers {

struct GrpcOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 4317;  ///< 0: a free one
  std::size_t max_metadata_bytes = 16u << 10;
  int max_streams_per_connection = 256;
  std::size_t memory_bytes = 512u << 20;           ///< buffers of messages being received, all connections
  std::chrono::milliseconds read_timeout{30'000};  ///< from a call's start until its message is whole
  std::chrono::milliseconds keepalive{60'000};     ///< idle connections are asked for life this often
};

class GrpcReceiver {
 public:
  virtual ~GrpcReceiver() = default;
  virtual std::uint16_t port() const = 0;
  /// Tells clients to go away, answers calls under way, cancels those left at the deadline.
  virtual void drain(std::chrono::milliseconds deadline) = 0;
};

/// `handler` must outlive the receiver. Errors name the address.
Result<std::unique_ptr<GrpcReceiver>> start_grpc(GrpcOptions, ExportHandler& handler);

}  // namespace turnscope::receivers
