// The agent's span trees, as the SDK encodes them: real loop, real tools, real HTTP to the scripted model.
#include "examples/agent/agent.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "examples/agent/agent_loop.h"
#include "examples/agent/demo.h"
#include "examples/agent/model_server/server.h"
#include "examples/agent/report_job.h"
#include "examples/agent/temporary_directory.h"
#include "examples/agent/workspace.h"
#include "otlp/decode.h"

namespace turnscope::example {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;

/// A span that owns its texts: the decoder's are views.
struct SeenSpan {
  std::string name, service, trace, status_message, trace_state;
  std::uint64_t id = 0, parent = 0, start = 0;
  otlp::SpanKind kind = otlp::SpanKind::unspecified;
  otlp::StatusCode status = otlp::StatusCode::unset;
  std::map<std::string, std::string> attributes;  // as plain JSON
  std::vector<std::pair<std::string, std::map<std::string, std::string>>> events;
  std::vector<std::pair<std::string, std::map<std::string, std::string>>> links;  // "trace/span"
  std::string attribute(const std::string& key) const {
    const auto found = attributes.find(key);
    return found == attributes.end() ? "(none)" : found->second;
  }
};

std::map<std::string, std::string> plain(otlp::Attributes attributes) {
  std::map<std::string, std::string> out;
  for (const auto& kv : attributes) otlp::encode_plain_json(kv.value, out[std::string(kv.key)]);
  return out;
}

class Sent {
 public:
  sdk::TransportFactory transport() {
    return [this](sdk::Signal signal, const sdk::Config&) -> std::unique_ptr<sdk::Transport> {
      return std::make_unique<Keep>(*this, signal);
    };
  }
  std::vector<SeenSpan> spans() const {
    std::lock_guard lock(mutex_);
    return spans_;
  }

 private:
  struct Keep final : sdk::Transport {
    Keep(Sent& to, sdk::Signal s) : sent(to), signal(s) {}
    sdk::SendResult send(std::string_view request, std::chrono::milliseconds,
                         const std::function<bool()>&) override {
      if (signal == sdk::Signal::traces) sent.add(request);
      sdk::SendResult accepted;
      accepted.ok = true;
      return accepted;
    }
    Sent& sent;
    sdk::Signal signal;
  };
  void add(std::string_view request) {
    otlp::Arena arena;
    otlp::DecodeReport report;
    const auto traces = otlp::decode_traces_protobuf(request, arena, {}, report);
    ASSERT_TRUE(traces) << traces.error().message;
    ASSERT_EQ(report.rejected, 0u) << report.reason;
    std::lock_guard lock(mutex_);
    for (const auto& resource : traces->resources)
      for (const auto& scope : resource.scopes)
        for (const auto& span : scope.spans) {
          SeenSpan seen{.name = std::string(span.name),
                        .service = plain(resource.resource.attributes)["service.name"],
                        .trace = otlp::hex(span.trace_id),
                        .status_message = std::string(span.status_message),
                        .trace_state = std::string(span.trace_state),
                        .id = span.span_id,
                        .parent = span.parent_span_id,
                        .start = span.start_unix_nano,
                        .kind = span.kind,
                        .status = span.status,
                        .attributes = plain(span.attributes),
                        .events = {},
                        .links = {}};
          for (const auto& event : span.events) seen.events.emplace_back(event.name, plain(event.attributes));
          for (const auto& link : span.links)
            seen.links.emplace_back(otlp::hex(link.trace_id) + "/" + otlp::hex(link.span_id),
                                    plain(link.attributes));
          spans_.push_back(std::move(seen));
        }
  }
  mutable std::mutex mutex_;
  std::vector<SeenSpan> spans_;
};

class Agent : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = ModelServer::start({}, Script::bundled());
    ASSERT_TRUE(started) << started.error();
    model_ = std::move(*started);
    const auto made = make_workspace(directory_.path());
    ASSERT_TRUE(made) << made.error();
    client_options_ = {
        .base_url = model_->base_url(), .api_key = "test", .initial_backoff = std::chrono::milliseconds(1)};
  }
  std::unique_ptr<Telemetry> telemetry(const std::string& service) {
    return std::make_unique<Telemetry>(TelemetryOptions{.service_name = service,
                                                        .environment = "test",
                                                        .otlp_endpoint = "http://127.0.0.1:1",
                                                        .transport = sent_.transport()});
  }
  RunResult run(const AgentOptions& options, JobQueue* reports = nullptr) {
    auto service = telemetry("agent-under-test");
    MessagesClient client(client_options_);
    auto tools = make_tools(directory_.path());
    RunResult result =
        run_loop({.telemetry = *service, .client = client, .tools = tools, .reports = reports}, options);
    EXPECT_TRUE(service->flush());
    return result;
  }
  static AgentOptions ask(std::string question) {
    AgentOptions options;
    options.question = std::move(question);
    return options;
  }
  /// "agent.run(agent.turn(gen_ai.completion tool.execute.x) …)", children in order of their start.
  std::string tree(std::uint64_t parent = 0) const {
    std::map<std::uint64_t, const SeenSpan*> children;
    const auto spans = sent_.spans();
    for (const SeenSpan& span : spans)
      if (span.parent == parent) children[span.start] = &span;
    std::string out;
    for (const auto& [start, span] : children) {
      const std::string below = tree(span->id);
      out += (out.empty() ? "" : " ") + span->name + (below.empty() ? "" : "(" + below + ")");
    }
    return out;
  }
  std::vector<SeenSpan> named(std::string_view name) const {
    std::vector<SeenSpan> out;
    for (const SeenSpan& span : sent_.spans())
      if (span.name == name) out.push_back(span);
    return out;
  }

  TemporaryDirectory directory_{"agent-test"};
  std::unique_ptr<ModelServer> model_;
  ClientOptions client_options_;
  Sent sent_;
};

TEST_F(Agent, a_run_is_a_tree_of_turns_completions_and_tools) {
  AgentOptions options = ask("Was order 1042 charged twice?");
  options.session_id = "s-1";
  options.user_id = "u-1";
  const RunResult result = run(options);
  EXPECT_FALSE(result.failed) << result.error;
  EXPECT_THAT(result.answer, HasSubstr("108.53 EUR of the 217.06 EUR"));
  EXPECT_EQ(tree(),
            "agent.run(agent.turn(gen_ai.completion tool.execute.query_database) "
            "agent.turn(gen_ai.completion tool.execute.search_logs tool.execute.query_database) "
            "agent.turn(gen_ai.completion tool.execute.calculate) agent.turn(gen_ai.completion))");
  const SeenSpan root = named("agent.run").at(0);
  EXPECT_EQ(root.trace, result.trace_id);
  EXPECT_EQ(root.attribute("agent.user_message"), "\"Was order 1042 charged twice?\"");
  EXPECT_EQ(root.attribute("agent.max_turns"), "8");
  EXPECT_EQ(root.attribute("agent.turns_used"), "4");
  EXPECT_EQ(root.attribute("agent.hit_max_turns"), "false");
  EXPECT_EQ(root.attribute("agent.final_answer_length"), std::to_string(result.answer.size()));
  EXPECT_EQ(root.attribute("session.id"), "\"s-1\"");
  EXPECT_EQ(root.attribute("user.id"), "\"u-1\"");
  std::vector<std::string> numbers;
  for (const SeenSpan& span : named("agent.turn")) numbers.push_back(span.attribute("agent.turn_number"));
  EXPECT_THAT(numbers, ElementsAre("1", "2", "3", "4"));
}

TEST_F(Agent, completions_are_client_spans_with_model_usage_and_cost) {
  const RunResult result = run(ask("Was order 1042 charged twice?"));
  std::uint64_t input = 0;
  for (const SeenSpan& span : named("gen_ai.completion")) {
    EXPECT_EQ(span.kind, otlp::SpanKind::client);
    EXPECT_EQ(span.attribute("gen_ai.request.model"), "\"claude-sonnet-4-5\"");
    EXPECT_EQ(span.attribute("gen_ai.provider.name"), "\"anthropic\"");
    for (const char* key :
         {"gen_ai.response.id", "gen_ai.response.finish_reasons", "gen_ai.usage.output_tokens",
          "llm.cost.usd", "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens"})
      EXPECT_THAT(span.attributes, Contains(Key(key)));
    input += std::stoull(span.attribute("gen_ai.usage.input_tokens"));
  }
  EXPECT_EQ(input, result.input_tokens);
}

TEST_F(Agent, a_tool_that_fails_is_an_error_span_and_the_model_is_told) {
  const RunResult result = run(ask("What is 1 / 0?"));
  EXPECT_FALSE(result.failed);
  EXPECT_EQ(result.tool_errors, 1);
  EXPECT_THAT(result.answer, HasSubstr("division by zero"));
  const SeenSpan tool = named("tool.execute.calculate").at(0);
  EXPECT_EQ(tool.status, otlp::StatusCode::error);
  ASSERT_THAT(tool.events, ::testing::SizeIs(1));
  EXPECT_EQ(tool.events[0].first, "exception");
  EXPECT_EQ(tool.events[0].second.at("exception.type"), "\"CalculationError\"");
  EXPECT_EQ(named("agent.run").at(0).status, otlp::StatusCode::unset);
}

TEST_F(Agent, a_model_that_stays_overloaded_is_an_error_up_to_the_run) {
  const RunResult result = run(ask("Please refund charge ch_9012 in full."));
  EXPECT_TRUE(result.failed);
  EXPECT_THAT(result.error, HasSubstr("after 3 attempt(s): overloaded_error"));
  for (const char* name : {"agent.run", "agent.turn", "gen_ai.completion"}) {
    const SeenSpan last = named(name).back();
    EXPECT_EQ(last.status, otlp::StatusCode::error) << name;
    EXPECT_THAT(last.events, Contains(Key("exception"))) << name;
  }
  std::size_t retries = 0;
  const SeenSpan call = named("gen_ai.completion").back();
  for (const auto& [name, attributes] : call.events)
    if (name == "gen_ai.retry") {
      ++retries;
      EXPECT_EQ(attributes.at("retry.delay_ms"), "200");
    }
  EXPECT_EQ(retries, 2u);
}

TEST_F(Agent, max_turns_end_a_run_that_does_not_come_to_an_end) {
  AgentOptions options = ask("[loop]");
  options.max_turns = 3;
  const RunResult result = run(options);
  EXPECT_TRUE(result.hit_max_turns);
  EXPECT_EQ(result.turns, 3);
  EXPECT_EQ(named("agent.run").at(0).attribute("agent.hit_max_turns"), "true");
  EXPECT_THAT(named("agent.turn"), ::testing::SizeIs(3));
}

TEST_F(Agent, long_messages_are_cut_and_lengths_are_not) {
  const RunResult result = run(ask("Hello " + std::string(2'000, 'x')));
  EXPECT_EQ(named("agent.run").at(0).attribute("agent.user_message").size(), 500u + 2);
  EXPECT_GT(result.answer.size(), 2'000u);
  EXPECT_EQ(named("agent.run").at(0).attribute("agent.final_answer_length"),
            std::to_string(result.answer.size()));
}

TEST_F(Agent, a_regenerated_answer_links_to_the_first_and_carries_prompt_experiment_and_scores) {
  AgentOptions options = ask("Write a short apology to the customer of order 1042.");
  options.judge = true;
  options.prompt_id = "apology";
  options.prompt_version = "v2";
  options.experiment_id = "tone";
  options.experiment_variant = "warm";
  options.link =
      RunLink{"0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "regenerated", "asked again"};
  run(options);
  const SeenSpan root = named("agent.run").at(0);
  ASSERT_THAT(root.links, ::testing::SizeIs(1));
  EXPECT_EQ(root.links[0].first, "0af7651916cd43dd8448eb211c80319c/b7ad6b7169203331");
  EXPECT_EQ(root.links[0].second.at("link.kind"), "\"regenerated\"");
  EXPECT_EQ(root.attribute("eval.score.tone"), "0.58");
  const SeenSpan call = named("gen_ai.completion").at(0);
  EXPECT_EQ(call.attribute("gen_ai.request.prompt_id"), "\"apology\"");
  EXPECT_EQ(call.attribute("gen_ai.request.prompt_version"), "\"v2\"");
  EXPECT_EQ(call.attribute("experiment.variant"), "\"warm\"");
}

TEST_F(Agent, a_job_continues_the_trace_through_the_queue_in_another_service) {
  JobQueue queue;
  AgentOptions options = ask("Was order 1042 charged twice?");
  options.session_id = "s-9";
  const RunResult result = run(options, &queue);
  queue.close();
  auto worker = telemetry("worker-under-test");
  EXPECT_EQ(work_on_reports(*worker, queue, client_options_, directory_.path()), 1);
  EXPECT_TRUE(worker->flush());
  const SeenSpan published = named("publish report-jobs").at(0),
                 processed = named("process report-jobs").at(0);
  EXPECT_EQ(published.kind, otlp::SpanKind::producer);
  EXPECT_EQ(processed.kind, otlp::SpanKind::consumer);
  EXPECT_EQ(processed.service, "\"worker-under-test\"");
  EXPECT_EQ(processed.trace, result.trace_id);
  EXPECT_EQ(processed.parent, published.id);
  EXPECT_EQ(processed.attribute("session.id"), "\"s-9\"") << "baggage crossed the queue";
  EXPECT_EQ(processed.trace_state, "turnscope=queue") << "tracestate crossed the queue";
  EXPECT_THAT(tree(processed.id), HasSubstr("gen_ai.completion write report"));
}

TEST_F(Agent, a_full_queue_is_an_error_and_not_a_wait) {
  JobQueue queue(0);
  const RunResult result = run(ask("Was order 1042 charged twice?"), &queue);
  EXPECT_FALSE(result.failed);
  EXPECT_EQ(named("publish report-jobs").at(0).status, otlp::StatusCode::error);
}

TEST(RunAgent, wrong_options_are_refused_with_a_sentence) {
  EXPECT_THAT(run_agent({}).error, HasSubstr("question is empty"));
  AgentOptions options;
  options.question = "hi";
  options.max_turns = 0;
  EXPECT_THAT(run_agent(options).error, HasSubstr("max_turns"));
}

}  // namespace
}  // namespace turnscope::example
