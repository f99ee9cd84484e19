// A growing byte buffer that keeps its memory, and the few protobuf primitives that the encoders need.
// Wire format: https://protobuf.dev/programming-guides/encoding/
#pragma once
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace turnscope::sdk::detail {

class Bytes {
 public:
  Bytes() = default;
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  Bytes(Bytes&& other) noexcept : data_(other.data_), size_(other.size_), capacity_(other.capacity_) {
    other.data_ = nullptr;
    other.size_ = other.capacity_ = 0;
  }
  Bytes& operator=(Bytes&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~Bytes() { std::free(data_); }

  char* data() { return data_; }
  const char* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::string_view view() const { return {data_, size_}; }
  void clear() { size_ = 0; }
  void release() { Bytes().swap(*this); }
  void swap(Bytes& other) noexcept { *this = std::move(other); }

  /// Room for `n` more bytes; write there, then say with advance() how many it were.
  char* room(std::size_t n) {
    if (capacity_ - size_ < n) grow(n);
    return data_ + size_;
  }
  void advance(char* end) { size_ = static_cast<std::size_t>(end - data_); }
  void append(std::string_view s) {
    char* p = room(s.size());
    if (!s.empty()) std::memcpy(p, s.data(), s.size());
    size_ += s.size();
  }
  /// Takes out [at, at + n).
  void erase(std::size_t at, std::size_t n) {
    std::memmove(data_ + at, data_ + at + n, size_ - at - n);
    size_ -= n;
  }

 private:
  void grow(std::size_t n) {
    std::size_t want = capacity_ ? capacity_ * 2 : 512;
    while (want < size_ + n) want *= 2;
    void* p = std::realloc(data_, want);
    if (!p) throw std::bad_alloc();
    data_ = static_cast<char*>(p);
    capacity_ = want;
  }
  char* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

inline std::size_t varint_size(std::uint64_t v) {
  return (static_cast<std::size_t>(std::bit_width(v | 1)) + 6) / 7;
}
inline char* put_varint(char* p, std::uint64_t v) {
  while (v >= 0x80) {
    *p++ = static_cast<char>(v | 0x80);
    v >>= 7;
  }
  *p++ = static_cast<char>(v);
  return p;
}
inline char* put_fixed64(char* p, std::uint64_t v) {
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(p, &v, 8);
  return p + 8;
}
inline char* put_fixed32(char* p, std::uint32_t v) {
  std::memcpy(p, &v, 4);
  return p + 4;
}
/// Copies without a call for the sizes that keys and short values have.
inline void copy_bytes(char* to, const char* from, std::size_t n) {
  auto move =
      [&]<std::size_t k>(std::integral_constant<std::size_t, k>) {  // k <= n <= 2k, in two overlapping parts
        char a[k], b[k];
        std::memcpy(a, from, k);
        std::memcpy(b, from + n - k, k);
        std::memcpy(to, a, k);
        std::memcpy(to + n - k, b, k);
      };
  if (n > 64)
    std::memcpy(to, from, n);
  else if (n > 32)
    move(std::integral_constant<std::size_t, 32>());
  else if (n >= 16)
    move(std::integral_constant<std::size_t, 16>());
  else if (n >= 8)
    move(std::integral_constant<std::size_t, 8>());
  else if (n >= 4)
    move(std::integral_constant<std::size_t, 4>());
  else
    for (std::size_t i = 0; i < n; ++i) to[i] = from[i];
}
inline char* put_raw(char* p, std::string_view s) {
  copy_bytes(p, s.data(), s.size());
  return p + s.size();
}
/// Tag bytes of fields 1–15.
constexpr char tag_len(int field) { return static_cast<char>(field << 3 | 2); }
constexpr char tag_varint(int field) { return static_cast<char>(field << 3); }
constexpr char tag_fixed64(int field) { return static_cast<char>(field << 3 | 1); }
constexpr char tag_fixed32(int field) { return static_cast<char>(field << 3 | 5); }

inline char* put_text(char* p, char tag, std::string_view s) {
  *p++ = tag;
  return put_raw(put_varint(p, s.size()), s);
}
inline std::size_t text_size(std::string_view s) { return 1 + varint_size(s.size()) + s.size(); }

inline void append_text(Bytes& out, char tag, std::string_view s) {
  out.advance(put_text(out.room(s.size() + 11), tag, s));
}
inline void append_varint(Bytes& out, char tag, std::uint64_t v) {
  char* p = out.room(11);
  *p++ = tag;
  out.advance(put_varint(p, v));
}
inline void append_fixed64(Bytes& out, char tag, std::uint64_t v) {
  char* p = out.room(9);
  *p++ = tag;
  out.advance(put_fixed64(p, v));
}

}  // namespace turnscope::sdk::detail
