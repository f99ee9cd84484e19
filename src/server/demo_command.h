// turnscope demo: the server with a fresh store, the example agent's runs in it, and the way to look at them.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace turnscope::server {

void add_demo_command(CLI::App& app, std::function<int()>& run);

}  // namespace turnscope::server
