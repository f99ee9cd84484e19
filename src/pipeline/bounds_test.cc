#include "pipeline/bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/anomaly.h"
#include "otlp/text.h"
#include "pipeline/pipeline.h"
#include "pipeline/test_requests.h"

namespace turnscope::pipeline {
namespace {

using testing::HasSubstr;
using testing::Not;

std::shared_ptr<Pipeline> make(BoundsOptions bounds, bool redact = false) {
  Options o;
  o.bounds = std::move(bounds);
  o.redact.enabled = redact;
  auto made = Pipeline::make(o);
  if (!made) ADD_FAILURE() << made.error().message;
  return std::move(*made);
}

/// One span a name, with ids from 1, under one parent unless told.
std::string spans(const std::vector<std::string>& names, const std::string& attributes = "[]",
                  const std::string& more = "") {
  std::string out =
      R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"spans":[)";
  for (std::size_t i = 0; i < names.size(); ++i)
    out += fmt::format(
        R"({}{{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"{:016x}","parentSpanId":"00000000000fffff","name":"{}","startTimeUnixNano":"{}","endTimeUnixNano":"{}","attributes":{}{}}})",
        i ? "," : "", i + 1, names[i], 10 * i + 10, 10 * i + 15, attributes, more);
  return out + "]}]}]}";
}

struct After {
  std::string json;
  bool changed = false;
  std::size_t items = 0;
  std::string bytes;
};
After after(Pipeline& pipeline, std::string_view json) {
  Decoded<otlp::Traces> d;
  auto model = otlp::decode_traces_json(json, d.arena, {}, d.report);
  if (!model) ADD_FAILURE() << model.error().message;
  After out;
  out.changed = pipeline.process(*model, d.arena).value();
  otlp::encode_json(*model, out.json);
  out.items = item_count(*model);
  out.bytes = protobuf(*model);
  return out;
}
std::string attribute(std::string_view key, const std::string& text) {
  std::string escaped = boost::json::serialize(boost::json::string(text));
  return fmt::format(R"({{"key":"{}","value":{{"stringValue":{}}}}})", key, escaped);
}

TEST(CutValue, plain_text_is_cut_between_characters_and_says_what_is_gone) {
  std::string text, out;
  for (int i = 0; i < 1'000; ++i) text += "é";
  for (std::uint64_t limit = 128; limit < 200; ++limit) {
    ASSERT_TRUE(cut_value(text, limit, 0, out));
    EXPECT_TRUE(otlp::valid_utf8(out));
    EXPECT_LE(out.size(), limit);
    EXPECT_THAT(out, HasSubstr(" of 2000 bytes, sha256 "));
  }
  EXPECT_FALSE(cut_value(text, 2'000, 0, out));
}

TEST(CutValue, json_stays_json_and_its_small_members_stay_whole) {
  boost::json::array messages;
  for (int i = 0; i < 4; ++i)
    messages.push_back(
        {{"role", "user"}, {"content", i == 2 ? std::string(50'000, 'x') + "\n\"\\é" : "short"}});
  const std::string text = boost::json::serialize(messages);
  std::string out;
  for (const std::uint64_t limit : {500u, 1'000u, 4'096u, 4'097u, 4'098u, 40'000u}) {
    ASSERT_TRUE(cut_value(text, limit, 0, out)) << limit;
    EXPECT_LE(out.size(), limit);
    const auto parsed = boost::json::parse(out).as_array();
    EXPECT_EQ(parsed[0].at("content").as_string(), "short");
    EXPECT_THAT(std::string(parsed[2].at("content").as_string()), HasSubstr("[cut "));
  }
  ASSERT_TRUE(cut_value(text, UINT64_MAX, 1'000, out));
  EXPECT_EQ(boost::json::parse(out).as_array().size(), 4u);
}

TEST(CutValue, escapes_are_never_cut_in_two) {
  std::string inside;
  for (int i = 0; i < 2'000; ++i) inside += i % 3 ? "\\n" : i % 2 ? "\\u00e9" : "\\\"";
  const std::string text = "{\"a\":\"" + inside + "\"}";
  std::string out;
  for (std::uint64_t limit = 300; limit < 340; ++limit) {
    ASSERT_TRUE(cut_value(text, limit, 0, out));
    EXPECT_NO_THROW(boost::json::parse(out)) << out;
  }
}

TEST(Bounds, a_value_over_its_cap_is_cut_and_the_span_says_so) {
  BoundsOptions o;
  o.attribute_bytes = 1'000;
  const auto p = make(o);
  const auto before = counted(Anomaly::bounds_values_cut);
  const auto out = after(*p, spans({"a"}, "[" + attribute("big", std::string(5'000, 'x')) + "," +
                                              attribute("small", "y") + "]"));
  EXPECT_TRUE(out.changed);
  EXPECT_LT(out.bytes.size(), 1'500u);
  EXPECT_THAT(out.json, HasSubstr("turnscope.cut.values"));
  EXPECT_THAT(out.json, HasSubstr("turnscope.cut.bytes"));
  EXPECT_EQ(counted(Anomaly::bounds_values_cut), before + 1);
  EXPECT_FALSE(after(*p, spans({"a"}, "[" + attribute("small", "y") + "]")).changed);
}

TEST(Bounds, a_span_that_is_too_large_loses_only_what_is_large) {
  BoundsOptions o;
  o.span_bytes = 4'000;
  std::string list = "[" + attribute("small", "stays whole");
  for (int i = 0; i < 5; ++i) list += "," + attribute("big" + std::to_string(i), std::string(3'000, 'x'));
  const auto out = after(*make(o), spans({"a"}, list + "]"));
  EXPECT_EQ(out.items, 1u);
  EXPECT_THAT(out.json, HasSubstr("stays whole"));
  EXPECT_LT(out.bytes.size(), 4'500u);
}

TEST(Bounds, a_span_of_very_many_small_parts_is_stored_without_the_last_of_them) {
  BoundsOptions o;
  o.span_bytes = 4'000;
  std::string events = R"(,"events":[)";
  for (int i = 0; i < 500; ++i)
    events += fmt::format(R"({}{{"name":"e","attributes":[{}]}})", i ? "," : "",
                          attribute("k", "twenty bytes of text"));
  const auto out = after(*make(o), spans({"a"}, "[]", events + "]"));
  EXPECT_EQ(out.items, 1u);
  EXPECT_THAT(out.json, HasSubstr("droppedEventsCount"));
  EXPECT_LT(out.bytes.size(), 6'000u);
}

TEST(Bounds, redaction_comes_before_the_cut) {
  BoundsOptions o;
  o.attribute_bytes = 200;
  // The cut would fall into the key, and half a key is not recognised.
  const auto out =
      after(*make(o, true),
            spans({"a"}, "[" +
                             attribute("big", std::string(110, 'x') +
                                                  " sk-proj-Zq81mNcV0aLw93KdPlant01Zq81mNcV0aLw93Kd " +
                                                  std::string(500, 'y')) +
                             "]"));
  EXPECT_THAT(out.json, Not(HasSubstr("sk-proj")));
}

TEST(Drop, attributes_by_pattern) {
  BoundsOptions o;
  o.drop_attributes = {"debug.*"};
  const auto out = after(
      *make(o), spans({"a"}, "[" + attribute("debug.x", "gone") + "," + attribute("kept", "here") + "]"));
  EXPECT_THAT(out.json, Not(HasSubstr("gone")));
  EXPECT_THAT(out.json, HasSubstr("here"));
}

TEST(Drop, whole_spans_but_not_those_that_failed) {
  BoundsOptions o;
  DropRule rule;
  rule.name = "GET /health*";
  o.drop_spans = {rule};
  const auto p = make(o);
  const auto before = counted(Anomaly::bounds_spans_dropped);
  const auto out = after(*p, spans({"GET /healthz", "chat", "GET /health/live"}));
  EXPECT_EQ(out.items, 1u);
  EXPECT_THAT(out.json, HasSubstr("chat"));
  EXPECT_EQ(counted(Anomaly::bounds_spans_dropped), before + 2);
  EXPECT_EQ(after(*p, spans({"GET /healthz"}, "[]", R"(,"status":{"code":2})")).items, 1u);
  EXPECT_EQ(after(*p, spans({"GET /healthz"})).items, 0u);
}

TEST(Drop, spans_by_attribute_and_service) {
  BoundsOptions o;
  DropRule rule;
  rule.service = "sh*";
  rule.attribute = "http.route";
  rule.value = "/ping";
  o.drop_spans = {rule};
  const auto p = make(o);
  EXPECT_EQ(after(*p, spans({"a"}, "[" + attribute("http.route", "/ping") + "]")).items, 0u);
  EXPECT_EQ(after(*p, spans({"a"}, "[" + attribute("http.route", "/pong") + "]")).items, 1u);
}

TEST(Storm, like_spans_beyond_the_first_become_one_with_their_number) {
  BoundsOptions o;
  o.storm_spans = 100;
  const auto p = make(o);
  const auto before = counted(Anomaly::bounds_spans_folded);
  const auto out = after(*p, spans(std::vector<std::string>(10'000, "poll")));
  EXPECT_EQ(out.items, 101u);
  EXPECT_THAT(out.json, HasSubstr(R"({"key":"turnscope.folded.spans","value":{"intValue":"9900"}})"));
  EXPECT_THAT(out.json, HasSubstr(R"({"key":"turnscope.folded.duration_ns","value":{"intValue":"49500"}})"));
  EXPECT_EQ(counted(Anomaly::bounds_spans_folded), before + 9'899);
  // The storm goes on in the next request.
  EXPECT_EQ(after(*p, spans(std::vector<std::string>(500, "poll"))).items, 1u);
  // Other names, and what failed, are storms of their own.
  EXPECT_EQ(after(*p, spans({"poll", "other", "other"})).items, 3u);
  EXPECT_EQ(after(*p, spans({"poll", "poll"}, "[]", R"(,"status":{"code":2})")).items, 2u);
}

TEST(Storm, children_of_a_folded_span_hang_under_the_one_that_stands_for_it) {
  BoundsOptions o;
  o.storm_spans = 1;
  std::string json = spans({"poll", "poll", "poll", "child"});
  const std::string child = R"("spanId":"0000000000000004","parentSpanId":"00000000000fffff")";
  json.replace(json.find(child), child.size(),
               R"("spanId":"0000000000000004","parentSpanId":"0000000000000003")");
  const auto out = after(*make(o), json);
  EXPECT_EQ(out.items, 3u);
  EXPECT_THAT(out.json, HasSubstr(R"("spanId":"0000000000000004","parentSpanId":"0000000000000002")"));
}

TEST(Storm, one_that_comes_alone_is_marked_so_that_the_store_can_fold_it) {
  BoundsOptions o;
  o.storm_spans = 1;
  const auto p = make(o);
  EXPECT_FALSE(after(*p, spans({"poll"})).changed);
  const auto out = after(*p, spans({"poll"}));
  EXPECT_EQ(out.items, 1u);
  EXPECT_THAT(out.json, HasSubstr(R"({"key":"turnscope.folded.spans","value":{"intValue":"1"}})"));
  // What another server folded counts as what it stands for.
  const auto again = after(
      *p,
      spans(
          {"poll", "poll"},
          R"([{"key":"turnscope.folded.spans","value":{"intValue":"40"}},{"key":"turnscope.folded.duration_ns","value":{"intValue":"7"}}])"));
  EXPECT_THAT(again.json, HasSubstr(R"({"key":"turnscope.folded.spans","value":{"intValue":"80"}})"));
  EXPECT_THAT(again.json, HasSubstr(R"({"key":"turnscope.folded.duration_ns","value":{"intValue":"14"}})"));
}

TEST(Storm, a_span_whose_children_came_before_stays) {
  BoundsOptions o;
  o.storm_spans = 1;
  const auto p = make(o);
  std::string child = spans({"child"});
  const std::string parent = R"("parentSpanId":"00000000000fffff")";
  child.replace(child.find(parent), parent.size(), R"("parentSpanId":"0000000000000002")");
  EXPECT_EQ(after(*p, child).items, 1u);
  const auto out = after(*p, spans({"poll", "poll", "poll", "poll"}));
  EXPECT_EQ(out.items, 3u);
  EXPECT_THAT(out.json, HasSubstr(R"("spanId":"0000000000000002")"));
}

TEST(Storm, calls_that_tell_tokens_are_counted_one_by_one) {
  BoundsOptions o;
  o.storm_spans = 1;
  const auto out = after(
      *make(o),
      spans(
          {"chat", "chat", "chat"},
          R"([{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"m"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"5"}}])"));
  EXPECT_EQ(out.items, 3u);
}

}  // namespace
}  // namespace turnscope::pipeline
