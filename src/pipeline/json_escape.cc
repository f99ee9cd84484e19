#include "pipeline/json_escape.h"

#include <cstdint>

#include "base/json_text.h"
#include "pipeline/characters.h"

namespace turnscope::pipeline {
namespace {

/// Four hex digits at `i`, or -1.
int hex4(std::string_view s, std::size_t i) {
  if (i + 4 > s.size()) return -1;
  int v = 0;
  for (std::size_t k = i; k < i + 4; ++k) {
    if (!is_hex(s[k])) return -1;
    v = v * 16 + (is_digit(s[k]) ? s[k] - '0' : (s[k] | 0x20) - 'a' + 10);
  }
  return v;
}

void put_utf8(std::uint32_t c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 63));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 63));
    out += static_cast<char>(0x80 | (c & 63));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 63));
    out += static_cast<char>(0x80 | (c >> 6 & 63));
    out += static_cast<char>(0x80 | (c & 63));
  }
}

}  // namespace

void json_unescape(std::string_view raw, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < raw.size();) {
    const char c = raw[i];
    if (c != '\\' || i + 1 >= raw.size()) {
      out += c;
      ++i;
      continue;
    }
    const char e = raw[i + 1];
    i += 2;
    switch (e) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'u': {
        const int high = hex4(raw, i);
        if (high < 0) {
          out += "\\u";
          break;
        }
        i += 4;
        auto code = static_cast<std::uint32_t>(high);
        if (high >= 0xD800 && high < 0xDC00 && raw.substr(i, 2) == "\\u") {
          const int low = hex4(raw, i + 2);
          if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000u + (static_cast<std::uint32_t>(high - 0xD800) << 10) +
                   static_cast<std::uint32_t>(low - 0xDC00);
            i += 6;
          }
        }
        if (code >= 0xD800 && code < 0xE000) code = 0xFFFD;
        put_utf8(code, out);
        break;
      }
      case '"':
      case '\\':
      case '/':
        out += e;
        break;
      default:
        out += '\\';
        out += e;
    }
  }
}

void json_escape(std::string_view text, std::string& out) { append_json_escaped(out, text); }

bool json_plain_ascii(std::string_view text, std::string& out) {
  bool any = false;
  std::size_t copied = 0;
  for (std::size_t p = text.find("\\u"); p != text.npos; p = text.find("\\u", p + 2)) {
    const int code = hex4(text, p + 2);
    if (code < 0x20 || code > 0x7E || code == '"' || code == '\\') continue;
    if (!any) out.clear();
    any = true;
    // However many backslashes stand before: decoded once too often is harmless, once too few would hide it.
    std::size_t from = p;
    while (from > copied && text[from - 1] == '\\') --from;
    out.append(text, copied, from - copied);
    out += static_cast<char>(code);
    copied = p + 6;
  }
  if (any) out.append(text, copied);
  return any;
}

bool looks_like_json(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size() && is_space(text[i])) ++i;
  return i < text.size() && (text[i] == '{' || text[i] == '[');
}

}  // namespace turnscope::pipeline
