// Text that goes into protobuf string fields has to be UTF-8, or receivers refuse the whole batch.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace turnscope::sdk::detail {

inline bool is_ascii(std::string_view s) {
  std::uint64_t seen = 0;
  std::size_t i = 0;
  for (; i + 8 <= s.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, s.data() + i, 8);
    seen |= word;
  }
  if (s.size() >= 8) {  // the rest, overlapping what was seen
    std::uint64_t word;
    std::memcpy(&word, s.data() + s.size() - 8, 8);
    seen |= word;
  } else {
    for (; i < s.size(); ++i) seen |= static_cast<std::uint8_t>(s[i]);
  }
  return !(seen & 0x8080808080808080u);
}
bool is_utf8(std::string_view s);
/// Each byte that cannot be part of a character becomes U+FFFD.
std::string repaired_utf8(std::string_view s);
/// The first `characters` characters of valid UTF-8.
std::string_view utf8_prefix(std::string_view s, std::size_t characters);

/// `s` itself when it is valid UTF-8 (the usual case), else its repaired form kept in `scratch`.
inline std::string_view as_utf8(std::string_view s, std::string& scratch) {
  if (is_utf8(s)) [[likely]]
    return s;
  scratch = repaired_utf8(s);
  return scratch;
}

}  // namespace turnscope::sdk::detail
