#include "pipeline/addresses.h"

#include <array>

#include "pipeline/characters.h"

namespace turnscope::pipeline {
namespace {

constexpr bool local_part(char c) {
  return is_alnum(c) || is_high(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-' || c == '\'' ||
         c == '#' || c == '!' || c == '&' || c == '*' || c == '=' || c == '~' || c == '^' || c == '|' ||
         c == '{' || c == '}' || c == '?';
}
constexpr bool domain_part(char c) { return is_alnum(c) || is_high(c) || c == '-'; }

/// Endings of file names that look like "a@b.c" in code: images, sources.
constexpr std::array<std::string_view, 23> kFileEndings = {
    "png",  "jpg",  "jpeg", "gif",  "svg", "webp", "js",   "jsx", "ts",  "tsx", "css", "scss",
    "json", "html", "xml",  "yaml", "yml", "toml", "lock", "txt", "log", "map", "mjs"};
/// Names that servers use for version control, not for a person.
constexpr std::array<std::string_view, 2> kMachineUsers = {"git", "hg"};

}  // namespace

bool find_email(std::string_view s, std::size_t i, std::size_t width, Finding& out) {
  std::size_t begin = i;
  while (begin > 0 && local_part(s[begin - 1]) && i - begin < 64 &&
         !(is_high(s[begin - 1]) && mark_before(s, begin))) {
    // "user%40x" inside a query: what stands before '=' or '&' is not part of it.
    const char c = s[begin - 1];
    if (c == '=' || c == '&' || c == '?' || c == '{' || c == '}' || c == '|' || c == '*' || c == '^') {
      // Allowed by the standard, but here nearly always a delimiter.
      break;
    }
    if (c == '\'' && (begin == i || begin < 2 || !is_alnum(s[begin - 2]))) break;  // an opening quote
    --begin;
  }
  // An escape right before ("\nbob@…") is not part of the name.
  if (begin > 0 && s[begin - 1] == '\\' && begin < i) {
    const char c = s[begin];
    if (c == 'n' || c == 't' || c == 'r') ++begin;
  }
  while (begin < i &&
         (s[begin] == '.' || s[begin] == '-' || s[begin] == '\'' || s[begin] == '#' || s[begin] == '!'))
    ++begin;
  if (begin == i || s[i - 1] == '.') return false;

  std::size_t p = i + width, label = p, last_label = p;
  std::size_t end = 0;
  unsigned labels = 0;
  for (;;) {
    while (p < s.size() && domain_part(s[p]) && p - label < 64 && !(is_high(s[p]) && mark_at(s, p))) ++p;
    if (p == label) break;
    ++labels;
    last_label = label;
    end = p;
    if (at(s, p) != '.' || !domain_part(at(s, p + 1))) break;
    label = ++p;
  }
  if (labels == 0) return false;
  // user@[192.0.2.1] is rare enough to leave to the IP detector.
  while (end > last_label && s[end - 1] == '-') --end;
  const std::string_view tld = s.substr(last_label, end - last_label);
  if (labels < 2 || tld.size() < 2) return false;
  bool letters = true, high = false;
  for (const char c : tld) {
    letters =
        letters && (is_alpha(c) || is_high(c) || c == '-' || (is_digit(c) && starts_folded(tld, "xn--")));
    high = high || is_high(c);
  }
  if (!letters || tld.size() > 24 + (high ? 40 : 0)) return false;
  for (const auto& ending : kFileEndings)
    if (equal_folded(tld, ending)) return false;
  const std::string_view local = s.substr(begin, i - begin);
  for (const auto& user : kMachineUsers)
    if (equal_folded(local, user) && (at(s, end) == ':' || before(s, begin, 3) == "://")) return false;
  // user:password@host is a credential and begins earlier; a mail address has a name of its own.
  if (begin > 0 && s[begin - 1] == '@') return false;  // @scope/pkg@…
  if (begin > 0 && s[begin - 1] == '/' && is_digit(s[i + width])) return false;
  out = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), Detector::email, 0};
  return true;
}

bool find_ipv6(std::string_view s, std::size_t i, Finding& out) {
  // Only the first colon of an address is looked at closely: hex digits or another colon before and after it.
  const auto part = [](char c) { return is_hex(c) || c == ':'; };
  if (!part(at(s, i + 1))) return false;
  std::size_t begin = i;
  while (begin > 0 && is_hex(s[begin - 1]) && i - begin < 5) --begin;
  if (i - begin > 4) return false;
  if (begin > 0 &&
      (s[begin - 1] == ':' || is_alnum(s[begin - 1]) || s[begin - 1] == '_' || s[begin - 1] == '.') &&
      !after_escape(s, begin))
    return false;
  std::size_t p = begin;
  unsigned groups = 0, digits = 0;
  bool compressed = false, v4 = false;
  while (p < s.size()) {
    std::size_t q = p;
    while (q < s.size() && is_hex(s[q]) && q - p < 5) {
      digits += is_digit(s[q]);
      ++q;
    }
    if (q - p > 4) return false;
    if (q > p) {
      if (at(s, q) == '.' && groups >= 1 && is_digit(at(s, q + 1))) {  // ::ffff:192.0.2.1
        std::size_t r = p;
        unsigned dots = 0;
        while (r < s.size() && (is_digit(s[r]) || (s[r] == '.' && is_digit(at(s, r + 1)))))
          dots += s[r++] == '.';
        if (dots != 3) return false;
        p = r;
        groups += 2;
        v4 = true;
        break;
      }
      ++groups;
      p = q;
    }
    if (at(s, p) != ':') break;
    if (at(s, p + 1) == ':') {
      if (compressed) return false;
      compressed = true;
      p += 2;
      if (!is_hex(at(s, p))) break;
    } else {
      if (!is_hex(at(s, p + 1))) break;
      ++p;
    }
  }
  if (is_alnum(at(s, p)) || at(s, p) == '_' || (at(s, p) == ':' && at(s, p + 1) == ':')) return false;
  if (compressed ? groups > 7 : groups != 8) return false;
  if (groups < 1 || digits == 0 || p - begin < 6) return false;
  if (compressed && !v4) {
    // a::b is C++; addresses of networks begin with 2, 3, f or 64:.
    const char c = static_cast<char>(s[begin] | 0x20);
    const std::size_t first = i - begin;
    const bool network = first >= 3 && (c == ('2' | 0x20) || c == ('3' | 0x20) || c == 'f');
    if (!network && !starts_folded(s.substr(begin), "64:ff9b")) return false;
  }
  out = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(p), Detector::ip, 0};
  return true;
}

}  // namespace turnscope::pipeline
