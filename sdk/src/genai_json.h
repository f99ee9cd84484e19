// Messages as the JSON of the GenAI conventions, and as the blocks that events carry.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "turnscope/sdk/genai.h"

namespace turnscope::sdk::genai::detail {

/// One JSON value, whole text, nested at most 64 deep.
bool is_json(std::string_view text);
void append_json_string(std::string& out, std::string_view text);

/// gen_ai.input.messages / gen_ai.output.messages: [{"role", "parts": [...], "finish_reason"?}]
std::string messages_json(const std::vector<Message>& messages, std::size_t max_content);
/// gen_ai.system_instructions: [{"type": "text", "content"}]
std::string instructions_json(std::string_view text, std::size_t max_content);
/// The content of an event: plain text when it is nothing else, otherwise JSON blocks in the form of
/// Anthropic's API.
std::string event_content(const Message& message, std::size_t max_content);

/// Valid UTF-8 of at most `max` characters.
std::string cut(std::string_view text, std::size_t max);
/// Characters, not bytes.
std::int64_t characters(std::string_view text);

}  // namespace turnscope::sdk::genai::detail
