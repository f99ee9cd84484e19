#include "api/json_writer.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <cmath>

namespace turnscope::api {

std::size_t utf8_length(std::string_view t) {
  if (t.empty()) return 0;
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(t[i]); };
  const auto more = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return i < t.size() && at(i) >= low && at(i) <= high;
  };
  const unsigned c = at(0);
  if (c < 0x80) return 1;
  if (c >= 0xc2 && c <= 0xdf) return more(1) ? 2 : 0;
  if (c >= 0xe0 && c <= 0xef)
    return more(1, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf) && more(2) ? 3 : 0;
  if (c >= 0xf0 && c <= 0xf4)
    return more(1, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf) && more(2) && more(3) ? 4 : 0;
  return 0;
}

std::string_view cut_text(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    const auto n = utf8_length(text.substr(i));
    if (n > 1) {
      i += n;
      continue;
    }
    out.append(text.substr(plain, i - plain));
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (n == 0)
          out += "\xef\xbf\xbd";
        else
          fmt::format_to(std::back_inserter(out), FMT_COMPILE("\\u{:04x}"), c);
    }
    plain = ++i;
  }
  out.append(text.substr(plain));
  out += '"';
}

JsonWriter& JsonWriter::key(std::string_view name) {
  comma();
  append_json_string(out_, name);
  out_ += ':';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  comma();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  comma();
  out_ += json;
  return *this;
}

namespace {
constexpr std::uint64_t kExact = std::uint64_t{1} << 53;
}

JsonWriter& JsonWriter::value(std::uint64_t v) {
  if (v > kExact) return text_of(v);
  comma();
  fmt::format_to(std::back_inserter(out_), FMT_COMPILE("{}"), v);
  return *this;
}

JsonWriter& JsonWriter::value(std::int64_t v) {
  if (v > static_cast<std::int64_t>(kExact) || v < -static_cast<std::int64_t>(kExact)) return text_of(v);
  comma();
  fmt::format_to(std::back_inserter(out_), FMT_COMPILE("{}"), v);
  return *this;
}

JsonWriter& JsonWriter::value(double v) {
  if (std::isnan(v)) return value("NaN");
  if (std::isinf(v)) return value(v > 0 ? "Infinity" : "-Infinity");
  comma();
  fmt::format_to(std::back_inserter(out_), FMT_COMPILE("{}"), v);
  return *this;
}

JsonWriter& JsonWriter::text_of(std::int64_t v) { return raw(fmt::format(FMT_COMPILE("\"{}\""), v)); }
JsonWriter& JsonWriter::text_of(std::uint64_t v) { return raw(fmt::format(FMT_COMPILE("\"{}\""), v)); }

}  // namespace turnscope::api
