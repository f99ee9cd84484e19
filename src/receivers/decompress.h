// Inflating request bodies from outside: bounded while it runs, never after. Several gzip members or zstd
// frames are one body; anything behind them is refused.
#pragma once
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace turnscope::receivers {

enum class Compression { none, gzip, zlib, zstd };

/// Bytes that grow by realloc: large ones move without being copied, and nothing is zeroed first.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&&) = delete;
  Buffer(const Buffer&) = delete;
  ~Buffer() { std::free(data_); }

  std::string_view view() const { return {data_, size_}; }
  std::size_t capacity() const { return capacity_; }
  char* free_space() { return data_ + size_; }
  std::size_t room() const { return capacity_ - size_; }
  void used(std::size_t n) { size_ += n; }
  bool reserve(std::size_t capacity) {
    if (capacity <= capacity_) return true;
    char* p = static_cast<char*>(std::realloc(data_, capacity));
    if (!p) return false;
    data_ = p;
    capacity_ = capacity;
    return true;
  }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

/// What the first bytes say. None of the magics is a plausible start of an OTLP message, so this tells the
/// compression of a gRPC message without its header.
Compression detect(std::string_view bytes);

/// At most `max_bytes` come out: beyond, too_large. Damaged, cut or trailing bytes: invalid_argument.
/// zstd windows above 8 MiB are refused (RFC 9659).
Result<Buffer> decompress(Compression, std::string_view bytes, std::size_t max_bytes);

}  // namespace turnscope::receivers
