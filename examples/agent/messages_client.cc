#include "examples/agent/messages_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <charconv>
#include <mutex>
#include <random>
#include <thread>

#include "examples/agent/reply_assembler.h"
#include "examples/agent/sse.h"

namespace turnscope::example {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr std::size_t max_reply_bytes = 16u << 20;

bool retryable_status(int status) { return status == 408 || status == 409 || status == 429 || status >= 500; }

std::string body_of(const ModelRequest& request) {
  json::object body{
      {"model", request.model}, {"max_tokens", request.max_tokens}, {"messages", request.messages}};
  // Breakpoints behind the tools with the system prompt, and behind the last message: the next turn reads all
  // of it from the cache instead of paying for it again.
  if (!request.system.empty())
    body["system"] = json::array{
        json::object{{"type", "text"}, {"text", request.system}, {"cache_control", {{"type", "ephemeral"}}}}};
  if (!request.tools.empty()) body["tools"] = request.tools;
  if (request.temperature) body["temperature"] = *request.temperature;
  if (request.stream) body["stream"] = true;
  json::array& messages = body["messages"].as_array();
  if (!messages.empty()) {
    json::object& last = messages.back().as_object();
    if (last["content"].is_string())
      last["content"] = json::array{json::object{{"type", "text"}, {"text", last["content"]}}};
    if (auto& parts = last["content"].as_array(); !parts.empty())
      parts.back().as_object()["cache_control"] = json::object{{"type", "ephemeral"}};
  }
  return json::serialize(body);
}

/// What one HTTP exchange collects.
struct Exchange {
  CURL* curl = nullptr;
  ReplyAssembler* assembler = nullptr;
  SseParser* parser = nullptr;
  Steady::time_point started = Steady::now();
  std::string body{};
  std::optional<std::chrono::milliseconds> retry_after{};
  std::optional<std::chrono::nanoseconds> first_token{};
  std::string request_id{};
  bool too_large = false;
  std::size_t received = 0;
};

std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.received += size;
  if (exchange.received > max_reply_bytes) {
    exchange.too_large = true;
    return 0;
  }
  long status = 0;
  curl_easy_getinfo(exchange.curl, CURLINFO_RESPONSE_CODE, &status);
  if (!exchange.parser || status != 200) {
    exchange.body.append(bytes, size);
    return size;
  }
  const bool more = exchange.parser->feed({bytes, size});
  if (exchange.assembler->shown_text() && !exchange.first_token)
    exchange.first_token = Steady::now() - exchange.started;
  return more ? size : 0;
}

std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  std::string line(bytes, size);
  const std::size_t colon = line.find(':');
  if (colon == std::string::npos) return size;
  std::string name = line.substr(0, colon);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const std::size_t from = line.find_first_not_of(" \t", colon + 1), to = line.find_last_not_of(" \t\r\n");
  const std::string value = from == std::string::npos || to < from ? "" : line.substr(from, to - from + 1);
  if (name == "retry-after") {
    double seconds = -1;
    std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (seconds >= 0 && seconds <= 60)
      exchange.retry_after = std::chrono::milliseconds(static_cast<long>(seconds * 1000));
  }
  if (name == "request-id") exchange.request_id = value;
  return size;
}

}  // namespace

std::string ModelReply::text() const {
  std::string all;
  for (const json::value& block : content)
    if (const auto* object = block.if_object())
      if (const auto* text = object->if_contains("text"); text && text->is_string())
        all += text->get_string();
  return all;
}

struct MessagesClient::Impl {
  ClientOptions options;
  CURL* curl = curl_easy_init();
  std::minstd_rand jitter{std::random_device{}()};

  std::expected<ModelReply, ModelError> attempt(const ModelRequest& request, const std::string& body,
                                                const CallObserver& observer) {
    curl_easy_reset(curl);  // keeps the connection
    ReplyAssembler assembler(observer.on_text);
    SseParser parser([&](std::string_view, std::string_view data) { return assembler.event(data); });
    Exchange exchange{.curl = curl,
                      .assembler = &assembler,
                      .parser = request.stream ? &parser : nullptr,
                      .body = {},
                      .retry_after = {},
                      .first_token = {}};
    curl_slist* headers = nullptr;
    for (const std::string& line :
         {std::string("content-type: application/json"), std::string("anthropic-version: 2023-06-01"),
          "x-api-key: " + options.api_key, std::string("expect:")})
      headers = curl_slist_append(headers, line.c_str());
    const std::string url = options.base_url + "/v1/messages";
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "turnscope-example-agent/0.1");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
    const CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return result(code, static_cast<int>(status), request.stream, exchange, assembler);
  }

  std::expected<ModelReply, ModelError> result(CURLcode code, int status, bool streamed, Exchange& exchange,
                                               ReplyAssembler& assembler) {
    if (assembler.error()) {
      ModelError error = *assembler.error();
      error.request_id = exchange.request_id;
      error.retryable = error.type == "overloaded_error" && !assembler.shown_text();
      return std::unexpected(error);
    }
    if (code != CURLE_OK) {
      const std::string why = exchange.too_large
                                  ? fmt::format("the reply is larger than {} bytes", max_reply_bytes)
                                  : std::string(curl_easy_strerror(code));
      return std::unexpected(
          ModelError{.http_status = 0,
                     .type = code == CURLE_OPERATION_TIMEDOUT ? "timeout_error" : "connection_error",
                     .message = fmt::format("{}/v1/messages: {}", options.base_url, why),
                     .request_id = exchange.request_id,
                     .retryable = !assembler.shown_text() && !exchange.too_large});
    }
    if (status != 200) {
      ModelError error = read_error(status, exchange.body);
      if (!exchange.request_id.empty()) error.request_id = exchange.request_id;
      error.retryable = retryable_status(status);
      error.retry_after = exchange.retry_after;
      return std::unexpected(error);
    }
    if (streamed) {
      if (!assembler.finished())
        return std::unexpected(ModelError{.http_status = 200,
                                          .type = "protocol_error",
                                          .message = "the stream ended before message_stop",
                                          .request_id = exchange.request_id,
                                          .retryable = !assembler.shown_text()});
      ModelReply reply = assembler.take();
      reply.first_token = exchange.first_token;
      return reply;
    }
    json::error_code failed;
    const json::value parsed = json::parse(exchange.body, failed);
    auto reply = failed ? std::unexpected(std::string("the reply is not JSON")) : read_message(parsed);
    if (!reply)
      return std::unexpected(ModelError{.http_status = 200,
                                        .type = "protocol_error",
                                        .message = reply.error(),
                                        .request_id = exchange.request_id});
    return *reply;
  }

  std::chrono::milliseconds backoff(int attempt) {
    auto delay = options.initial_backoff * (1 << std::min(attempt, 10));
    if (delay > options.max_backoff) delay = options.max_backoff;
    // Up to a quarter less, so that many agents do not come back together.
    return delay - delay * static_cast<long>(jitter() % 256) / 1024;
  }
};

MessagesClient::MessagesClient(ClientOptions options) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  impl_ = std::make_unique<Impl>();
  impl_->options = std::move(options);
}

MessagesClient::~MessagesClient() { curl_easy_cleanup(impl_->curl); }

const ClientOptions& MessagesClient::options() const { return impl_->options; }

std::expected<ModelReply, ModelError> MessagesClient::create(const ModelRequest& request,
                                                             const CallObserver& observer) {
  const std::string body = body_of(request);
  for (int attempt = 0;; ++attempt) {
    auto reply = impl_->attempt(request, body, observer);
    if (reply) {
      reply->attempts = attempt + 1;
      return reply;
    }
    reply.error().attempts = attempt + 1;
    if (!reply.error().retryable || attempt >= impl_->options.max_retries) return reply;
    const auto delay = reply.error().retry_after.value_or(impl_->backoff(attempt));
    if (observer.on_retry) observer.on_retry(reply.error(), delay);
    std::this_thread::sleep_for(delay);
  }
}

}  // namespace turnscope::example
