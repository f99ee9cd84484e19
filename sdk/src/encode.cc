#include "encode.h"

#include <algorithm>
#include <string>

#include "utf8.h"

namespace turnscope::sdk::detail {
namespace {

std::string_view cleaned(std::string_view s, std::uint32_t max_characters, std::string& scratch) {
  return utf8_prefix(as_utf8(s, scratch), max_characters);
}

// AnyValue: string_value 1, bool_value 2, int_value 3, double_value 4, array_value 5.
void append_any(Bytes& out, char tag, const Value& v, std::uint32_t limit, std::string& scratch);

template <class T>
void append_array(Bytes& out, char tag, std::span<const T> items, std::uint32_t limit, std::string& scratch) {
  Bytes values;
  for (const T& item : items) append_any(values, tag_len(1), Value(item), limit, scratch);
  Bytes any;
  append_message(any, tag_len(5), values);
  append_message(out, tag, any);
}

void append_any(Bytes& out, char tag, const Value& v, std::uint32_t limit, std::string& scratch) {
  switch (v.type()) {
    case Value::Type::string: {
      const std::string_view s = cleaned(v.string(), limit, scratch);
      char* p = out.room(s.size() + 22);
      *p++ = tag;
      p = put_varint(p, text_size(s));
      out.advance(put_text(p, tag_len(1), s));
      return;
    }
    case Value::Type::boolean: {
      char* p = out.room(4);
      *p++ = tag;
      *p++ = 2;
      *p++ = tag_varint(2);
      *p++ = v.boolean();
      out.advance(p);
      return;
    }
    case Value::Type::integer: {
      const auto n = static_cast<std::uint64_t>(v.integer());
      char* p = out.room(13);
      *p++ = tag;
      *p++ = static_cast<char>(1 + varint_size(n));
      *p++ = tag_varint(3);
      out.advance(put_varint(p, n));
      return;
    }
    case Value::Type::real: {
      char* p = out.room(11);
      *p++ = tag;
      *p++ = 9;
      *p++ = tag_fixed64(4);
      out.advance(put_fixed64(p, std::bit_cast<std::uint64_t>(v.real())));
      return;
    }
    case Value::Type::strings:
      return append_array(out, tag, v.array<std::string>(), limit, scratch);
    case Value::Type::string_views:
      return append_array(out, tag, v.array<std::string_view>(), limit, scratch);
    case Value::Type::integers:
      return append_array(out, tag, v.array<std::int64_t>(), limit, scratch);
    case Value::Type::reals:
      return append_array(out, tag, v.array<double>(), limit, scratch);
    case Value::Type::booleans:
      return append_array(out, tag, v.array<bool>(), limit, scratch);
  }
}

}  // namespace

namespace {

/// ASCII key and a scalar: nearly all attributes. One pass, no temporaries; `any`: size of the AnyValue.
std::size_t append_scalar(Bytes& out, char tag, std::string_view key, const Value& value, std::size_t any) {
  char* p = out.room(key.size() + any + 32);
  *p++ = tag;
  if (key.size() + any < 120) [[likely]] {  // every length has one byte
    p[0] = static_cast<char>(key.size() + any + 4);
    p[1] = tag_len(1);
    p[2] = static_cast<char>(key.size());
    p += 3;
  } else {
    p = put_varint(p, text_size(key) + 1 + varint_size(any) + any);
    *p++ = tag_len(1);
    p = put_varint(p, key.size());
  }
  const auto key_at = static_cast<std::size_t>(p - out.data());
  p = put_raw(p, key);
  *p++ = tag_len(2);
  p = put_varint(p, any);
  switch (value.type()) {
    case Value::Type::string:
      p = put_text(p, tag_len(1), value.string());
      break;
    case Value::Type::boolean:
      *p++ = tag_varint(2);
      *p++ = value.boolean();
      break;
    case Value::Type::integer:
      *p++ = tag_varint(3);
      p = put_varint(p, static_cast<std::uint64_t>(value.integer()));
      break;
    default:
      *p++ = tag_fixed64(4);
      p = put_fixed64(p, std::bit_cast<std::uint64_t>(value.real()));
  }
  out.advance(p);
  return key_at;
}

[[gnu::noinline]] std::size_t append_slowly(Bytes& out, char tag, std::string_view key, const Value& value,
                                            std::uint32_t max_characters) {
  std::string key_scratch, scratch;
  key = as_utf8(key, key_scratch);
  Bytes pair;
  append_text(pair, tag_len(1), key);
  append_any(pair, tag_len(2), value, max_characters, scratch);
  append_message(out, tag, pair);
  return out.size() - pair.size() + 1 + varint_size(key.size());
}

}  // namespace

std::size_t append_attribute(Bytes& out, char tag, std::string_view key, const Value& value,
                             std::uint32_t max_characters) {
  if (!is_ascii(key)) [[unlikely]]
    return append_slowly(out, tag, key, value, max_characters);
  switch (value.type()) {
    case Value::Type::string: {
      const std::string_view s = value.string();
      if (s.size() > max_characters || !(is_ascii(s) || is_utf8(s))) break;
      return append_scalar(out, tag, key, value, text_size(s));
    }
    case Value::Type::boolean:
      return append_scalar(out, tag, key, value, 2);
    case Value::Type::integer:
      return append_scalar(out, tag, key, value,
                           1 + varint_size(static_cast<std::uint64_t>(value.integer())));
    case Value::Type::real:
      return append_scalar(out, tag, key, value, 9);
    default:
      break;
  }
  return append_slowly(out, tag, key, value, max_characters);
}

std::uint32_t append_attributes(Bytes& out, char tag, Attributes attributes, std::uint32_t max_count,
                                std::uint32_t max_characters) {
  std::uint32_t kept = 0, dropped = 0;
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    const Attribute& a = attributes[i];
    const auto later = attributes.subspan(i + 1);
    if (a.key.empty() ||
        std::any_of(later.begin(), later.end(), [&](const Attribute& b) { return b.key == a.key; }))
      continue;
    if (kept == max_count) {
      ++dropped;
      continue;
    }
    append_attribute(out, tag, a.key, a.value, max_characters);
    ++kept;
  }
  return dropped;
}

void append_scope(Bytes& out, char tag, std::string_view name, std::string_view version) {
  std::string scratch;
  Bytes scope;
  append_text(scope, tag_len(1), as_utf8(name, scratch));
  if (!version.empty()) append_text(scope, tag_len(2), as_utf8(version, scratch));
  append_message(out, tag, scope);
}

}  // namespace turnscope::sdk::detail
