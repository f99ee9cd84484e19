// turnscope serve: runs the server until SIGTERM or SIGINT.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace turnscope::server {

void add_serve_command(CLI::App& app, std::function<int()>& run);

}  // namespace turnscope::server
