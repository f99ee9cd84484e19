// JSON strings: what their escapes stand for, and back. Tolerant: what is no escape stays as it is.
#pragma once
#include <string>
#include <string_view>

namespace turnscope::pipeline {

/// The text between the quotes of a JSON string, decoded; lone surrogates become U+FFFD.
void json_unescape(std::string_view raw, std::string& out);
/// The other way: quotes, backslashes and control characters escaped.
void json_escape(std::string_view text, std::string& out);
/// Decodes only \u0020 … \u007e that need no escape: hides nothing any more, means the same. False: there are
/// none.
bool json_plain_ascii(std::string_view text, std::string& out);
/// Begins like an object or an array.
bool looks_like_json(std::string_view text);

}  // namespace turnscope::pipeline
