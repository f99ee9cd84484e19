// A span: one operation in a trace.
#pragma once
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "turnscope/sdk/context.h"
#include "turnscope/sdk/value.h"

namespace turnscope::sdk {

namespace detail {
struct SpanRecord;
struct TracerState;
}  // namespace detail

enum class SpanKind : std::uint8_t {
  internal = 1,
  server,
  client,
  producer,
  consumer
};  // numbers of trace.proto
enum class StatusCode : std::uint8_t { unset, ok, error };

using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Attributes are views: write them in the call itself, or keep what they point to alive until it returns.
struct Link {
  SpanContext context;
  Attributes attributes{};
};

struct StartOptions {
  /// Without a parent: the thread's current context. `Context{}` starts a new trace.
  std::optional<Context> parent{};
  SpanKind kind = SpanKind::internal;
  std::optional<Timestamp> start{};
  Attributes attributes{};
  std::span<const Link> links{};
};

/// What a failed operation leaves on its span (event `exception`).
struct ExceptionInfo {
  std::string_view type, message, stacktrace{};
  bool escaped = false;
};

/// Movable owner: it ends when it is destroyed. Used by one thread at a time (hand it over, don't share it);
/// its context() may be read and copied anywhere. Everything is a no-op on a span that is not recorded or has
/// ended.
class Span {
 public:
  Span() = default;
  Span(Span&& other) noexcept;
  Span& operator=(Span&& other) noexcept;
  ~Span() {
    if (record_) finish(std::nullopt);
  }

  const SpanContext& span_context() const { return context_.span_; }
  /// The context in which children of this span run: the parent's baggage and values, this span's ids.
  const Context& context() const { return context_; }
  /// `auto scope = span.activate();` makes context() current on this thread.
  ContextScope activate() const { return ContextScope(context_); }
  bool recording() const { return record_ != nullptr; }

  /// A key set twice keeps the last value. An empty key is ignored.
  Span& set_attribute(std::string_view key, const Value& value);
  Span& set_attributes(Attributes attributes);
  Span& add_event(std::string_view name, Attributes attributes = {}, std::optional<Timestamp> at = {});
  Span& add_link(const SpanContext& to, Attributes attributes = {});
  /// Event `exception` with exception.type, .message, .stacktrace; does not change the status.
  Span& record_exception(const ExceptionInfo& exception, Attributes more = {});
  Span& record_exception(const std::exception& exception, Attributes more = {});
  /// As the specification has it: ok is final, unset never overwrites, a message belongs to error only.
  Span& set_status(StatusCode code, std::string_view message = {});
  Span& update_name(std::string_view name);

  /// Encodes the span and hands it to the exporter's queue: no lock is waited for, nothing is sent on this
  /// thread.
  void end() {
    if (record_) finish(std::nullopt);
  }
  void end(Timestamp at) {
    if (record_) finish(at);
  }

 private:
  friend class Tracer;
  explicit Span(const Context& parent) : context_(parent) {}
  void finish(std::optional<Timestamp> at);

  Context context_;
  detail::SpanRecord* record_ = nullptr;
};

}  // namespace turnscope::sdk
