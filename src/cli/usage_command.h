// turnscope usage | runs | tools | users | sessions: what was used and what it cost, asked of a running
// server.
#pragma once
#include <functional>

#include "cli/command_line.h"

namespace turnscope::cli {

void add_usage_commands(Command& app, std::function<int()>& run);

}  // namespace turnscope::cli
