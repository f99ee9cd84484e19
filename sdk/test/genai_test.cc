#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../src/genai_json.h"
#include "env.h"
#include "memory_transport.h"

namespace turnscope::sdk::genai::test {
namespace {

using namespace sdk::test;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

struct GenAi : testing::Test {
  std::shared_ptr<Collector> collector = std::make_shared<Collector>();
  Config config = memory_config(collector);
  TracerProvider tracers{config};
  MeterProvider meters{config};
  Options options{.agent_name = "weather", .provider = "anthropic"};

  Agent agent() { return Agent(tracers, options, &meters); }
  void flush() {
    ASSERT_TRUE(tracers.force_flush());
    ASSERT_TRUE(meters.force_flush());
  }
};

/// The run of the seed: two turns, one tool.
void run_seed(const Agent& agent) {
  auto run = agent.run({.user_message = "What is the weather in Paris today?",
                        .max_turns = 5,
                        .session_id = "sess-1",
                        .user_id = "user-17",
                        .prompt = {"weather-system", "v2"},
                        .experiment = {"exp-1", "treatment"}});
  std::vector<Message> messages{Message::text("user", "What is the weather in Paris today?")};
  {
    auto turn = run.turn();
    auto call = turn.completion(
        {.model = "claude-sonnet-4-5", .max_tokens = 1024, .input = messages, .system = "Be brief."});
    Message answer{"assistant",
                   {{Part::Type::text, "I will look that up."},
                    {Part::Type::tool_call, R"({"city": "Paris"})", "toolu_1", "get_weather"}}};
    call.response({.id = "msg_1",
                   .model = "claude-sonnet-4-5-20250929",
                   .finish_reasons = {"tool_use"},
                   .input_tokens = 29,
                   .output_tokens = 41,
                   .cache_read_tokens = 7,
                   .cache_write_tokens = 0,
                   .cost_usd = 0.000702,
                   .output = {answer}});
    call.end();
    messages.push_back(answer);
    auto tool = turn.tool({.name = "get_weather", .arguments = R"({"city": "Paris"})", .call_id = "toolu_1"});
    tool.result("18.5 \xC2\xB0");
    messages.push_back(
        {"user", {{Part::Type::tool_result, R"({"temp_c": 18.5})", "toolu_1", "get_weather"}}});
  }
  {
    auto turn = run.turn();
    auto call = turn.completion({.model = "claude-sonnet-4-5", .max_tokens = 1024, .input = messages});
    call.response({.finish_reasons = {"end_turn"},
                   .input_tokens = 46,
                   .output_tokens = 27,
                   .output = {Message::text("assistant", "Sunny.")}});
  }
  run.finish({.answer = "Sunny."});
}

TEST_F(GenAi, run_gives_the_tree_and_the_attributes_of_the_seed) {
  run_seed(agent());
  flush();
  const auto all = collector->spans();
  ASSERT_THAT(all, SizeIs(6));
  const SpanSeen &run = all[5], &turn1 = all[2], &turn2 = all[4], &call1 = all[0], &tool = all[1],
                 &call2 = all[3];
  EXPECT_EQ(run.name, "agent.run");
  EXPECT_EQ(turn1.name, "agent.turn");
  EXPECT_EQ(call1.name, "gen_ai.completion");
  EXPECT_EQ(tool.name, "tool.execute.get_weather");
  EXPECT_EQ(turn1.parent_id, run.span_id);
  EXPECT_EQ(turn2.parent_id, run.span_id);
  EXPECT_EQ(call1.parent_id, turn1.span_id);
  EXPECT_EQ(tool.parent_id, turn1.span_id);
  EXPECT_EQ(call2.parent_id, turn2.span_id);
  EXPECT_EQ(call1.kind, 3);
  for (const auto& s : {run, turn1, tool}) EXPECT_EQ(s.kind, 1) << s.name;

  const AttributeMap wanted_run{{"agent.user_message", "s:What is the weather in Paris today?"},
                                {"agent.max_turns", "i:5"},
                                {"agent.turns_used", "i:2"},
                                {"agent.final_answer_length", "i:6"},
                                {"agent.hit_max_turns", "b:false"},
                                {"session.id", "s:sess-1"},
                                {"user.id", "s:user-17"},
                                {"gen_ai.operation.name", "s:invoke_agent"},
                                {"gen_ai.agent.name", "s:weather"},
                                {"gen_ai.conversation.id", "s:sess-1"},
                                {"experiment.id", "s:exp-1"}};
  for (const auto& [k, v] : wanted_run)
    EXPECT_EQ(run.attributes.count(k) ? run.attributes.at(k) : "missing", v) << k;
  EXPECT_EQ(turn1.attributes, (AttributeMap{{"agent.turn_number", "i:1"}}));
  EXPECT_EQ(turn2.attributes.at("agent.turn_number"), "i:2");

  const AttributeMap wanted_call{{"gen_ai.system", "s:anthropic"},
                                 {"gen_ai.provider.name", "s:anthropic"},
                                 {"gen_ai.operation.name", "s:chat"},
                                 {"gen_ai.request.model", "s:claude-sonnet-4-5"},
                                 {"gen_ai.request.max_tokens", "i:1024"},
                                 {"gen_ai.request.messages.count", "i:1"},
                                 {"gen_ai.request.prompt_id", "s:weather-system"},
                                 {"gen_ai.request.prompt_version", "s:v2"},
                                 {"experiment.id", "s:exp-1"},
                                 {"experiment.variant", "s:treatment"},
                                 {"gen_ai.response.id", "s:msg_1"},
                                 {"gen_ai.response.model", "s:claude-sonnet-4-5-20250929"},
                                 {"gen_ai.response.finish_reasons", "[s:tool_use]"},
                                 {"gen_ai.usage.input_tokens", "i:29"},
                                 {"gen_ai.usage.output_tokens", "i:41"},
                                 {"gen_ai.usage.cache_read.input_tokens", "i:7"},
                                 {"gen_ai.usage.cache_creation.input_tokens", "i:0"},
                                 {"llm.cost.usd", "d:0.000702"},
                                 {"gen_ai.conversation.id", "s:sess-1"}};
  for (const auto& [k, v] : wanted_call)
    EXPECT_EQ(call1.attributes.count(k) ? call1.attributes.at(k) : "missing", v) << k;
  EXPECT_EQ(
      call1.attributes.at("gen_ai.input.messages"),
      R"(s:[{"role":"user","parts":[{"type":"text","content":"What is the weather in Paris today?"}]}])");
  EXPECT_EQ(
      call1.attributes.at("gen_ai.output.messages"),
      R"(s:[{"role":"assistant","parts":[{"type":"text","content":"I will look that up."},{"type":"tool_call","id":"toolu_1","name":"get_weather","arguments":{"city": "Paris"}}],"finish_reason":"tool_use"}])");
  EXPECT_EQ(call1.attributes.at("gen_ai.system_instructions"),
            R"(s:[{"type":"text","content":"Be brief."}])");
  EXPECT_THAT(call2.attributes, Not(Contains(Key("gen_ai.response.id"))));
  EXPECT_THAT(call2.attributes, Not(Contains(Key("llm.cost.usd"))));  // unknown is unknown, never 0

  ASSERT_THAT(call1.events, SizeIs(3));
  EXPECT_EQ(call1.events[0].name, "gen_ai.system.message");
  EXPECT_EQ(call1.events[1].name, "gen_ai.user.message");
  EXPECT_EQ(call1.events[1].attributes.at("content"), "s:What is the weather in Paris today?");
  EXPECT_EQ(call1.events[2].name, "gen_ai.assistant.message");
  EXPECT_EQ(call1.events[2].attributes.at("finish_reason"), "s:tool_use");
  // The second call's events are what it adds: the tool's result and the answer.
  ASSERT_THAT(call2.events, SizeIs(2));
  EXPECT_EQ(call2.events[0].attributes.at("content"),
            R"(s:[{"type":"tool_result","tool_use_id":"toolu_1","content":"{\"temp_c\": 18.5}"}])");
  EXPECT_EQ(call2.events[1].attributes.at("content"), "s:Sunny.");

  EXPECT_EQ(tool.attributes.at("tool.name"), "s:get_weather");
  EXPECT_EQ(tool.attributes.at("gen_ai.tool.name"), "s:get_weather");
  EXPECT_EQ(tool.attributes.at("gen_ai.operation.name"), "s:execute_tool");
  EXPECT_EQ(tool.attributes.at("tool.arguments"), R"(s:{"city": "Paris"})");
  EXPECT_EQ(tool.attributes.at("gen_ai.tool.call.id"), "s:toolu_1");
  EXPECT_EQ(tool.attributes.at("tool.result_length"), "i:6");  // characters
}

TEST_F(GenAi, current_names_alone_without_the_older_ones) {
  options.legacy_names = false;
  run_seed(agent());
  flush();
  for (const auto& s : collector->spans())
    for (const auto& [key, value] : s.attributes)
      EXPECT_THAT((std::vector<std::string>{"gen_ai.system", "tool.name", "tool.arguments",
                                            "gen_ai.request.messages.count"}),
                  Not(Contains(key)))
          << s.name;
}

TEST_F(GenAi, capture_says_where_content_goes) {
  struct Case {
    Capture capture;
    bool attributes, events;
  };
  for (const Case c : {Case{Capture::none, false, false}, Case{Capture::attributes, true, false},
                       Case{Capture::events, false, true}, Case{Capture::both, true, true}}) {
    collector->traces.clear();
    options.capture = c.capture;
    run_seed(agent());
    flush();
    const auto all = collector->spans();
    EXPECT_EQ(all[0].attributes.count("gen_ai.input.messages"), c.attributes ? 1u : 0u);
    EXPECT_EQ(all[0].attributes.count("gen_ai.output.messages"), c.attributes ? 1u : 0u);
    EXPECT_EQ(all[0].events.empty(), !c.events);
    if (c.capture == Capture::none) {
      for (const auto& s : all)
        for (const auto& [key, value] : s.attributes) {
          EXPECT_THAT(value, Not(HasSubstr("Paris"))) << key;
          EXPECT_THAT(value, Not(HasSubstr("Sunny"))) << key;
        }
      EXPECT_EQ(all[5].attributes.at("agent.user_message_length"), "i:35");
    }
  }
}

TEST_F(GenAi, environment_sets_the_capture) {
  for (const auto& [value, wanted] : std::map<std::string, Capture>{{"false", Capture::none},
                                                                    {"TRUE", Capture::both},
                                                                    {"span_only", Capture::attributes},
                                                                    {"EVENT_ONLY", Capture::events},
                                                                    {"NO_CONTENT", Capture::none},
                                                                    {"nonsense", Capture::both}}) {
    const Env env({{"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", value}});
    EXPECT_EQ(Options::from_env().capture, wanted) << value;
  }
}

TEST_F(GenAi, caps_cut_at_characters) {
  options.max_message_content = 10;
  std::string text;
  for (int i = 0; i < 600; ++i) text += "\xC3\xA4";
  {
    auto run = agent().run({.user_message = text});
    auto turn = run.turn();
    auto tool = turn.tool({.name = "t", .arguments = std::string(2000, 'a')});
    auto call = turn.completion({.model = "m", .input = {Message::text("user", std::string(100, 'b'))}});
  }
  flush();
  EXPECT_EQ(collector->span("agent.run").attributes.at("agent.user_message"), "s:" + text.substr(0, 1000));
  EXPECT_EQ(collector->span("tool.execute.t").attributes.at("tool.arguments"), "s:" + std::string(1000, 'a'));
  EXPECT_THAT(collector->span("gen_ai.completion").attributes.at("gen_ai.input.messages"),
              HasSubstr(R"("content":"bbbbbbbbbb"}])"));
}

TEST_F(GenAi, error_marks_the_span_and_counts) {
  {
    auto run = agent().run({.user_message = "q"});
    auto turn = run.turn();
    {
      auto call = turn.completion({.model = "claude-error-529"});
      call.error("OverloadedError", "Error code: 529", "at call()");
    }
    auto tool = turn.tool({.name = "broken"});
    tool.error(std::runtime_error("timed out after 5 s"));
  }
  flush();
  const SpanSeen call = collector->span("gen_ai.completion"), tool = collector->span("tool.execute.broken");
  EXPECT_EQ(call.status, 2);
  EXPECT_EQ(call.status_message, "Error code: 529");
  EXPECT_EQ(call.attributes.at("error.type"), "s:OverloadedError");
  ASSERT_THAT(call.events, SizeIs(1));
  EXPECT_EQ(call.events[0].name, "exception");
  EXPECT_EQ(call.events[0].attributes.at("exception.stacktrace"), "s:at call()");
  EXPECT_EQ(tool.attributes.at("error.type"), "s:std::runtime_error");
  EXPECT_EQ(tool.events[0].attributes.at("exception.message"), "s:timed out after 5 s");
  const auto errors = collector->metric("llm.errors.count");
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].points.at(0).sum, 1);  // model calls only
  EXPECT_EQ(errors[0].points.at(0).attributes.at("error.type"), "s:OverloadedError");
  EXPECT_EQ(collector->span("agent.run").attributes.at("agent.turns_used"), "i:1");
}

TEST_F(GenAi, metrics_of_the_conventions_and_of_the_agent) {
  const Agent a = agent();
  run_seed(a);
  auto run = a.run({.user_message = "q"});
  auto open = run.turn();
  flush();
  const auto usage = collector->metric("gen_ai.client.token.usage").at(0);
  EXPECT_EQ(usage.unit, "{token}");
  EXPECT_TRUE(usage.histogram);
  double input = 0, output = 0;
  for (const auto& p : usage.points) {
    EXPECT_EQ(p.attributes.at("gen_ai.request.model"), "s:claude-sonnet-4-5");
    EXPECT_EQ(p.attributes.at("gen_ai.provider.name"), "s:anthropic");
    (p.attributes.at("gen_ai.token.type") == "s:input" ? input : output) += p.sum;
  }
  EXPECT_EQ(input, 75);
  EXPECT_EQ(output, 68);
  auto total = [&](const char* name) {
    const MetricSeen m = collector->metric(name).at(0);
    double sum = 0;
    for (const auto& p : m.points) sum += m.histogram ? static_cast<double>(p.count) : p.sum;
    return sum;
  };
  EXPECT_EQ(collector->metric("gen_ai.client.operation.duration").at(0).unit, "s");
  EXPECT_EQ(total("gen_ai.client.operation.duration"), 2);
  EXPECT_EQ(total("llm.latency.ms"), 2);
  EXPECT_EQ(total("llm.requests.count"), 2);
  EXPECT_EQ(total("llm.tokens.input"), 75);
  EXPECT_EQ(total("agent.active_turns"), 1);
  EXPECT_THAT(collector->metric("llm.errors.count"), IsEmpty());
}

TEST_F(GenAi, links_tell_regenerated_answers_and_follow_ups) {
  const Agent a = agent();
  auto first = a.run({.user_message = "one"});
  const SpanContext earlier_run = first.span_context();
  auto turn = first.turn();
  auto call = turn.completion({.model = "m"});
  const SpanContext earlier_call = call.span_context();
  call.end();
  {
    auto again = turn.completion({.model = "m"});
    again.regenerates(earlier_call, "user asked");
    auto next = a.run({.user_message = "two"});
    next.follows(earlier_run);
    next.follows(earlier_run, "retry", "timeout");
  }
  flush();
  const auto all = collector->spans();
  EXPECT_THAT(all[1].links, SizeIs(2));
  EXPECT_EQ(all[1].name, "agent.run");
  EXPECT_EQ(all[1].links[0].attributes, (AttributeMap{{"link.kind", "s:follow_up"}}));
  EXPECT_EQ(all[1].links[1].attributes,
            (AttributeMap{{"link.kind", "s:retry"}, {"link.reason", "s:timeout"}}));
  EXPECT_EQ(all[1].links[0].span_id, earlier_run.span_id.hex());
  EXPECT_EQ(all[2].links.at(0).attributes,
            (AttributeMap{{"link.kind", "s:regenerated"}, {"link.reason", "s:user asked"}}));
  EXPECT_EQ(all[2].links[0].span_id, earlier_call.span_id.hex());
}

TEST_F(GenAi, scores_are_attributes_and_events) {
  {
    auto run = agent().run({.user_message = "q"});
    run.score({.name = "faithfulness", .value = 0.92, .label = "pass", .explanation = "Matches."});
  }
  flush();
  const SpanSeen s = collector->span("agent.run");
  EXPECT_EQ(s.attributes.at("eval.score.faithfulness"), "d:0.92");
  EXPECT_EQ(s.events.at(0).name, "gen_ai.evaluation.result");
  EXPECT_EQ(s.events[0].attributes.at("gen_ai.evaluation.score.label"), "s:pass");
}

TEST_F(GenAi, first_token_is_noted_once) {
  {
    auto call = agent().completion({.model = "m", .stream = true});
    call.first_token();
    call.first_token();
  }
  flush();
  const SpanSeen s = collector->span("gen_ai.completion");
  ASSERT_THAT(s.events, SizeIs(1));
  EXPECT_EQ(s.events[0].name, "gen_ai.first_token");
  EXPECT_EQ(s.attributes.at("gen_ai.request.stream"), "b:true");
  EXPECT_THAT(s.attributes, Contains(Key("gen_ai.response.time_to_first_chunk")));
}

TEST_F(GenAi, retrieval_and_embedding_have_spans_of_their_own) {
  {
    auto run = agent().run({.user_message = "q"});
    auto turn = run.turn();
    auto r = turn.retrieval({.query = "weather", .source = "docs", .top_k = 3});
    r.documents({{"d1", 0.5}, {"d\"2", std::nullopt}});
    auto e = turn.embedding({.model = "embed-1", .dimensions = 256, .inputs = 2});
    e.response(12, "embed-1-v2", 0.00001);
  }
  flush();
  const SpanSeen r = collector->span("gen_ai.retrieval"), e = collector->span("gen_ai.embeddings");
  EXPECT_EQ(r.kind, 1);
  EXPECT_EQ(r.attributes.at("gen_ai.operation.name"), "s:retrieval");
  EXPECT_EQ(r.attributes.at("gen_ai.retrieval.documents.count"), "i:2");
  EXPECT_EQ(r.attributes.at("gen_ai.retrieval.documents"),
            R"(s:[{"id":"d1","score":0.500000},{"id":"d\"2"}])");
  EXPECT_EQ(e.kind, 3);
  EXPECT_EQ(e.attributes.at("gen_ai.operation.name"), "s:embeddings");
  EXPECT_EQ(e.attributes.at("gen_ai.usage.input_tokens"), "i:12");
  EXPECT_EQ(e.attributes.at("gen_ai.embeddings.dimension.count"), "i:256");
}

TEST_F(GenAi, names_are_options) {
  options.completion_name = "chat {model}";
  options.run_name = "invoke_agent {agent}";
  options.tool_prefix = "execute_tool ";
  options.answer_event = AnswerEvent::choice;
  run_seed(agent());
  flush();
  EXPECT_EQ(collector->spans()[5].name, "invoke_agent weather");
  EXPECT_EQ(collector->spans()[1].name, "execute_tool get_weather");
  const SpanSeen call = collector->span("chat claude-sonnet-4-5");
  EXPECT_EQ(call.events.back().name, "gen_ai.choice");
  EXPECT_EQ(call.events.back().attributes.at("finish_reason"), "s:tool_use");
  EXPECT_EQ(call.events.back().attributes.at("index"), "i:0");
}

TEST_F(GenAi, run_continues_a_trace_from_a_queue_message) {
  std::map<std::string, std::string> message;
  {
    auto run = agent().run({.user_message = "q"});
    inject(run.context(), writer(message));
  }
  { auto job = agent().run({.user_message = "background", .parent = extract(reader(message))}); }
  flush();
  const auto all = collector->spans();
  EXPECT_EQ(all[1].trace_id, all[0].trace_id);
  EXPECT_EQ(all[1].parent_id, all[0].span_id);
  EXPECT_EQ(all[1].flags & 0x300u, 0x300u);
}

TEST_F(GenAi, unsampled_runs_cost_no_span_but_count_in_metrics) {
  config.sampler = SamplerKind::always_off;
  TracerProvider off(config);
  run_seed(Agent(off, options, &meters));
  flush();
  EXPECT_TRUE(off.force_flush());
  EXPECT_THAT(collector->spans(), IsEmpty());
  double requests = 0;
  const MetricSeen m = collector->metric("llm.requests.count").at(0);
  for (const auto& p : m.points) requests += p.sum;
  EXPECT_EQ(requests, 2);
}

TEST_F(GenAi, moved_operations_end_once) {
  {
    auto run = agent().run({.user_message = "q"});
    auto other = std::move(run);
    auto turn = other.turn();
    turn = other.turn();  // ends the first
  }
  flush();
  EXPECT_THAT(collector->spans(), SizeIs(3));
  EXPECT_EQ(collector->metric("agent.active_turns").at(0).points.at(0).sum, 0);
}

TEST(GenAiJson, knows_json_from_text) {
  for (const char* good :
       {"{}", "[]", " {\"a\": [1, -2.5e3, true, null, \"\\u00e4\\n\"]} ", "\"x\"", "0", "-0.5"})
    EXPECT_TRUE(detail::is_json(good)) << good;
  for (const char* bad : {"", "{", "{\"a\":}", "[1,]", "01", "1.", "\"\\x\"", "\"\n\"", "{} x", "nul",
                          "{\"a\" 1}", "\"\\u12\""})
    EXPECT_FALSE(detail::is_json(bad)) << bad;
  EXPECT_FALSE(detail::is_json(std::string(100, '[') + std::string(100, ']')));
}

TEST(GenAiJson, text_is_escaped_and_repaired) {
  std::string out;
  detail::append_json_string(out, "a\"\\\n\t\x01\xFF\xC3\xA4");
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\t\\u0001\uFFFD\xC3\xA4\"");
  EXPECT_EQ(
      detail::messages_json({{"assistant", {{Part::Type::tool_call, "not json", "i", "n"}}}}, 100),
      R"([{"role":"assistant","parts":[{"type":"tool_call","id":"i","name":"n","arguments":"not json"}]}])");
}

}  // namespace
}  // namespace turnscope::sdk::genai::test
