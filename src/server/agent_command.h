// turnscope agent "question": runs the example agent once and says where its trace is.
#pragma once
#include <functional>

#include "cli/command_line.h"

namespace turnscope::server {

void add_agent_command(cli::Command& app, std::function<int()>& run);

}  // namespace turnscope::server
