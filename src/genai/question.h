// What the user asked, for lists: the text of the last user message that has text, or the input as it is.
#pragma once
#include <string>
#include <string_view>

#include "genai/gather.h"

namespace turnscope::genai {

/// A view into the span, or `made` when it had to be decoded (at most 2,000 bytes then). Empty: not told.
std::string_view question_of(const Gathered&, std::string& made);
/// "tool.execute.get_weather" → "get_weather"; other names as they are.
std::string_view tool_in_name(std::string_view span_name);

}  // namespace turnscope::genai
