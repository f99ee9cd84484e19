// The binary: one command line, one command a file.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "cli/exit_code.h"
#include "cli/explain_command.h"
#include "cli/exporters_command.h"
#include "cli/log_command.h"
#include "cli/prices_command.h"
#include "cli/traces_command.h"
#include "cli/usage_command.h"
#include "server/agent_command.h"
#include "server/config_command.h"
#include "server/demo_command.h"
#include "server/redact_command.h"
#include "server/serve_command.h"

int main(int argc, char** argv) {
  using namespace turnscope;
  CLI::App app{"Turnscope: see what your LLM agents do"};
  app.set_version_flag("--version", "turnscope " TURNSCOPE_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 no server. Start with: turnscope demo");
  std::function<int()> run;
  server::add_serve_command(app, run);
  server::add_demo_command(app, run);
  server::add_agent_command(app, run);
  cli::add_traces_command(app, run);
  server::add_config_command(app, run);
  server::add_redact_command(app, run);
  cli::add_log_command(app, run);
  cli::add_exporters_command(app, run);
  cli::add_explain_command(app, run);
  cli::add_prices_command(app, run);
  cli::add_usage_commands(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? cli::ok : cli::usage;
  }
  return run();
}
