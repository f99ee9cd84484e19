// Puts the events of a streamed Messages API reply together to the same ModelReply that the plain form gives.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "examples/agent/messages_client.h"

namespace turnscope::example {

/// Reads a whole `message` object. Error: what is missing.
std::expected<ModelReply, std::string> read_message(const boost::json::value& message);
/// Reads {"type":"error","error":{"type","message"}}; other bodies give type "api_error" and their first
/// bytes.
ModelError read_error(int http_status, std::string_view body);

class ReplyAssembler {
 public:
  explicit ReplyAssembler(std::function<void(std::string_view)> on_text) : on_text_(std::move(on_text)) {}
  /// One SSE event. False: the stream said error, or it is not what the API sends (see error()).
  bool event(std::string_view data);
  bool finished() const { return finished_; }
  bool shown_text() const { return shown_text_; }
  const std::optional<ModelError>& error() const { return error_; }
  ModelReply take();

 private:
  struct Block {
    boost::json::object head;
    std::string text, partial_json;
  };
  bool start_block(const boost::json::object& event);
  bool delta(const boost::json::object& event);
  bool broken(std::string_view why);

  std::function<void(std::string_view)> on_text_;
  ModelReply reply_;
  std::vector<Block> blocks_;
  std::optional<ModelError> error_;
  bool finished_ = false, shown_text_ = false;
};

}  // namespace turnscope::example
