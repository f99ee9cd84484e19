#include "otlp/json_common.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace turnscope::otlp {
namespace {

/// One \uXXXX; -1 if it is not that.
int hex4(const char* p, const char* end) {
  if (end - p < 4) return -1;
  int v = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = p[i];
    int d = -1;
    if (c >= '0' && c <= '9') d = c - '0';
    if (c >= 'a' && c <= 'f') d = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') d = c - 'A' + 10;
    if (d < 0) return -1;
    v = v << 4 | d;
  }
  return v;
}

char* put_utf8(char* out, std::uint32_t cp) {
  if (cp < 0x80) {
    *out++ = static_cast<char>(cp);
  } else if (cp < 0x800) {
    *out++ = static_cast<char>(0xC0 | cp >> 6);
    *out++ = static_cast<char>(0x80 | (cp & 63));
  } else if (cp < 0x10000) {
    *out++ = static_cast<char>(0xE0 | cp >> 12);
    *out++ = static_cast<char>(0x80 | (cp >> 6 & 63));
    *out++ = static_cast<char>(0x80 | (cp & 63));
  } else {
    *out++ = static_cast<char>(0xF0 | cp >> 18);
    *out++ = static_cast<char>(0x80 | (cp >> 12 & 63));
    *out++ = static_cast<char>(0x80 | (cp >> 6 & 63));
    *out++ = static_cast<char>(0x80 | (cp & 63));
  }
  return out;
}

template <typename T>
bool whole(std::string_view s, T& out) {
  const auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), out);
  return ec == std::errc() && end == s.data() + s.size();
}

}  // namespace

void JsonReader::load(std::string_view body) {
  std::string fixed;
  if (!valid_utf8(body)) {
    repair_utf8(body, fixed);
    c.repaired_in_place();
    body = fixed;
  }
  char* copy = c.bytes(body.size() + simdjson::SIMDJSON_PADDING);
  std::memcpy(copy, body.data(), body.size());
  std::memset(copy + body.size(), 0, simdjson::SIMDJSON_PADDING);
  begin_ = copy;
  size_ = body.size();
}

void JsonReader::failed(const simdjson::simdjson_error& e) {
  const char* here = nullptr;
  if (at_ && e.error() != simdjson::UTF8_ERROR && at_->current_location().get(here) == simdjson::SUCCESS)
    c.malformed(fmt::format("not the JSON that is expected near byte {} ({})", here - begin_, e.what()));
  c.malformed(fmt::format("not the JSON that is expected ({})", e.what()));
}

void JsonReader::wrong(std::string_view what, std::string_view wanted) const {
  c.malformed(fmt::format("field \"{}\" must be {}", what, wanted));
}

std::string_view JsonReader::unescape(const char* from, std::string_view what) {
  const char* const limit = begin_ + size_;
  const char* end = from;
  for (;;) {
    end = static_cast<const char*>(std::memchr(end, '"', static_cast<std::size_t>(limit - end)));
    if (!end) c.malformed("a JSON string without end");
    const char* back = end;
    while (back > from && back[-1] == '\\') --back;
    if ((end - back) % 2 == 0) break;
    ++end;
  }
  const auto size = static_cast<std::size_t>(end - from);
  const char* escape = static_cast<const char*>(std::memchr(from, '\\', size));
  if (!escape) return {from, size};

  char* const begin = c.bytes(size);
  char* out = begin;
  for (const char* p = from;;) {
    if (!escape) escape = end;
    std::memcpy(out, p, static_cast<std::size_t>(escape - p));
    out += escape - p;
    if (escape == end) break;
    p = escape + 2;
    switch (escape[1]) {
      case '"':
        *out++ = '"';
        break;
      case '\\':
        *out++ = '\\';
        break;
      case '/':
        *out++ = '/';
        break;
      case 'b':
        *out++ = '\b';
        break;
      case 'f':
        *out++ = '\f';
        break;
      case 'n':
        *out++ = '\n';
        break;
      case 'r':
        *out++ = '\r';
        break;
      case 't':
        *out++ = '\t';
        break;
      case 'u': {
        const int unit = hex4(p, end);
        if (unit < 0) c.malformed(fmt::format("a bad \\u escape in {}", what));
        p += 4;
        auto cp = static_cast<std::uint32_t>(unit);
        if (cp >= 0xD800 && cp < 0xE000) {
          const int low = cp < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? hex4(p + 2, end) : -1;
          if (low >= 0xDC00 && low < 0xE000) {
            cp = 0x10000 + ((cp - 0xD800) << 10) + (static_cast<std::uint32_t>(low) - 0xDC00);
            p += 6;
          } else {
            cp = 0xFFFD;  // half of a surrogate pair is no character
            c.repaired_in_place();
          }
        }
        out = put_utf8(out, cp);
        break;
      }
      default:
        c.malformed(fmt::format("a bad escape in {}", what));
    }
    escape = static_cast<const char*>(std::memchr(p, '\\', static_cast<std::size_t>(end - p)));
  }
  return {begin, static_cast<std::size_t>(out - begin)};
}

std::string_view JsonReader::raw_text(od::value v, std::string_view what) {
  switch (v.type().value()) {
    case od::json_type::null:
      v.is_null();
      return {};
    case od::json_type::string:
      return unescape(v.get_raw_json_string().value().raw(), what);
    default:
      wrong(what, "a string");
  }
}

std::uint64_t JsonReader::u64(od::value v, std::string_view what) {
  switch (v.type().value()) {
    case od::json_type::null:
      return 0;
    case od::json_type::string: {
      const std::string_view s = raw_text(v, what);
      std::uint64_t n = 0;
      if (!whole(s, n)) wrong(what, "an unsigned 64-bit integer, as number or string");
      return n;
    }
    case od::json_type::number: {
      od::number n = v.get_number().value();
      if (n.is_uint64()) return n.get_uint64();
      if (n.is_int64() && n.get_int64() >= 0) return static_cast<std::uint64_t>(n.get_int64());
      if (n.is_double() && n.get_double() >= 0 && n.get_double() < 18446744073709551616.0 &&
          n.get_double() == std::floor(n.get_double()))
        return static_cast<std::uint64_t>(n.get_double());
      break;
    }
    default:
      break;
  }
  wrong(what, "an unsigned 64-bit integer, as number or string");
}

std::int64_t JsonReader::i64(od::value v, std::string_view what) {
  switch (v.type().value()) {
    case od::json_type::null:
      return 0;
    case od::json_type::string: {
      const std::string_view s = raw_text(v, what);
      std::int64_t n = 0;
      if (!whole(s, n)) wrong(what, "a 64-bit integer, as number or string");
      return n;
    }
    case od::json_type::number: {
      od::number n = v.get_number().value();
      if (n.is_int64()) return n.get_int64();
      if (n.is_double() && n.get_double() >= -9223372036854775808.0 &&
          n.get_double() < 9223372036854775808.0 && n.get_double() == std::floor(n.get_double()))
        return static_cast<std::int64_t>(n.get_double());
      break;
    }
    default:
      break;
  }
  wrong(what, "a 64-bit integer, as number or string");
}

std::uint32_t JsonReader::u32(od::value v, std::string_view what) {
  const std::uint64_t n = u64(v, what);
  if (n > std::numeric_limits<std::uint32_t>::max()) wrong(what, "an unsigned 32-bit integer");
  return static_cast<std::uint32_t>(n);
}

std::int32_t JsonReader::i32(od::value v, std::string_view what) {
  const std::int64_t n = i64(v, what);
  if (n < std::numeric_limits<std::int32_t>::min() || n > std::numeric_limits<std::int32_t>::max())
    wrong(what, "a 32-bit integer");
  return static_cast<std::int32_t>(n);
}

double JsonReader::real(od::value v, std::string_view what) {
  switch (v.type().value()) {
    case od::json_type::number:
      return v.get_double().value();
    case od::json_type::string: {
      const std::string_view s = raw_text(v, what);
      if (s == "NaN") return std::numeric_limits<double>::quiet_NaN();
      if (s == "Infinity") return std::numeric_limits<double>::infinity();
      if (s == "-Infinity") return -std::numeric_limits<double>::infinity();
      double d = 0;
      if (whole(s, d)) return d;
      break;
    }
    default:
      break;
  }
  wrong(what, "a number, or \"NaN\", \"Infinity\" or \"-Infinity\"");
}

std::int32_t JsonReader::enumeration(od::value v, std::string_view what,
                                     std::span<const std::string_view> names) {
  if (v.type().value() != od::json_type::string) return i32(v, what);
  const std::string_view s = raw_text(v, what);
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == s) return static_cast<std::int32_t>(i);
  std::int32_t n = 0;
  if (!whole(s, n)) wrong(what, "a number");
  return n;
}

bool JsonReader::boolean(od::value v, std::string_view what) {
  switch (v.type().value()) {
    case od::json_type::null:
      return false;
    case od::json_type::boolean:
      return v.get_bool().value();
    default:
      wrong(what, "true or false");
  }
}

AnyValue JsonReader::any_value(od::value v, std::size_t depth) {
  AnyValue out;
  object(v, [&](std::string_view k, od::value f) {
    if (is_null(f)) return;  // "doubleValue": null is sent in the field; it says nothing
    AnyValue a;
    if (depth > c.limits.attribute_depth && (k == "arrayValue" || k == "kvlistValue")) {
      a = c.depth_marker();
    } else if (k == "stringValue") {
      a.type = AnyValue::Type::string;
      a.text = text(f, k);
    } else if (k == "boolValue") {
      a.type = AnyValue::Type::boolean;
      a.boolean = boolean(f, k);
    } else if (k == "intValue") {
      a.type = AnyValue::Type::integer;
      a.integer = i64(f, k);
    } else if (k == "doubleValue") {
      a.type = AnyValue::Type::real;
      a.real = real(f, k);
    } else if (k == "bytesValue") {
      std::string decoded;
      if (!base64_decode(raw_text(f, k), decoded)) wrong(k, "base64");
      char* p = c.bytes(decoded.size());
      std::memcpy(p, decoded.data(), decoded.size());
      a.type = AnyValue::Type::bytes;
      a.text = c.blob({p, decoded.size()});
    } else if (k == "arrayValue") {
      a.type = AnyValue::Type::array;
      object(f, [&](std::string_view kk, od::value values) {
        if (kk != "values") return;
        std::size_t over = 0;
        a.values =
            list<AnyValue>(values, c.limits.values_per_array, over, [&](od::value e, AnyValue& element) {
              element = any_value(e, depth + 1);
              return true;
            });
        c.dropped_parts(over);
      });
    } else if (k == "kvlistValue") {
      a.type = AnyValue::Type::kvlist;
      object(f, [&](std::string_view kk, od::value values) {
        if (kk != "values") return;
        std::size_t over = 0;
        a.fields =
            c.unique(list<KeyValue>(values, c.limits.values_per_array, over,
                                    [&](od::value e, KeyValue& kv) { return key_value(e, depth + 1, kv); }));
        c.dropped_parts(over);
      });
    } else {
      return;
    }
    out = a;
  });
  return out;
}

bool JsonReader::key_value(od::value v, std::size_t depth, KeyValue& out) {
  object(v, [&](std::string_view k, od::value f) {
    if (k == "key")
      out.key = name(f, k);
    else if (k == "value")
      out.value = any_value(f, depth);
  });
  return true;
}

Attributes JsonReader::attributes(od::value v, std::uint32_t& dropped) {
  std::size_t over = 0;
  const auto all = list<KeyValue>(v, c.limits.attributes_per_item, over,
                                  [&](od::value e, KeyValue& kv) { return key_value(e, 1, kv); });
  c.dropped_attributes(over);
  dropped += static_cast<std::uint32_t>(over);
  return c.unique(all);
}

Resource JsonReader::resource(od::value v) {
  Resource r;
  std::uint32_t over = 0;
  object(v, [&](std::string_view k, od::value f) {
    if (k == "attributes")
      r.attributes = attributes(f, over);
    else if (k == "droppedAttributesCount")
      r.dropped_attributes = u32(f, k);
  });
  r.dropped_attributes += over;
  return r;
}

Scope JsonReader::scope(od::value v) {
  Scope s;
  std::uint32_t over = 0;
  object(v, [&](std::string_view k, od::value f) {
    if (k == "name")
      s.name = text(f, k);
    else if (k == "version")
      s.version = text(f, k);
    else if (k == "attributes")
      s.attributes = attributes(f, over);
    else if (k == "droppedAttributesCount")
      s.dropped_attributes = u32(f, k);
  });
  s.dropped_attributes += over;
  return s;
}

TraceId JsonReader::optional_trace_id(od::value v, std::string_view what) {
  const std::string_view s = raw_text(v, what);
  TraceId id{};
  if (!s.empty() && !parse_hex(s, id)) {
    c.id_left_out();
    id = {};
  }
  return id;
}

SpanId JsonReader::optional_span_id(od::value v, std::string_view what) {
  const std::string_view s = raw_text(v, what);
  SpanId id = 0;
  if (!s.empty() && !parse_hex(s, id)) {
    c.id_left_out();
    id = 0;
  }
  return id;
}

}  // namespace turnscope::otlp
