// Where in a trace we are: ids, trace state, baggage, and the immutable Context that carries them.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace turnscope::sdk {

/// 16 bytes in wire order; all zero = none.
struct TraceId {
  std::array<std::uint8_t, 16> bytes{};
  bool valid() const {
    std::uint64_t words[2];
    std::memcpy(words, bytes.data(), 16);
    return (words[0] | words[1]) != 0;
  }
  std::string hex() const;
  static std::optional<TraceId> from_hex(std::string_view lower_case_hex);
  friend bool operator==(const TraceId&, const TraceId&) = default;
};

/// 8 bytes in wire order; all zero = none.
struct SpanId {
  std::array<std::uint8_t, 8> bytes{};
  bool valid() const {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    return word != 0;
  }
  std::string hex() const;
  static std::optional<SpanId> from_hex(std::string_view lower_case_hex);
  friend bool operator==(const SpanId&, const SpanId&) = default;
};

/// The `tracestate` list of W3C Trace Context: at most 32 members, newest first. Immutable, cheap to copy.
class TraceState {
 public:
  TraceState() = default;
  /// Parses header values in the order they came. Anything invalid, a duplicate key or more than 32 members
  /// discards the whole list, as the recommendation allows: half a list could mislead a vendor.
  static TraceState parse(const std::vector<std::string_view>& headers);
  static TraceState parse(std::string_view header) { return parse(std::vector<std::string_view>{header}); }

  bool empty() const { return !text_; }
  /// The header's value; empty when there are no members.
  std::string_view header() const { return text_ ? std::string_view(*text_) : std::string_view(); }
  std::optional<std::string> get(std::string_view key) const;
  /// A list with the member in front; the last member goes when there would be more than 32. Returns *this
  /// unchanged when key or value break the grammar.
  TraceState set(std::string_view key, std::string_view value) const;
  TraceState erase(std::string_view key) const;
  std::vector<std::pair<std::string, std::string>> members() const;

 private:
  std::shared_ptr<const std::string> text_;
};

namespace trace_flags {
inline constexpr std::uint8_t sampled = 0x01;
inline constexpr std::uint8_t random = 0x02;  ///< Trace Context level 2: the id's last 7 bytes are random
}  // namespace trace_flags

/// The part of a span that travels.
struct SpanContext {
  TraceId trace_id;
  SpanId span_id;
  std::uint8_t flags = 0;
  bool remote = false;
  TraceState trace_state;

  bool valid() const { return trace_id.valid() && span_id.valid(); }
  bool sampled() const { return flags & trace_flags::sampled; }
};

/// W3C baggage: names to values that travel with the request. Immutable, cheap to copy.
class Baggage {
 public:
  struct Entry {
    std::string key, value, metadata;
  };
  bool empty() const { return !entries_ || entries_->empty(); }
  const std::vector<Entry>& entries() const;
  std::optional<std::string> get(std::string_view key) const;
  Baggage set(std::string_view key, std::string_view value, std::string_view metadata = {}) const;
  Baggage erase(std::string_view key) const;

 private:
  std::shared_ptr<const std::vector<Entry>> entries_;
};

/// Immutable: `with_*` returns a changed copy. Pass it explicitly, or make it the thread's current one with a
/// ContextScope. Copies are cheap.
class Context {
 public:
  Context() = default;
  /// The thread's current context; the empty one when there is none.
  static const Context& current();

  const SpanContext& span() const { return span_; }
  const Baggage& baggage() const { return baggage_; }
  /// A value of the application's own; `key` is compared by address.
  template <class T>
  const T* value(const void* key) const {
    return static_cast<const T*>(find(key));
  }

  Context with_span(SpanContext span) const;
  Context with_baggage(Baggage baggage) const;
  template <class T>
  Context with_value(const void* key, std::shared_ptr<const T> value) const {
    return with_erased(key, std::static_pointer_cast<const void>(std::move(value)));
  }

 private:
  friend class Span;
  friend class Tracer;
  struct Node;
  const void* find(const void* key) const;
  Context with_erased(const void* key, std::shared_ptr<const void> value) const;

  SpanContext span_;
  Baggage baggage_;
  std::shared_ptr<const Node> values_;
};

/// Makes a context current on this thread until it is destroyed. Lives on the stack of the thread that made
/// it.
class [[nodiscard]] ContextScope {
 public:
  explicit ContextScope(Context context);
  ~ContextScope();
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;

 private:
  friend class Context;
  Context context_;
  ContextScope* outer_;
};

}  // namespace turnscope::sdk
