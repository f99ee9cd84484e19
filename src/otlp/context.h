// What every decoder of one request shares: its limits, its arena, its report, and the counts of what was
// repaired. Private to src/otlp.
#pragma once
#include <algorithm>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "otlp/decode.h"
#include "otlp/text.h"

namespace turnscope::otlp {

/// Ends a decode; caught at the border (decode_*), never seen outside this folder.
struct DecodeFailure {
  ErrorKind kind;
  std::string message;
};

class Context {
 public:
  /// `signal` ("traces") and `item` ("spans") are words for messages.
  Context(std::string_view input, Arena& arena, const Limits& bounds, DecodeReport& seen,
          std::string_view signal, std::string_view item)
      : limits(bounds),
        report(seen),
        signal_(signal),
        item_(item),
        base_(input.data()),
        arena_(arena),
        budget_(std::min((16u << 20) + 8 * input.size(), bounds.model_bytes)),
        items_left_(bounds.spans_per_request) {
    report = {};
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { flush(); }

  /// `n` default-made elements in the arena. Fails when the model would outgrow its input by more than 8
  /// times + 16 MiB (only made-up messages, millions of empty values, do) or limits.model_bytes.
  template <typename T>
  T* array(std::size_t n) {
    if (n == 0) return nullptr;
    spend(n, sizeof(T));
    T* p = static_cast<T*>(arena_.allocate(n * sizeof(T), alignof(T)));
    std::uninitialized_default_construct_n(p, n);
    return p;
  }
  template <typename T>
  std::span<const T> copy(std::span<const T> from) {
    T* p = array<T>(from.size());
    std::copy(from.begin(), from.end(), p);
    return {p, from.size()};
  }
  /// Room for `n` bytes of text.
  char* bytes(std::size_t n) {
    spend(n, 1);
    return static_cast<char*>(arena_.allocate(n, 1));
  }

  /// A string as the model may hold it: cut at `limit` bytes on a character boundary, invalid UTF-8 repaired.
  std::string_view text(std::string_view s, std::size_t limit) {
    if (s.size() > limit) [[unlikely]]
      s = cut(s, limit);
    if (!valid_utf8(s)) [[unlikely]]
      s = repaired(s);
    return s;
  }
  std::string_view text(std::string_view s) { return text(s, limits.string_bytes); }
  std::string_view key(std::string_view s) { return text(s, limits.key_bytes); }
  /// Text that came in broken and was mended where it stood.
  void repaired_in_place() {
    ++utf8_;
    report.modified = true;
  }
  /// Bytes values are cut as strings are, but anywhere.
  std::string_view blob(std::string_view s) {
    if (s.size() <= limits.string_bytes) return s;
    ++cut_;
    report.modified = true;
    return s.substr(0, limits.string_bytes);
  }

  /// Makes keys unique (last value wins, at the place of the first) and returns what is left.
  Attributes unique(std::span<KeyValue> fields) {
    if (fields.size() < 2) return fields;
    const std::size_t kept = make_unique(fields);
    return fields.first(kept);
  }
  void dropped_attributes(std::size_t n) {
    dropped_ += n;
    if (n) report.modified = true;
  }
  /// Events, links or array elements beyond their limit.
  void dropped_parts(std::size_t n) {
    parts_ += n;
    if (n) report.modified = true;
  }
  AnyValue depth_marker() {
    ++depth_;
    report.modified = true;
    AnyValue v;
    v.type = AnyValue::Type::string;
    v.text = "[depth limit]";
    return v;
  }
  /// An id of wrong length that is left out (parent, link, log record).
  void id_left_out() {
    ++ids_;
    report.modified = true;
  }

  /// Admits one more item, or counts it as rejected.
  bool admit() {
    if (items_left_ == 0) {
      over_limit(1);
      return false;
    }
    --items_left_;
    ++report.accepted;
    return true;
  }
  std::size_t items_left() const { return items_left_; }
  void over_limit(std::size_t n);
  void bad_id(std::string_view which);

  [[noreturn]] void malformed(const char* at, std::string_view what) const;
  [[noreturn]] void malformed(std::string_view what) const;

  const Limits& limits;
  DecodeReport& report;

 private:
  std::string_view cut(std::string_view s, std::size_t limit);
  std::string_view repaired(std::string_view s);
  std::size_t make_unique(std::span<KeyValue> fields);
  void spend(std::size_t n, std::size_t each) {
    if (n > budget_ / each) too_much();
    budget_ -= n * each;
  }
  [[noreturn]] void too_much() const;
  void flush();

  std::string_view signal_, item_;
  const char* base_;
  Arena& arena_;
  std::size_t budget_;
  std::size_t items_left_;
  std::size_t utf8_ = 0, cut_ = 0, depth_ = 0, dropped_ = 0, duplicates_ = 0, ids_ = 0, bad_ids_ = 0,
              over_ = 0, parts_ = 0;
};

/// Runs `decode(context)` and turns a DecodeFailure into an Error. `signal` and `item` are words for
/// messages.
template <typename Model, typename F>
Result<Model> guarded(std::string_view bytes, Arena& arena, const Limits& limits, DecodeReport& report,
                      std::string_view signal, std::string_view item, F&& decode) {
  Context context(bytes, arena, limits, report, signal, item);
  try {
    return std::forward<F>(decode)(context);
  } catch (const DecodeFailure& f) {
    return fail(f.kind, f.message);
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::overloaded, "no memory left to decode the request; try again later");
  }
}

}  // namespace turnscope::otlp
