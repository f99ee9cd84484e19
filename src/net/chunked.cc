#include "net/chunked.h"

#include <algorithm>

#include "net/hex_value.h"

namespace turnscope::net {
namespace {
constexpr std::size_t max_extras = 4096;  // extensions of all chunks and trailers together
}  // namespace

ChunkDecoder::State ChunkDecoder::feed(std::string_view& in, std::string& body) {
  while (step_ != Step::done) {
    if (in.empty()) return State::more;
    if (step_ == Step::data) {
      const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(size_, in.size()));
      body.append(in.substr(0, n));
      in.remove_prefix(n);
      size_ -= n;
      if (size_ == 0) step_ = Step::data_cr;
      continue;
    }
    const char c = in.front();
    in.remove_prefix(1);
    switch (step_) {
      case Step::size:
        if (const int v = hex_value(c); v >= 0) {
          if (++digits_ > 15) return bad("a chunk size of more than 15 digits");
          size_ = size_ << 4 | static_cast<std::uint64_t>(v);
          break;
        }
        if (digits_ == 0) return bad("a chunk without size");
        if (size_ > max_ || body.size() + size_ > max_) return State::too_large;
        if (c == '\r')
          step_ = Step::size_lf;
        else if (c == ';')
          step_ = Step::extension;
        else
          return bad("a chunk size that is not hexadecimal");
        break;
      case Step::extension:
        if (c == '\r')
          step_ = Step::size_lf;
        else if (c == '\n' || c == '\0' || ++extras_ > max_extras)
          return bad("a bad or long chunk extension");
        break;
      case Step::size_lf:
        if (c != '\n') return bad("a chunk size line that does not end in CRLF");
        step_ = size_ ? Step::data : Step::trailer;
        digits_ = 0;
        line_empty_ = true;
        break;
      case Step::data_cr:
        if (c != '\r') return bad("chunk data longer than its size");
        step_ = Step::data_lf;
        break;
      case Step::data_lf:
        if (c != '\n') return bad("chunk data that does not end in CRLF");
        step_ = Step::size;
        break;
      case Step::trailer:
        if (c == '\r') {
          step_ = line_empty_ ? Step::end_lf : Step::trailer_lf;
        } else if (c == '\n' || c == '\0' || ++extras_ > max_extras) {
          return bad("a bad or long trailer");
        } else {
          line_empty_ = false;
        }
        break;
      case Step::trailer_lf:
        if (c != '\n') return bad("a trailer line that does not end in CRLF");
        line_empty_ = true;
        step_ = Step::trailer;
        break;
      case Step::end_lf:
        if (c != '\n') return bad("a chunked body that does not end in CRLF");
        step_ = Step::done;
        break;
      case Step::data:
      case Step::done:
        break;
    }
  }
  return State::done;
}

}  // namespace turnscope::net
