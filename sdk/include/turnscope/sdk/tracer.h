// Tracer and TracerProvider: where spans start, and what becomes of them.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "turnscope/sdk/config.h"
#include "turnscope/sdk/span.h"

namespace turnscope::sdk {

namespace detail {
struct ProviderState;
}

/// Starts spans of one instrumentation scope. Cheap to copy; may be used from any number of threads, also
/// after its provider was shut down (its spans are then not recorded).
class Tracer {
 public:
  Tracer() = default;
  Span start(std::string_view name) const { return start(name, StartOptions{}); }
  Span start(std::string_view name, const StartOptions& options) const;
  /// True when a span could be recorded now.
  bool enabled() const;

 private:
  friend class TracerProvider;
  explicit Tracer(detail::TracerState* state) : state_(state) {}
  detail::TracerState* state_ = nullptr;
};

/// Counts since start.
struct TraceStats {
  std::uint64_t ended = 0;           ///< sampled spans that ended
  std::uint64_t exported = 0;        ///< accepted by the server
  std::uint64_t dropped_queue = 0;   ///< the queue was full (spans or bytes)
  std::uint64_t dropped_export = 0;  ///< the server refused them, or retries ran out
  std::uint64_t rejected = 0;        ///< refused by the server within an accepted request (partial success)
  std::uint64_t after_shutdown = 0;  ///< ended when nobody listened any more
  std::uint64_t queued = 0;          ///< waiting now
  std::uint64_t queued_bytes = 0;
};

/// Owns the queue and the exporter's thread. Its destructor, and the end of the process (exit() included),
/// send what is queued: at most Config::exit_timeout. A process that dies by a signal loses what it had
/// not sent.
class TracerProvider {
 public:
  explicit TracerProvider(Config config = Config::from_env());
  ~TracerProvider();
  TracerProvider(TracerProvider&&) noexcept;
  TracerProvider& operator=(TracerProvider&&) noexcept;

  Tracer tracer(std::string_view name, std::string_view version = {}) const;
  /// Sends all spans that ended before the call; false when that did not succeed within `timeout`.
  bool force_flush(std::chrono::milliseconds timeout = std::chrono::seconds(30));
  /// force_flush, then stops for good.
  bool shutdown(std::chrono::milliseconds timeout = std::chrono::seconds(30));
  TraceStats stats() const;
  const Config& config() const;

 private:
  detail::ProviderState* state_ = nullptr;
};

}  // namespace turnscope::sdk
