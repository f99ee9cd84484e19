#include <gtest/gtest.h>

#include "query/language/ast.h"
#include "query/language/values.h"

namespace turnscope::query {
namespace {

std::string canonical(std::string_view text) {
  auto tree = parse_search(text);
  if (!tree) return "error at " + std::to_string(tree.error().position) + ": " + tree.error().message;
  return *tree ? to_string(**tree) : "everything";
}

TEST(Search, terms_stand_side_by_side_and_mean_and) {
  EXPECT_EQ(canonical("kind:llm model:claude-* cost>0.05"),
            R"(("kind"=llm and "model"=claude-* and "cost">0.05))");
}

TEST(Search, or_binds_weaker_than_and_and_parentheses_group) {
  EXPECT_EQ(canonical("a:1 b:2 or c:3"), R"((("a"=1 and "b"=2) or "c"=3))");
  EXPECT_EQ(canonical("a:1 (b:2 or c:3)"), R"(("a"=1 and ("b"=2 or "c"=3)))");
  EXPECT_EQ(canonical("NOT (a:1 AND b:2)"), R"(not ("a"=1 and "b"=2))");
}

TEST(Search, every_operator_is_read_with_and_without_space) {
  EXPECT_EQ(canonical("a != 1"), R"("a"!=1)");
  EXPECT_EQ(canonical("a>=1 b<= 2 c <3 d> 4 e~x|y f==7 g = 8"),
            R"(("a">=1 and "b"<=2 and "c"<3 and "d">4 and "e"~x|y and "f"=7 and "g"=8))");
}

TEST(Search, values_may_hold_operators_and_slashes) {
  EXPECT_EQ(canonical("http.url:https://x.test/y?a=b&c!=d"), R"("http.url"=https://x.test/y?a=b&c!=d)");
  EXPECT_EQ(canonical("a~^(x"), R"("a"~^(x)");
}

TEST(Search, quotes_keep_spaces_escapes_and_keywords) {
  EXPECT_EQ(canonical(R"("refund \"now\" \\ policy")"), R"("refund \"now\" \\ policy")");
  EXPECT_EQ(canonical(R"(user:"a b" "or")"), R"(("user"="a b" and "or"))");
  EXPECT_EQ(canonical(R"("my key"="x")"), R"("my key"="x")");
}

TEST(Search, existence_has_two_spellings) {
  EXPECT_EQ(canonical("session exists"), R"(exists:"session")");
  EXPECT_EQ(canonical("exists:gen_ai.system"), R"(exists:"gen_ai.system")");
}

TEST(Search, structure_chains_groups_of_terms) {
  EXPECT_EQ(canonical("{tool:search} >> {kind:llm status:error}"),
            R"({"tool"=search} >> {("kind"=llm and "status"=error)})");
  EXPECT_EQ(canonical("{a:1}>{} and not {b:2} << {c:x}"), R"(({"a"=1} > {} and not {"b"=2} << {"c"=x}))");
  EXPECT_EQ(canonical("{a:1 or b:2}"), R"(("a"=1 or "b"=2))");
  EXPECT_EQ(canonical("a{b}c"), "a{b}c");
}

TEST(Search, canonical_text_parses_to_itself) {
  for (const auto* text : {"a:1 (b:2 or not c:3) \"x y\" word", "exists:a or b~c", "not not a=1"}) {
    const auto once = canonical(text);
    EXPECT_EQ(canonical(once), once);
  }
}

TEST(Search, nothing_matches_everything) {
  EXPECT_EQ(canonical(""), "everything");
  EXPECT_EQ(canonical("  \t\n "), "everything");
}

TEST(Search, errors_point_at_the_character_and_say_the_remedy) {
  struct Case {
    std::string_view text;
    std::size_t position;
    std::string_view part;
  };
  const Case cases[] = {
      {"a:1 (b:2", 4, "never closed"},
      {"a:1 )", 4, "closes nothing"},
      {"a:", 1, "value is missing"},
      {"and b", 0, "before `and`"},
      {"a or", 4, "missing at the end"},
      {"\"abc", 0, "never closed"},
      {">5", 0, "field name"},
      {"a:1 {b", 4, "never closed"},
      {"a}b } {", 7, "missing at the end"},
      {"{a:1} >> b", 9, "missing here"},
      {"{a {b}}", 3, "within"},
      {"{a:1} >> {", 10, "missing at the end"},
      {"()", 1, "before this `)`"},
      {"\"\"", 0, "empty"},
      {"not", 3, "missing at the end"},
  };
  for (const auto& c : cases) {
    auto tree = parse_search(c.text);
    ASSERT_FALSE(tree.has_value()) << c.text;
    EXPECT_EQ(tree.error().position, c.position) << c.text;
    EXPECT_NE(tree.error().message.find(c.part), std::string::npos) << c.text << ": " << tree.error().message;
  }
}

TEST(Search, length_terms_and_depth_are_bounded) {
  SearchLimits limits;
  EXPECT_FALSE(parse_search(std::string(limits.bytes + 1, 'a')).has_value());
  EXPECT_TRUE(parse_search(std::string(limits.bytes, 'a')).has_value());
  std::string terms;
  for (std::size_t i = 0; i < limits.terms; ++i) terms += "a ";
  EXPECT_TRUE(parse_search(terms).has_value());
  EXPECT_FALSE(parse_search(terms + "a").has_value());
  const std::string deep(limits.depth - 1, '('), close(limits.depth - 1, ')');
  EXPECT_TRUE(parse_search(deep + "a" + close).has_value());
  EXPECT_FALSE(parse_search("(" + deep + "a" + close + ")").has_value());
  EXPECT_FALSE(parse_search(std::string(2000, '(')).has_value());
}

TEST(SearchValues, durations_need_a_unit) {
  EXPECT_EQ(parse_duration("500ms"), 500'000'000u);
  EXPECT_EQ(parse_duration("1.5s"), 1'500'000'000u);
  EXPECT_EQ(parse_duration("1m30s"), 90'000'000'000u);
  EXPECT_EQ(parse_duration("10µs"), 10'000u);
  for (const auto* bad : {"", "5", "ms", "5 s", "-1s", "1e99h", "5sec", "nan", "."})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(SearchValues, money_is_whole_nano_dollars) {
  EXPECT_EQ(parse_money("0.05"), 50'000'000);
  EXPECT_EQ(parse_money("$1.20"), 1'200'000'000);
  EXPECT_EQ(parse_money("5c"), 50'000'000);
  for (const auto* bad : {"", "$", "abc", "1e30", "nan", "inf"}) EXPECT_FALSE(parse_money(bad)) << bad;
}

TEST(SearchValues, numbers_are_finite) {
  EXPECT_EQ(parse_number("20k"), 20'000);
  EXPECT_EQ(parse_number("-1.5e3"), -1500);
  for (const auto* bad : {"", "k", "inf", "nan", "1x", "0x10", "1e999"})
    EXPECT_FALSE(parse_number(bad)) << bad;
}

TEST(SearchValues, short_trace_ids_are_padded_on_the_left) {
  const auto id = parse_trace_id("abc");
  ASSERT_TRUE(id);
  EXPECT_EQ((*id)[15], 0xbc);
  EXPECT_EQ((*id)[14], 0x0a);
  EXPECT_EQ((*id)[0], 0);
  for (const auto* bad : {"", "0", "xyz", "000000000000000000000000000000000a"})
    EXPECT_FALSE(parse_trace_id(bad)) << bad;
  EXPECT_EQ(parse_span_id("fF"), 255u);
  EXPECT_FALSE(parse_span_id("12345678901234567"));
}

}  // namespace
}  // namespace turnscope::query
