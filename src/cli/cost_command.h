// `turnscope cost TRACE SPAN`: what one model call cost, and with --explain how that was computed.
#pragma once
#include <functional>

#include "cli/command_line.h"

namespace turnscope::cli {

void add_cost_command(Command& app, std::function<int()>& run);

}  // namespace turnscope::cli
