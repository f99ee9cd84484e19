#include "examples/agent/model_server/messages_wire.h"

#include <fmt/format.h>

#include <set>

namespace turnscope::example {
namespace {

namespace json = boost::json;

constexpr std::uint64_t smallest_cached_prefix = 1024;

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::uint64_t tokens(std::size_t bytes) { return (bytes + 3) / 4; }

/// Bytes of text in a value, without the JSON around it.
std::size_t text_bytes(const json::value& value) {
  if (value.is_string()) return value.get_string().size();
  std::size_t n = 0;
  if (const auto* list = value.if_array())
    for (const json::value& item : *list) n += text_bytes(item);
  if (const auto* object = value.if_object())
    for (const auto& [key, item] : *object)
      if (key != "cache_control" && key != "type") n += key.size() + text_bytes(item);
  return n;
}

bool has_breakpoint(const json::value& content) {
  const auto* blocks = content.if_array();
  if (!blocks) return false;
  for (const json::value& block : *blocks)
    if (const auto* object = block.if_object(); object && object->contains("cache_control")) return true;
  return false;
}

std::set<std::string> ids(const json::value& content, std::string_view type, std::string_view key) {
  std::set<std::string> found;
  if (const auto* blocks = content.if_array())
    for (const json::value& block : *blocks)
      if (const auto* object = block.if_object(); object && text_of(*object, "type") == type)
        found.insert(text_of(*object, key));
  return found;
}

std::string tool_id(std::string_view message_id, std::size_t index) {
  return fmt::format("toolu_{}{}", message_id.substr(std::min<std::size_t>(message_id.size(), 4)), index);
}

std::string event(const json::object& data) {
  return fmt::format("event: {}\ndata: {}\n\n", text_of(data, "type"), json::serialize(data));
}

/// Pieces of about 24 bytes that do not cut a UTF-8 character.
std::vector<std::string_view> pieces(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    std::size_t n = std::min<std::size_t>(24, text.size());
    while (n < text.size() && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80) ++n;
    out.push_back(text.substr(0, n));
    text.remove_prefix(n);
  }
  return out;
}

}  // namespace

json::object WireUsage::to_json() const {
  return {{"input_tokens", input},
          {"cache_creation_input_tokens", cache_creation},
          {"cache_read_input_tokens", cache_read},
          {"output_tokens", output},
          {"service_tier", "standard"}};
}

std::expected<void, std::string> check_request(const json::value& body) {
  const json::object* request = body.if_object();
  if (!request) return std::unexpected("the body is not a JSON object");
  if (text_of(*request, "model").empty()) return std::unexpected("model: Field required");
  const json::value* max_tokens = request->if_contains("max_tokens");
  if (!max_tokens || !max_tokens->is_int64() || max_tokens->get_int64() < 1)
    return std::unexpected("max_tokens: Input should be greater than or equal to 1");
  const json::value* messages = request->if_contains("messages");
  if (!messages || !messages->is_array() || messages->get_array().empty())
    return std::unexpected("messages: at least one message is required");
  std::set<std::string> open;  // tool_use ids that wait for their result
  const json::array& list = messages->get_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json::object* message = list[i].if_object();
    const json::value* content = message ? message->if_contains("content") : nullptr;
    if (!content || (!content->is_string() && !content->is_array()))
      return std::unexpected(fmt::format("messages.{}.content: Field required", i));
    const std::string role = text_of(*message, "role");
    if (role != "user" && role != "assistant")
      return std::unexpected(fmt::format("messages.{}.role: Input should be 'user' or 'assistant'", i));
    if (i == 0 && role != "user")
      return std::unexpected("messages: first message must use the \"user\" role");
    const auto results = ids(*content, "tool_result", "tool_use_id");
    for (const std::string& id : open)
      if (!results.contains(id))
        return std::unexpected(
            fmt::format("messages.{}: `tool_use` ids were found without `tool_result` blocks immediately "
                        "after: {}",
                        i - 1, id));
    for (const std::string& id : results)
      if (!open.contains(id))
        return std::unexpected(
            fmt::format("messages.{}: unexpected `tool_use_id` found in `tool_result` blocks: {}", i, id));
    open = role == "assistant" ? ids(*content, "tool_use", "id") : std::set<std::string>{};
  }
  return {};
}

WireUsage usage_of(const json::object& request, const Reply& reply) {
  std::size_t head = 0;
  bool breakpoint = false;
  for (const std::string_view key : {"system", "tools"})
    if (const json::value* value = request.if_contains(key)) {
      head += text_bytes(*value);
      breakpoint = breakpoint || has_breakpoint(*value);
    }
  // Everything up to the last answer was in the request before, and so is in the cache.
  const json::array& messages = request.at("messages").get_array();
  std::size_t seen = 0, fresh = 0;
  for (const json::value& message : messages) {
    const json::object& object = message.get_object();
    fresh += text_bytes(object.at("content"));
    if (text_of(object, "role") == "assistant") {
      seen += fresh;
      fresh = 0;
    }
    breakpoint = breakpoint || has_breakpoint(object.at("content"));
  }
  WireUsage usage;
  const std::uint64_t prefix = tokens(head + seen), all = tokens(head + seen + fresh);
  if (!breakpoint || all < smallest_cached_prefix) {
    usage.input = all;
  } else {
    usage.input = std::min<std::uint64_t>(4, all);  // what stands behind the breakpoint
    usage.cache_read = seen && prefix >= smallest_cached_prefix ? prefix : 0;
    usage.cache_creation = all - usage.input - std::min(usage.cache_read, all - usage.input);
  }
  std::size_t out = reply.text.size();
  for (const ToolUse& tool : reply.tools) out += tool.name.size() + text_bytes(tool.input) + 24;
  usage.output = tokens(out);
  return usage;
}

std::string error_json(int status, std::string_view type, std::string_view message,
                       std::string_view request_id) {
  const auto vendor_type = [&]() -> std::string_view {
    switch (status) {
      case 400:
        return "invalid_request_error";
      case 401:
        return "authentication_error";
      case 403:
        return "permission_error";
      case 404:
        return "not_found_error";
      case 413:
        return "request_too_large";
      case 429:
        return "rate_limit_error";
      case 504:
        return "timeout_error";
      case 529:
        return "overloaded_error";
      default:
        return "api_error";
    }
  };
  return json::serialize(json::object{{"type", "error"},
                                      {"error",
                                       {{"type", type.empty() ? vendor_type() : type},
                                        {"message", message.empty() ? vendor_type() : message}}},
                                      {"request_id", request_id}});
}

json::object message_json(const Reply& reply, const WireUsage& usage, std::string_view id,
                          std::string_view model) {
  json::array content;
  if (!reply.text.empty()) content.push_back(json::object{{"type", "text"}, {"text", reply.text}});
  for (std::size_t i = 0; i < reply.tools.size(); ++i)
    content.push_back(json::object{{"type", "tool_use"},
                                   {"id", tool_id(id, i)},
                                   {"name", reply.tools[i].name},
                                   {"input", reply.tools[i].input}});
  return {{"id", id},
          {"type", "message"},
          {"role", "assistant"},
          {"model", model},
          {"content", content},
          {"stop_reason", reply.stop_reason},
          {"stop_sequence", nullptr},
          {"usage", usage.to_json()}};
}

std::vector<std::string> stream_events(const Reply& reply, const WireUsage& usage, std::string_view id,
                                       std::string_view model) {
  json::object start = message_json(reply, usage, id, model);
  const json::array content = start["content"].get_array();
  start["content"] = json::array{};
  start["stop_reason"] = nullptr;
  start["usage"].as_object()["output_tokens"] = 1;
  std::vector<std::string> events;
  events.push_back(event({{"type", "message_start"}, {"message", std::move(start)}}));
  events.push_back(event({{"type", "ping"}}));
  for (std::size_t i = 0; i < content.size(); ++i) {
    json::object head = content[i].get_object();
    const bool is_text = text_of(head, "type") == "text";
    const std::string body = is_text ? text_of(head, "text") : json::serialize(head["input"]);
    if (is_text)
      head["text"] = "";
    else
      head["input"] = json::object{};
    events.push_back(
        event({{"type", "content_block_start"}, {"index", i}, {"content_block", std::move(head)}}));
    for (const std::string_view piece : pieces(body)) {
      json::object delta = is_text ? json::object{{"type", "text_delta"}, {"text", piece}}
                                   : json::object{{"type", "input_json_delta"}, {"partial_json", piece}};
      events.push_back(event({{"type", "content_block_delta"}, {"index", i}, {"delta", std::move(delta)}}));
    }
    events.push_back(event({{"type", "content_block_stop"}, {"index", i}}));
  }
  events.push_back(event({{"type", "message_delta"},
                          {"delta", {{"stop_reason", reply.stop_reason}, {"stop_sequence", nullptr}}},
                          {"usage", usage.to_json()}}));
  events.push_back(event({{"type", "message_stop"}}));
  return events;
}

}  // namespace turnscope::example
