// turnscope redact test: what redaction makes of a text, before a server runs with it.
#pragma once
#include <functional>

#include "cli/command_line.h"

namespace turnscope::server {

void add_redact_command(cli::Command& app, std::function<int()>& run);

}  // namespace turnscope::server
