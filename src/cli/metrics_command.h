// `turnscope metrics`: what agents send as metrics, listed and as series over time.
#pragma once
#include <functional>

#include "cli/command_line.h"

namespace turnscope::cli {

void add_metrics_command(Command& app, std::function<int()>& run);

}  // namespace turnscope::cli
