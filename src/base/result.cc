#include "base/result.h"

namespace turnscope {

std::string_view name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_argument:
      return "invalid_argument";
    case ErrorKind::too_large:
      return "too_large";
    case ErrorKind::overloaded:
      return "overloaded";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::unauthenticated:
      return "unauthenticated";
    case ErrorKind::permission_denied:
      return "permission_denied";
    case ErrorKind::unimplemented:
      return "unimplemented";
    case ErrorKind::deadline_exceeded:
      return "deadline_exceeded";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::corrupt:
      return "corrupt";
    case ErrorKind::io:
      return "io";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

Error::Error(ErrorKind k, std::string m, std::optional<std::chrono::milliseconds> after)
    : kind(k), message(std::move(m)), retry_after(after) {
  if (message.empty()) message = std::string(name(kind));
}

Error Error::with_context(std::string_view context) const {
  return Error(kind, std::string(context) + ": " + message, retry_after);
}

}  // namespace turnscope
