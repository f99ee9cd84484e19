// The example agent: a real tool-using agent on Anthropic's Messages API, traced with the Turnscope SDK.
//
//   RunResult result = run_agent(agent_options_from_env("Was order 1042 charged twice?"));
//
// Without an API key it talks to the bundled scripted model (model_server/), so that it runs anywhere.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turnscope::example {

/// One message of an earlier exchange in the same conversation.
struct HistoryMessage {
  std::string role;  ///< user or assistant
  std::string text;
};

/// The run that this one answers anew, or follows.
struct RunLink {
  std::string trace_id, span_id;  ///< lower-case hex, as in RunResult
  std::string kind;               ///< regenerated, follow_up, retry
  std::string reason;
};

struct AgentOptions {
  std::string question;
  std::string base_url;  ///< empty: the vendor with a key, the bundled scripted model without
  std::string api_key;
  std::string model = "claude-sonnet-4-5";
  std::string system_prompt;  ///< empty: the example's own
  int max_turns = 8;          ///< at least 1
  int max_tokens = 1024;      ///< of one answer
  int max_retries = 2;        ///< of one model call, on 429, 529, 5xx and lost connections
  bool stream = true;
  std::string workspace;  ///< directory with the tools' data; empty: a fresh one, removed afterwards

  std::string otlp_endpoint;  ///< "http://127.0.0.1:4318"; empty: OTEL_EXPORTER_OTLP_* or the default
  std::string service_name = "example-agent";
  std::string environment;  ///< deployment.environment.name
  std::string session_id, user_id;
  std::string prompt_id, prompt_version, experiment_id, experiment_variant;
  std::vector<HistoryMessage> history;
  std::optional<RunLink> link;
  bool judge = false;      ///< have a small model rate the answer, and record the scores on the run
  std::string dump_spans;  ///< file: every export request the server accepted, each behind 4 bytes of length
                           ///< (big endian)
  std::function<void(std::string_view)> on_text;  ///< the model's words as they come
  std::function<void(std::string_view tool, std::string_view arguments)> on_tool;
};

struct RunResult {
  std::string name;  ///< demo: which of the runs it was
  std::string answer;
  std::string trace_id, root_span_id;  ///< lower-case hex
  std::string service, model;
  int turns = 0, model_calls = 0, tool_calls = 0, tool_errors = 0;
  bool hit_max_turns = false;
  bool failed = false;
  std::string error;  ///< one sentence, when failed
  std::uint64_t input_tokens = 0,
                output_tokens = 0;  ///< input includes what was read from or written to the cache
  std::optional<double> cost_usd;   ///< unknown when the price table does not know a model
  bool exported = true;             ///< false: the spans did not reach the OTLP endpoint in time
};

/// ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL laid over the defaults.
AgentOptions agent_options_from_env(std::string question);

/// Runs the agent to its end, and flushes its spans (5 s at most). Never throws; see RunResult::failed.
RunResult run_agent(const AgentOptions& options);

}  // namespace turnscope::example
