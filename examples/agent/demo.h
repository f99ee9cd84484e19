// The runs that `turnscope demo` shows: what a team's day of agent traces looks like, in a few seconds.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "examples/agent/agent.h"

namespace turnscope::example {

struct DemoOptions {
  std::string otlp_endpoint = "http://127.0.0.1:4318";
  std::string dump_spans;  ///< see AgentOptions::dump_spans; one file for all services
  std::function<void(const RunResult&)> on_run_done;  ///< called as runs end, one at a time
};

/// Runs, against the bundled scripted model and with real tools, some of them in parallel (about 5 s in all):
///   good          several turns, all three tools, and a background job that continues the trace through a
///   queue failed        a tool fails, then the model stays overloaded: error status up to agent.run
///   slow-tool     a query that waits for a database lock
///   dear-call     a model call over a large context, written to the prompt cache, on a dear model
///   max-turns     an agent that does not come to an end
///   answer, regenerated   the same question with prompt v1 and v2, arms of an experiment, scored, linked
///   chat-1 … chat-3       one session of one user over three traces
std::vector<RunResult> run_demo(const DemoOptions& options);

}  // namespace turnscope::example
