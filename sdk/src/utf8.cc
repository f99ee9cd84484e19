#include "utf8.h"

#include <cstdint>
#include <cstring>

namespace turnscope::sdk::detail {
namespace {

/// Length of the character that starts at s[i]; 0 when there is none (table 3-7 of the Unicode standard).
std::size_t character(std::string_view s, std::size_t i) {
  auto at = [&](std::size_t k) { return k < s.size() ? static_cast<std::uint8_t>(s[k]) : std::uint8_t{0}; };
  auto tail = [&](std::size_t k) { return (at(k) & 0xC0) == 0x80; };
  const std::uint8_t a = at(i), b = at(i + 1);
  if (a < 0x80) return 1;
  if (a < 0xC2) return 0;
  if (a < 0xE0) return tail(i + 1) ? 2 : 0;
  if (a < 0xF0) {
    if (!tail(i + 1) || !tail(i + 2)) return 0;
    return (a == 0xE0 && b < 0xA0) || (a == 0xED && b > 0x9F) ? 0 : 3;
  }
  if (a < 0xF5) {
    if (!tail(i + 1) || !tail(i + 2) || !tail(i + 3)) return 0;
    return (a == 0xF0 && b < 0x90) || (a == 0xF4 && b > 0x8F) ? 0 : 4;
  }
  return 0;
}

std::size_t ascii_prefix(std::string_view s, std::size_t i) {
  for (; i + 8 <= s.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, s.data() + i, 8);
    if (word & 0x8080808080808080u) break;
  }
  while (i < s.size() && static_cast<std::uint8_t>(s[i]) < 0x80) ++i;
  return i;
}

}  // namespace

bool is_utf8(std::string_view s) {
  std::size_t i = 0;
  while ((i = ascii_prefix(s, i)) < s.size()) {
    const std::size_t n = character(s, i);
    if (!n) return false;
    i += n;
  }
  return true;
}

std::string repaired_utf8(std::string_view s) {
  std::string out;
  out.reserve(s.size() + 8);
  for (std::size_t i = 0; i < s.size();) {
    if (const std::size_t n = character(s, i)) {
      out.append(s, i, n);
      i += n;
    } else {
      out += "\xEF\xBF\xBD";
      ++i;
    }
  }
  return out;
}

std::string_view utf8_prefix(std::string_view s, std::size_t characters) {
  if (s.size() <= characters) return s;
  std::size_t count = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if ((static_cast<std::uint8_t>(s[i]) & 0xC0) == 0x80) continue;
    if (count++ == characters) return s.substr(0, i);
  }
  return s;
}

}  // namespace turnscope::sdk::detail
