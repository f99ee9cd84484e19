// The binary: one command line, one command a file.
#include <cstdio>
#include <functional>

#include "cli/command_line.h"
#include "cli/cost_command.h"
#include "cli/explain_command.h"
#include "cli/exporters_command.h"
#include "cli/log_command.h"
#include "cli/metrics_command.h"
#include "cli/prices_command.h"
#include "cli/renormalise_command.h"
#include "cli/traces_command.h"
#include "cli/usage_command.h"
#include "server/agent_command.h"
#include "server/config_command.h"
#include "server/demo_command.h"
#include "server/redact_command.h"
#include "server/serve_command.h"

int main(int argc, char** argv) {
  using namespace turnscope;
  cli::CommandLine app("Turnscope: see what your LLM agents do");
  app.set_version("turnscope " TURNSCOPE_VERSION);
  app.require_subcommand();
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
  cli::add_cost_command(app, run);
  cli::add_metrics_command(app, run);
  cli::add_renormalise_command(app, run);
  cli::add_usage_commands(app, run);
  if (const auto code = app.parse(argc, argv)) return *code;
  return run();
}
