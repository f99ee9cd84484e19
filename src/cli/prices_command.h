// turnscope prices list | check | set | import: the price table of a data folder. A running server reads
// changes when it starts again.
#pragma once
#include <functional>

#include "cli/command_line.h"

namespace turnscope::cli {

void add_prices_command(Command& app, std::function<int()>& run);

}  // namespace turnscope::cli
