// Strings from outside: UTF-8 check and repair, cutting on a character boundary, hex and base64.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace turnscope::otlp {

/// The general case of valid_utf8 (simdjson's vectorised check).
bool valid_utf8_slow(std::string_view s);

/// True for valid UTF-8. Short ASCII, the usual case, costs a few instructions.
inline bool valid_utf8(std::string_view s) {
  const char* p = s.data();
  std::size_t n = s.size();
  if (n > 64) return valid_utf8_slow(s);
  std::uint64_t bits = 0, word;
  for (; n >= 8; n -= 8, p += 8) {
    std::memcpy(&word, p, 8);
    bits |= word;
  }
  if (n >= 4) {
    std::uint32_t half;
    std::memcpy(&half, p, 4);
    bits |= half;
    p += 4;
    n -= 4;
  }
  for (; n; --n, ++p) bits |= static_cast<std::uint8_t>(*p);
  return (bits & 0x8080808080808080ull) == 0 || valid_utf8_slow(s);
}

/// Appends `s` to `out` with U+FFFD for each maximal invalid part (Unicode 15, 3.9, best practice).
void repair_utf8(std::string_view s, std::string& out);

/// The longest prefix of at most `limit` bytes that does not end inside a character.
std::string_view cut_text(std::string_view s, std::size_t limit);

/// Standard or URL-safe base64, padded or not, appended to `out`; false if it is not base64.
bool base64_decode(std::string_view s, std::string& out);
void base64_encode(std::string_view bytes, std::string& out);

}  // namespace turnscope::otlp
