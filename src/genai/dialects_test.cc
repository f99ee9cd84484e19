// Dialects of which no payload lies in the fixtures, written from what their libraries are known to send
// (docs/genai.md): each rule holds for any payload of that shape, not only for captured ones.
#include <gtest/gtest.h>

#include "genai/test_spans.h"

namespace turnscope::genai {
namespace {
using test::Maker;

struct Http {
  const char* url;
  const char* provider;
  Kind kind;
  const char* model;
};

TEST(PlainHttp, client_calls_to_known_hosts_are_model_calls) {
  const Http rows[] = {
      {"https://api.openai.com/v1/chat/completions", "openai", Kind::llm, ""},
      {"https://api.openai.com/v1/responses?x=1", "openai", Kind::llm, ""},
      {"https://api.openai.com/v1/embeddings", "openai", Kind::embedding, ""},
      {"https://api.anthropic.com/v1/messages", "anthropic", Kind::llm, ""},
      {"https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent", "gcp.gemini",
       Kind::llm, "gemini-2.5-pro"},
      {"https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/"
       "gemini-2.5-flash:streamGenerateContent",
       "gcp.vertex_ai", Kind::llm, "gemini-2.5-flash"},
      {"https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-3-haiku/converse",
       "aws.bedrock", Kind::llm, "anthropic.claude-3-haiku"},
      {"https://shop.openai.azure.com/openai/deployments/gpt-4o/chat/completions", "azure.ai.openai",
       Kind::llm, "gpt-4o"},
      {"https://api.openai.com/v1/models", "", Kind::other, ""},
      {"https://api.openai.com.evil.example/v1/chat/completions", "", Kind::other, ""},
      {"https://user@api.openai.com:443/v1/completions", "openai", Kind::llm, ""},
      {"http://127.0.0.1:1234/v1/chat/completions", "", Kind::other, ""},
      {"not a url", "", Kind::other, ""},
  };
  for (const Http& row : rows) {
    SCOPED_TRACE(row.url);
    Maker m;
    auto span = m.span("POST", {{"url.full", m.text(row.url)}, {"http.request.method", m.text("POST")}});
    span.kind = otlp::SpanKind::client;
    const Columns c = test::columns_of(span);
    EXPECT_EQ(c.kind, row.kind);
    EXPECT_EQ(c.provider, row.provider);
    EXPECT_EQ(c.request_model, row.model);
    const SpanView v = view(span, {}, {});
    EXPECT_EQ(v.kind, row.kind);
    EXPECT_EQ(v.facts.contains("provider"), *row.provider != 0);
    span.kind = otlp::SpanKind::server;
    EXPECT_EQ(test::columns_of(span).kind, Kind::other) << "only calls that go out";
  }
  Maker m;
  auto old = m.span(
      "POST", {{"net.peer.name", m.text("api.anthropic.com")}, {"http.target", m.text("/v1/messages")}});
  old.kind = otlp::SpanKind::client;
  EXPECT_EQ(test::columns_of(old).provider, "anthropic") << "older names of the HTTP conventions";
}

TEST(Mlflow, values_are_json_and_bodies_are_the_vendors_own) {
  Maker m;
  const auto span = m.span(
      "AsyncMessages",
      {{"mlflow.spanType", m.text("\"CHAT_MODEL\"")},
       {"mlflow.llm.provider", m.text("\"anthropic\"")},
       {"mlflow.llm.model", m.text("\"claude-sonnet-4-5\"")},
       {"mlflow.chat.tokenUsage", m.text("{\"input_tokens\": 1567, \"output_tokens\": 21, \"total_tokens\": "
                                         "1588, \"cache_read_input_tokens\": 0, "
                                         "\"cache_creation_input_tokens\": 1536}")},
       {"mlflow.llm.cost", m.text("{\"input_cost\": 0.1, \"output_cost\": 0.2, \"total_cost\": 0.3}")},
       {"mlflow.spanInputs",
        m.text("{\"model\": \"claude-sonnet-4-5\", \"system\": \"be brief\", \"messages\": "
               "[{\"role\": \"user\", \"content\": \"hi\"}], \"tools\": [{\"name\": "
               "\"t\", \"input_schema\": {}}]}")},
       {"mlflow.spanOutputs",
        m.text("{\"id\": \"msg_1\", \"role\": \"assistant\", \"content\": [{\"type\": "
               "\"text\", \"text\": \"hello\"}, {\"type\": \"tool_use\", \"id\": \"u1\", "
               "\"name\": \"t\", \"input\": {\"a\": 1}}]}")}});
  const Columns c = test::columns_of(span, m.scope("mlflow.tracing.provider"));
  EXPECT_EQ(c.kind, Kind::llm);
  EXPECT_EQ(c.provider, "anthropic");
  EXPECT_EQ(c.request_model, "claude-sonnet-4-5");
  EXPECT_EQ(c.usage.input, 31u);
  EXPECT_EQ(c.usage.cache_write, 1536u);
  EXPECT_EQ(c.reported_cost_nano_usd, 300'000'000);
  const SpanView v = view(span, {}, m.scope("mlflow.tracing.provider"));
  ASSERT_EQ(v.input.size(), 2u);
  EXPECT_EQ(v.input[0].message.role, "system");
  ASSERT_EQ(v.output.size(), 1u);
  EXPECT_EQ(v.output[0].message.parts.size(), 2u);
  ASSERT_EQ(v.tools.size(), 1u);
  const auto tool = m.span("get_weather", {{"mlflow.spanType", m.text("\"TOOL\"")},
                                           {"mlflow.spanInputs", m.text("{\"city\": \"Paris\"}")},
                                           {"mlflow.spanOutputs", m.text("\"sunny\"")}});
  const SpanView t = view(tool, {}, m.scope("mlflow.tracing.provider"));
  EXPECT_EQ(t.kind, Kind::tool);
  EXPECT_EQ(t.facts.at("tool_name"), json::value("get_weather"));
  EXPECT_EQ(t.tool_arguments, json::parse("{\"city\": \"Paris\"}"));
  EXPECT_EQ(t.tool_result, json::value("sunny"));
}

TEST(Strands, messages_stand_in_events_of_bedrocks_shape) {
  Maker m;
  auto span = m.span("chat", {{"gen_ai.operation.name", m.text("chat")},
                              {"gen_ai.system", m.text("strands-agents")},
                              {"gen_ai.request.model", m.text("claude-sonnet-4-5")},
                              {"gen_ai.usage.input_tokens", m.number(30)},
                              {"gen_ai.usage.prompt_tokens", m.number(30)},
                              {"gen_ai.usage.output_tokens", m.number(7)},
                              {"gen_ai.usage.completion_tokens", m.number(7)},
                              {"gen_ai.server.time_to_first_token", m.number(250)}});
  const auto event = [&](std::string_view name, std::vector<otlp::KeyValue> a) {
    return otlp::Event{1, name, m.attributes(std::move(a)), 0};
  };
  const otlp::Event events[] = {
      event("gen_ai.user.message", {{"content", m.text("[{\"text\": \"weather?\"}]")}}),
      event("gen_ai.assistant.message",
            {{"content",
              m.text("[{\"toolUse\": {\"toolUseId\": \"t1\", \"name\": \"w\", \"input\": {\"c\": 1}}}]")}}),
      event("gen_ai.tool.message",
            {{"content",
              m.text("[{\"toolResult\": {\"toolUseId\": \"t1\", \"content\": [{\"text\": \"18\"}]}}]")}}),
      event("gen_ai.choice",
            {{"message", m.text("[{\"text\": \"It is 18.\"}]")}, {"finish_reason", m.text("end_turn")}})};
  span.events = events;
  const auto scope = m.scope("strands.telemetry.tracer");
  const Columns c = test::columns_of(span, scope);
  EXPECT_EQ(c.usage.reported_input, 30u) << "synonyms are never added";
  EXPECT_EQ(c.time_to_first_token_ns, 250'000'000u) << "milliseconds here";
  const SpanView v = view(span, {}, scope);
  ASSERT_EQ(v.input.size(), 3u);
  EXPECT_EQ(v.input[1].message.parts.at(0).type, Part::Type::tool_call);
  EXPECT_EQ(v.input[2].message.parts.at(0).type, Part::Type::tool_call_response);
  ASSERT_EQ(v.output.size(), 1u);
  EXPECT_EQ(v.finish_reasons, std::vector<std::string>{"end_turn"});
  EXPECT_EQ(test::columns_of(m.span("execute_event_loop_cycle", {}), scope).kind, Kind::turn);

  // The newer form: details events, each with one list.
  auto latest = m.span("chat", {{"gen_ai.operation.name", m.text("chat")}});
  constexpr auto kDetails = "gen_ai.client.inference.operation.details";
  const otlp::Event details[] = {
      event(kDetails, {{"gen_ai.input.messages",
                        m.text("[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"a\"}]}]")}}),
      event(kDetails, {{"gen_ai.output.messages",
                        m.text("[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"b\"}],"
                               "\"finish_reason\":\"stop\"}]")}})};
  latest.events = details;
  const SpanView w = view(latest, {}, scope);
  ASSERT_EQ(w.input.size(), 1u);
  ASSERT_EQ(w.output.size(), 1u);
}

TEST(GoogleAdk, tool_calls_and_roles_of_google) {
  Maker m;
  const auto scope = m.scope("gcp.vertex.agent");
  const auto tool = m.span("execute_tool get_weather",
                           {{"gen_ai.operation.name", m.text("execute_tool")},
                            {"gen_ai.tool.name", m.text("get_weather")},
                            {"gen_ai.tool.call.id", m.text("c1")},
                            {"gcp.vertex.agent.tool_call_args", m.text("{\"city\": \"Paris\"}")},
                            {"gcp.vertex.agent.tool_response", m.text("{\"result\": \"sunny\"}")}});
  const SpanView t = view(tool, {}, scope);
  EXPECT_EQ(t.kind, Kind::tool);
  EXPECT_EQ(t.tool_arguments, json::parse("{\"city\": \"Paris\"}"));
  EXPECT_EQ(t.tool_result, json::parse("{\"result\": \"sunny\"}"));
  const auto call =
      m.span("generate_content gemini-2.5-flash",
             {{"gen_ai.operation.name", m.text("generate_content")},
              {"gen_ai.agent.name", m.text("weather")},
              {"gen_ai.output.messages",
               m.text("[{\"role\":\"model\",\"parts\":[{\"type\":\"text\",\"content\":\"x\"}]}]")}});
  const SpanView v = view(call, {}, scope);
  EXPECT_EQ(v.kind, Kind::llm) << "an agent's name on a call makes it no agent";
  EXPECT_EQ(v.output.at(0).message.role, "assistant");
}

TEST(Vercel, the_outer_span_is_an_agent_and_its_usage_an_aggregate) {
  Maker m;
  const auto scope = m.scope("ai");
  const auto outer =
      test::columns_of(m.span("ai.generateText", {{"ai.operationId", m.text("ai.generateText")},
                                                  {"ai.usage.promptTokens", m.number(10)},
                                                  {"ai.usage.completionTokens", m.number(2)}}),
                       scope);
  EXPECT_EQ(outer.kind, Kind::agent);
  EXPECT_EQ(outer.usage.role, UsageRole::aggregate);
  const auto step = test::columns_of(m.span("step 0", {{"gen_ai.operation.name", m.text("agent_step")}}),
                                     m.scope("gen_ai"));
  EXPECT_EQ(step.kind, Kind::turn);
  const auto inner = m.span(
      "ai.streamText.doStream",
      {{"ai.operationId", m.text("ai.streamText.doStream")},
       {"ai.model.provider", m.text("openai.responses")},
       {"ai.model.id", m.text("gpt-4.1")},
       {"ai.response.text", m.text("hello")},
       {"ai.response.finishReason", m.text("tool-calls")},
       {"ai.response.toolCalls", m.text("[{\"toolCallId\":\"c\",\"toolName\":\"t\",\"args\":\"{}\"}]")},
       {"ai.prompt.messages", m.text("[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
                                     "\"hi\"}]}]")}});
  const SpanView v = view(inner, {}, scope);
  EXPECT_EQ(v.kind, Kind::llm);
  EXPECT_EQ(v.facts.at("provider"), json::value("openai"));
  ASSERT_EQ(v.output.size(), 1u);
  EXPECT_EQ(v.output[0].message.parts.size(), 2u);
  EXPECT_EQ(v.finish_reasons, std::vector<std::string>{"tool-calls"});
}

TEST(PydanticAi, older_formats_name_tools_and_aggregates_their_own_way) {
  Maker m;
  const auto scope = m.scope("pydantic-ai");
  const auto tool = m.span("running tool", {{"gen_ai.tool.name", m.text("t")},
                                            {"tool_arguments", m.text("{\"a\":1}")},
                                            {"tool_response", m.text("done")}});
  const SpanView t = view(tool, {}, scope);
  EXPECT_EQ(t.kind, Kind::tool);
  EXPECT_EQ(t.tool_arguments, json::parse("{\"a\":1}"));
  const auto agent =
      test::columns_of(m.span("agent run", {{"agent_name", m.text("support")},
                                            {"gen_ai.aggregated_usage.input_tokens", m.number(50)},
                                            {"gen_ai.aggregated_usage.output_tokens", m.number(9)}}),
                       scope);
  EXPECT_EQ(agent.kind, Kind::agent);
  EXPECT_EQ(agent.agent_name, "support");
  EXPECT_EQ(agent.usage.role, UsageRole::aggregate);
  EXPECT_EQ(agent.usage.reported_input, 50u);
  const auto three =
      test::columns_of(m.span("chat x", {{"gen_ai.operation.name", m.text("chat")},
                                         {"gen_ai.usage.input_tokens", m.number(1567)},
                                         {"gen_ai.usage.output_tokens", m.number(2)},
                                         {"gen_ai.usage.cache_write.input_tokens", m.number(1536)},
                                         {"gen_ai.usage.details.cache_creation_input_tokens", m.number(1536)},
                                         {"gen_ai.usage.details.cache_write_tokens", m.number(1536)}}),
                       scope);
  EXPECT_EQ(three.usage.cache_write, 1536u) << "three names, one count";
  EXPECT_EQ(three.usage.input, 31u);
}

TEST(OpenAiAgents, an_unknown_operation_goes_on_to_the_next_rule) {
  Maker m;
  const auto scope = m.scope("opentelemetry.instrumentation.openai_agents");
  EXPECT_EQ(test::columns_of(m.span("unknown", {{"gen_ai.operation.name", m.text("unknown")}}), scope).kind,
            Kind::other);
  EXPECT_EQ(
      test::columns_of(m.span("invoke_agent x", {{"gen_ai.operation.name", m.text("invoke_agent")}}), scope)
          .kind,
      Kind::agent);
  const auto traceloop = m.scope("opentelemetry.instrumentation.openai_agents");
  EXPECT_EQ(test::columns_of(m.span("x.tool", {{"traceloop.span.kind", m.text("tool")},
                                               {"traceloop.entity.name", m.text("x")}}),
                             traceloop)
                .tool_name,
            "x");
}

TEST(Semconv, references_to_content_elsewhere_are_kept_as_facts) {
  Maker m;
  const auto span = m.span("chat x", {{"gen_ai.operation.name", m.text("chat")},
                                      {"gen_ai.input.messages_ref", m.text("s3://bucket/in.json")},
                                      {"gen_ai.output.messages_ref", m.text("s3://bucket/out.json")},
                                      {"gen_ai.system_instructions_ref", m.text("s3://bucket/sys.json")}});
  const SpanView v = view(span, {}, {});
  EXPECT_EQ(v.facts.at("input_messages_ref"), json::value("s3://bucket/in.json"));
  EXPECT_EQ(v.facts.at("output_messages_ref"), json::value("s3://bucket/out.json"));
  EXPECT_TRUE(v.not_understood.empty()) << json::serialize(v.not_understood);
  ASSERT_EQ(v.input.size(), 0u);
}

}  // namespace
}  // namespace turnscope::genai
