// example_agent "QUESTION": asks the example agent, prints its answer as it comes. --demo: all runs of the
// demo.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <csignal>

#include "examples/agent/agent.h"
#include "examples/agent/demo.h"

namespace {

namespace json = boost::json;
using turnscope::example::RunResult;

json::object to_json(const RunResult& r) {
  json::object out{{"name", r.name},
                   {"service", r.service},
                   {"model", r.model},
                   {"trace_id", r.trace_id},
                   {"root_span_id", r.root_span_id},
                   {"turns", r.turns},
                   {"model_calls", r.model_calls},
                   {"tool_calls", r.tool_calls},
                   {"tool_errors", r.tool_errors},
                   {"hit_max_turns", r.hit_max_turns},
                   {"failed", r.failed},
                   {"error", r.error},
                   {"input_tokens", r.input_tokens},
                   {"output_tokens", r.output_tokens},
                   {"exported", r.exported},
                   {"answer", r.answer}};
  out["cost_usd"] = r.cost_usd ? json::value(*r.cost_usd) : json::value(nullptr);
  return out;
}

void print_summary(const RunResult& r) {
  const std::string cost = r.cost_usd ? fmt::format("${:.4f}", *r.cost_usd) : "unknown cost";
  fmt::print("{:<12} trace {}  {:<17} {} turn(s), {} model and {} tool call(s), {} + {} tokens, {}{}{}\n",
             r.name, r.trace_id, r.service, r.turns, r.model_calls, r.tool_calls, r.input_tokens,
             r.output_tokens, cost, r.hit_max_turns ? ", stopped at the turn limit" : "",
             r.failed ? "\n             failed: " + r.error : "");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace turnscope::example;
  CLI::App app(
      "An instrumented, tool-using agent on Anthropic's Messages API. Without ANTHROPIC_API_KEY it talks to "
      "a bundled scripted model.",
      "example_agent");
  AgentOptions options = agent_options_from_env("");
  bool demo = false, as_json = false, no_stream = false;
  app.add_option("question", options.question, "what to ask");
  app.add_flag("--demo", demo, "run the demo's runs instead");
  app.add_flag("--json", as_json, "print results as JSON, one line each");
  app.add_option("--base-url", options.base_url, "of the Messages API (ANTHROPIC_BASE_URL)");
  app.add_option("--model", options.model)->capture_default_str();
  app.add_option("--max-turns", options.max_turns)->capture_default_str()->check(CLI::Range(1, 1000));
  app.add_option("--max-retries", options.max_retries)->capture_default_str()->check(CLI::Range(0, 20));
  app.add_flag("--no-stream", no_stream, "ask for whole replies instead of a stream");
  app.add_option("--workspace", options.workspace, "directory with the tools' data; default: a fresh one");
  app.add_option("--otlp-endpoint", options.otlp_endpoint,
                 "http://HOST:PORT of the collector; default: OTEL_EXPORTER_OTLP_*");
  app.add_option("--service", options.service_name)->capture_default_str();
  app.add_option("--session", options.session_id, "session.id");
  app.add_option("--user", options.user_id, "user.id");
  app.add_flag("--judge", options.judge, "have the answer rated");
  app.add_option("--dump-spans", options.dump_spans, "write accepted export requests to this file");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);

  if (demo) {
    DemoOptions demo_options;
    if (!options.otlp_endpoint.empty()) demo_options.otlp_endpoint = options.otlp_endpoint;
    demo_options.dump_spans = options.dump_spans;
    if (!as_json) demo_options.on_run_done = print_summary;
    const auto results = run_demo(demo_options);
    bool exported = true;
    for (const RunResult& result : results) {
      if (as_json) fmt::print("{}\n", json::serialize(to_json(result)));
      exported = exported && result.exported;
    }
    if (!exported) fmt::print(stderr, "the spans did not all reach {}\n", demo_options.otlp_endpoint);
    return exported ? 0 : 3;
  }

  if (options.question.empty()) {
    fmt::print(stderr, "what is the question? example_agent \"Was order 1042 charged twice?\"\n");
    return 2;
  }
  options.stream = !no_stream;
  bool streamed = false;
  if (!as_json) {
    options.on_text = [&](std::string_view text) {
      streamed = true;
      fmt::print("{}", text);
      std::fflush(stdout);
    };
    options.on_tool = [&](std::string_view tool, std::string_view arguments) {
      fmt::print("{}  → {} {}\n", streamed ? "\n" : "", tool, arguments);
    };
  }
  RunResult result = run_agent(options);
  result.name = "run";
  if (as_json) {
    fmt::print("{}\n", json::serialize(to_json(result)));
  } else {
    fmt::print("{}\n\n", streamed ? "" : result.answer);
    print_summary(result);
    if (!result.exported)
      fmt::print(stderr, "the spans did not reach the OTLP endpoint: is a collector running there?\n");
  }
  return result.failed ? 1 : result.exported ? 0 : 3;
}
