// turnscope explain FILE…: what Turnscope reads in OTLP files, span by span, and where each fact came from.
// No server.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace turnscope::cli {

void add_explain_command(CLI::App& app, std::function<int()>& run);

}  // namespace turnscope::cli
