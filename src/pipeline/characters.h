// Classes of bytes and edges of words, as detectors see them. Bytes of 0x80 and above belong to words of any
// language.
#pragma once
#include <cstdint>
#include <string_view>

namespace turnscope::pipeline {

constexpr bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }
constexpr bool is_upper(char c) { return static_cast<unsigned char>(c - 'A') < 26; }
constexpr bool is_alpha(char c) { return static_cast<unsigned char>((c | 0x20) - 'a') < 26; }
constexpr bool is_alnum(char c) { return is_digit(c) || is_alpha(c); }
constexpr bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }
constexpr bool is_hex(char c) { return is_digit(c) || static_cast<unsigned char>((c | 0x20) - 'a') < 6; }
constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
constexpr char lower(char c) { return is_upper(c) ? static_cast<char>(c | 0x20) : c; }
/// Letters, digits, '-', '_': what tokens and base64url are made of.
constexpr bool is_token(char c) { return is_alnum(c) || c == '-' || c == '_'; }

/// Bytes of a punctuation mark or space beyond ASCII that begins at `i` (… “ ” « » – no-break space 、。), or
/// 0: such bytes are no part of a word, although they are above 0x80.
constexpr std::size_t mark_at(std::string_view s, std::size_t i) {
  const auto byte = [&](std::size_t k) { return k < s.size() ? static_cast<unsigned char>(s[k]) : 0u; };
  const unsigned a = byte(i), b = byte(i + 1);
  if (a == 0xC2 && b >= 0x80 && b < 0xC0 && b != 0xAA && b != 0xB5 && b != 0xBA) return 2;
  if (a == 0xE2 && (b == 0x80 || b == 0x81)) return 3;
  if (a == 0xE3 && b == 0x80 && byte(i + 2) < 0xC0) return 3;
  if (a == 0xEF && b == 0xBC && byte(i + 2) <= 0x8F) return 3;
  return 0;
}
/// The same for a mark that ends right before `i`.
constexpr std::size_t mark_before(std::string_view s, std::size_t i) {
  if (i >= 3 && mark_at(s, i - 3) == 3) return 3;
  if (i >= 2 && mark_at(s, i - 2) == 2) return 2;
  return 0;
}

/// The byte at `i`, or 0 outside.
constexpr char at(std::string_view s, std::size_t i) { return i < s.size() ? s[i] : '\0'; }

/// The letter before `i` is the end of an escape (\n, \t, …) of JSON or code and not of a word.
constexpr bool after_escape(std::string_view s, std::size_t i) {
  if (i < 2 || s[i - 2] != '\\') return false;
  const char c = s[i - 1];
  return c == 'n' || c == 't' || c == 'r' || c == 'b' || c == 'f';
}
/// Nothing of a word stands right before `i`.
constexpr bool word_begins(std::string_view s, std::size_t i) {
  return i == 0 || !(is_alnum(s[i - 1]) || s[i - 1] == '_') || after_escape(s, i);
}
/// Nothing of a word stands at `i`, where something ended.
constexpr bool word_ends(std::string_view s, std::size_t i) {
  return i >= s.size() || !(is_alnum(s[i]) || s[i] == '_');
}

constexpr bool equal_folded(std::string_view a, std::string_view lower_case) {
  if (a.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower_case[i]) return false;
  return true;
}
constexpr bool starts_folded(std::string_view a, std::string_view lower_case) {
  return a.size() >= lower_case.size() && equal_folded(a.substr(0, lower_case.size()), lower_case);
}

/// Whether one of the words (lower case) stands in `text` as a word of its own, in any case.
template <typename Words>
constexpr bool mentions(std::string_view text, const Words& words) {
  for (std::size_t i = 0; i < text.size();) {
    if (const std::size_t mark = mark_at(text, i)) {
      i += mark;
      continue;
    }
    if (!is_alpha(text[i]) && !is_high(text[i])) {
      i += text[i] == '\\' && i + 2 <= text.size() && after_escape(text, i + 2) ? 2 : 1;
      continue;
    }
    std::size_t end = i + 1;
    while (end < text.size() && (is_alpha(text[end]) || (is_high(text[end]) && !mark_at(text, end)))) ++end;
    const std::string_view word = text.substr(i, end - i);
    for (const std::string_view w : words)
      if (equal_folded(word, w)) return true;
    i = end;
  }
  return false;
}

/// Up to `n` bytes before `i`.
constexpr std::string_view before(std::string_view s, std::size_t i, std::size_t n) {
  const std::size_t from = i > n ? i - n : 0;
  return s.substr(from, i - from);
}

}  // namespace turnscope::pipeline
