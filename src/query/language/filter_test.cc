#include "query/language/filter.h"

#include <gtest/gtest.h>

#include <random>

namespace turnscope::query {
namespace {

struct Compiled {
  std::string sql, params, error;
  std::vector<std::string> hints;
};

Compiled compile(std::string_view text) {
  auto tree = parse_search(text);
  if (!tree) return {"", "", tree.error().message, {}};
  auto filter = to_filter(tree->get(), {});
  if (!filter) return {"", "", filter.error().message, {}};
  Compiled out;
  out.sql = filter->predicate.text();
  for (const auto& [name, value] : filter->predicate.params()) out.params += name + "=" + value + " ";
  out.hints = filter->hints;
  return out;
}

TEST(SearchFilter, fields_become_columns_and_values_parameters) {
  const auto c = compile("kind:llm service:api duration>500ms");
  EXPECT_EQ(c.sql,
            "kind = {p0:UInt64} AND service = {p1:String} AND (bitAnd(time_flags, 5) = 0 AND duration_ns > "
            "{p2:UInt64})");
  EXPECT_EQ(c.params, "p0=3 p1=api p2=500000000 ");
}

TEST(SearchFilter, stars_are_wildcards_only_outside_quotes) {
  EXPECT_EQ(compile("model:claude-*").params, "p0=claude-% ");
  EXPECT_EQ(compile("model:\"claude-*\"").params, "p0=claude-* ");
  EXPECT_EQ(compile("model:100%_*").params,
            "p0=100\\\\%\\\\_% ");  // the engine's own escaping doubles the backslash
}

TEST(SearchFilter, unknown_names_are_attributes_and_ride_the_key_index) {
  const auto c = compile("gen_ai.system:openai");
  EXPECT_EQ(c.sql,
            "((has(mapKeys(attrs_str), {p0:String}) AND has(mapValues(attrs_str), {p1:String}) AND "
            "attrs_str[{p2:String}] = "
            "{p3:String}))");
  EXPECT_TRUE(c.hints.empty());
}

TEST(SearchFilter, numbers_in_attributes_are_compared_as_numbers) {
  const auto c = compile("http.status_code>=500");
  EXPECT_EQ(c.sql,
            "((has(mapKeys(attrs_int), {p0:String}) AND attrs_int.values[indexOf(attrs_int.keys, "
            "{p1:String})] >= {p2:Int64}) OR "
            "(has(mapKeys(attrs_dbl), "
            "{p3:String}) AND attrs_dbl.values[indexOf(attrs_dbl.keys, {p4:String})] >= {p5:Float64}))");
}

TEST(SearchFilter, a_likely_slip_gets_a_hint_not_an_error) {
  const auto c = compile("modle:gpt");
  EXPECT_TRUE(c.error.empty());
  ASSERT_EQ(c.hints.size(), 1u);
  EXPECT_NE(c.hints[0].find("`model`"), std::string::npos);
}

TEST(SearchFilter, impossible_values_name_the_remedy) {
  EXPECT_NE(compile("kind:llmm").error.find("agent"), std::string::npos);
  EXPECT_NE(compile("duration>5").error.find("500ms"), std::string::npos);
  EXPECT_NE(compile("cost>cheap").error.find("dollars"), std::string::npos);
  EXPECT_NE(compile("name ~ a(b").error.find("regular expression"), std::string::npos);
  EXPECT_NE(compile("trace:nothex").error.find("hex"), std::string::npos);
  EXPECT_NE(compile("kind>llm").error.find("kind:"), std::string::npos);
}

TEST(SearchFilter, an_expression_that_would_explode_is_refused) {
  EXPECT_FALSE(compile("name ~ ((((a{1000}){1000}){1000}){1000})").error.empty());
  EXPECT_FALSE(compile("name ~ (?=a)").error.empty());  // no look-ahead in RE2: linear time
}

// Whatever the query is, the SQL is put together from fragments known beforehand: every byte of input that is
// not an operator or keyword stands in the parameters. A marker byte sequence that no fragment has must never
// be seen.
TEST(SearchFilter, no_input_reaches_the_sql) {
  const std::string_view hostile[] = {
      "'",
      "\"",
      "\\",
      "`",
      ";",
      "--",
      "/*",
      "*/",
      "#",
      "' OR 1=1 --",
      "'; DROP TABLE spans; --",
      "\\'",
      "\\\\'",
      "{p0:String}",
      "{project:UInt32}",
      "%00",
      "\n",
      "\t",
      "${x}",
      "$(x)",
      "%s",
      "?",
      ":1",
      "@x",
      "0x27",
      "CHAR(39)",
      "UNION SELECT",
      "INTO OUTFILE '/tmp/x'",
      "FORMAT Native",
      "SETTINGS max_memory_usage=0",
      "file('/etc/passwd')",
      "url('http://x')",
      "remote('x')",
      "SYSTEM SHUTDOWN",
      "\xC3\x28",
      "\xE2\x80\xA8",
      "\xEF\xBC\x87",
      "ʼ",
      "’",
      "＇",
  };
  const std::string_view shapes[] = {"ZQX%1:v",           "service:ZQX%1", "model!=ZQX%1",
                                     "attr.ZQX%1=ZQX%1",  "ZQX%1 exists",  "exists:ZQX%1",
                                     "\"ZQX%1\"",         "a ~ ZQX%1",     "resource.ZQX%1:ZQX%1",
                                     "event.name:ZQX%1*", "error:ZQX%1",   "not ZQX%1>5"};
  std::size_t compiled = 0, rows = 0;
  for (auto shape : shapes) {
    for (auto attack : hostile) {
      for (const bool quoted : {false, true}) {
        std::string text(shape);
        std::string value(attack);
        if (quoted) {
          std::string escaped;
          for (char c : value) {
            if (c == '"' || c == '\\') escaped += '\\';
            escaped += c;
          }
          value = escaped;
        }
        for (auto at = text.find("ZQX%1"); at != std::string::npos; at = text.find("ZQX%1")) {
          const auto token = "ZQ" + value + "QZ";
          text.replace(at, 5,
                       quoted && shape.find('"') == std::string_view::npos ? "\"" + token + "\"" : token);
        }
        ++rows;
        const auto c = compile(text);
        if (!c.error.empty()) continue;
        ++compiled;
        EXPECT_EQ(c.sql.find("ZQ"), std::string::npos) << text;
        EXPECT_EQ(c.sql.find("QZ"), std::string::npos) << text;
        for (char ch : c.sql)
          ASSERT_TRUE((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
                      std::string_view(" _(){}[]:,.=!<>+-'").find(ch) != std::string_view::npos)
              << text << "\n"
              << c.sql;
      }
    }
  }
  EXPECT_GE(rows, 900u);
  EXPECT_GE(compiled, 300u);
}

TEST(SearchFilter, random_bytes_never_crash_and_never_reach_the_sql) {
  std::mt19937_64 random(7);
  const std::string_view alphabet = "ab\"'\\:=!<>~() *{}notandor.%_\x01\xff\xc3\xa9 ";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const auto length = random() % 40;
    for (std::size_t i = 0; i < length; ++i) text += alphabet[random() % alphabet.size()];
    const auto c = compile(text);
    for (char ch : c.sql)
      ASSERT_TRUE(static_cast<unsigned char>(ch) < 0x80 && ch != '"' && ch != '\\' && ch != '%') << text;
  }
}

TEST(SearchFilter, resources_are_asked_first_by_bound_parameters) {
  auto tree = parse_search("resource.k8s.pod.name:web-1 scope.x:1 service:a");
  ASSERT_TRUE(tree);
  const auto asked = probes(tree->get(), 7);
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_FALSE(asked[0].scope);
  EXPECT_TRUE(asked[1].scope);
  EXPECT_EQ(asked[0].sql.text().find("k8s"), std::string::npos);
  ProbeAnswers answers;
  answers[{asked[0].node, false}] = {1, 18446744073709551615u};
  const auto filter = to_filter(tree->get(), answers);
  ASSERT_TRUE(filter);
  EXPECT_NE(filter->predicate.text().find("resource_id IN {p1:Array(UInt64)}"), std::string::npos);
}

TEST(SearchFilter, what_small_columns_decide_comes_first) {
  const auto tree = parse_search("refund customer.id:7 service:a duration>1s");
  ASSERT_TRUE(tree);
  const auto filter = to_filter(tree->get(), {});
  ASSERT_TRUE(filter);
  EXPECT_EQ(filter->first.text(),
            "service = {p0:String} AND (bitAnd(time_flags, 5) = 0 AND duration_ns > {p1:UInt64})");
  EXPECT_NE(filter->rest.text().find("attrs_str"), std::string::npos);
  EXPECT_NE(filter->rest.text().find("positionCaseInsensitiveUTF8"), std::string::npos);
  EXPECT_EQ(filter->predicate.text(), filter->first.text() + " AND " + filter->rest.text());
}

TEST(SearchFilter, a_word_is_looked_for_only_when_its_grams_were_seen) {
  const auto tree = parse_search("zyxw service:a");
  ASSERT_TRUE(tree);
  const auto asked = text_probes(tree->get(), 3, 100, 900);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].sql.text().find("zyxw"), std::string::npos);
  const auto times = TextTimes::of({{100, 200}, {150, 250}, {700, 800}}, 0);
  EXPECT_EQ(times.starts, (std::vector<std::pair<std::int64_t, std::int64_t>>{{100, 250}, {700, 800}}));
  EXPECT_EQ(times.within(260, 900).starts.size(), 1u);
  EXPECT_EQ(times.chunk_ends, (std::vector<std::int64_t>{800, 250, 200}));
  // Chunks that nearly touch are one range: what lies between is less than what is compared.
  const auto near = TextTimes::of({{100, 500}, {550, 950}, {1001, 1400}}, 0);
  EXPECT_EQ(near.starts, (std::vector<std::pair<std::int64_t, std::int64_t>>{{100, 950}, {1001, 1400}}));
  const auto filter = to_filter(tree->get(), {}, 0, {}, 3, {{asked[0].node, times}});
  ASSERT_TRUE(filter);
  EXPECT_EQ(filter->rest.text().find("(((start >= "), 0u) << filter->rest.text();
  // Spans that are older than the table stay in question.
  const auto old = to_filter(tree->get(), {}, 0, {}, 3, {{asked[0].node, TextTimes::of({}, 77)}});
  ASSERT_TRUE(old);
  EXPECT_EQ(old->rest.text().find("((version < "), 0u) << old->rest.text();
  // What no bitmap can tell is looked for everywhere.
  const auto brief = parse_search("abc");
  ASSERT_TRUE(brief);
  EXPECT_TRUE(text_probes(brief->get(), 3, 100, 900).empty());
}

}  // namespace
}  // namespace turnscope::query
