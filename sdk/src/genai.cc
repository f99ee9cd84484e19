// Names: https://github.com/open-telemetry/semantic-conventions-genai (spans, events, metrics), and the older
// ones that hand-written instrumentation used.
#include "turnscope/sdk/genai.h"

#include <cxxabi.h>
#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdlib>

#include "genai_json.h"
#include "log.h"

namespace turnscope::sdk::genai {
namespace detail {

struct AgentState {
  Options options;
  Tracer tracer;
  Histogram token_usage, duration, latency_ms;
  Counter requests, errors, input_tokens;
  UpDownCounter active_turns;

  bool as_attributes() const {
    return options.capture == Capture::attributes || options.capture == Capture::both;
  }
  bool as_events() const { return options.capture == Capture::events || options.capture == Capture::both; }
  bool content() const { return options.capture != Capture::none; }
};

struct RunState {
  std::atomic<std::int64_t> turns{0};
  std::string session_id;
  Prompt prompt;
  Experiment experiment;
};

}  // namespace detail

using namespace detail;

namespace {

using Steady = std::chrono::steady_clock;

/// Bounds that the conventions advise.
const std::vector<double> token_bounds{1,     4,     16,     64,      256,     1024,     4096,
                                       16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864};
const std::vector<double> second_bounds{0.01, 0.02, 0.04, 0.08,  0.16,  0.32,  0.64,
                                        1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
const std::vector<double> milli_bounds{10,   20,   50,    100,   200,   500,   1000,
                                       2000, 5000, 10000, 20000, 50000, 100000};

std::string filled(std::string name, std::string_view model, std::string_view agent) {
  auto put = [&](std::string_view what, std::string_view with) {
    for (std::size_t at; (at = name.find(what)) != name.npos;) name.replace(at, what.size(), with);
  };
  if (model.find('{') == model.npos) put("{model}", model);
  if (agent.find('{') == agent.npos) put("{agent}", agent);
  return name;
}

template <class T>
void set_if(Span& span, std::string_view key, const std::optional<T>& value) {
  if (value) span.set_attribute(key, *value);
}
void set_if(Span& span, std::string_view key, std::string_view value) {
  if (!value.empty()) span.set_attribute(key, value);
}

std::string lower(std::string s) {
  std::transform(s.begin(), s.end(), s.begin(), [](unsigned char c) { return std::tolower(c); });
  return s;
}

void set_provider(Span& span, const Options& o) {
  set_if(span, "gen_ai.provider.name", o.provider);
  if (o.legacy_names) set_if(span, "gen_ai.system", o.provider);
}

void add_message_event(Span& span, std::string_view name, const Message& m, std::size_t max) {
  const std::string content = event_content(m, max);
  std::vector<Attribute> attributes{{"content", content}, {"role", m.role}};
  if (!m.finish_reason.empty()) attributes.push_back({"finish_reason", m.finish_reason});
  for (const Part& p : m.parts)
    if (p.type == Part::Type::tool_result && m.role == "tool") {
      attributes.push_back({"id", p.id});
      break;
    }
  span.add_event(name, attributes);
}

std::string_view event_name(std::string_view role) {
  if (role == "system" || role == "developer") return "gen_ai.system.message";
  if (role == "assistant" || role == "model") return "gen_ai.assistant.message";
  if (role == "tool") return "gen_ai.tool.message";
  return "gen_ai.user.message";
}

StartOptions start_options(const std::optional<Context>& parent, SpanKind kind) {
  StartOptions o;
  o.parent = parent;
  o.kind = kind;
  return o;
}

}  // namespace

Options Options::from_env(Options o) {
  const char* v = std::getenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT");
  if (!v || !*v) return o;
  const std::string s = lower(v);
  if (s == "false" || s == "no_content")
    o.capture = Capture::none;
  else if (s == "true" || s == "span_and_event")
    o.capture = Capture::both;
  else if (s == "span_only")
    o.capture = Capture::attributes;
  else if (s == "event_only")
    o.capture = Capture::events;
  else
    sdk::detail::log(
        LogLevel::warning, "capture",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT='" + std::string(v) +
            "' is ignored: true, false, span_only, event_only, span_and_event or no_content is wanted");
  return o;
}
Options Options::from_env() { return from_env(Options{}); }

// ---- Operation

Operation::Operation(std::shared_ptr<const AgentState> agent, std::shared_ptr<RunState> run, Span span,
                     Role role)
    : agent_(std::move(agent)),
      run_(std::move(run)),
      span_(std::move(span)),
      role_(role),
      began_(Steady::now()) {}

Operation::Operation(Operation&& o) noexcept
    : agent_(std::move(o.agent_)),
      run_(std::move(o.run_)),
      span_(std::move(o.span_)),
      role_(std::exchange(o.role_, Role::none)),
      began_(o.began_),
      model_(std::move(o.model_)),
      response_model_(std::move(o.response_model_)),
      error_type_(std::move(o.error_type_)) {}

Operation& Operation::operator=(Operation&& o) noexcept {
  if (this == &o) return *this;
  end();
  agent_ = std::move(o.agent_);
  run_ = std::move(o.run_);
  span_ = std::move(o.span_);
  role_ = std::exchange(o.role_, Role::none);
  began_ = o.began_;
  model_ = std::move(o.model_);
  response_model_ = std::move(o.response_model_);
  error_type_ = std::move(o.error_type_);
  return *this;
}

Operation::~Operation() { end(); }

void Operation::error(const std::exception& exception) {
  int failed = 0;
  char* name = abi::__cxa_demangle(typeid(exception).name(), nullptr, nullptr, &failed);
  error(failed ? typeid(exception).name() : name, exception.what());
  std::free(name);
}

void Operation::error(std::string_view type, std::string_view message, std::string_view stacktrace) {
  if (role_ == Role::none) return;
  error_type_ = type;
  span_.set_attribute("error.type", type);
  span_.record_exception(ExceptionInfo{.type = type, .message = message, .stacktrace = stacktrace});
  span_.set_status(StatusCode::error, message);
}

void Operation::score(const Score& s) {
  span_.set_attribute("eval.score." + std::string(s.name), s.value);
  std::vector<Attribute> attributes{{"gen_ai.evaluation.name", s.name},
                                    {"gen_ai.evaluation.score.value", s.value}};
  if (!s.label.empty()) attributes.push_back({"gen_ai.evaluation.score.label", s.label});
  if (!s.explanation.empty()) attributes.push_back({"gen_ai.evaluation.explanation", s.explanation});
  span_.add_event("gen_ai.evaluation.result", attributes);
}

void Operation::link(const SpanContext& to, std::string_view kind, std::string_view reason, Attributes more) {
  std::vector<Attribute> attributes;
  if (!kind.empty()) attributes.push_back({"link.kind", kind});
  if (!reason.empty()) attributes.push_back({"link.reason", reason});
  attributes.insert(attributes.end(), more.begin(), more.end());
  span_.add_link(to, attributes);
}

void Operation::request_metrics() {
  auto& a = const_cast<AgentState&>(*agent_);
  const double seconds = std::chrono::duration<double>(Steady::now() - began_).count();
  std::vector<Attribute> attributes{
      {"gen_ai.operation.name", role_ == Role::completion ? "chat" : "embeddings"},
      {"gen_ai.provider.name", a.options.provider},
      {"gen_ai.request.model", model_}};
  if (!response_model_.empty()) attributes.push_back({"gen_ai.response.model", response_model_});
  a.requests.add(1, attributes);
  if (!error_type_.empty()) attributes.push_back({"error.type", error_type_});
  if (!error_type_.empty()) a.errors.add(1, attributes);
  a.duration.record(seconds, attributes);
  a.latency_ms.record(seconds * 1000, attributes);
}

void Operation::end() {
  if (role_ == Role::none) return;
  if (role_ == Role::completion || role_ == Role::embedding) request_metrics();
  if (role_ == Role::turn) const_cast<AgentState&>(*agent_).active_turns.add(-1);
  if (role_ == Role::run) span_.set_attribute("agent.turns_used", run_->turns.load());
  role_ = Role::none;
  span_.end();
}

// ---- Completion and the others

void Completion::first_token() {
  if (saw_token_ || role_ == Role::none) return;
  saw_token_ = true;
  span_.add_event("gen_ai.first_token");
  span_.set_attribute("gen_ai.response.time_to_first_chunk",
                      std::chrono::duration<double>(Steady::now() - began_).count());
}

void Completion::response(const CompletionResponse& r) {
  if (role_ == Role::none) return;
  auto& a = const_cast<AgentState&>(*agent_);
  set_if(span_, "gen_ai.response.id", r.id);
  set_if(span_, "gen_ai.response.model", r.model);
  response_model_ = r.model;
  if (!r.finish_reasons.empty()) span_.set_attribute("gen_ai.response.finish_reasons", r.finish_reasons);
  set_if(span_, "gen_ai.usage.input_tokens", r.input_tokens);
  set_if(span_, "gen_ai.usage.output_tokens", r.output_tokens);
  set_if(span_, "gen_ai.usage.cache_read.input_tokens", r.cache_read_tokens);
  set_if(span_, "gen_ai.usage.cache_creation.input_tokens", r.cache_write_tokens);
  set_if(span_, "gen_ai.usage.reasoning.output_tokens", r.reasoning_tokens);
  set_if(span_, "llm.cost.usd", r.cost_usd);
  if (!r.output.empty() && span_.recording()) {
    std::vector<Message> output = r.output;
    for (Message& m : output)
      if (m.finish_reason.empty() && !r.finish_reasons.empty()) m.finish_reason = r.finish_reasons.front();
    if (a.as_attributes())
      span_.set_attribute("gen_ai.output.messages", messages_json(output, a.options.max_message_content));
    if (a.as_events())
      for (std::size_t i = 0; i < output.size(); ++i) {
        if (a.options.answer_event == AnswerEvent::assistant_message) {
          add_message_event(span_, "gen_ai.assistant.message", output[i], a.options.max_message_content);
          continue;
        }
        const std::string content = event_content(output[i], a.options.max_message_content);
        span_.add_event("gen_ai.choice", {{"index", i},
                                          {"finish_reason", output[i].finish_reason},
                                          {"message", content},
                                          {"role", output[i].role}});
      }
  }
  std::vector<Attribute> attributes{{"gen_ai.operation.name", "chat"},
                                    {"gen_ai.provider.name", a.options.provider},
                                    {"gen_ai.request.model", model_}};
  if (!response_model_.empty()) attributes.push_back({"gen_ai.response.model", response_model_});
  if (r.input_tokens) a.input_tokens.add(static_cast<double>(*r.input_tokens), attributes);
  attributes.push_back({"gen_ai.token.type", "input"});
  if (r.input_tokens) a.token_usage.record(static_cast<double>(*r.input_tokens), attributes);
  attributes.back() = {"gen_ai.token.type", "output"};
  if (r.output_tokens) a.token_usage.record(static_cast<double>(*r.output_tokens), attributes);
}

void Completion::regenerates(const SpanContext& earlier, std::string_view reason) {
  link(earlier, "regenerated", reason);
}

void Tool::result(std::string_view result) {
  if (role_ == Role::none) return;
  span_.set_attribute("tool.result_length", characters(result));
  if (agent_->as_attributes())
    span_.set_attribute("gen_ai.tool.call.result", cut(result, agent_->options.max_tool_result));
}

void Retrieval::documents(const std::vector<Document>& found) {
  if (role_ == Role::none) return;
  span_.set_attribute("gen_ai.retrieval.documents.count", found.size());
  std::string json = "[";
  for (const Document& d : found) {
    if (json.size() > 1) json += ',';
    json += "{\"id\":";
    append_json_string(json, d.id);
    if (d.score) json += ",\"score\":" + std::to_string(*d.score);
    json += '}';
  }
  if (agent_->as_attributes()) span_.set_attribute("gen_ai.retrieval.documents", json + "]");
}

void Embedding::response(std::optional<std::int64_t> tokens, std::string_view model,
                         std::optional<double> cost_usd) {
  if (role_ == Role::none) return;
  response_model_ = model;
  set_if(span_, "gen_ai.response.model", model);
  set_if(span_, "gen_ai.usage.input_tokens", tokens);
  set_if(span_, "llm.cost.usd", cost_usd);
  if (!tokens) return;
  auto& a = const_cast<AgentState&>(*agent_);
  a.token_usage.record(static_cast<double>(*tokens), {{"gen_ai.operation.name", "embeddings"},
                                                      {"gen_ai.provider.name", a.options.provider},
                                                      {"gen_ai.request.model", model_},
                                                      {"gen_ai.token.type", "input"}});
}

// ---- Turn and Run

Agent Turn::agent() const { return Agent(agent_); }

Completion Turn::completion(CompletionRequest request) {
  request.parent = context();
  return agent().completion(request, run_);
}
Tool Turn::tool(ToolRequest request) {
  request.parent = context();
  return agent().tool(request, run_);
}
Retrieval Turn::retrieval(RetrievalRequest request) {
  request.parent = context();
  return agent().retrieval(request, run_);
}
Embedding Turn::embedding(EmbeddingRequest request) {
  request.parent = context();
  return agent().embedding(request, run_);
}

Turn Run::turn() {
  const std::int64_t number = run_ ? ++run_->turns : 0;
  if (!agent_) return Turn(nullptr, nullptr, Span(), 0);
  Span span = agent_->tracer.start(filled(agent_->options.turn_name, {}, agent_->options.agent_name),
                                   start_options(context(), SpanKind::internal));
  span.set_attribute("agent.turn_number", number);
  const_cast<AgentState&>(*agent_).active_turns.add(1);
  return Turn(agent_, run_, std::move(span), number);
}

void Run::finish(const RunResult& r) {
  if (role_ == Role::none) return;
  span_.set_attribute("agent.final_answer_length", characters(r.answer));
  span_.set_attribute("agent.hit_max_turns", r.hit_max_turns);
  set_if(span_, "llm.cost.usd", r.cost_usd);
  if (agent_->as_attributes() && !r.answer.empty())
    span_.set_attribute("gen_ai.output.messages",
                        messages_json({Message::text("assistant", std::string(r.answer))},
                                      agent_->options.max_message_content));
  end();
}

void Run::follows(const SpanContext& earlier, std::string_view kind, std::string_view reason) {
  link(earlier, kind, reason);
}

std::int64_t Run::turns_used() const { return run_ ? run_->turns.load() : 0; }

// ---- Agent

Agent::Agent(const TracerProvider& tracers, Options options, MeterProvider* meters) {
  auto s = std::make_shared<AgentState>();
  s->options = std::move(options);
  const std::string& scope = s->options.scope;
  s->tracer = tracers.tracer(scope, s->options.scope_version);
  if (meters) {
    s->token_usage =
        meters->histogram(scope, "gen_ai.client.token.usage",
                          {"{token}", "Tokens of one model call, by gen_ai.token.type", false, token_bounds});
    s->duration = meters->histogram(scope, "gen_ai.client.operation.duration",
                                    {"s", "Duration of one model call", false, second_bounds});
    s->latency_ms =
        meters->histogram(scope, "llm.latency.ms", {"ms", "Duration of one model call", false, milli_bounds});
    s->requests = meters->counter(scope, "llm.requests.count", {"{request}", "Model calls", true, {}});
    s->errors = meters->counter(scope, "llm.errors.count", {"{error}", "Model calls that failed", true, {}});
    s->input_tokens = meters->counter(scope, "llm.tokens.input", {"{token}", "Input tokens", true, {}});
    s->active_turns =
        meters->up_down_counter(scope, "agent.active_turns", {"{turn}", "Turns that run now", true, {}});
  }
  state_ = std::move(s);
}

const Options& Agent::options() const { return state_->options; }

Run Agent::run(const RunRequest& q) const {
  const AgentState& a = *state_;
  const Options& o = a.options;
  auto run = std::make_shared<RunState>();
  run->session_id = q.session_id;
  run->prompt = q.prompt;
  run->experiment = q.experiment;
  Span span =
      a.tracer.start(filled(o.run_name, {}, o.agent_name), start_options(q.parent, SpanKind::internal));
  if (a.content())
    span.set_attribute("agent.user_message", cut(q.user_message, o.max_user_message));
  else
    span.set_attribute("agent.user_message_length", characters(q.user_message));
  set_if(span, "agent.max_turns", q.max_turns);
  set_if(span, "session.id", q.session_id);
  set_if(span, "user.id", q.user_id);
  span.set_attribute("gen_ai.operation.name", "invoke_agent");
  set_if(span, "gen_ai.agent.name", o.agent_name);
  set_if(span, "gen_ai.agent.id", o.agent_id);
  set_if(span, "gen_ai.agent.version", o.agent_version);
  set_if(span, "gen_ai.conversation.id", q.session_id);
  set_provider(span, o);
  set_if(span, "experiment.id", q.experiment.id);
  set_if(span, "experiment.variant", q.experiment.variant);
  if (a.as_attributes() && !q.user_message.empty())
    span.set_attribute(
        "gen_ai.input.messages",
        messages_json({Message::text("user", std::string(q.user_message))}, o.max_message_content));
  return Run(state_, std::move(run), std::move(span), Run::Role::run);
}

Completion Agent::completion(const CompletionRequest& q) const { return completion(q, nullptr); }
Tool Agent::tool(const ToolRequest& q) const { return tool(q, nullptr); }
Retrieval Agent::retrieval(const RetrievalRequest& q) const { return retrieval(q, nullptr); }
Embedding Agent::embedding(const EmbeddingRequest& q) const { return embedding(q, nullptr); }

Completion Agent::completion(const CompletionRequest& q, std::shared_ptr<RunState> run) const {
  const AgentState& a = *state_;
  const Options& o = a.options;
  Span span = a.tracer.start(filled(o.completion_name, q.model, o.agent_name),
                             start_options(q.parent, SpanKind::client));
  if (span.recording()) {
    set_provider(span, o);
    span.set_attribute("gen_ai.operation.name", "chat");
    set_if(span, "gen_ai.request.model", q.model);
    set_if(span, "gen_ai.request.max_tokens", q.max_tokens);
    set_if(span, "gen_ai.request.temperature", q.temperature);
    set_if(span, "gen_ai.request.top_p", q.top_p);
    set_if(span, "gen_ai.request.top_k", q.top_k);
    set_if(span, "gen_ai.request.seed", q.seed);
    if (!q.stop_sequences.empty()) span.set_attribute("gen_ai.request.stop_sequences", q.stop_sequences);
    if (q.stream) span.set_attribute("gen_ai.request.stream", true);
    if (o.legacy_names && !q.input.empty())
      span.set_attribute("gen_ai.request.messages.count", q.input.size());
    set_if(span, "server.address", q.server_address);
    set_if(span, "server.port", q.server_port);
    set_if(span, "gen_ai.agent.name", o.agent_name);
    const Prompt& prompt = q.prompt.id.empty() && run ? run->prompt : q.prompt;
    set_if(span, "gen_ai.request.prompt_id", prompt.id);
    set_if(span, "gen_ai.request.prompt_version", prompt.version);
    if (run) {
      set_if(span, "gen_ai.conversation.id", run->session_id);
      set_if(span, "experiment.id", run->experiment.id);
      set_if(span, "experiment.variant", run->experiment.variant);
    }
    if (a.as_attributes()) {
      if (!q.input.empty())
        span.set_attribute("gen_ai.input.messages", messages_json(q.input, o.max_message_content));
      if (!q.system.empty())
        span.set_attribute("gen_ai.system_instructions", instructions_json(q.system, o.max_message_content));
      set_if(span, "gen_ai.tool.definitions", cut(q.tools_json, o.max_message_content));
    }
    if (a.as_events()) {
      std::size_t first = 0;
      if (!o.history_events)  // what this call adds: all after the last answer
        for (std::size_t i = 0; i < q.input.size(); ++i)
          if (q.input[i].role == "assistant") first = i + 1;
      if (first == 0 && !q.system.empty())
        add_message_event(span, "gen_ai.system.message", Message::text("system", std::string(q.system)),
                          o.max_message_content);
      for (std::size_t i = first; i < q.input.size(); ++i)
        add_message_event(span, event_name(q.input[i].role), q.input[i], o.max_message_content);
    }
  }
  Completion c(state_, std::move(run), std::move(span), Completion::Role::completion);
  c.model_ = q.model;
  return c;
}

Tool Agent::tool(const ToolRequest& q, std::shared_ptr<RunState> run) const {
  const AgentState& a = *state_;
  const Options& o = a.options;
  Span span =
      a.tracer.start(o.tool_prefix + std::string(q.name), start_options(q.parent, SpanKind::internal));
  if (o.legacy_names) span.set_attribute("tool.name", q.name);
  span.set_attribute("gen_ai.operation.name", "execute_tool");
  span.set_attribute("gen_ai.tool.name", q.name);
  set_if(span, "gen_ai.tool.call.id", q.call_id);
  set_if(span, "gen_ai.tool.type", q.type);
  set_if(span, "gen_ai.tool.description", q.description);
  set_if(span, "gen_ai.agent.name", o.agent_name);
  if (run) set_if(span, "gen_ai.conversation.id", run->session_id);
  if (a.content() && !q.arguments.empty()) {
    const std::string arguments = cut(q.arguments, o.max_tool_arguments);
    if (o.legacy_names) span.set_attribute("tool.arguments", arguments);
    if (a.as_attributes()) span.set_attribute("gen_ai.tool.call.arguments", arguments);
  }
  return Tool(state_, std::move(run), std::move(span), Tool::Role::tool);
}

Retrieval Agent::retrieval(const RetrievalRequest& q, std::shared_ptr<RunState> run) const {
  const AgentState& a = *state_;
  Span span = a.tracer.start(filled(a.options.retrieval_name, {}, a.options.agent_name),
                             start_options(q.parent, SpanKind::internal));
  span.set_attribute("gen_ai.operation.name", "retrieval");
  set_if(span, "gen_ai.data_source.id", q.source);
  set_if(span, "gen_ai.request.top_k", q.top_k);
  if (a.content()) set_if(span, "gen_ai.retrieval.query.text", cut(q.query, a.options.max_message_content));
  if (run) set_if(span, "gen_ai.conversation.id", run->session_id);
  return Retrieval(state_, std::move(run), std::move(span), Retrieval::Role::retrieval);
}

Embedding Agent::embedding(const EmbeddingRequest& q, std::shared_ptr<RunState> run) const {
  const AgentState& a = *state_;
  Span span = a.tracer.start(filled(a.options.embedding_name, q.model, a.options.agent_name),
                             start_options(q.parent, SpanKind::client));
  set_provider(span, a.options);
  span.set_attribute("gen_ai.operation.name", "embeddings");
  set_if(span, "gen_ai.request.model", q.model);
  set_if(span, "gen_ai.embeddings.dimension.count", q.dimensions);
  set_if(span, "gen_ai.request.inputs.count", q.inputs);
  if (run) set_if(span, "gen_ai.conversation.id", run->session_id);
  Embedding e(state_, std::move(run), std::move(span), Embedding::Role::embedding);
  e.model_ = q.model;
  return e;
}

}  // namespace turnscope::sdk::genai
