// turnscope demo: the server with a fresh store, the example agent's runs in it, and the way to look at them.
#pragma once
#include <functional>

#include "cli/command_line.h"

namespace turnscope::server {

void add_demo_command(cli::Command& app, std::function<int()>& run);

}  // namespace turnscope::server
