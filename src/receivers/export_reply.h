// The answer to an OTLP export: the one place where error kinds, gRPC codes and HTTP codes meet.
//
// Overload is UNAVAILABLE + RetryInfo and 503 + Retry-After, never RESOURCE_EXHAUSTED or 429:
// opentelemetry-cpp does not retry the first, opentelemetry-python drops batches on the second. "Too large"
// is RESOURCE_EXHAUSTED without RetryInfo and 413: sending the same bytes again cannot help. Rules:
// opentelemetry-proto, docs/specification.md.
#pragma once
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "log/log.h"

namespace turnscope::receivers {

struct ExportCode {
  int grpc;  ///< google.rpc.Code
  int http;
  bool retry;  ///< the client may send the same bytes again, after a delay that we name
};

/// Total over ErrorKind.
constexpr ExportCode export_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_argument:
      return {3, 400, false};  // INVALID_ARGUMENT
    case ErrorKind::too_large:
      return {8, 413, false};  // RESOURCE_EXHAUSTED, no RetryInfo
    case ErrorKind::overloaded:
      return {14, 503, true};  // UNAVAILABLE
    case ErrorKind::unavailable:
      return {14, 503, true};  // UNAVAILABLE
    case ErrorKind::not_found:
      return {5, 404, false};  // NOT_FOUND
    case ErrorKind::unauthenticated:
      return {16, 401, false};  // UNAUTHENTICATED
    case ErrorKind::permission_denied:
      return {7, 403, false};  // PERMISSION_DENIED
    case ErrorKind::unimplemented:
      return {12, 501, false};  // UNIMPLEMENTED
    case ErrorKind::deadline_exceeded:
      return {4, 504, true};  // DEADLINE_EXCEEDED
    case ErrorKind::cancelled:
      return {1, 503, true};  // CANCELLED
    case ErrorKind::corrupt:
      return {13, 500, false};  // INTERNAL
    case ErrorKind::io:
      return {14, 503, true};  // our disk, not the client's bytes: UNAVAILABLE
    case ErrorKind::internal:
      return {13, 500, false};  // INTERNAL
  }
  return {13, 500, false};
}

/// What a client is told.
struct ExportReply {
  std::optional<Error> error;
  std::size_t rejected = 0;  ///< items left out; 0 with a reason is a warning
  std::string reason;
};

enum class Encoding { protobuf, json };

/// Export{Trace,Logs,Metrics}ServiceResponse. partial_success is set only when something was rejected or
/// warned of.
std::string response_body(log::Signal, Encoding, const ExportReply&);

/// google.rpc.Status with BadRequest or RetryInfo where the code asks for one. Messages are cut at 4 KiB.
std::string status_body(Encoding, const Error&);
/// The same with another code than the kind's own (405, 415 … have no kind).
std::string status_body(Encoding, int grpc_code, const Error&);

/// How long a client is asked to wait: the error's own delay, else a second. Nothing if it may not retry.
std::optional<std::chrono::milliseconds> retry_delay(const Error&);

}  // namespace turnscope::receivers
