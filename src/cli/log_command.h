// turnscope log verify: reads every byte of the durable log and says what is damaged. Changes nothing.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace turnscope::cli {

void add_log_command(CLI::App& app, std::function<int()>& run);

}  // namespace turnscope::cli
