// OTLP/HTTP: POST /v1/traces, /v1/logs, /v1/metrics, protobuf or JSON, answers in the request's encoding.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "receivers/export_handler.h"

namespace turnscope::receivers {

struct HttpReceiverOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 4318;              ///< 0: a free one
  std::vector<std::string> cors_origins;  ///< origins of browsers that may send; "*": any. Others are refused
  std::vector<std::string>
      allowed_hosts;  ///< Host headers accepted besides loopback names and the own address
  std::chrono::milliseconds read_timeout{30'000};  ///< for one request to arrive
  std::chrono::milliseconds idle_timeout{75'000};
  std::size_t max_connections = 10'000;
  std::size_t workers = 2;                           ///< threads that decode
  std::size_t max_buffered_body_bytes = 256u << 20;  ///< bodies being read or handled, all connections
};

class HttpReceiver {
 public:
  virtual ~HttpReceiver() = default;
  virtual std::uint16_t port() const = 0;
  /// Accepts nothing new, answers what is under way (at most until the deadline).
  virtual void drain(std::chrono::milliseconds deadline) = 0;
};

/// `handler` must outlive the receiver. Errors name the address.
Result<std::unique_ptr<HttpReceiver>> start_http(HttpReceiverOptions, ExportHandler& handler);

}  // namespace turnscope::receivers
