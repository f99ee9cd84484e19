// `turnscope exporters`: what is forwarded, what was refused, and sending that again.
#pragma once
#include <functional>

#include "cli/command_line.h"

namespace turnscope::cli {

void add_exporters_command(Command& app, std::function<int()>& run);

}  // namespace turnscope::cli
