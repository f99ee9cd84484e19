#include "examples/agent/reply_assembler.h"

#include <fmt/format.h>

namespace turnscope::example {
namespace {

namespace json = boost::json;

constexpr std::size_t max_blocks = 256;

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::uint64_t> count_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value && value->is_int64() && value->get_int64() >= 0)
    return static_cast<std::uint64_t>(value->get_int64());
  return std::nullopt;
}

/// Later reports replace earlier ones: message_delta carries totals, not differences.
void merge_usage(ModelUsage& usage, const json::object& from) {
  if (auto n = count_of(from, "input_tokens")) usage.input_tokens = *n;
  if (auto n = count_of(from, "output_tokens")) usage.output_tokens = *n;
  if (auto n = count_of(from, "cache_read_input_tokens")) usage.cache_read_input_tokens = n;
  if (auto n = count_of(from, "cache_creation_input_tokens")) usage.cache_creation_input_tokens = n;
}

void read_head(ModelReply& reply, const json::object& message) {
  reply.id = text_of(message, "id");
  reply.model = text_of(message, "model");
  reply.stop_reason = text_of(message, "stop_reason");
  if (const auto* usage = message.if_contains("usage"); usage && usage->is_object())
    merge_usage(reply.usage, usage->get_object());
}

}  // namespace

std::expected<ModelReply, std::string> read_message(const json::value& message) {
  const json::object* object = message.if_object();
  if (!object) return std::unexpected("the reply is not a JSON object");
  const json::value* content = object->if_contains("content");
  if (!content || !content->is_array()) return std::unexpected("the reply has no content array");
  ModelReply reply;
  read_head(reply, *object);
  reply.content = content->get_array();
  return reply;
}

ModelError read_error(int http_status, std::string_view body) {
  ModelError error{.http_status = http_status, .type = "api_error"};
  json::error_code failed;
  const json::value parsed = json::parse(body, failed);
  if (!failed && parsed.is_object()) {
    error.request_id = text_of(parsed.get_object(), "request_id");
    if (const auto* inner = parsed.get_object().if_contains("error"); inner && inner->is_object()) {
      error.type = text_of(inner->get_object(), "type");
      error.message = text_of(inner->get_object(), "message");
    }
  }
  if (error.message.empty()) error.message = fmt::format("HTTP {}: {}", http_status, body.substr(0, 200));
  return error;
}

bool ReplyAssembler::broken(std::string_view why) {
  error_ = ModelError{.http_status = 200, .type = "protocol_error", .message = std::string(why)};
  return false;
}

bool ReplyAssembler::event(std::string_view data) {
  json::error_code failed;
  const json::value parsed = json::parse(data, failed);
  if (failed || !parsed.is_object()) return broken("a stream event is not a JSON object");
  const json::object& object = parsed.get_object();
  const std::string type = text_of(object, "type");
  if (type == "error") {
    error_ = read_error(200, data);
    return false;
  }
  if (type == "message_start") {
    if (const auto* message = object.if_contains("message"); message && message->is_object())
      read_head(reply_, message->get_object());
  } else if (type == "content_block_start") {
    return start_block(object);
  } else if (type == "content_block_delta") {
    return delta(object);
  } else if (type == "message_delta") {
    if (const auto* change = object.if_contains("delta"); change && change->is_object())
      if (auto reason = text_of(change->get_object(), "stop_reason"); !reason.empty())
        reply_.stop_reason = reason;
    if (const auto* usage = object.if_contains("usage"); usage && usage->is_object())
      merge_usage(reply_.usage, usage->get_object());
  } else if (type == "message_stop") {
    finished_ = true;
  }
  return true;  // ping and what comes later are ignored, as the vendor asks
}

bool ReplyAssembler::start_block(const json::object& event) {
  const json::value* block = event.if_contains("content_block");
  if (!block || !block->is_object()) return broken("content_block_start has no content_block");
  if (count_of(event, "index") != blocks_.size()) return broken("content blocks come out of order");
  if (blocks_.size() == max_blocks) return broken("the reply has more than 256 content blocks");
  blocks_.push_back({block->get_object(), text_of(block->get_object(), "text"), {}});
  return true;
}

bool ReplyAssembler::delta(const json::object& event) {
  const auto index = count_of(event, "index");
  const json::value* change = event.if_contains("delta");
  if (!index || *index >= blocks_.size() || !change || !change->is_object())
    return broken("a delta has no block");
  const json::object& d = change->get_object();
  Block& block = blocks_[*index];
  const std::string type = text_of(d, "type");
  if (type == "text_delta") {
    const std::string text = text_of(d, "text");
    block.text += text;
    shown_text_ = true;
    if (on_text_) on_text_(text);
  } else if (type == "input_json_delta") {
    block.partial_json += text_of(d, "partial_json");
  }
  return true;
}

ModelReply ReplyAssembler::take() {
  for (Block& block : blocks_) {
    if (text_of(block.head, "type") == "text") block.head["text"] = block.text;
    if (text_of(block.head, "type") == "tool_use" && !block.partial_json.empty()) {
      json::error_code failed;
      json::value input = json::parse(block.partial_json, failed);
      // A cut argument object stays an empty one: the tool then says what it misses, and the model can mend
      // it.
      block.head["input"] = failed ? json::value(json::object{}) : std::move(input);
    }
    reply_.content.emplace_back(std::move(block.head));
  }
  blocks_.clear();
  return std::move(reply_);
}

}  // namespace turnscope::example
