// turnscope log verify: reads every byte of the durable log and says what is damaged. Changes nothing.
#pragma once
#include <functional>

#include "cli/command_line.h"

namespace turnscope::cli {

void add_log_command(Command& app, std::function<int()>& run);

}  // namespace turnscope::cli
