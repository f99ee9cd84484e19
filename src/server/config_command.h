// turnscope config check | print: what a configuration file means, before a server runs with it.
#pragma once
#include <functional>

#include "cli/command_line.h"

namespace turnscope::server {

void add_config_command(cli::Command& app, std::function<int()>& run);

}  // namespace turnscope::server
