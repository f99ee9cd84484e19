// JSON inside attributes: bounded, exact, and never an error: text that does not parse stays text.
#pragma once
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "otlp/model.h"

namespace turnscope::genai {

namespace json = boost::json;

/// Nesting beyond this is not decoded (the text stays text).
inline constexpr int kJsonDepth = 64;

/// Parses one JSON value; absent if it is none or is nested too deeply.
std::optional<json::value> parse_json(std::string_view text);
/// Parses text that begins like an object or array; absent otherwise.
std::optional<json::value> parse_structured(std::string_view text);
/// The value itself: strings as text, kvlists as objects, bytes as base64.
json::value to_json(const otlp::AnyValue&);
/// Like to_json(); text that holds an object or array is decoded.
json::value to_json_decoded(const otlp::AnyValue&);

/// Member of an object, or null when it is not an object or has no such member (or it is JSON null).
const json::value* member(const json::value&, std::string_view key);
/// First of the members that is there.
const json::value* member(const json::value&, std::initializer_list<std::string_view> keys);
/// String member; "" when absent.
std::string_view text_member(const json::value&, std::string_view key);
std::string_view text_member(const json::value&, std::initializer_list<std::string_view> keys);

}  // namespace turnscope::genai
