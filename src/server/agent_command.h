// turnscope agent "question": runs the example agent once and says where its trace is.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace turnscope::server {

void add_agent_command(CLI::App& app, std::function<int()>& run);

}  // namespace turnscope::server
