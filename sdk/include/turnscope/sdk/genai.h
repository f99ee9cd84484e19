// The GenAI layer: agent runs, turns, completions, tools, retrievals and embeddings as spans with the
// attributes of OpenTelemetry's GenAI semantic conventions, and the metrics that belong to them.
//
//   genai::Agent agent(tracers, {.agent_name = "ops-agent", .provider = "anthropic"}, &meters);
//   auto run = agent.run({.user_message = question, .max_turns = 8});
//   auto turn = run.turn();
//   auto call = turn.completion({.model = "claude-sonnet-4-5", .max_tokens = 1024, .input = messages});
//   call.response({.model = model, .finish_reasons = {"tool_use"}, .input_tokens = 29, .output_tokens = 41,
//   .output = answer}); auto tool = turn.tool({.name = "get_weather", .arguments = json}); tool.result(text);
//   run.finish({.answer = text});
//
// Operations nest by the object they were started from, end when destroyed, and are used by one thread at a
// time. `op.activate()` makes one current on the thread, `op.context()` is what to inject into outgoing
// calls.
#pragma once
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "turnscope/sdk/metrics.h"
#include "turnscope/sdk/tracer.h"

namespace turnscope::sdk::genai {

/// Which form message content takes on spans. Without it only lengths, counts and ids are sent.
enum class Capture : std::uint8_t { none, attributes, events, both };

/// What an answer's event is called: seed and older code write gen_ai.assistant.message, the event
/// conventions gen_ai.choice.
enum class AnswerEvent : std::uint8_t { assistant_message, choice };

struct Options {
  std::string agent_name{}, agent_id{}, agent_version{};  ///< gen_ai.agent.*
  std::string provider{};  ///< gen_ai.provider.name: anthropic, openai, aws.bedrock …
  std::string scope = "turnscope.genai", scope_version{};

  /// Names of spans; `{model}` and `{agent}` in them are filled in, so that "chat {model}" is the
  /// conventions' own form.
  std::string run_name = "agent.run", turn_name = "agent.turn", completion_name = "gen_ai.completion";
  std::string tool_prefix = "tool.execute.";  ///< + tool name
  std::string retrieval_name = "gen_ai.retrieval", embedding_name = "gen_ai.embeddings";

  /// gen_ai.system, tool.name, tool.arguments, tool.result_length … beside the current names.
  bool legacy_names = true;
  /// OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: true/false, span_only, event_only, span_and_event,
  /// no_content.
  Capture capture = Capture::both;
  AnswerEvent answer_event = AnswerEvent::assistant_message;
  /// Events for the whole history, instead of for what came after the last assistant message.
  bool history_events = false;

  std::size_t max_user_message = 500;        ///< agent.user_message, characters
  std::size_t max_tool_arguments = 1000;     ///< tool.arguments and gen_ai.tool.call.arguments, characters
  std::size_t max_tool_result = 4000;        ///< gen_ai.tool.call.result, characters
  std::size_t max_message_content = 100000;  ///< one part of a message, characters

  /// The environment laid over `base`.
  static Options from_env(Options base);
  static Options from_env();
};

/// A part of a message. `content` is text, or JSON for the arguments of a tool call.
struct Part {
  enum class Type : std::uint8_t { text, reasoning, tool_call, tool_result };
  Type type = Type::text;
  std::string content;
  std::string id{}, name{};  ///< tool_call and tool_result
};
struct Message {
  std::string role;  ///< system, user, assistant, tool
  std::vector<Part> parts;
  std::string finish_reason{};  ///< output messages
  static Message text(std::string role, std::string content) {
    return {std::move(role), {{Part::Type::text, std::move(content)}}};
  }
};

/// Which prompt and which arm of an experiment a call belongs to; set on the run, every call below inherits
/// it.
struct Prompt {
  std::string id, version;  ///< gen_ai.request.prompt_id, gen_ai.request.prompt_version
};
struct Experiment {
  std::string id, variant;  ///< experiment.id, experiment.variant
};

struct RunRequest {
  std::string_view user_message;
  std::optional<std::int64_t> max_turns{};
  std::string_view session_id{}, user_id{};  ///< session.id (and gen_ai.conversation.id), user.id
  Prompt prompt{};
  Experiment experiment{};
  /// The context to continue, as extracted from a request or a queue message. Default: the thread's current
  /// one.
  std::optional<Context> parent{};
};
struct RunResult {
  std::string_view answer;
  bool hit_max_turns = false;
  std::optional<double> cost_usd{};
};

struct CompletionRequest {
  std::string_view model;
  std::optional<std::int64_t> max_tokens{}, seed{};
  std::optional<double> temperature{}, top_p{}, top_k{};
  std::vector<std::string> stop_sequences{};
  std::vector<Message> input{};   ///< the conversation, oldest first; tool results included
  std::string_view system{};      ///< system instructions
  std::string_view tools_json{};  ///< gen_ai.tool.definitions, JSON
  bool stream = false;
  std::string_view server_address{};
  std::optional<std::int64_t> server_port{};
  Prompt prompt{};                  ///< default: the run's
  std::optional<Context> parent{};  ///< for Agent::completion only
};
struct CompletionResponse {
  std::string_view id{}, model{};
  std::vector<std::string> finish_reasons{};
  /// What the provider counted; unknown stays unknown. Cached tokens are part of input_tokens in the
  /// conventions.
  std::optional<std::int64_t> input_tokens{}, output_tokens{}, cache_read_tokens{}, cache_write_tokens{},
      reasoning_tokens{};
  std::optional<double> cost_usd{};  ///< llm.cost.usd
  std::vector<Message> output{};
};

struct ToolRequest {
  std::string_view name;
  std::string_view arguments{};  ///< JSON
  std::string_view call_id{}, description{};
  std::string_view type = "function";
  std::optional<Context> parent{};
};
struct RetrievalRequest {
  std::string_view query;
  std::string_view source{};  ///< gen_ai.data_source.id
  std::optional<std::int64_t> top_k{};
  std::optional<Context> parent{};
};
struct EmbeddingRequest {
  std::string_view model;
  std::optional<std::int64_t> dimensions{};
  std::optional<std::int64_t> inputs{};  ///< how many texts
  std::optional<Context> parent{};
};

struct Score {
  std::string_view name;
  double value;
  std::string_view label{}, explanation{};
};

class Agent;

namespace detail {
struct AgentState;
struct RunState;
}  // namespace detail

/// Common to all operations.
class Operation {
 public:
  Operation() = default;
  Operation(Operation&&) noexcept;
  Operation& operator=(Operation&&) noexcept;
  ~Operation();

  Span& span() { return span_; }
  const Context& context() const { return span_.context(); }
  const SpanContext& span_context() const { return span_.span_context(); }
  ContextScope activate() const { return span_.activate(); }

  /// Status error, event `exception`, error.type, and the metric llm.errors.count for model calls.
  void error(const std::exception& exception);
  void error(std::string_view type, std::string_view message, std::string_view stacktrace = {});
  /// eval.score.NAME and the event gen_ai.evaluation.result.
  void score(const Score& score);
  /// A link with link.kind (regenerated, follow_up, retry, continues …) and link.reason.
  void link(const SpanContext& to, std::string_view kind, std::string_view reason = {}, Attributes more = {});
  void end();

 protected:
  enum class Role : std::uint8_t { none, run, turn, completion, tool, retrieval, embedding };
  Operation(std::shared_ptr<const detail::AgentState> agent, std::shared_ptr<detail::RunState> run, Span span,
            Role role);
  std::shared_ptr<const detail::AgentState> agent_;
  std::shared_ptr<detail::RunState> run_;
  Span span_;
  Role role_ = Role::none;
  void request_metrics();
  std::chrono::steady_clock::time_point began_{};
  std::string model_, response_model_, error_type_;
};

/// A model call: CLIENT span `gen_ai.completion`.
class Completion : public Operation {
 public:
  /// Streaming: event gen_ai.first_token and gen_ai.response.time_to_first_chunk, once.
  void first_token();
  void response(const CompletionResponse& response);
  /// "This answer replaces that one": a link with link.kind=regenerated to the earlier completion.
  void regenerates(const SpanContext& earlier, std::string_view reason = {});

 private:
  friend class Agent;
  using Operation::Operation;
  bool saw_token_ = false;
};

/// A tool that ran: INTERNAL span `tool.execute.NAME`.
class Tool : public Operation {
 public:
  void result(std::string_view result);

 private:
  friend class Agent;
  using Operation::Operation;
};

class Retrieval : public Operation {
 public:
  struct Document {
    std::string_view id;
    std::optional<double> score{};
  };
  void documents(const std::vector<Document>& found);

 private:
  friend class Agent;
  using Operation::Operation;
};

/// An embedding call: CLIENT span.
class Embedding : public Operation {
 public:
  void response(std::optional<std::int64_t> input_tokens, std::string_view model = {},
                std::optional<double> cost_usd = {});

 private:
  friend class Agent;
  using Operation::Operation;
};

/// One turn of the agent loop: span `agent.turn` with agent.turn_number, counted from 1.
class Turn : public Operation {
 public:
  Completion completion(CompletionRequest request);
  Tool tool(ToolRequest request);
  Retrieval retrieval(RetrievalRequest request);
  Embedding embedding(EmbeddingRequest request);
  std::int64_t number() const { return number_; }

 private:
  friend class Run;
  Agent agent() const;
  Turn(std::shared_ptr<const detail::AgentState> agent, std::shared_ptr<detail::RunState> run, Span span,
       std::int64_t number)
      : Operation(std::move(agent), std::move(run), std::move(span), Role::turn), number_(number) {}
  std::int64_t number_ = 0;
};

/// One run of the agent: span `agent.run`. agent.turns_used is written when it ends, also after an error.
class Run : public Operation {
 public:
  Turn turn();
  /// agent.final_answer_length, agent.hit_max_turns, and with capture the answer. Ends the span.
  void finish(const RunResult& result);
  /// This run follows up that one (link.kind=follow_up), or repeats it (retry).
  void follows(const SpanContext& earlier_run, std::string_view kind = "follow_up",
               std::string_view reason = {});
  std::int64_t turns_used() const;

 private:
  friend class Agent;
  using Operation::Operation;
};

/// Where operations start. Cheap to copy, usable from any thread. Without `meters` there are no metrics.
class Agent {
 public:
  Agent(const TracerProvider& tracers, Options options, MeterProvider* meters = nullptr);
  Run run(const RunRequest& request) const;
  /// Operations outside a run.
  Completion completion(const CompletionRequest& request) const;
  Tool tool(const ToolRequest& request) const;
  Retrieval retrieval(const RetrievalRequest& request) const;
  Embedding embedding(const EmbeddingRequest& request) const;
  const Options& options() const;

 private:
  friend class Turn;
  explicit Agent(std::shared_ptr<const detail::AgentState> state) : state_(std::move(state)) {}
  Completion completion(const CompletionRequest& request, std::shared_ptr<detail::RunState> run) const;
  Tool tool(const ToolRequest& request, std::shared_ptr<detail::RunState> run) const;
  Retrieval retrieval(const RetrievalRequest& request, std::shared_ptr<detail::RunState> run) const;
  Embedding embedding(const EmbeddingRequest& request, std::shared_ptr<detail::RunState> run) const;
  std::shared_ptr<const detail::AgentState> state_;
};

}  // namespace turnscope::sdk::genai
