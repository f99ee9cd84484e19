// turnscope traces list | show | tail: what a running server holds, in the terminal.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace turnscope::cli {

/// Adds the command; when it is chosen, `run` is set to what does it and returns the exit code.
void add_traces_command(CLI::App& app, std::function<int()>& run);

}  // namespace turnscope::cli
