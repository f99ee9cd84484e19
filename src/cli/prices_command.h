// turnscope prices list | check | set | import: the price table of a data folder. A running server reads
// changes when it starts again.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace turnscope::cli {

void add_prices_command(CLI::App& app, std::function<int()>& run);

}  // namespace turnscope::cli
