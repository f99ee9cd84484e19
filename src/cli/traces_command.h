// turnscope traces list | show | tail: what a running server holds, in the terminal.
#pragma once
#include <functional>

#include "cli/command_line.h"

namespace turnscope::cli {

/// Adds the command; when it is chosen, `run` is set to what does it and returns the exit code.
void add_traces_command(Command& app, std::function<int()>& run);

}  // namespace turnscope::cli
