// turnscope redact test: what redaction makes of a text, before a server runs with it.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace turnscope::server {

void add_redact_command(CLI::App& app, std::function<int()>& run);

}  // namespace turnscope::server
