#include "server/agent_command.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <memory>

#include "base/logger.h"
#include "cli/exit_code.h"
#include "examples/agent/agent.h"

namespace turnscope::server {
namespace {

struct AgentOptions {
  std::string question, model = "claude-sonnet-4-5", endpoint = "http://127.0.0.1:4318",
                        ui = "http://127.0.0.1:16686";
  std::string session, user;
  int max_turns = 8;
  bool no_stream = false, json = false;
};

int run_once(const AgentOptions& options) {
  auto agent = example::agent_options_from_env(options.question);
  agent.model = options.model;
  agent.max_turns = options.max_turns;
  agent.stream = !options.no_stream;
  agent.otlp_endpoint = options.endpoint;
  agent.session_id = options.session;
  agent.user_id = options.user;
  if (!options.json) {
    if (agent.api_key.empty()) {
      std::fprintf(stderr, "ANTHROPIC_API_KEY is not set: the bundled scripted model answers\n");
    }
    agent.on_text = [](std::string_view text) {
      // The model's words are not ours: nothing in them may drive the terminal.
      std::string line;
      for (const char c : text) line += c == '\n' ? "\n" : printable(std::string_view(&c, 1));
      std::fwrite(line.data(), 1, line.size(), stdout);
      std::fflush(stdout);
    };
    agent.on_tool = [](std::string_view tool, std::string_view arguments) {
      std::printf("\n■ %s %s\n", printable(tool).c_str(), printable(arguments).c_str());
    };
  }
  const auto result = example::run_agent(agent);
  if (options.json) {
    boost::json::object out{{"trace_id", result.trace_id},
                            {"answer", result.answer},
                            {"turns", result.turns},
                            {"failed", result.failed},
                            {"error", result.error},
                            {"exported", result.exported},
                            {"hit_max_turns", result.hit_max_turns}};
    std::printf("%s\n", boost::json::serialize(out).c_str());
  } else {
    if (options.no_stream && !result.failed) std::printf("%s", result.answer.c_str());
    std::printf("\n\n");
    if (result.failed) std::printf("▲ the run failed: %s\n", printable(result.error).c_str());
    if (result.hit_max_turns) std::printf("▲ stopped at %d turns without a final answer\n", result.turns);
    if (result.exported) {
      std::printf("trace: %s/t/%s\n       turnscope traces show %s\n", options.ui.c_str(),
                  result.trace_id.c_str(), result.trace_id.c_str());
    } else {
      std::fprintf(stderr, "turnscope: the spans did not reach %s; is `turnscope serve` running?\n",
                   options.endpoint.c_str());
    }
  }
  return result.failed || !result.exported ? cli::failed : cli::ok;
}

}  // namespace

void add_agent_command(cli::Command& app, std::function<int()>& run) {
  auto options = std::make_shared<AgentOptions>();
  auto* command = app.add_subcommand(
      "agent", "Ask the example agent a question and trace it (ANTHROPIC_API_KEY: the real model)");
  command->add_option("question", options->question, "As \"Was order 1042 charged twice?\"")->required();
  command->add_option("--model", options->model, "Model name")->capture_default_str();
  command->add_option("--max-turns", options->max_turns, "Stop after that many model calls")
      ->range(1, 100)
      ->capture_default_str();
  command->add_flag("--no-stream", options->no_stream, "Ask for whole answers instead of a stream");
  command->add_option("--session", options->session, "session.id of the run");
  command->add_option("--user", options->user, "user.id of the run");
  command->add_option("--otlp", options->endpoint, "Where the spans go, OTLP/HTTP")->capture_default_str();
  command->add_option("--ui", options->ui, "Address printed for the trace")->capture_default_str();
  command->add_flag("--json", options->json, "Print the result as JSON");
  command->callback([options, &run] { run = [options] { return run_once(*options); }; });
}

}  // namespace turnscope::server
