#include "examples/agent/agent_loop.h"

#include <fmt/format.h>

#include "examples/agent/report_job.h"

namespace turnscope::example {
namespace {

namespace json = boost::json;
namespace genai = sdk::genai;

constexpr std::string_view default_system_prompt =
    "You are the support engineer of a small online shop. You answer from the shop's database and logs, "
    "never from memory: "
    "look things up with the tools, check amounts with the calculator, and name the rows and log lines you "
    "rely on. "
    "Amounts are in cents of EUR. If the data does not say, say so. Answer in a few sentences.";
constexpr std::string_view judge_model = "claude-haiku-4-5";

class Loop {
 public:
  Loop(const LoopContext& context, const AgentOptions& options) : context_(context), options_(options) {
    for (const auto& tool : context.tools)
      request_.tools.push_back(json::object{{"name", tool->name()},
                                            {"description", tool->description()},
                                            {"input_schema", tool->input_schema()}});
    request_.model = options.model;
    request_.system =
        options.system_prompt.empty() ? std::string(default_system_prompt) : options.system_prompt;
    request_.max_tokens = options.max_tokens;
    request_.stream = options.stream;
    for (const HistoryMessage& message : options.history)
      request_.messages.push_back(json::object{{"role", message.role}, {"content", message.text}});
    request_.messages.push_back(json::object{{"role", "user"}, {"content", options.question}});
    result_.service = context.telemetry.service();
    result_.model = options.model;
    result_.cost_usd = 0;
  }

  RunResult run() {
    genai::RunRequest start{.user_message = options_.question};
    start.max_turns = options_.max_turns;
    start.session_id = options_.session_id;
    start.user_id = options_.user_id;
    start.prompt = {options_.prompt_id, options_.prompt_version};
    start.experiment = {options_.experiment_id, options_.experiment_variant};
    start.parent = sdk::Context{};
    genai::Run run = context_.telemetry.agent().run(start);
    result_.trace_id = run.span_context().trace_id.hex();
    result_.root_span_id = run.span_context().span_id.hex();
    if (options_.link) link(run);
    const auto scope = run.activate();
    while (!done_ && result_.turns < options_.max_turns) turn(run);
    result_.hit_max_turns = !done_;
    if (!result_.failed && done_) afterwards(run);
    run.finish(
        {.answer = result_.answer, .hit_max_turns = result_.hit_max_turns, .cost_usd = result_.cost_usd});
    return std::move(result_);
  }

 private:
  void link(genai::Run& run) const {
    const auto trace = sdk::TraceId::from_hex(options_.link->trace_id);
    const auto span = sdk::SpanId::from_hex(options_.link->span_id);
    if (!trace || !span) return;
    sdk::SpanContext to;
    to.trace_id = *trace;
    to.span_id = *span;
    to.flags = sdk::trace_flags::sampled;
    to.remote = true;
    run.link(to, options_.link->kind, options_.link->reason);
  }

  void turn(genai::Run& run) {
    genai::Turn turn = run.turn();
    ++result_.turns;
    TracedCall call = call_model(
        context_.client, request_, [&](const genai::CompletionRequest& r) { return turn.completion(r); },
        options_.on_text);
    account(call);
    if (!call.reply) {
      const ModelError& error = call.reply.error();
      result_.failed = done_ = true;
      result_.error = fmt::format("the model call failed after {} attempt(s): {}: {}", error.attempts,
                                  error.type, error.message);
      turn.error(error.type, error.message);
      run.error(error.type, error.message);
      return;
    }
    request_.messages.push_back(json::object{{"role", "assistant"}, {"content", call.reply->content}});
    json::array results = run_tools(turn, call.reply->content);
    if (results.empty()) {
      result_.answer = call.reply->text();
      done_ = true;
      return;
    }
    request_.messages.push_back(json::object{{"role", "user"}, {"content", std::move(results)}});
  }

  void account(const TracedCall& call) {
    ++result_.model_calls;
    if (!call.reply) return;
    const ModelUsage& usage = call.reply->usage;
    result_.input_tokens += usage.input_tokens + usage.cache_read_input_tokens.value_or(0) +
                            usage.cache_creation_input_tokens.value_or(0);
    result_.output_tokens += usage.output_tokens;
    // One call without a price makes the sum unknown, not smaller.
    if (result_.cost_usd && call.cost_usd)
      *result_.cost_usd += *call.cost_usd;
    else
      result_.cost_usd.reset();
  }

  /// tool_result blocks, one for each tool_use block; empty when the model asked for none.
  json::array run_tools(genai::Turn& turn, const json::array& content) {
    json::array results;
    for (const json::value& block : content) {
      const json::object* use = block.if_object();
      if (!use || !use->contains("type") || use->at("type") != "tool_use") continue;
      const json::value* id = use->if_contains("id");
      const json::value* name = use->if_contains("name");
      const json::value* input = use->if_contains("input");
      if (!id || !id->is_string() || !name || !name->is_string()) continue;
      static const json::object no_arguments;
      const ToolResult result = run_tool(turn, std::string(name->get_string()), std::string(id->get_string()),
                                         input && input->is_object() ? input->get_object() : no_arguments);
      json::object answer{{"type", "tool_result"}, {"tool_use_id", *id}};
      answer["content"] =
          result ? *result : fmt::format("{}: {}", result.error().type, result.error().message);
      if (!result) answer["is_error"] = true;
      results.push_back(std::move(answer));
    }
    return results;
  }

  ToolResult run_tool(genai::Turn& turn, const std::string& name, const std::string& id,
                      const json::object& arguments) {
    ++result_.tool_calls;
    const std::string text = json::serialize(arguments);
    if (options_.on_tool) options_.on_tool(name, text);
    Tool* tool = nullptr;
    for (const auto& candidate : context_.tools)
      if (candidate->name() == name) tool = candidate.get();
    genai::Tool span = turn.tool({.name = name,
                                  .arguments = text,
                                  .call_id = id,
                                  .description = tool ? tool->description() : std::string_view()});
    const auto scope = span.activate();
    ToolResult result =
        tool ? tool->execute(arguments)
             : std::unexpected(ToolError{"UnknownToolError", fmt::format("there is no tool '{}'", name)});
    if (result) {
      span.result(*result);
    } else {
      ++result_.tool_errors;
      span.error(result.error().type, result.error().message);
    }
    return result;
  }

  /// What happens to an answer within its run: it is scored, and a job takes it further.
  void afterwards(genai::Run& run) {
    if (options_.judge) judge(run);
    if (context_.reports)
      publish_report_job(context_.telemetry, run.context(), *context_.reports, result_.answer,
                         options_.session_id, options_.user_id);
  }

  void judge(genai::Run& run) {
    sdk::Span span = context_.telemetry.tracer().start("eval.judge", {.parent = run.context()});
    ModelRequest request{.model = std::string(judge_model)};
    request.max_tokens = 256;
    request.stream = false;
    request.messages.push_back(json::object{
        {"role", "user"},
        {"content",
         fmt::format("Rate faithfulness and tone from 0 to 1, as JSON with label and explanation: {}",
                     result_.answer)}});
    const TracedCall call = call_model(context_.client, request,
                                       [&](genai::CompletionRequest r) {
                                         r.parent = span.context();
                                         return context_.telemetry.agent().completion(r);
                                       },
                                       {});
    account(call);
    if (!call.reply) return;  // the run stays good: its answer is there, only the scores are not
    json::error_code bad;
    const json::value scores = json::parse(call.reply->text(), bad);
    if (bad || !scores.is_object()) {
      span.set_status(sdk::StatusCode::error, "the judge's answer is not JSON");
      return;
    }
    const json::object& object = scores.get_object();
    const auto text = [&](std::string_view key) {
      const json::value* value = object.if_contains(key);
      return value && value->is_string() ? std::string(value->get_string()) : std::string();
    };
    const std::string label = text("label"), explanation = text("explanation");
    for (const auto& [key, value] : object)
      if (value.is_number())
        run.score(
            {.name = key, .value = value.to_number<double>(), .label = label, .explanation = explanation});
  }

  const LoopContext& context_;
  const AgentOptions& options_;
  ModelRequest request_;
  RunResult result_;
  bool done_ = false;
};

}  // namespace

RunResult run_loop(const LoopContext& context, const AgentOptions& options) {
  return Loop(context, options).run();
}

}  // namespace turnscope::example
