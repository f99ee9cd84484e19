// turnscope explain FILE…: what Turnscope reads in OTLP files, span by span, and where each fact came from.
// No server.
#pragma once
#include <functional>

#include "cli/command_line.h"

namespace turnscope::cli {

void add_explain_command(Command& app, std::function<int()>& run);

}  // namespace turnscope::cli
