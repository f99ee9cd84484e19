// The one error type. Functions that can fail return Result<T>; nothing throws across a module's border.
#pragma once
#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace turnscope {

/// What kind of failure it is: decides the gRPC and HTTP code (receivers/export_reply.h) and whether a retry
/// can help.
enum class ErrorKind {
  invalid_argument,  ///< The bytes or parameters are wrong; the same request will fail again.
  too_large,         ///< A limit on size was exceeded; the same request will fail again.
  overloaded,        ///< Try again later: queue, memory or disk budget is used up.
  unavailable,       ///< Try again later: a part we need is not there (store down, shutting down).
  not_found,
  unauthenticated,
  permission_denied,
  unimplemented,
  deadline_exceeded,  ///< Our own time limit for the work was reached.
  cancelled,          ///< The caller went away.
  corrupt,            ///< Stored bytes fail their checksum or cannot be understood.
  io,                 ///< The operating system refused a file or network operation.
  internal,           ///< A defect of ours.
};

/// Short stable name of a kind ("invalid_argument"), for JSON and metrics.
std::string_view name(ErrorKind kind);

/// A failure: kind and a sentence that names the field, the limit and the remedy. The message is never empty.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;
  /// Set where the caller may retry: how long to wait.
  std::optional<std::chrono::milliseconds> retry_after;

  Error(ErrorKind k, std::string m, std::optional<std::chrono::milliseconds> after = std::nullopt);
  /// The same error with "context: " before its message.
  Error with_context(std::string_view context) const;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return std::unexpected(Error(kind, std::move(message)));
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

}  // namespace turnscope

/// Returns the error of `expr` from the enclosing function, if it has one.
#define TS_TRY(expr)                                                                         \
  do {                                                                                       \
    if (auto ts_try_ = (expr); !ts_try_) return std::unexpected(std::move(ts_try_).error()); \
  } while (0)
#define TS_CONCAT2(a, b) a##b
#define TS_CONCAT(a, b) TS_CONCAT2(a, b)
/// Declares `decl` with the value of `expr`, or returns its error.
#define TS_ASSIGN(decl, expr)                                                \
  auto TS_CONCAT(ts_res_, __LINE__) = (expr);                                \
  if (!TS_CONCAT(ts_res_, __LINE__))                                         \
    return std::unexpected(std::move(TS_CONCAT(ts_res_, __LINE__)).error()); \
  decl = std::move(*TS_CONCAT(ts_res_, __LINE__))
