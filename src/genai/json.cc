#include "genai/json.h"

#include <simdjson.h>

#include <cmath>
#include <memory>

namespace turnscope::genai {
namespace {

bool convert(simdjson::dom::element e, json::value& out, int depth) {
  using simdjson::dom::element_type;
  if (depth > kJsonDepth) return false;
  switch (e.type()) {
    case element_type::ARRAY: {
      json::array& a = out.emplace_array();
      simdjson::dom::array in;
      if (e.get(in)) return false;
      a.reserve(in.size());
      for (auto x : in) {
        a.emplace_back(nullptr);
        if (!convert(x, a.back(), depth + 1)) return false;
      }
      return true;
    }
    case element_type::OBJECT: {
      json::object& o = out.emplace_object();
      simdjson::dom::object in;
      if (e.get(in)) return false;
      o.reserve(in.size());
      for (auto f : in) {
        json::value& v = o[f.key];  // the last of doubled keys wins
        v = nullptr;
        if (!convert(f.value, v, depth + 1)) return false;
      }
      return true;
    }
    case element_type::INT64:
      out = e.get_int64().value();
      return true;
    case element_type::UINT64:
      out = e.get_uint64().value();
      return true;
    case element_type::DOUBLE:
      out = e.get_double().value();
      return true;
    case element_type::STRING:
      out = json::string(e.get_string().value());
      return true;
    case element_type::BOOL:
      out = e.get_bool().value();
      return true;
    case element_type::NULL_VALUE:
      out = nullptr;
      return true;
  }
  return false;
}

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t v = 0;
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) v = v << 8 | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out.push_back(k <= n ? kDigits[(v >> (18 - 6 * k)) & 63u] : '=');
  }
  return out;
}

json::value to_json_at(const otlp::AnyValue& v, int depth) {
  using Type = otlp::AnyValue::Type;
  if (depth > kJsonDepth) return "[depth limit]";
  switch (v.type) {
    case Type::string:
      return json::string(v.text);
    case Type::boolean:
      return v.boolean;
    case Type::integer:
      return v.integer;
    case Type::real:
      return v.real;
    case Type::bytes:
      return json::string(base64(v.text));
    case Type::array: {
      json::array a;
      a.reserve(v.values.size());
      for (const auto& x : v.values) a.push_back(to_json_at(x, depth + 1));
      return a;
    }
    case Type::kvlist: {
      json::object o;
      o.reserve(v.fields.size());
      for (const auto& kv : v.fields) o[kv.key] = to_json_at(kv.value, depth + 1);
      return o;
    }
    case Type::none:
      break;
  }
  return nullptr;
}
}  // namespace

std::optional<json::value> parse_json(std::string_view text) {
  json::value out;
  {
    // Small documents share a parser; a large one must not leave its memory with the thread.
    thread_local simdjson::dom::parser shared;
    std::unique_ptr<simdjson::dom::parser> own;
    simdjson::dom::parser* parser = &shared;
    if (text.size() > (1u << 20)) own = std::make_unique<simdjson::dom::parser>(), parser = own.get();
    simdjson::dom::element root;
    const auto error = parser->parse(text.data(), text.size()).get(root);
    if (!error) return convert(root, out, 0) ? std::optional(std::move(out)) : std::nullopt;
    if (error != simdjson::NUMBER_ERROR) return std::nullopt;
  }
  // Integers beyond 64 bits: Boost.JSON reads them as doubles.
  json::error_code ec;
  json::parse_options options;
  options.max_depth = kJsonDepth;
  out = json::parse({text.data(), text.size()}, ec, {}, options);
  if (ec) return std::nullopt;
  return out;
}

std::optional<json::value> parse_structured(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || (text[first] != '{' && text[first] != '[')) return std::nullopt;
  return parse_json(text);
}

json::value to_json(const otlp::AnyValue& v) { return to_json_at(v, 0); }

json::value to_json_decoded(const otlp::AnyValue& v) {
  if (v.type == otlp::AnyValue::Type::string)
    if (auto p = parse_structured(v.text)) return std::move(*p);
  return to_json(v);
}

const json::value* member(const json::value& v, std::string_view key) {
  const json::object* o = v.if_object();
  if (!o) return nullptr;
  const json::value* m = o->if_contains(key);
  return m && !m->is_null() ? m : nullptr;
}

const json::value* member(const json::value& v, std::initializer_list<std::string_view> keys) {
  for (const auto k : keys)
    if (const json::value* m = member(v, k)) return m;
  return nullptr;
}

std::string_view text_member(const json::value& v, std::string_view key) {
  const json::value* m = member(v, key);
  return m && m->is_string() ? std::string_view(m->get_string().data(), m->get_string().size())
                             : std::string_view{};
}

std::string_view text_member(const json::value& v, std::initializer_list<std::string_view> keys) {
  for (const auto k : keys)
    if (const auto t = text_member(v, k); !t.empty()) return t;
  return {};
}

}  // namespace turnscope::genai
