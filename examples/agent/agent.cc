#include "examples/agent/agent.h"

#include <cstdlib>
#include <optional>

#include "examples/agent/agent_loop.h"
#include "examples/agent/model_server/server.h"
#include "examples/agent/temporary_directory.h"
#include "examples/agent/workspace.h"

namespace turnscope::example {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

RunResult refused(const AgentOptions& options, std::string error) {
  RunResult result;
  result.service = options.service_name;
  result.model = options.model;
  result.failed = true;
  result.exported = false;
  result.error = std::move(error);
  return result;
}

}  // namespace

AgentOptions agent_options_from_env(std::string question) {
  AgentOptions options;
  options.question = std::move(question);
  options.api_key = environment("ANTHROPIC_API_KEY");
  options.base_url = environment("ANTHROPIC_BASE_URL");
  return options;
}

RunResult run_agent(const AgentOptions& options) {
  if (options.question.empty()) return refused(options, "the question is empty");
  if (options.max_turns < 1) return refused(options, "max_turns must be at least 1");

  std::optional<TemporaryDirectory> temporary;
  std::string workspace = options.workspace;
  if (workspace.empty()) {
    temporary.emplace("turnscope-agent");
    workspace = temporary->path();
    if (workspace.empty())
      return refused(options, "no temporary directory can be made: set TMPDIR to one that can be written");
  }
  if (auto made = make_workspace(workspace); !made) return refused(options, made.error());

  ClientOptions client_options{.api_key = options.api_key, .max_retries = options.max_retries};
  if (!options.base_url.empty()) client_options.base_url = options.base_url;
  std::unique_ptr<ModelServer> scripted;
  if (options.api_key.empty()) client_options.api_key = "scripted";
  if (options.api_key.empty() && options.base_url.empty()) {
    auto started = ModelServer::start({}, Script::bundled());
    if (!started) return refused(options, started.error());
    scripted = std::move(*started);
    client_options.base_url = scripted->base_url();
  }

  Telemetry telemetry({.service_name = options.service_name,
                       .environment = options.environment,
                       .otlp_endpoint = options.otlp_endpoint,
                       .dump = open_span_dump(options.dump_spans)});
  MessagesClient client(client_options);
  auto tools = make_tools(workspace);
  RunResult result = run_loop({.telemetry = telemetry, .client = client, .tools = tools}, options);
  result.exported = telemetry.flush();
  return result;
}

}  // namespace turnscope::example
