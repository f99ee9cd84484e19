// turnscope serve: runs the server until SIGTERM or SIGINT.
#pragma once
#include <functional>

#include "cli/command_line.h"

namespace turnscope::server {

void add_serve_command(cli::Command& app, std::function<int()>& run);

}  // namespace turnscope::server
