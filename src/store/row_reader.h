// Reads RowBinary, the format of query results: values one after the other, little-endian, no header. The
// caller reads the columns in the order of its SELECT. LowCardinality(T) is sent as T; DateTime64(9) as Int64
// nanoseconds since 1970; FixedString(n) as n bytes; Enum8 as Int8; Bool as UInt8.
//
//   RowReader in(result.bytes);
//   while (in.more()) { auto id = in.fixed(16); auto start = in.i64(); auto tags = in.strings(); }
//   TS_TRY(in.status());
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "otlp/model.h"

namespace turnscope::store {

/// Views point into the bytes given; they must outlive what is read. After the first short read every getter
/// returns zero or empty, more() is false, and status() tells.
class RowReader {
 public:
  explicit RowReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool more() const { return !short_ && at_ != end_; }
  Status status() const {
    if (short_) return fail(ErrorKind::internal, "the store's answer ended in the middle of a row");
    return {};
  }

  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint16_t u16() { return number<std::uint16_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  std::int8_t i8() { return number<std::int8_t>(); }
  std::int16_t i16() { return number<std::int16_t>(); }
  std::int32_t i32() { return number<std::int32_t>(); }
  std::int64_t i64() { return number<std::int64_t>(); }
  float f32() { return number<float>(); }
  double f64() { return number<double>(); }
  bool boolean() { return u8() != 0; }

  /// Unsigned LEB128: lengths of strings, arrays and maps.
  std::uint64_t length() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) return cut(), 0;
      const auto byte = static_cast<std::uint8_t>(*at_++);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) return value;
    }
    cut();
    return 0;
  }
  std::string_view string() { return fixed(length()); }
  std::string_view fixed(std::uint64_t n) {
    if (n > static_cast<std::uint64_t>(end_ - at_)) return cut(), std::string_view{};
    const std::string_view text(at_, static_cast<std::size_t>(n));
    at_ += n;
    return text;
  }
  /// FixedString(16)
  otlp::TraceId trace_id() {
    otlp::TraceId id{};
    const auto text = fixed(16);
    if (text.size() == 16) std::memcpy(id.data(), text.data(), 16);
    return id;
  }

  /// Nullable(T): in.nullable([&] { return in.u64(); })
  template <typename F>
  auto nullable(F&& read) -> std::optional<decltype(read())> {
    if (u8() != 0 || short_) return std::nullopt;
    return read();
  }
  /// Array(T): in.array([&] { return in.u64(); })
  template <typename F>
  auto array(F&& read) -> std::vector<decltype(read())> {
    std::vector<decltype(read())> items;
    const auto n = length();
    // An element has at least one byte, except FixedString(0) and Tuple(), which the schema has not.
    if (n > static_cast<std::uint64_t>(end_ - at_)) return cut(), items;
    items.reserve(static_cast<std::size_t>(n));
    for (std::uint64_t i = 0; i < n && !short_; ++i) items.push_back(read());
    return items;
  }
  std::vector<std::string_view> strings() {
    return array([this] { return string(); });
  }
  /// Map(K, V): in.map([&] { return in.string(); }, [&] { return in.u64(); }), in stored order
  template <typename K, typename V>
  auto map(K&& key, V&& value) -> std::vector<std::pair<decltype(key()), decltype(value())>> {
    return array([&] {
      auto k = key();
      auto v = value();
      return std::pair{std::move(k), std::move(v)};
    });
  }

 private:
  template <typename T>
  T number() {
    static_assert(std::endian::native == std::endian::little);
    T value{};
    if (static_cast<std::size_t>(end_ - at_) < sizeof value) return cut(), value;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  void cut() {
    short_ = true;
    at_ = end_;
  }

  const char* at_;
  const char* end_;
  bool short_ = false;
};

}  // namespace turnscope::store
