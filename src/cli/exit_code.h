// Exit codes that scripts can rely on; the same for every command (docs/cli.md).
#pragma once
#include "base/result.h"

namespace turnscope::cli {

enum Exit : int { ok = 0, failed = 1, usage = 2, not_found = 3, unreachable = 4 };

inline int exit_code(const Error& error) {
  switch (error.kind) {
    case ErrorKind::not_found:
      return not_found;
    case ErrorKind::unavailable:
      return unreachable;
    case ErrorKind::invalid_argument:
      return usage;
    default:
      return failed;
  }
}

/// Says the error on standard error; its exit code.
int say(const Error& error);

}  // namespace turnscope::cli
