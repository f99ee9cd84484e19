#include "cli/trace_tree.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace turnscope::cli {
namespace {

const Terminal kPlain(false, 110);

boost::json::value json(const char* text) { return boost::json::parse(text); }

TEST(TraceTree, shows_turns_calls_tokens_cost_and_errors_as_a_tree) {
  const auto header = json(
      R"({"trace_id":"e2b4","question":"Where is order 7?","start_unix_nano":"1000","duration_ns":2500000000,
    "tokens":{"input":1200,"output":50},"cost":{"nano_usd":null,"state":"unpriced","reported_nano_usd":702000},
    "turns":1,"llm_calls":1,"tool_calls":1,"errors":1,"findings":[{"type":"wrong","text":"lookup failed"}]})");
  const auto window = json(R"({"total_rows":4,"rows":[
    {"depth":0,"name":"agent.run","kind":"agent","service":"shop","status":"error","error":"lookup failed","duration_ns":2500000000},
    {"depth":1,"name":"agent.turn","kind":"turn","turn_number":1,"status":"unset","duration_ns":2400000000},
    {"depth":2,"name":"gen_ai.completion","kind":"llm","model":"claude-sonnet-4-5","status":"unset","duration_ns":1000000000,
     "usage":{"total_input":1200,"total_output":50,"role":"own"},"cost":{"nano_usd":4350000,"state":"priced","reported_nano_usd":null}},
    {"depth":2,"name":"tool.execute.lookup","kind":"tool","tool":"lookup","status":"error","error":"no such order","duration_ns":3000000}]})");
  const std::string out = render_trace(header, window, kPlain);
  EXPECT_NE(out.find("“Where is order 7?”"), std::string::npos);
  EXPECT_NE(out.find("└─ ↻ agent.turn  1"), std::string::npos) << out;
  EXPECT_NE(out.find("   ├─ ✦ gen_ai.completion  claude-sonnet-4-5"), std::string::npos) << out;
  EXPECT_NE(out.find("   └─ ▲ tool.execute.lookup"), std::string::npos) << out;
  EXPECT_NE(out.find("1200 → 50"), std::string::npos) << out;
  EXPECT_NE(out.find("$0.0044"), std::string::npos) << out;
  EXPECT_NE(out.find("no such order"), std::string::npos);
  EXPECT_NE(out.find("wrong  lookup failed"), std::string::npos) << out;
}

TEST(TraceTree, unknown_cost_and_tokens_are_a_dash_never_zero) {
  const auto window =
      json(R"({"rows":[{"depth":0,"name":"chat","kind":"llm","status":"unset","duration_ns":5}]})");
  const std::string out = render_trace(json("{}"), window, kPlain);
  EXPECT_NE(out.find("—"), std::string::npos);
  EXPECT_EQ(out.find("$0"), std::string::npos);
}

TEST(TraceTree, control_characters_of_a_span_cannot_drive_the_terminal) {
  const auto window = json(
      "{\"rows\":[{\"depth\":0,\"name\":\"a\\u001b[31mred\\nb\",\"kind\":\"tool\",\"status\":\"error\","
      "\"error\":\"\\u001b]0;x\\u0007\"}]}");
  const std::string out = render_trace(json("{}"), window, kPlain);
  EXPECT_EQ(out.find('\x1b'), std::string::npos);
  EXPECT_NE(out.find("a\\x1b[31mred\\x0ab"), std::string::npos) << out;
}

TEST(TraceTree, answers_of_another_shape_do_not_crash) {
  for (const char* text : {"[]", "null", R"({"rows":[1,null,{"depth":"x"}]})", R"({"rows":{"a":1}})"}) {
    EXPECT_FALSE(render_trace(json("[]"), json(text), kPlain).empty());
  }
  EXPECT_NE(render_trace_list(json("{}"), kPlain).find("no traces"), std::string::npos);
}

}  // namespace
}  // namespace turnscope::cli
