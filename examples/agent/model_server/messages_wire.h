// The Messages wire format, server side: checks of a request, the usage a reply reports, and the two forms of
// a reply.
#pragma once
#include <boost/json.hpp>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "examples/agent/model_server/script.h"

namespace turnscope::example {

struct WireUsage {
  std::uint64_t input = 0, cache_read = 0, cache_creation = 0, output = 0;
  boost::json::object to_json() const;
};

/// The sentence of an invalid_request_error, if the request is not what the API takes: model, max_tokens,
/// messages, roles, and a tool_result for every tool_use of the message before.
std::expected<void, std::string> check_request(const boost::json::value& body);

/// Tokens as a plain function of the texts (four bytes each). With cache breakpoints and at least 1,024
/// tokens of prefix, what the last answer had already seen counts as read from the cache, and the rest up to
/// the breakpoint as written to it.
WireUsage usage_of(const boost::json::object& request, const Reply& reply);

/// {"type":"error","error":{"type","message"},"request_id"}; an empty type is made from the status.
std::string error_json(int status, std::string_view type, std::string_view message,
                       std::string_view request_id);

/// The whole `message` object.
boost::json::object message_json(const Reply& reply, const WireUsage& usage, std::string_view id,
                                 std::string_view model);

/// The same as stream events, in order, each "event: …\ndata: …\n\n".
std::vector<std::string> stream_events(const Reply& reply, const WireUsage& usage, std::string_view id,
                                       std::string_view model);

}  // namespace turnscope::example
