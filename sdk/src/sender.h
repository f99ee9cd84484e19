// One request to the collector, with retries: exponential back-off with jitter, the server's own delay when
// it names one.
#pragma once
#include <chrono>
#include <functional>
#include <memory>

#include "turnscope/sdk/config.h"
#include "turnscope/sdk/transport.h"

namespace turnscope::sdk::detail {

class Sender {
 public:
  Sender(std::unique_ptr<Transport> transport, RetryOptions retry, std::chrono::milliseconds attempt_timeout)
      : transport_(std::move(transport)), retry_(retry), attempt_timeout_(attempt_timeout) {}

  /// Tries until it is accepted, refused for good, or `deadline()` has passed; the deadline is asked anew
  /// before each step, because a shutdown may bring it forward. Sleeps in `wait`, which returns early when
  /// the deadline may have moved.
  SendResult send(std::string_view request,
                  const std::function<std::chrono::steady_clock::time_point()>& deadline,
                  const std::function<void(std::chrono::steady_clock::time_point)>& wait);

 private:
  std::unique_ptr<Transport> transport_;
  RetryOptions retry_;
  std::chrono::milliseconds attempt_timeout_;
};

/// What the configuration asks for: a custom transport, gRPC when it was registered, else OTLP/HTTP.
std::unique_ptr<Transport> make_transport(Signal signal, const Config& config);
std::unique_ptr<Transport> make_http_transport(Signal signal, const Config& config);
void register_grpc(TransportFactory factory);

/// Response of an export: rejected count and message of partial_success; false when the bytes are no such
/// message.
bool parse_partial_success(std::string_view response, std::uint64_t& rejected, std::string& message);
/// google.rpc.Status: message, and the RetryInfo among its details.
bool parse_rpc_status(std::string_view status, std::string& message,
                      std::optional<std::chrono::milliseconds>& retry_after);

}  // namespace turnscope::sdk::detail
