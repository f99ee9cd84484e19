// Canonical messages: roles and typed parts, read from every shape that libraries and vendors write (the
// conventions' parts, OpenAI chat and Responses, Anthropic, Bedrock and Google blocks, LangChain, Vercel).
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "genai/json.h"

namespace turnscope::genai {

struct Part {
  enum class Type { text, reasoning, tool_call, tool_call_response, media, other };
  Type type = Type::text;
  json::value content;  ///< text, reasoning: text (or blocks, as sent); media, other: the value as sent
  std::optional<std::string> id;    ///< of the tool call
  std::optional<std::string> name;  ///< of the tool
  json::value arguments;            ///< tool_call
  json::value result;               ///< tool_call_response
};
std::string_view name(Part::Type);

struct Message {
  std::optional<std::string> role;  ///< absent when the payload does not say
  std::vector<Part> parts;
  std::optional<std::string> finish_reason;
};

struct Tool {
  std::string name;
  std::optional<std::string> description;
  json::value schema;  ///< JSON schema of the arguments; null when not told
};

/// Whose words they are when the payload does not say.
enum class Side { input, output };

/// Messages in any shape: a list, a request or response body, a single message, blocks or plain text.
/// Absent when it is none of these.
std::optional<std::vector<Message>> read_messages(const json::value&, Side);
/// One message. Absent when it does not look like one.
std::optional<Message> read_message(const json::value&, std::optional<std::string_view> default_role);
/// Parts of content: text, a block or a list of blocks.
void read_parts(const json::value& content, std::vector<Part>& out);
/// Text of an event or indexed key: JSON blocks become parts, everything else is text.
void read_content_text(std::string_view content, std::vector<Part>& out);
/// Parts of system instructions: a list of parts or a text.
std::vector<Part> read_system(const json::value&);
/// Tool definitions in any vendor's shape (also names alone).
void read_tools(const json::value&, std::vector<Tool>& out);
/// Arguments: text that is an object or array is decoded.
json::value decode_arguments(const json::value&);
/// "model" → "assistant", "human" → "user", "ai" → "assistant".
std::string_view canonical_role(std::string_view role);

/// All text of a message's text parts, joined by line breaks.
std::string text_of(const Message&);

json::object to_json(const Part&);
json::object to_json(const Message&);
json::array to_json(std::span<const Message>);

}  // namespace turnscope::genai
