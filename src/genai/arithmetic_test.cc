// Token arithmetic, one row a case with its source: what the client sent, and the exclusive buckets that
// follow.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "genai/explain.h"
#include "genai/test_spans.h"

namespace turnscope::genai {
namespace {
using test::Maker;
using N = std::optional<std::uint64_t>;

struct Sent {
  const char* key;
  const char* value;  // integers in digits; JSON objects as they are
};
struct Row {
  const char* name;
  const char* source;
  const char* scope;
  std::vector<Sent> sent;
  N input, cache_read, cache_write, output, reasoning;
  bool excludes;
  UsageBasis basis;
};

const Row kRows[] = {
    {"Anthropic raw usage with a cache write: input is without it",
     "docs.anthropic.com, prompt caching: input_tokens are those after the last cache breakpoint; OpenLIT "
     "sends them raw",
     "openlit.instrumentation.anthropic",
     {{"gen_ai.provider.name", "anthropic"},
      {"gen_ai.operation.name", "chat"},
      {"gen_ai.usage.input_tokens", "2048"},
      {"gen_ai.usage.output_tokens", "21"},
      {"gen_ai.usage.cache_read.input_tokens", "0"},
      {"gen_ai.usage.cache_creation.input_tokens", "1536"}},
     2048,
     0,
     1536,
     21,
     {},
     true,
     UsageBasis::known},
    {"Anthropic raw usage where the cache is larger than the input proves it",
     "langfuse#13724: input 31, cache_creation 1536",
     "some-library",
     {{"gen_ai.provider.name", "anthropic"},
      {"gen_ai.operation.name", "chat"},
      {"gen_ai.usage.input_tokens", "31"},
      {"gen_ai.usage.output_tokens", "21"},
      {"gen_ai.usage.cache_read.input_tokens", "0"},
      {"gen_ai.usage.cache_creation.input_tokens", "1536"}},
     31,
     0,
     1536,
     21,
     {},
     true,
     UsageBasis::proven},
    {"Anthropic counts by a library that follows the conventions: input holds the cached tokens",
     "semconv: input_tokens SHOULD include cached tokens",
     "com.anthropic.sdk.python",
     {{"gen_ai.provider.name", "anthropic"},
      {"gen_ai.operation.name", "chat"},
      {"gen_ai.usage.input_tokens", "1584"},
      {"gen_ai.usage.output_tokens", "15"},
      {"gen_ai.usage.cache_read.input_tokens", "1536"},
      {"gen_ai.usage.cache_write.input_tokens", "0"}},
     48,
     1536,
     0,
     15,
     {},
     false,
     UsageBasis::known},
    {"OpenAI cached and reasoning tokens are parts of input and output",
     "platform.openai.com, usage: prompt_tokens_details, completion_tokens_details",
     "openinference.instrumentation.openai",
     {{"openinference.span.kind", "LLM"},
      {"llm.provider", "openai"},
      {"llm.token_count.prompt", "1042"},
      {"llm.token_count.completion", "80"},
      {"llm.token_count.prompt_details.cache_read", "1024"},
      {"llm.token_count.completion_details.reasoning", "64"}},
     18,
     1024,
     {},
     16,
     64,
     false,
     UsageBasis::known},
    {"Client total equal to input + output: inclusive",
     "field notes 6.4, rule 2b",
     "house",
     {{"gen_ai.operation.name", "chat"},
      {"gen_ai.usage.input_tokens", "1000"},
      {"gen_ai.usage.output_tokens", "10"},
      {"gen_ai.usage.total_tokens", "1010"},
      {"gen_ai.usage.cache_read.input_tokens", "900"}},
     100,
     900,
     {},
     10,
     {},
     false,
     UsageBasis::proven},
    {"Client total equal to all parts: exclusive",
     "field notes 6.4, rule 2b",
     "house",
     {{"gen_ai.operation.name", "chat"},
      {"gen_ai.usage.input_tokens", "1000"},
      {"gen_ai.usage.output_tokens", "10"},
      {"gen_ai.usage.total_tokens", "1910"},
      {"gen_ai.usage.cache_read.input_tokens", "900"}},
     1000,
     900,
     {},
     10,
     {},
     true,
     UsageBasis::proven},
    {"Nothing tells: the conventions' reading, marked as assumed",
     "field notes 6.4, rule 2d",
     "house",
     {{"gen_ai.operation.name", "chat"},
      {"gen_ai.usage.input_tokens", "1000"},
      {"gen_ai.usage.output_tokens", "10"},
      {"gen_ai.usage.cache_read.input_tokens", "900"}},
     100,
     900,
     {},
     10,
     {},
     false,
     UsageBasis::assumed},
    {"Bedrock's Converse counts are without the cache",
     "docs.aws.amazon.com, Converse TokenUsage: inputTokens, cacheReadInputTokens, cacheWriteInputTokens",
     "openlit.instrumentation.bedrock",
     {{"gen_ai.provider.name", "aws.bedrock"},
      {"gen_ai.operation.name", "chat"},
      {"gen_ai.usage.input_tokens", "5000"},
      {"gen_ai.usage.output_tokens", "10"},
      {"gen_ai.usage.cache_read.input_tokens", "1024"}},
     5000,
     1024,
     {},
     10,
     {},
     true,
     UsageBasis::known},
    {"Gemini: thoughts stand beside the candidates when the total says so",
     "ai.google.dev, UsageMetadata: total = prompt + candidates + thoughts",
     "house",
     {{"gen_ai.operation.name", "generate_content"},
      {"gen_ai.usage.input_tokens", "100"},
      {"gen_ai.usage.output_tokens", "20"},
      {"gen_ai.usage.reasoning.output_tokens", "300"},
      {"gen_ai.usage.total_tokens", "420"}},
     100,
     {},
     {},
     20,
     300,
     false,
     UsageBasis::known},
    {"Gemini: thoughts within the candidates when the total leaves no room for them",
     "gateways that add thoughtsTokenCount to completion tokens: total = input + output",
     "house",
     {{"gen_ai.operation.name", "generate_content"},
      {"gen_ai.provider.name", "gcp.gemini"},
      {"gen_ai.usage.input_tokens", "100"},
      {"gen_ai.usage.output_tokens", "320"},
      {"gen_ai.usage.reasoning.output_tokens", "300"},
      {"gen_ai.usage.total_tokens", "420"}},
     100,
     {},
     {},
     20,
     300,
     false,
     UsageBasis::known},
    {"Gemini: cached content is a part of the prompt, above 200k too",
     "ai.google.dev, UsageMetadata: promptTokenCount includes cachedContentTokenCount",
     "google_genai.sdk",
     {{"gen_ai.operation.name", "generate_content"},
      {"gen_ai.provider.name", "gcp.gemini"},
      {"gen_ai.usage.input_tokens", "250000"},
      {"gen_ai.usage.output_tokens", "500"},
      {"gen_ai.usage.cache_read.input_tokens", "240000"},
      {"gen_ai.usage.total_tokens", "250500"}},
     10000,
     240000,
     {},
     500,
     {},
     false,
     UsageBasis::proven},
    {"Bedrock with a cache write: all three are apart",
     "docs.aws.amazon.com, Converse TokenUsage: totalTokens = inputTokens + outputTokens + both caches",
     "house",
     {{"gen_ai.provider.name", "aws.bedrock"},
      {"gen_ai.operation.name", "chat"},
      {"gen_ai.usage.input_tokens", "12"},
      {"gen_ai.usage.output_tokens", "30"},
      {"gen_ai.usage.cache_read.input_tokens", "1024"},
      {"gen_ai.usage.cache_creation.input_tokens", "512"},
      {"gen_ai.usage.total_tokens", "1578"}},
     12,
     1024,
     512,
     30,
     {},
     true,
     UsageBasis::proven},
    {"OpenAI reasoning alone: all of the output was thought",
     "platform.openai.com, completion_tokens_details: reasoning_tokens = completion_tokens when nothing is "
     "left "
     "to say",
     "openinference.instrumentation.openai",
     {{"openinference.span.kind", "LLM"},
      {"llm.token_count.prompt", "50"},
      {"llm.token_count.completion", "64"},
      {"llm.token_count.completion_details.reasoning", "64"}},
     50,
     {},
     {},
     0,
     64,
     false,
     UsageBasis::known},
    {"Langfuse usage under Anthropic's raw names",
     "langfuse#12306: input, cache_read_input_tokens in usage_details",
     "langfuse-sdk",
     {{"langfuse.observation.type", "generation"},
      {"langfuse.observation.usage_details",
       "{\"input\": 2000, \"output\": 41, \"cache_read_input_tokens\": 1000, "
       "\"cache_creation_input_tokens\": 0}"}},
     2000,
     1000,
     0,
     41,
     {},
     true,
     UsageBasis::known},
    {"Langfuse usage in OpenAI's shape",
     "langfuse OpenAI wrapper: prompt_tokens_details.cached_tokens is a part",
     "langfuse-sdk",
     {{"langfuse.observation.type", "generation"},
      {"langfuse.observation.usage_details",
       "{\"prompt_tokens\": 2000, \"completion_tokens\": 41, \"prompt_tokens_details\": {\"cached_tokens\": "
       "1000}, \"completion_tokens_details\": {\"reasoning_tokens\": 1}}"}},
     1000,
     1000,
     {},
     40,
     1,
     false,
     UsageBasis::assumed},
    {"LangChain's split cache write: 0 in the whole, the parts tell",
     "langchain-anthropic usage_metadata.input_token_details",
     "langsmith",
     {{"langsmith.span.kind", "llm"},
      {"gen_ai.system", "anthropic"},
      {"gen_ai.usage.input_tokens", "1567"},
      {"gen_ai.usage.output_tokens", "21"},
      {"langsmith.metadata.usage_metadata",
       "{\"input_token_details\": {\"cache_read\": 0, \"cache_creation\": 0, \"ephemeral_5m_input_tokens\": "
       "1536}}"}},
     31,
     0,
     {},
     21,
     {},
     false,
     UsageBasis::known},
    {"Vercel AI SDK 4 with Anthropic: the vendor's raw numbers",
     "ai 4: promptTokens and providerMetadata.anthropic.cacheReadInputTokens",
     "ai",
     {{"ai.operationId", "ai.generateText.doGenerate"},
      {"gen_ai.system", "anthropic.messages"},
      {"gen_ai.usage.input_tokens", "2000"},
      {"gen_ai.usage.output_tokens", "9"},
      {"ai.usage.promptTokens", "2000"},
      {"ai.response.providerMetadata",
       "{\"anthropic\":{\"cacheCreationInputTokens\":0,\"cacheReadInputTokens\":1536}}"}},
     2000,
     1536,
     0,
     9,
     {},
     true,
     UsageBasis::known},
    {"Vercel AI SDK 6: the raw usage beside it shows that input holds the cache",
     "ai 6: providerMetadata.anthropic.usage",
     "ai",
     {{"ai.operationId", "ai.generateText.doGenerate"},
      {"gen_ai.system", "anthropic.messages"},
      {"gen_ai.usage.input_tokens", "1565"},
      {"gen_ai.usage.output_tokens", "23"},
      {"ai.usage.inputTokens", "1565"},
      {"ai.usage.inputTokenDetails.cacheReadTokens", "1536"},
      {"ai.response.providerMetadata",
       "{\"anthropic\":{\"usage\":{\"input_tokens\":29,\"output_tokens\":23,\"cache_read_input_tokens\":1536}"
       "}}"}},
     29,
     1536,
     {},
     23,
     {},
     false,
     UsageBasis::proven},
    {"Zero is a value",
     "semconv: 0 tokens are reported as 0",
     "house",
     {{"gen_ai.operation.name", "chat"},
      {"gen_ai.usage.input_tokens", "0"},
      {"gen_ai.usage.output_tokens", "0"}},
     0,
     {},
     {},
     0,
     {},
     false,
     UsageBasis::known},
    {"Missing usage is absent, never 0",
     "streams without include_usage (OpenAI) carry none",
     "house",
     {{"gen_ai.operation.name", "chat"}},
     {},
     {},
     {},
     {},
     {},
     false,
     UsageBasis::none},
    {"Only output is told",
     "streams that end early",
     "house",
     {{"gen_ai.operation.name", "chat"}, {"gen_ai.usage.output_tokens", "5"}},
     {},
     {},
     {},
     5,
     {},
     false,
     UsageBasis::none},
    {"Streamed usage of the last chunk: the new name wins over the old of the same span",
     "Strands sends both",
     "strands.telemetry.tracer",
     {{"gen_ai.operation.name", "chat"},
      {"gen_ai.usage.prompt_tokens", "1"},
      {"gen_ai.usage.input_tokens", "12"},
      {"gen_ai.usage.completion_tokens", "1"},
      {"gen_ai.usage.output_tokens", "7"}},
     12,
     {},
     {},
     7,
     {},
     false,
     UsageBasis::known},
};

TEST(TokenArithmetic, every_row_of_the_conformance_table_holds) {
  for (const Row& row : kRows) {
    // Each row in three spellings: integers, digits in text, doubles.
    for (int spelling = 0; spelling < 3; ++spelling) {
      SCOPED_TRACE(std::string(row.name) + " — " + row.source + ", spelling " + std::to_string(spelling));
      Maker m;
      std::vector<otlp::KeyValue> attributes;
      for (const Sent& s : row.sent) {
        const std::string v = s.value;
        const bool digits = v.find_first_not_of("0123456789") == std::string::npos;
        if (digits && spelling == 0)
          attributes.push_back({s.key, m.number(std::stoll(v))});
        else if (digits && spelling == 2)
          attributes.push_back({s.key, m.real(std::stod(v))});
        else
          attributes.push_back({s.key, m.text(v)});
      }
      const Columns c = test::columns_of(m.span("call", std::move(attributes)), m.scope(row.scope));
      EXPECT_EQ(c.usage.input, row.input);
      EXPECT_EQ(c.usage.cache_read, row.cache_read);
      if (row.cache_write) {
        EXPECT_EQ(c.usage.cache_write, row.cache_write);
      }
      EXPECT_EQ(c.usage.output, row.output);
      EXPECT_EQ(c.usage.reasoning, row.reasoning);
      EXPECT_EQ(c.usage.reported_input_excludes_cache, row.excludes);
      EXPECT_EQ(c.usage.basis, row.basis);
    }
  }
}

TEST(TokenArithmetic, the_parts_of_a_cache_write_are_kept_apart) {
  Maker m;
  const auto c = test::columns_of(
      m.span("call", {{"gen_ai.provider.name", m.text("anthropic")},
                      {"gen_ai.operation.name", m.text("chat")},
                      {"gen_ai.usage.input_tokens", m.number(3100)},
                      {"gen_ai.usage.output_tokens", m.number(1)},
                      {"gen_ai.usage.cache_write.input_tokens", m.number(3000)},
                      {"anthropic.usage.cache_creation.ephemeral_5m_input_tokens", m.number(1000)},
                      {"anthropic.usage.cache_creation.ephemeral_1h_input_tokens", m.number(2000)}}),
      m.scope("com.anthropic.sdk.python"));
  EXPECT_EQ(c.usage.input, 100u);
  EXPECT_EQ(c.usage.cache_write_5m, 1000u);
  EXPECT_EQ(c.usage.cache_write_1h, 2000u);
  EXPECT_FALSE(c.usage.cache_write) << "nothing is left that is neither";
}

TEST(TokenArithmetic, audio_is_a_part_of_input_and_output) {
  Maker m;
  const auto c =
      test::columns_of(m.span("call", {{"openinference.span.kind", m.text("LLM")},
                                       {"llm.token_count.prompt", m.number(120)},
                                       {"llm.token_count.prompt_details.audio", m.number(100)},
                                       {"llm.token_count.completion", m.number(50)},
                                       {"llm.token_count.completion_details.audio", m.number(40)}}),
                       m.scope("openinference.instrumentation.openai"));
  EXPECT_EQ(c.usage.input, 20u);
  EXPECT_EQ(c.usage.input_audio, 100u);
  EXPECT_EQ(c.usage.output, 10u);
  EXPECT_EQ(c.usage.output_audio, 40u);
}

TEST(TokenArithmetic, usage_of_the_last_chunk_of_a_stream_is_the_calls) {
  // The Anthropic SDK's first event says one output token, the last one how many there were: libraries send
  // the last. What a library left of both under two names of one span is not added.
  Maker m;
  const auto c = test::columns_of(m.span("chat", {{"gen_ai.operation.name", m.text("chat")},
                                                  {"gen_ai.usage.completion_tokens", m.number(1)},
                                                  {"gen_ai.usage.output_tokens", m.number(27)},
                                                  {"gen_ai.usage.input_tokens", m.number(55)},
                                                  {"gen_ai.usage.prompt_tokens", m.number(55)}}));
  EXPECT_EQ(c.usage.input, 55u);
  EXPECT_EQ(c.usage.output, 27u);
  EXPECT_EQ(c.usage.reported_output, 27u);
}

TEST(TokenArithmetic, a_refusal_is_a_part_of_the_answer_and_its_tokens_are_output) {
  Maker m;
  const auto span = m.span(
      "chat",
      {{"gen_ai.operation.name", m.text("chat")},
       {"gen_ai.usage.input_tokens", m.number(40)},
       {"gen_ai.usage.output_tokens", m.number(9)},
       {"gen_ai.output.messages",
        m.text(R"([{"role":"assistant","parts":[{"type":"refusal","refusal":"I cannot help with that."}],)"
               R"("finish_reason":"refusal"}])")}});
  const auto c = test::columns_of(span);
  EXPECT_EQ(c.usage.output, 9u);
  const auto v = view(span, {}, {});
  ASSERT_EQ(v.output.size(), 1u);
  ASSERT_EQ(v.output[0].message.parts.size(), 1u);
  EXPECT_NE(json::serialize(to_json(v.output[0].message.parts[0])).find("I cannot help with that."),
            std::string::npos);
  EXPECT_EQ(v.finish_reasons, std::vector<std::string>{"refusal"});
}

TEST(TokenArithmetic, the_order_of_attributes_decides_nothing) {
  // The store gives attributes back in another order than they came in.
  Maker m;
  std::vector<otlp::KeyValue> attributes{{"gen_ai.operation.name", m.text("chat")},
                                         {"gen_ai.request.model", m.text("a")},
                                         {"gen_ai.usage.prompt_tokens", m.number(3)},
                                         {"llm.usage.prompt_tokens", m.number(4)},
                                         {"llm.token_count.prompt", m.number(5)},
                                         {"session.id", m.text("s1")},
                                         {"gen_ai.conversation.id", m.text("s2")},
                                         {"user.id", m.text("u1")},
                                         {"enduser.id", m.text("u2")}};
  const auto first = test::columns_of(m.span("call", attributes));
  for (int i = 0; i < 9; ++i) {
    std::rotate(attributes.begin(), attributes.begin() + 1, attributes.end());
    const auto again = test::columns_of(m.span("call", attributes));
    EXPECT_EQ(again.usage.input, first.usage.input);
    EXPECT_EQ(again.session, first.session);
    EXPECT_EQ(again.user, first.user);
  }
}

TEST(TokenArithmetic, usage_of_an_agent_span_is_an_aggregate) {
  Maker m;
  const auto c = test::columns_of(m.span("invoke_agent x", {{"gen_ai.operation.name", m.text("invoke_agent")},
                                                            {"gen_ai.usage.input_tokens", m.number(10)}}));
  EXPECT_EQ(c.usage.role, UsageRole::aggregate);
}

TEST(TokenArithmetic, negative_counts_and_nonsense_are_left_absent) {
  Maker m;
  const auto c = test::columns_of(m.span("call", {{"gen_ai.operation.name", m.text("chat")},
                                                  {"gen_ai.usage.input_tokens", m.number(-5)},
                                                  {"gen_ai.usage.output_tokens", m.text("many")},
                                                  {"gen_ai.usage.cost", m.text("cheap")}}));
  EXPECT_FALSE(c.usage.input);
  EXPECT_FALSE(c.usage.output);
  EXPECT_FALSE(c.reported_cost_nano_usd);
}

TEST(TokenArithmetic, reported_cost_is_kept_in_nano_dollars) {
  Maker m;
  const auto c = test::columns_of(m.span("call", {{"llm.cost.usd", m.real(0.000702)}}));
  EXPECT_EQ(c.reported_cost_nano_usd, 702'000);
  const auto d = test::columns_of(
      m.span("call", {{"langfuse.observation.cost_details",
                       m.text("{\"input\": 1, \"output\": 2, \"total\": 0.0007019999999999999}")}}));
  EXPECT_EQ(d.reported_cost_nano_usd, 702'000) << "the total, not the sum of members that hold the total too";
}

}  // namespace
}  // namespace turnscope::genai
