#include "otlp/text.h"

#include <simdjson.h>

#include <array>

#include "otlp/decode.h"

namespace turnscope::otlp {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

constexpr std::array<std::int16_t, 256> make_hex_table() {
  std::array<std::int16_t, 256> t{};
  for (auto& v : t) v = -1;
  for (std::size_t i = 0; i < 10; ++i) t['0' + i] = static_cast<std::int16_t>(i);
  for (std::size_t i = 0; i < 6; ++i) {
    t['a' + i] = static_cast<std::int16_t>(10 + i);
    t['A' + i] = static_cast<std::int16_t>(10 + i);
  }
  return t;
}
constexpr auto hex_table = make_hex_table();

constexpr char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int16_t, 256> make_base64_table() {
  std::array<std::int16_t, 256> t{};
  for (auto& v : t) v = -1;
  for (std::size_t i = 0; i < 64; ++i)
    t[static_cast<std::uint8_t>(base64_digits[i])] = static_cast<std::int16_t>(i);
  t['-'] = 62;
  t['_'] = 63;
  return t;
}
constexpr auto base64_table = make_base64_table();

bool parse_hex_bytes(std::string_view s, std::uint8_t* out, std::size_t n) {
  if (s.size() != 2 * n) return false;
  for (std::size_t i = 0; i < n; ++i) {
    const int hi = hex_table[static_cast<std::uint8_t>(s[2 * i])];
    const int lo = hex_table[static_cast<std::uint8_t>(s[2 * i + 1])];
    if ((hi | lo) < 0) return false;
    out[i] = static_cast<std::uint8_t>(hi << 4 | lo);
  }
  return true;
}

/// Length of the valid character at `s[i]`, or 0 and in `bad` how many bytes form the maximal invalid part.
std::size_t character(std::string_view s, std::size_t i, std::size_t& bad) {
  const auto byte = [&](std::size_t k) { return static_cast<std::uint8_t>(s[k]); };
  const std::uint8_t b = byte(i);
  bad = 1;
  if (b < 0x80) return 1;
  std::size_t n = 0;
  std::uint8_t low = 0x80, high = 0xBF;
  if (b >= 0xC2 && b <= 0xDF) {
    n = 2;
  } else if (b >= 0xE0 && b <= 0xEF) {
    n = 3;
    if (b == 0xE0) low = 0xA0;
    if (b == 0xED) high = 0x9F;
  } else if (b >= 0xF0 && b <= 0xF4) {
    n = 4;
    if (b == 0xF0) low = 0x90;
    if (b == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  for (std::size_t k = 1; k < n; ++k) {
    if (i + k >= s.size() || byte(i + k) < low || byte(i + k) > high) {
      bad = k;
      return 0;
    }
    low = 0x80;
    high = 0xBF;
  }
  return n;
}

}  // namespace

bool valid_utf8_slow(std::string_view s) { return simdjson::validate_utf8(s.data(), s.size()); }

void repair_utf8(std::string_view s, std::string& out) {
  std::size_t i = 0, good = 0;
  while (i < s.size()) {
    std::size_t bad = 0;
    if (const std::size_t n = character(s, i, bad)) {
      i += n;
      continue;
    }
    out.append(s.substr(good, i - good));
    out.append("\xEF\xBF\xBD");
    i += bad;
    good = i;
  }
  out.append(s.substr(good));
}

std::string_view cut_text(std::string_view s, std::size_t limit) {
  if (s.size() <= limit) return s;
  std::size_t n = limit;
  for (int back = 0; back < 3 && n > 0 && (static_cast<std::uint8_t>(s[n]) & 0xC0) == 0x80; ++back) --n;
  return s.substr(0, n);
}

bool base64_decode(std::string_view s, std::string& out) {
  while (!s.empty() && s.back() == '=') s.remove_suffix(1);
  if (s.size() % 4 == 1) return false;
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : s) {
    const int v = base64_table[static_cast<std::uint8_t>(c)];
    if (v < 0) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(v);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out.push_back(static_cast<char>(bits >> have & 0xFF));
    }
  }
  return true;
}

void base64_encode(std::string_view bytes, std::string& out) {
  std::size_t i = 0;
  const auto byte = [&](std::size_t k) {
    return k < bytes.size() ? static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[k])) : 0u;
  };
  for (; i < bytes.size(); i += 3) {
    const std::uint32_t v = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    out.push_back(base64_digits[v >> 18]);
    out.push_back(base64_digits[v >> 12 & 63]);
    out.push_back(i + 1 < bytes.size() ? base64_digits[v >> 6 & 63] : '=');
    out.push_back(i + 2 < bytes.size() ? base64_digits[v & 63] : '=');
  }
}

std::string hex(const TraceId& id) {
  std::string s(32, '0');
  for (std::size_t i = 0; i < id.size(); ++i) {
    s[2 * i] = hex_digits[id[i] >> 4];
    s[2 * i + 1] = hex_digits[id[i] & 15];
  }
  return s;
}

std::string hex(SpanId id) {
  std::string s(16, '0');
  for (int i = 15; i >= 0; --i, id >>= 4) s[static_cast<std::size_t>(i)] = hex_digits[id & 15];
  return s;
}

bool parse_hex(std::string_view s, TraceId& id) { return parse_hex_bytes(s, id.data(), id.size()); }

bool parse_hex(std::string_view s, SpanId& id) {
  std::uint8_t bytes[8];
  if (!parse_hex_bytes(s, bytes, 8)) return false;
  id = 0;
  for (const std::uint8_t b : bytes) id = id << 8 | b;
  return true;
}

}  // namespace turnscope::otlp
