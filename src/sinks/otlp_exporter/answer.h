// The far side's answers: partial success, google.rpc.Status with RetryInfo, Retry-After. All of it is from
// outside: what cannot be read is taken as not said.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sinks/otlp_exporter/transport.h"

namespace turnscope::sinks {

struct PartialSuccess {
  std::uint64_t rejected = 0;
  std::string message;
};
PartialSuccess parse_partial_success(std::string_view protobuf);
PartialSuccess parse_partial_success_json(std::string_view json);

struct RpcStatus {
  int code = 0;
  std::string message;
  std::optional<std::chrono::milliseconds> retry_after;
};
RpcStatus parse_rpc_status(std::string_view protobuf);

/// Seconds or an HTTP date; nullopt: neither. At most an hour.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view, std::int64_t now_unix_nano);

/// The rules of OTLP: which codes may be retried, which never.
Outcome::Kind kind_of_http(int status);
Outcome::Kind kind_of_grpc(int code, bool has_retry_info);

/// At most 300 bytes of the far side's words, on one line, without control characters.
std::string cut_words(std::string_view);

}  // namespace turnscope::sinks
