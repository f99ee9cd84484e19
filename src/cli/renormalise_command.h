// `turnscope renormalise`: the columns of stored spans made again after tables or mapping rules have changed.
#pragma once
#include <functional>

#include "cli/command_line.h"

namespace turnscope::cli {

void add_renormalise_command(Command& app, std::function<int()>& run);

}  // namespace turnscope::cli
