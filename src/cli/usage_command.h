// turnscope usage | runs | tools | users | sessions: what was used and what it cost, asked of a running
// server.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace turnscope::cli {

void add_usage_commands(CLI::App& app, std::function<int()>& run);

}  // namespace turnscope::cli
