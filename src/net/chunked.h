// Decoder of a chunked body, strict: CRLF only, sizes of at most 15 hex digits, short extensions, bounded
// trailers (which are read and dropped). Private to src/net.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace turnscope::net {

class ChunkDecoder {
 public:
  enum class State { more, done, bad, too_large };
  explicit ChunkDecoder(std::uint64_t max_bytes) : max_(max_bytes) {}

  /// Takes bytes from the front of `in` (removing them), appends data to `body`. `done`: the bytes left in
  /// `in` belong to the next request. `bad`: why() says what is wrong.
  State feed(std::string_view& in, std::string& body);
  std::string_view why() const { return why_; }

 private:
  enum class Step { size, extension, size_lf, data, data_cr, data_lf, trailer, trailer_lf, end_lf, done };
  State bad(std::string_view why) {
    why_ = why;
    return State::bad;
  }
  std::uint64_t max_, size_ = 0;
  std::size_t digits_ = 0, extras_ = 0;
  bool line_empty_ = true;
  Step step_ = Step::size;
  std::string_view why_;
};

}  // namespace turnscope::net
