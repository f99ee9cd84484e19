// A model call and its span.
#include <fmt/format.h>

#include <charconv>

#include "examples/agent/agent_loop.h"
#include "examples/agent/prices.h"

namespace turnscope::example {
namespace {

namespace json = boost::json;
namespace genai = sdk::genai;

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// A message of the API as a message of the conventions.
genai::Message traced(const json::object& message) {
  const json::value* content = message.if_contains("content");
  if (content && content->is_string())
    return genai::Message::text(text_of(message, "role"), std::string(content->get_string()));
  genai::Message out{.role = text_of(message, "role"), .parts = {}};
  if (!content || !content->is_array()) return out;
  for (const json::value& block : content->get_array()) {
    const json::object* object = block.if_object();
    if (!object) continue;
    const std::string type = text_of(*object, "type");
    if (type == "text") out.parts.push_back({genai::Part::Type::text, text_of(*object, "text")});
    if (type == "thinking") out.parts.push_back({genai::Part::Type::reasoning, text_of(*object, "thinking")});
    if (type == "tool_use") {
      const json::value* input = object->if_contains("input");
      out.parts.push_back({genai::Part::Type::tool_call, input ? json::serialize(*input) : "{}",
                           text_of(*object, "id"), text_of(*object, "name")});
    }
    if (type == "tool_result")
      out.parts.push_back(
          {genai::Part::Type::tool_result, text_of(*object, "content"), text_of(*object, "tool_use_id")});
  }
  return out;
}

/// The offered tools in the conventions' form.
std::string tool_definitions(const json::array& tools) {
  json::array out;
  for (const json::value& tool : tools) {
    const json::object& object = tool.get_object();
    out.push_back(json::object{{"type", "function"},
                               {"name", object.at("name")},
                               {"description", object.at("description")},
                               {"parameters", object.at("input_schema")}});
  }
  return out.empty() ? std::string() : json::serialize(out);
}

struct Address {
  std::string host;
  std::optional<std::int64_t> port;
};
Address address_of(std::string_view url) {
  Address address;
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) {
    address.port = url.starts_with("https") ? 443 : 80;
    url.remove_prefix(scheme + 3);
  }
  url = url.substr(0, url.find('/'));
  const std::size_t colon = url.rfind(':');
  address.host = std::string(url.substr(0, colon));
  if (colon != std::string_view::npos) {
    std::int64_t port = 0;
    const std::string_view digits = url.substr(colon + 1);
    if (std::from_chars(digits.data(), digits.data() + digits.size(), port).ec == std::errc{})
      address.port = port;
  }
  return address;
}

genai::CompletionResponse response_of(const ModelReply& reply, std::optional<double> cost) {
  const ModelUsage& usage = reply.usage;
  const std::uint64_t read = usage.cache_read_input_tokens.value_or(0),
                      written = usage.cache_creation_input_tokens.value_or(0);
  genai::CompletionResponse response{.id = reply.id, .model = reply.model};
  if (!reply.stop_reason.empty()) response.finish_reasons = {reply.stop_reason};
  // The API counts cached tokens beside input_tokens; the conventions count them in.
  response.input_tokens = static_cast<std::int64_t>(usage.input_tokens + read + written);
  response.output_tokens = static_cast<std::int64_t>(usage.output_tokens);
  if (usage.cache_read_input_tokens) response.cache_read_tokens = static_cast<std::int64_t>(read);
  if (usage.cache_creation_input_tokens) response.cache_write_tokens = static_cast<std::int64_t>(written);
  response.cost_usd = cost;
  genai::Message answer = traced({{"role", "assistant"}, {"content", reply.content}});
  answer.finish_reason = reply.stop_reason;
  response.output.push_back(std::move(answer));
  return response;
}

}  // namespace

TracedCall call_model(MessagesClient& client, const ModelRequest& request,
                      const std::function<genai::Completion(const genai::CompletionRequest&)>& start,
                      const std::function<void(std::string_view)>& on_text) {
  const Address address = address_of(client.options().base_url);
  const std::string definitions = tool_definitions(request.tools);
  genai::CompletionRequest traced_request{.model = request.model};
  traced_request.max_tokens = request.max_tokens;
  traced_request.temperature = request.temperature;
  traced_request.system = request.system;
  traced_request.tools_json = definitions;
  traced_request.stream = request.stream;
  traced_request.server_address = address.host;
  traced_request.server_port = address.port;
  for (const json::value& message : request.messages)
    traced_request.input.push_back(traced(message.get_object()));
  genai::Completion span = start(traced_request);

  CallObserver observer;
  bool first = true;
  observer.on_text = [&](std::string_view text) {
    if (std::exchange(first, false)) span.first_token();
    if (on_text) on_text(text);
  };
  observer.on_retry = [&](const ModelError& error, std::chrono::milliseconds delay) {
    span.span().add_event("gen_ai.retry", {{"error.type", error.type},
                                           {"error.message", error.message},
                                           {"http.response.status_code", error.http_status},
                                           {"http.request.resend_count", error.attempts},
                                           {"retry.delay_ms", delay.count()}});
  };
  TracedCall call{client.create(request, observer), std::nullopt};
  const int attempts = call.reply ? call.reply->attempts : call.reply.error().attempts;
  if (attempts > 1) span.span().set_attribute("http.request.resend_count", attempts - 1);
  if (!call.reply) {
    const ModelError& error = call.reply.error();
    if (error.http_status != 0) span.span().set_attribute("http.response.status_code", error.http_status);
    if (!error.request_id.empty()) span.span().set_attribute("anthropic.request_id", error.request_id);
    span.error(error.type, error.message);
    return call;
  }
  call.cost_usd = cost_usd(call.reply->model, call.reply->usage);
  span.response(response_of(*call.reply, call.cost_usd));
  return call;
}

}  // namespace turnscope::example
