// A client of Anthropic's Messages API over libcurl: one call, streamed or not, with retries.
#pragma once
#include <boost/json.hpp>

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace turnscope::example {

/// `usage` of a reply. input_tokens excludes both cache fields, as the API reports it.
struct ModelUsage {
  std::uint64_t input_tokens = 0, output_tokens = 0;
  std::optional<std::uint64_t> cache_read_input_tokens{}, cache_creation_input_tokens{};
};

struct ModelRequest {
  std::string model{};
  std::string system{};  ///< sent with a cache breakpoint behind it
  boost::json::array messages{};
  boost::json::array tools{};
  int max_tokens = 1024;
  std::optional<double> temperature{};
  bool stream = true;
};

struct ModelReply {
  std::string id, model, stop_reason;
  boost::json::array content;  ///< text and tool_use blocks
  ModelUsage usage;
  int attempts = 1;                                     ///< HTTP requests made, retries included
  std::optional<std::chrono::nanoseconds> first_token;  ///< streamed: from the request's start
  /// The text blocks, joined.
  std::string text() const;
};

struct ModelError {
  int http_status = 0;  ///< 0: no answer came
  std::string type{};   ///< the vendor's: "overloaded_error"; ours: "connection_error", "protocol_error"
  std::string message{};
  std::string request_id{};
  int attempts = 1;
  bool retryable = false;
  std::optional<std::chrono::milliseconds> retry_after{};
};

struct ClientOptions {
  std::string base_url = "https://api.anthropic.com";
  std::string api_key{};
  int max_retries = 2;
  std::chrono::milliseconds initial_backoff{500}, max_backoff{30'000};
  std::chrono::milliseconds timeout{120'000};
};

/// Told while a call is under way; all optional, called on the caller's thread.
struct CallObserver {
  std::function<void(const ModelError&, std::chrono::milliseconds delay)> on_retry{};
  std::function<void(std::string_view)> on_text{};  ///< streamed text as it comes
};

class MessagesClient {
 public:
  explicit MessagesClient(ClientOptions options);
  ~MessagesClient();
  MessagesClient(const MessagesClient&) = delete;
  MessagesClient& operator=(const MessagesClient&) = delete;

  /// POST {base_url}/v1/messages. Retries 408, 409, 429, 5xx and connection failures up to max_retries times
  /// with exponential backoff and jitter; a retry-after header (seconds, up to 60) replaces the backoff. A
  /// stream that broke after text was shown is not retried. Blocks; one call at a time.
  std::expected<ModelReply, ModelError> create(const ModelRequest& request,
                                               const CallObserver& observer = {});

  const ClientOptions& options() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace turnscope::example
