// Hostile and broken spans: nothing crashes, nothing is lost, what was not understood is said.
#include <gtest/gtest.h>

#include "genai/registry.h"
#include "genai/test_spans.h"

namespace turnscope::genai {
namespace {
using test::Maker;

std::size_t parts(const std::vector<SourcedMessage>& messages) {
  std::size_t n = 0;
  for (const auto& m : messages) n += m.message.parts.size();
  return n;
}

TEST(Hostile, every_known_key_with_every_type_of_value_is_survived) {
  Maker m;
  const otlp::AnyValue values[] = {{},
                                   m.text(""),
                                   m.text("x"),
                                   m.text("{"),
                                   m.text("[]"),
                                   m.text("{\"a\":1}"),
                                   m.text("[[[1]]]"),
                                   m.text("\"q\""),
                                   m.number(-1),
                                   m.number(INT64_MAX),
                                   m.real(0.5),
                                   m.real(std::numeric_limits<double>::quiet_NaN()),
                                   m.real(1e300),
                                   m.list({}),
                                   m.list({m.text("a"), m.number(1)}),
                                   m.map({}),
                                   m.map({{"role", m.text("user")}, {"content", m.map({})}})};
  const char* keys[] = {"openinference.span.kind",
                        "langfuse.observation.type",
                        "traceloop.span.kind",
                        "langsmith.span.kind",
                        "mlflow.spanType",
                        "ai.operationId",
                        "gen_ai.operation.name",
                        "llm.request.type",
                        "gen_ai.provider.name",
                        "gen_ai.request.model",
                        "gen_ai.usage.input_tokens",
                        "gen_ai.usage.cache_read.input_tokens",
                        "langfuse.observation.usage_details",
                        "langsmith.metadata.usage_metadata",
                        "mlflow.chat.tokenUsage",
                        "ai.response.providerMetadata",
                        "gen_ai.usage.cost",
                        "langfuse.observation.cost_details",
                        "gen_ai.input.messages",
                        "gen_ai.output.messages",
                        "gen_ai.system_instructions",
                        "gen_ai.tool.definitions",
                        "ai.prompt.tools",
                        "ai.response.toolCalls",
                        "gen_ai.response.finish_reasons",
                        "gen_ai.prompt",
                        "gen_ai.completion",
                        "gen_ai.prompt.0.content",
                        "gen_ai.prompt.x.content",
                        "gen_ai.prompt.99999999999.content",
                        "gen_ai.completion.0.tool_calls.0.arguments",
                        "llm.input_messages.0.message.contents.0.message_content.text",
                        "llm.tools.0.tool.json_schema",
                        "retrieval.documents.0.document.metadata",
                        "eval.score.",
                        "eval.score.x",
                        "tag.tags",
                        "langsmith.span.tags",
                        "metadata",
                        "session.id",
                        "mlflow.spanInputs",
                        "request_data",
                        "response_data",
                        "agent.turn_number",
                        "agent.hit_max_turns",
                        "langfuse.observation.prompt.version",
                        "gen_ai.response.time_to_first_chunk",
                        "langfuse.observation.level",
                        "error.type"};
  const char* kinds[] = {"chat", "execute_tool", "invoke_agent", "embeddings", ""};
  for (const char* kind : kinds)
    for (const char* key : keys)
      for (const auto& v : values) {
        const auto span = m.span("name", {{"gen_ai.operation.name", m.text(kind)}, {key, v}});
        const Columns c = test::columns_of(span, m.scope("langfuse-sdk"));
        EXPECT_LE(static_cast<int>(c.kind), 7);
        const SpanView view_of = view(span, {}, {});
        EXPECT_FALSE(json::serialize(view_of.facts).empty());
      }
}

TEST(Hostile, half_written_indexed_messages_keep_what_is_there) {
  Maker m;
  const auto span = m.span("openai.chat", {{"llm.request.type", m.text("chat")},
                                           {"gen_ai.prompt.3.content", m.text("only this one")},
                                           {"gen_ai.prompt.7.role", m.text("user")},
                                           {"gen_ai.completion.2.tool_calls.5.name", m.text("t")}});
  const SpanView v = view(span, {}, {});
  ASSERT_EQ(v.input.size(), 2u);
  EXPECT_FALSE(v.input[0].message.role) << "a role that was not sent is not invented";
  EXPECT_EQ(text_of(v.input[0].message), "only this one");
  EXPECT_EQ(v.input[1].message.role, "user");
  EXPECT_TRUE(v.input[1].message.parts.empty());
  ASSERT_EQ(v.output.size(), 1u);
  EXPECT_EQ(v.output[0].message.parts.at(0).name, "t");
}

TEST(Hostile, a_megabyte_of_json_that_does_not_parse_stays_text) {
  Maker m;
  std::string broken = "[{\"role\": \"user\", \"content\": \"";
  broken.append(1 << 20, 'x');
  const auto span = m.span(
      "chat x", {{"gen_ai.operation.name", m.text("chat")}, {"gen_ai.input.messages", m.text(broken)}});
  const Columns c = test::columns_of(span);
  ASSERT_EQ(c.content.size(), 1u) << "the store still knows that it is content";
  const SpanView v = view(span, {}, {});
  ASSERT_EQ(v.input.size(), 1u);
  EXPECT_EQ(text_of(v.input[0].message), broken) << "nothing is lost";
}

TEST(Hostile, deep_nesting_is_bounded) {
  Maker m;
  for (const char* open : {"[", "{\"messages\":", "{\"content\":[", "[{\"role\":\"user\",\"content\":"}) {
    std::string deep;
    for (int i = 0; i < 200'000; ++i) deep += open;
    const auto span = m.span("chat x", {{"gen_ai.operation.name", m.text("chat")},
                                        {"gen_ai.input.messages", m.text(deep)},
                                        {"gen_ai.prompt", m.text(deep)}});
    EXPECT_FALSE(json::serialize(view(span, {}, {}).facts).empty());
    (void)test::columns_of(span);
  }
  // Well formed, but deeper than is decoded.
  std::string nested(300, '[');
  nested += std::string(300, ']');
  const auto span = m.span("chat x", {{"langfuse.observation.type", m.text("generation")},
                                      {"langfuse.observation.input", m.text(nested)}});
  const SpanView v = view(span, {}, {});
  ASSERT_EQ(v.input.size(), 1u);
  EXPECT_EQ(text_of(v.input[0].message), nested);
  // A list of lists of lists that ends in a message.
  std::string lists(20, '[');
  lists += "{\"role\":\"user\",\"content\":\"x\"}" + std::string(20, ']');
  (void)view(
      m.span("chat x", {{"gen_ai.operation.name", m.text("chat")}, {"gen_ai.input.messages", m.text(lists)}}),
      {}, {});
}

TEST(Hostile, a_history_of_5000_messages_is_read_whole) {
  Maker m;
  std::string history = "[";
  for (int i = 0; i < 5000; ++i)
    history += (i ? "," : "") +
               std::string("{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"message ") +
               std::to_string(i) + "\"}]}";
  history += "]";
  const SpanView v = view(m.span("chat x", {{"gen_ai.operation.name", m.text("chat")},
                                            {"gen_ai.input.messages", m.text(history)}}),
                          {}, {});
  ASSERT_EQ(v.input.size(), 5000u);
  EXPECT_EQ(text_of(v.input[4999].message), "message 4999");

  std::vector<otlp::KeyValue> indexed;
  for (int i = 4999; i >= 0; --i)
    indexed.push_back(
        {m.key("gen_ai.prompt." + std::to_string(i) + ".content"), m.text("message " + std::to_string(i))});
  indexed.push_back({"llm.request.type", m.text("chat")});
  const SpanView w = view(m.span("openai.chat", std::move(indexed)), {}, {});
  ASSERT_EQ(w.input.size(), 5000u);
  EXPECT_EQ(text_of(w.input[10].message), "message 10");
}

TEST(Hostile, arrays_and_kvlists_are_read_like_json_text) {
  Maker m;
  const auto part = m.map({{"type", m.text("text")}, {"content", m.text("hello")}});
  const auto message = m.map({{"role", m.text("user")}, {"parts", m.list({part})}});
  const SpanView v = view(m.span("chat x", {{"gen_ai.operation.name", m.text("chat")},
                                            {"gen_ai.input.messages", m.list({message})}}),
                          {}, {});
  ASSERT_EQ(v.input.size(), 1u);
  EXPECT_EQ(text_of(v.input[0].message), "hello");
}

TEST(Hostile, what_no_dialect_knows_is_said) {
  Maker m;
  const SpanView v = view(m.span("chat x", {{"gen_ai.operation.name", m.text("chat")},
                                            {"acme.secret", m.number(1)},
                                            {"gen_ai.usage.input_tokens", m.text("many")}}),
                          {}, {});
  const std::string said = json::serialize(v.not_understood);
  EXPECT_NE(said.find("attributes.acme.secret"), std::string::npos);
  EXPECT_NE(said.find("gen_ai.usage.input_tokens: not a count"), std::string::npos);
}

TEST(Hostile, spans_that_are_each_others_parents_end) {
  Maker m;
  auto a = m.span("chat a",
                  {{"gen_ai.operation.name", m.text("chat")}, {"gen_ai.usage.input_tokens", m.number(1)}});
  auto b = m.span("chat b",
                  {{"gen_ai.operation.name", m.text("chat")}, {"gen_ai.usage.input_tokens", m.number(1)}});
  auto c = m.span("agent", {{"gen_ai.operation.name", m.text("invoke_agent")},
                            {"gen_ai.usage.input_tokens", m.number(1)}});
  a.parent_span_id = b.span_id, b.parent_span_id = a.span_id, c.parent_span_id = c.span_id;
  const otlp::Span spans[] = {a, b, c};
  const otlp::ScopeSpans scopes[] = {{{}, spans}};
  const otlp::ResourceSpans resources[] = {{{}, scopes}};
  const otlp::Traces traces{resources};
  genai::Run run;
  run.traces.push_back(&traces);
  const json::object out = explain_run(run);
  EXPECT_EQ(out.at("spans").get_object().size(), 3u);
  EXPECT_EQ(
      out.at("trace_totals").get_object().begin()->value().get_object().at("model_calls").to_number<int>(), 1)
      << "nested calls are one";
}

TEST(Hostile, blocks_that_repeat_a_tool_call_count_once) {
  Maker m;
  const SpanView v = view(m.span("g", {{"langfuse.observation.type", m.text("generation")},
                                       {"langfuse.observation.output",
                                        m.text("{\"role\":\"ai\",\"content\":[{\"type\":\"tool_use\",\"id\":"
                                               "\"a\",\"name\":\"t\",\"input\":{}}],"
                                               "\"tool_calls\":[{\"id\":\"a\",\"name\":\"t\",\"args\":{}},{"
                                               "\"id\":\"b\",\"name\":\"t\",\"args\":{}}]}")}}),
                          {}, {});
  ASSERT_EQ(v.output.size(), 1u);
  EXPECT_EQ(parts(v.output), 2u);
}

TEST(Mappings, a_house_dialect_is_read_like_a_built_in_one) {
  const Mapping rules[] = {
      {.attribute = "acme.llm.model", .event = {}, .field = "request_model", .convert = {}, .scope = {}},
      {.attribute = "acme.tokens.in",
       .event = {},
       .field = "input_tokens",
       .convert = "integer",
       .scope = "acme*"},
      {.attribute = "acme.kind", .event = {}, .field = "kind", .convert = {}, .scope = {}},
      {.attribute = "text", .event = "acme.prompt", .field = "input", .convert = {}, .scope = {}}};
  ASSERT_TRUE(use_mappings(rules));
  Maker m;
  otlp::Event event;
  event.name = "acme.prompt";
  event.attributes = m.attributes({{"text", m.text("what is it?")}});
  auto span = m.span("call", {{"acme.llm.model", m.text("house-1")},
                              {"acme.tokens.in", m.text("12")},
                              {"acme.kind", m.text("agent")}});
  const otlp::Event events[] = {event};
  span.events = events;
  const Columns c = test::columns_of(span, m.scope("acme.sdk"));
  EXPECT_EQ(c.request_model, "house-1");
  EXPECT_EQ(c.usage.reported_input, 12u);
  EXPECT_EQ(c.kind, Kind::agent);
  EXPECT_FALSE(test::columns_of(span, m.scope("other")).usage.reported_input)
      << "the rule holds in its scope only";
  const SpanView v = view(span, {}, m.scope("acme.sdk"));
  EXPECT_EQ(v.raw_input, json::value("what is it?"));
  EXPECT_NE(json::serialize(v.origins.at("request_model")).find("configuration"), std::string::npos);
  ASSERT_TRUE(use_mappings({}));
}

TEST(Mappings, names_words_prefixes_and_scopes_can_be_mapped_too) {
  const auto rule = [](std::string attribute, std::string field) {
    Mapping m;
    m.attribute = std::move(attribute), m.field = std::move(field);
    return m;
  };
  Mapping by_name;
  by_name.span_name = "acme.call*", by_name.kind = "llm", by_name.scope = "acme*";
  Mapping words = rule("acme.type", "kind");
  words.values = {{"model-call", "llm"}, {"lookup", "tool"}};
  Mapping exclusive;
  exclusive.scope = "acme*", exclusive.input_excludes_cache = true;
  Mapping event = rule("count", "output_tokens");
  event.event = "acme.done", event.convert = "integer";
  const Mapping rules[] = {by_name, words, exclusive, event, rule("acme.meta.*", "metadata")};
  const auto used = use_mappings(rules);
  ASSERT_TRUE(used) << used.error().message;
  Maker m;
  EXPECT_EQ(test::columns_of(m.span("acme.call 1", {}), m.scope("acme.sdk")).kind, Kind::llm);
  EXPECT_EQ(test::columns_of(m.span("acme.call 1", {}), m.scope("other")).kind, Kind::other);
  EXPECT_EQ(test::columns_of(m.span("x", {{"acme.type", m.text("lookup")}})).kind, Kind::tool);
  auto span = m.span("x", {{"acme.type", m.text("model-call")},
                           {"acme.meta.team", m.text("blue")},
                           {"gen_ai.provider.name", m.text("anthropic")},
                           {"gen_ai.usage.input_tokens", m.number(2000)},
                           {"gen_ai.usage.cache_read.input_tokens", m.number(1000)}});
  otlp::Event done;
  done.name = "acme.done";
  done.attributes = m.attributes({{"count", m.number(5)}});
  const otlp::Event events[] = {done};
  span.events = events;
  const Columns c = test::columns_of(span, m.scope("acme.sdk"));
  EXPECT_EQ(c.kind, Kind::llm);
  EXPECT_EQ(c.usage.input, 2000u) << "this scope's input leaves cached tokens out";
  EXPECT_EQ(c.usage.reported_output, 5u) << "from the event";
  const SpanView v = view(span, {}, m.scope("acme.sdk"));
  EXPECT_EQ(v.facts.at("metadata").at("team"), json::value("blue"));
  EXPECT_EQ(v.facts.at("output_tokens"), json::value(5));
  ASSERT_TRUE(use_mappings({}));
  Mapping wrong = by_name;
  wrong.kind = "robot";
  const Mapping bad[] = {wrong};
  EXPECT_FALSE(Registry::make(bad));
}

TEST(Mappings, wrong_rules_are_refused_by_name) {
  const Mapping unknown[] = {{.attribute = "a", .event = {}, .field = "no_such", .convert = {}, .scope = {}}};
  const auto r = Registry::make(unknown);
  ASSERT_FALSE(r);
  EXPECT_NE(r.error().message.find("genai.mappings[0].field 'no_such'"), std::string::npos);
  const Mapping convert[] = {
      {.attribute = "a", .event = {}, .field = "input", .convert = "magic", .scope = {}}};
  EXPECT_FALSE(Registry::make(convert));
  const Mapping empty[] = {{.attribute = "", .event = {}, .field = "input", .convert = {}, .scope = {}}};
  EXPECT_FALSE(Registry::make(empty));
}

}  // namespace
}  // namespace turnscope::genai
