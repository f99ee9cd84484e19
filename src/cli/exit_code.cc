#include "cli/exit_code.h"

#include <cstdio>

#include "base/logger.h"

namespace turnscope::cli {

int say(const Error& error) {
  std::fprintf(stderr, "turnscope: %s\n", printable(error.message).c_str());
  return exit_code(error);
}

}  // namespace turnscope::cli
