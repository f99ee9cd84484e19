// Normalising one span, on the shape of the load generator: a turn's model call, its tool call and the turn
// itself, with the attributes that the example agent writes; and the same in other dialects.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "genai/view.h"

namespace {
using turnscope::otlp::AnyValue;
using turnscope::otlp::KeyValue;

AnyValue text(std::string_view s) {
  AnyValue v;
  v.type = AnyValue::Type::string;
  v.text = s;
  return v;
}
AnyValue number(std::int64_t n) {
  AnyValue v;
  v.type = AnyValue::Type::integer;
  v.integer = n;
  return v;
}
AnyValue real(double d) {
  AnyValue v;
  v.type = AnyValue::Type::real;
  v.real = d;
  return v;
}

const std::string kPrompt(1000, 'p'), kAnswer(1000, 'a');
const AnyValue kReasons[] = {text("end_turn")};

struct Shape {
  std::vector<KeyValue> attributes, user, assistant;
  std::vector<turnscope::otlp::Event> events;
  turnscope::otlp::Span span;
  turnscope::otlp::Scope scope;
  std::vector<KeyValue> resource_attributes{{"service.name", text("weather-agent")},
                                            {"deployment.environment.name", text("test")}};
  turnscope::otlp::Resource resource;
  void finish(std::string_view name, std::string_view scope_name) {
    span.name = name;
    span.span_id = 1, span.parent_span_id = 2;
    span.attributes = attributes;
    span.events = events;
    scope.name = scope_name;
    resource.attributes = resource_attributes;
  }
};

AnyValue reasons() {
  AnyValue v;
  v.type = AnyValue::Type::array;
  v.values = kReasons;
  return v;
}

Shape seed_completion() {
  Shape s;
  s.attributes = {{"gen_ai.system", text("anthropic")},
                  {"gen_ai.operation.name", text("chat")},
                  {"gen_ai.request.model", text("claude-sonnet-4-5")},
                  {"gen_ai.request.max_tokens", number(1024)},
                  {"gen_ai.request.messages.count", number(3)},
                  {"gen_ai.response.id", text("msg_01")},
                  {"gen_ai.response.model", text("claude-sonnet-4-5-20250929")},
                  {"gen_ai.response.finish_reasons", reasons()},
                  {"gen_ai.usage.input_tokens", number(2900)},
                  {"gen_ai.usage.output_tokens", number(41)},
                  {"llm.cost.usd", real(0.000702)},
                  {"thread.id", number(7)}};
  s.user = {{"content", text(kPrompt)}, {"role", text("user")}};
  s.assistant = {
      {"content", text(kAnswer)}, {"role", text("assistant")}, {"finish_reason", text("end_turn")}};
  s.events = {{1, "gen_ai.user.message", s.user, 0}, {2, "gen_ai.assistant.message", s.assistant, 0}};
  s.finish("gen_ai.completion", "agent-workshop");
  return s;
}

Shape seed_tool() {
  Shape s;
  s.attributes = {{"tool.name", text("query_database")},
                  {"tool.arguments", text("{\"sql\": \"select 1\"}")},
                  {"tool.result_length", number(49)}};
  s.finish("tool.execute.query_database", "agent-workshop");
  return s;
}

Shape semconv_chat() {
  Shape s;
  s.attributes = {{"gen_ai.provider.name", text("openai")},
                  {"gen_ai.operation.name", text("chat")},
                  {"gen_ai.request.model", text("gpt-4o-mini")},
                  {"gen_ai.response.model", text("gpt-4o-mini-2024-07-18")},
                  {"gen_ai.response.id", text("chatcmpl-1")},
                  {"gen_ai.usage.input_tokens", number(1042)},
                  {"gen_ai.usage.output_tokens", number(80)},
                  {"gen_ai.usage.cache_read.input_tokens", number(1024)},
                  {"gen_ai.input.messages", text(kPrompt)},
                  {"gen_ai.output.messages", text(kAnswer)},
                  {"server.address", text("api.openai.com")},
                  {"server.port", number(443)},
                  {"gen_ai.response.finish_reasons", reasons()},
                  {"gen_ai.conversation.id", text("conv-1")}};
  s.finish("chat gpt-4o-mini", "opentelemetry.util.genai.handler");
  return s;
}

Shape langfuse_generation() {
  Shape s;
  s.attributes = {
      {"langfuse.observation.type", text("generation")},
      {"langfuse.observation.input", text(kPrompt)},
      {"langfuse.observation.output", text(kAnswer)},
      {"langfuse.observation.model.name", text("claude-sonnet-4-5")},
      {"langfuse.observation.usage_details",
       text("{\"input\": 29, \"output\": 41, \"cache_read_input_tokens\": 0, \"total\": 70}")},
      {"langfuse.observation.cost_details", text("{\"input\": 8.7e-05, \"total\": 0.0007019999999999999}")},
      {"langfuse.trace.metadata.tier", text("\"gold\"")},
      {"session.id", text("s")},
      {"user.id", text("u")}};
  s.finish("claude-turn-1", "langfuse-sdk");
  return s;
}

void run(benchmark::State& state, const Shape& s) {
  turnscope::genai::Columns out;
  for (auto _ : state) {
    turnscope::genai::columns(s.span, s.resource, s.scope, out);
    benchmark::DoNotOptimize(out.usage.input);
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_seed_completion(benchmark::State& state) { run(state, seed_completion()); }
void BM_seed_tool(benchmark::State& state) { run(state, seed_tool()); }
void BM_semconv_chat(benchmark::State& state) { run(state, semconv_chat()); }
void BM_langfuse_generation(benchmark::State& state) { run(state, langfuse_generation()); }
BENCHMARK(BM_seed_completion);
BENCHMARK(BM_seed_tool);
BENCHMARK(BM_semconv_chat);
BENCHMARK(BM_langfuse_generation);
}  // namespace
