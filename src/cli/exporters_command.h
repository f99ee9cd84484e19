// `turnscope exporters`: what is forwarded, what was refused, and sending that again.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace turnscope::cli {

void add_exporters_command(CLI::App& app, std::function<int()>& run);

}  // namespace turnscope::cli
