#include "api/json_writer.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <cmath>

#include "base/json_text.h"
#include "otlp/text.h"

namespace turnscope::api {

std::string_view cut_text(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

void append_json_string(std::string& out, std::string_view text) {
  if (otlp::valid_utf8(text)) return turnscope::append_json_string(out, text);
  std::string repaired;
  otlp::repair_utf8(text, repaired);
  turnscope::append_json_string(out, repaired);
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
