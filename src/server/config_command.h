// turnscope config check | print: what a configuration file means, before a server runs with it.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace turnscope::server {

void add_config_command(CLI::App& app, std::function<int()>& run);

}  // namespace turnscope::server
