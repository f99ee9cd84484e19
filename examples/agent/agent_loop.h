// The loop of one run, over telemetry and tools that the caller owns (run_agent makes them for one run, the
// demo shares them).
#pragma once
#include <memory>
#include <vector>

#include "examples/agent/agent.h"
#include "examples/agent/job_queue.h"
#include "examples/agent/messages_client.h"
#include "examples/agent/telemetry.h"
#include "examples/agent/tools.h"

namespace turnscope::example {

struct LoopContext {
  Telemetry& telemetry;
  MessagesClient& client;
  std::vector<std::unique_ptr<Tool>>& tools;
  JobQueue* reports = nullptr;  ///< where a report job goes once the agent has answered
};

RunResult run_loop(const LoopContext& context, const AgentOptions& options);

/// One traced model call: span `gen_ai.completion`, CLIENT, started by `start` from the request.
struct TracedCall {
  std::expected<ModelReply, ModelError> reply;
  std::optional<double> cost_usd;
};
TracedCall call_model(
    MessagesClient& client, const ModelRequest& request,
    const std::function<sdk::genai::Completion(const sdk::genai::CompletionRequest&)>& start,
    const std::function<void(std::string_view)>& on_text);

}  // namespace turnscope::example
