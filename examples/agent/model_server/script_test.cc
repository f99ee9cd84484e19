#include "examples/agent/model_server/script.h"

#include <gmock/gmock.h>

#include "examples/agent/model_server/messages_wire.h"

namespace turnscope::example {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

json::array conversation(std::string_view text) { return json::parse(text).as_array(); }

TEST(Script, templates_take_match_groups_and_tool_results) {
  const auto script = Script::parse(R"s({"scenarios":[{"name":"a","when":"order (\\d+)","steps":[
    {"say":"Looking at {{match.1}}.","tools":[{"name":"q","input":{"sql":"id = {{match.1}}","deep":[{"x":"{{question}}"}]}}]},
    {"answer":"{{result.0.rows.0.cents|cents}} EUR, {{result.0.rows|count}} row, {{result.7.x}}{{result.0.rows|rows}}"}]}]})s");
  ASSERT_TRUE(script) << script.error();
  const Reply first = script->answer(conversation(R"([{"role":"user","content":"order 17"}])"), "");
  EXPECT_EQ(first.text, "Looking at 17.");
  EXPECT_EQ(first.stop_reason, "tool_use");
  ASSERT_THAT(first.tools, SizeIs(1));
  EXPECT_EQ(json::serialize(first.tools[0].input), R"({"sql":"id = 17","deep":[{"x":"order 17"}]})");
  const Reply second = script->answer(conversation(R"([{"role":"user","content":"order 17"},
    {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"q","input":{}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"{\"rows\":[{\"cents\":1250}]}"}]}])"),
                                      "");
  EXPECT_EQ(second.text, "12.50 EUR, 1 row, (unknown)\n- cents: 1250");
  EXPECT_EQ(second.stop_reason, "end_turn");
}

TEST(Script, a_new_question_in_the_same_conversation_starts_again) {
  const auto script = Script::parse(R"({"scenarios":[{"name":"a","when":"one","steps":[{"answer":"1"}]},
                                                     {"name":"b","when":"two","steps":[{"answer":"2"}]}]})");
  const Reply reply =
      script->answer(conversation(R"([{"role":"user","content":"one"},{"role":"assistant","content":"1"},
                                                      {"role":"user","content":"two"}])"),
                     "");
  EXPECT_EQ(reply.scenario, "b");
  EXPECT_EQ(reply.step, 0u);
  EXPECT_EQ(script->answer(conversation(R"([{"role":"user","content":"one"}])"), "b").scenario, "b");
}

TEST(Script, a_failed_tool_can_change_the_answer) {
  const Reply reply = Script::bundled().answer(conversation(R"([{"role":"user","content":"1 / 0"},
    {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"calculate","input":{}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","is_error":true,"content":"division by zero"}]}])"),
                                               "");
  EXPECT_EQ(reply.scenario, "arithmetic");
  EXPECT_THAT(reply.text, HasSubstr("division by zero"));
}

TEST(Script, whatever_is_asked_the_bundled_script_answers) {
  for (const char* question : {"Hello", "What is 6 * 7?", "Was order 1042 charged twice?", "Any errors?",
                               "\xff\xfe", "tell me about order 1100"}) {
    const Reply reply = Script::bundled().answer({json::object{{"role", "user"}, {"content", question}}}, "");
    EXPECT_NE(reply.scenario, "none") << question;
    EXPECT_FALSE(reply.failure) << question;
  }
}

TEST(Script, a_broken_script_says_where) {
  EXPECT_THAT(Script::parse("[]").error(), HasSubstr("scenarios"));
  EXPECT_THAT(Script::parse(R"s({"scenarios":[{"name":"bad","when":"(","steps":[{}]}]})s").error(),
              HasSubstr("'bad'"));
  EXPECT_THAT(Script::parse(R"({"scenarios":[{"name":"empty","when":""}]})").error(), HasSubstr("no steps"));
}

TEST(MessagesWire, requests_are_checked_as_the_vendor_does) {
  const auto check = [](std::string_view body) { return check_request(json::parse(body)); };
  EXPECT_TRUE(check(R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":"hi"}]})"));
  const std::pair<const char*, const char*> cases[] = {
      {R"([])", "not a JSON object"},
      {R"({"max_tokens":1})", "model"},
      {R"({"model":"m","max_tokens":0,"messages":[{"role":"user","content":"hi"}]})", "max_tokens"},
      {R"({"model":"m","max_tokens":1,"messages":[]})", "at least one"},
      {R"({"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":"hi"}]})", "first message"},
      {R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"},
          {"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"n","input":{}}]},{"role":"user","content":"y"}]})",
       "without `tool_result`"},
      {R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t9"}]}]})",
       "unexpected `tool_use_id`"}};
  for (const auto& [body, expected] : cases) EXPECT_THAT(check(body).error(), HasSubstr(expected)) << body;
}

TEST(MessagesWire, a_long_prefix_is_written_to_the_cache_and_then_read_from_it) {
  Reply reply;
  reply.text = "fine";
  const std::string system(8'000, 's');
  json::object request{
      {"system", json::array{json::object{
                     {"type", "text"}, {"text", system}, {"cache_control", {{"type", "ephemeral"}}}}}},
      {"messages", json::array{json::object{{"role", "user"}, {"content", std::string(400, 'q')}}}}};
  const WireUsage first = usage_of(request, reply);
  EXPECT_EQ(first.cache_read, 0u);
  EXPECT_GT(first.cache_creation, 2'000u);
  request["messages"].as_array().push_back(json::object{{"role", "assistant"}, {"content", "thinking"}});
  request["messages"].as_array().push_back(json::object{{"role", "user"}, {"content", "go on"}});
  const WireUsage second = usage_of(request, reply);
  EXPECT_GE(second.cache_read, first.cache_creation);
  EXPECT_LT(second.cache_creation, 50u);
  request["system"] = system;
  EXPECT_EQ(usage_of(request, reply).cache_read, 0u) << "without a breakpoint nothing is cached";
}

}  // namespace
}  // namespace turnscope::example
