#include "pipeline/redactor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "pipeline/json_escape.h"

namespace turnscope::pipeline {
namespace {

using testing::HasSubstr;
using testing::Not;

std::unique_ptr<const Redactor> make(RedactOptions o = {}) {
  auto made = Redactor::make(std::move(o));
  if (!made) ADD_FAILURE() << made.error().message;
  return std::move(*made);
}
std::string redacted(const Redactor& r, std::string_view text, std::string_view key = {}) {
  std::string out;
  FoundCounts found{};
  return r.redact(text, key, r.usual(), out, found) ? out : std::string(text);
}
RedactOptions with(Action a) {
  RedactOptions o;
  o.actions = RedactOptions::all(Action::mask);
  o.actions[static_cast<std::size_t>(Detector::email)] = a;
  o.actions[static_cast<std::size_t>(Detector::phone)] = a == Action::hash ? Action::mask : a;
  o.key = "0123456789abcdef0123456789abcdef";
  return o;
}

TEST(Redactor, clean_text_is_not_touched) {
  std::string out;
  FoundCounts found{};
  const auto r = make();
  EXPECT_FALSE(r->redact("What is the capital of France? 42", "", r->usual(), out, found));
  EXPECT_EQ(found, FoundCounts{});
}

TEST(Redactor, each_action_does_what_it_says) {
  EXPECT_EQ(redacted(*make(with(Action::mask)), "to bob@example.com!"), "to [redacted:email]!");
  EXPECT_EQ(redacted(*make(with(Action::drop)), "to bob@example.com!"), "to !");
  EXPECT_EQ(redacted(*make(with(Action::keep)), "to bob@example.com!"), "to bob@example.com!");
  EXPECT_EQ(redacted(*make(with(Action::hash)), "to bob@example.com!"), "to [email#5ff860bf1190596c]!");
}

TEST(Redactor, the_same_person_keeps_the_same_pseudonym_however_it_is_written) {
  const auto r = make(with(Action::pseudonym));
  const std::string a = redacted(*r, "bob@example.com"), b = redacted(*r, "Bob@Example.COM"),
                    c = redacted(*r, "eve@example.com");
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
  EXPECT_EQ(redacted(*r, "+1 (415) 555-0132"), redacted(*r, "+14155550132"));
  auto other = with(Action::pseudonym);
  other.key = "another key of enough bytes";
  EXPECT_NE(redacted(*make(other), "bob@example.com"), a);
}

TEST(Redactor, what_was_redacted_is_not_redacted_again) {
  for (const Action a : {Action::mask, Action::hash, Action::pseudonym}) {
    const auto r = make(with(a));
    const std::string text =
        R"({"to":"bob@example.com","phone":"+14155550132","password":"hunter22","args":"{\"k\":\"AKIAIOSFODNN7EXAMPLE\"}"})";
    const std::string once = redacted(*r, text);
    EXPECT_EQ(redacted(*r, once), once);
  }
}

TEST(Redactor, hashes_that_can_be_undone_are_refused) {
  RedactOptions o;
  o.actions[static_cast<std::size_t>(Detector::ssn)] = Action::hash;
  const auto made = Redactor::make(o);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("redact.detectors.ssn"));
}

TEST(Redactor, pseudonyms_need_a_key) {
  RedactOptions o = with(Action::pseudonym);
  o.key = "short";
  const auto made = Redactor::make(o);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("redact.key_file"));
}

TEST(Json, stays_json_and_the_rest_of_it_stays_byte_for_byte) {
  const auto r = make();
  EXPECT_EQ(redacted(*r, R"( {"to" : "bob@example.com", "n":1.50, "ok":[true,null] } )"),
            R"( {"to" : "[redacted:email]", "n":1.50, "ok":[true,null] } )");
}

TEST(Json, numbers_become_strings) {
  const auto r = make();
  EXPECT_EQ(redacted(*r, R"({"card":4111111111111111,"phone":4155550132,"count":4155550132})"),
            R"({"card":"[redacted:card]","phone":"[redacted:phone]","count":4155550132})");
  EXPECT_EQ(redacted(*r, R"({"pin":1234,"password":123456})"),
            R"({"pin":1234,"password":"[redacted:credential]"})");
}

TEST(Json, escapes_hide_nothing) {
  const auto r = make();
  EXPECT_EQ(redacted(*r, R"({"a":"bob\u0040example.com"})"), R"({"a":"[redacted:email]"})");
  EXPECT_EQ(redacted(*r, R"({"a":"x\nbob@example.com\ny \"q\""})"),
            R"({"a":"x\n[redacted:email]\ny \"q\""})");
  EXPECT_EQ(redacted(*r, R"({"a":"\u0034\u0031\u0031\u0031 1111 1111 1111"})"), R"({"a":"[redacted:card]"})");
  EXPECT_EQ(redacted(*r, R"({"bob\u0040example.com":1})"), R"({"[redacted:email]":1})");
}

TEST(Json, json_inside_json_stays_json_at_every_level) {
  const auto r = make();
  std::string text = R"({"email":"bob@example.com","n":4111111111111111})";
  for (int level = 0; level < 5; ++level) {
    std::string escaped;
    json_escape(text, escaped);
    text = R"([{"type":"tool_call","arguments":")" + escaped + R"("}])";
  }
  std::string out = redacted(*r, text);
  for (int level = 0; level < 5; ++level) {
    const auto parsed = boost::json::parse(out);
    out = std::string(parsed.as_array()[0].as_object().at("arguments").as_string());
  }
  EXPECT_EQ(out, R"({"email":"[redacted:email]","n":"[redacted:card]"})");
}

TEST(Json, text_that_is_cut_off_or_no_json_is_redacted_all_the_same) {
  const auto r = make();
  EXPECT_EQ(redacted(*r, R"({"a":"bob@example.com","b":"eve\u0040examp)"),
            R"({"a":"[redacted:email]","b":"eve@examp)");
  EXPECT_EQ(redacted(*r, R"({"a":"eve\u0040example.com","b)"), R"({"a":"[redacted:email]","b)");
  EXPECT_EQ(redacted(*r, R"([INFO] said "bob@example.com" {)"), R"([INFO] said "[redacted:email]" {)");
  EXPECT_EQ(redacted(*r, R"(payload {"a":"eve\u0040example.com"})"), R"(payload {"a":"[redacted:email]"})");
}

TEST(Json, values_are_secret_by_their_name) {
  const auto r = make();
  EXPECT_EQ(
      redacted(*r, R"({"password":"correct horse","x-api-key":["abc","def"],"token":"the","tokens":"many"})"),
      R"({"password":"[redacted:credential]","x-api-key":["[redacted:credential]","[redacted:credential]"],"token":"the","tokens":"many"})");
}

TEST(Names, an_attribute_is_secret_by_its_key) {
  const auto r = make();
  EXPECT_EQ(redacted(*r, "anything at all", "http.request.header.authorization"), "[redacted:credential]");
  EXPECT_EQ(redacted(*r, "anything at all", "gen_ai.usage.input_tokens"), "anything at all");
}

TEST(Roles, a_rule_holds_for_messages_of_its_role_only) {
  const auto r = make();
  Treatment t = r->usual();
  t.roles.push_back({"user", RedactRule::Do::mask, RedactOptions::all(Action::mask), kAllDetectors});
  std::string out;
  FoundCounts found{};
  ASSERT_TRUE(r->redact(
      R"([{"role":"user","parts":[{"type":"text","content":"hello"}]},{"role":"assistant","parts":[{"type":"text","content":"hi"}]}])",
      "gen_ai.input.messages", t, out, found));
  EXPECT_EQ(
      out,
      R"([{"role":"user","parts":[{"type":"text","content":"[redacted:value]"}]},{"role":"assistant","parts":[{"type":"text","content":"hi"}]}])");
  EXPECT_EQ(found[kWholeValues], 1u);
}

TEST(Escapes, there_and_back) {
  std::string plain, again;
  json_unescape(R"(a\n\t\"\\\/\u00e9\ud83d\ude00\ud800 \q)", plain);
  EXPECT_EQ(plain, "a\n\t\"\\/é😀\xEF\xBF\xBD \\q");
  json_escape("\"\\\n\x01é", again);
  EXPECT_EQ(again, R"(\"\\\n\u0001é)");
}

}  // namespace
}  // namespace turnscope::pipeline
