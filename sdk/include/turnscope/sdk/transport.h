// The way of one export request to the collector; the retry loop above it is common to all transports.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace turnscope::sdk {

enum class Signal : std::uint8_t { traces, metrics };

struct SendResult {
  bool ok = false;
  bool retryable = false;  ///< when not ok: sending the same bytes again may help
  std::optional<std::chrono::milliseconds> retry_after;  ///< the server's own wish (Retry-After, RetryInfo)
  std::uint64_t rejected = 0;  ///< partial success: spans or points the server refused
  std::string message;         ///< the server's words, or what went wrong
};

/// Sends one encoded Export…ServiceRequest. Called from one thread at a time; may throw nothing.
class Transport {
 public:
  virtual ~Transport() = default;
  /// `cancelled` is polled about every 100 ms; true ends the attempt.
  virtual SendResult send(std::string_view request, std::chrono::milliseconds timeout,
                          const std::function<bool()>& cancelled) = 0;
};
using TransportFactory = std::function<std::unique_ptr<Transport>(Signal, const struct Config&)>;

}  // namespace turnscope::sdk
