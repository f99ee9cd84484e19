// Strings as JSON writes them.
#pragma once
#include <string>
#include <string_view>

namespace turnscope {

/// Quotes, backslashes and control characters as escapes; other bytes as they are, so that valid UTF-8 stays
/// valid.
void append_json_escaped(std::string& out, std::string_view text);
/// The same between quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace turnscope
