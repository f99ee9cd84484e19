#include "pipeline/redact_processor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/anomaly.h"
#include "pipeline/pipeline.h"
#include "pipeline/test_requests.h"

namespace turnscope::pipeline {
namespace {

using testing::HasSubstr;
using testing::Not;

std::shared_ptr<Pipeline> make(Options o = {}) {
  o.redact.enabled = true;
  auto made = Pipeline::make(o);
  if (!made) ADD_FAILURE() << made.error().message;
  return std::move(*made);
}

/// OTLP/JSON of a traces request after the pipeline.
std::string after(Pipeline& pipeline, std::string_view json, bool* changed = nullptr) {
  Decoded<otlp::Traces> d;
  auto model = otlp::decode_traces_json(json, d.arena, {}, d.report);
  if (!model) ADD_FAILURE() << model.error().message;
  const bool c = pipeline.process(*model, d.arena).value();
  if (changed) *changed = c;
  std::string out;
  otlp::encode_json(*model, out);
  return out;
}

template <typename Model, typename Decode>
void expect_gone(std::string json, Decode decode, std::string_view secret) {
  Decoded<Model> d;
  auto model = decode(json, d.arena, otlp::Limits{}, d.report);
  ASSERT_TRUE(model) << model.error().message << json;
  EXPECT_TRUE(make()->process(*model, d.arena).value());
  const std::string bytes = protobuf(*model);
  EXPECT_EQ(bytes.find(secret), bytes.npos) << secret;
  // What comes out is a request again.
  Decoded<Model> again;
  EXPECT_TRUE([&] {
    if constexpr (std::is_same_v<Model, otlp::Traces>)
      return otlp::decode_traces_protobuf(bytes, again.arena, {}, again.report).has_value();
    if constexpr (std::is_same_v<Model, otlp::Logs>)
      return otlp::decode_logs_protobuf(bytes, again.arena, {}, again.report).has_value();
    if constexpr (std::is_same_v<Model, otlp::Metrics>)
      return otlp::decode_metrics_protobuf(bytes, again.arena, {}, again.report).has_value();
  }());
  EXPECT_FALSE(again.report.modified);
}

TEST(Redaction, planted_things_are_gone_from_every_place_of_every_signal) {
  ASSERT_GE(planted().size(), 40u);
  for (const std::string& shape : planted()) {
    expect_gone<otlp::Traces>(traces_with(shape), otlp::decode_traces_json, core(shape));
    expect_gone<otlp::Logs>(logs_with(shape), otlp::decode_logs_json, core(shape));
    expect_gone<otlp::Metrics>(metrics_with(shape), otlp::decode_metrics_json, core(shape));
  }
}

TEST(Redaction, a_request_without_findings_is_not_changed) {
  bool changed = true;
  const std::string json = traces_with("nothing to see");
  const std::string out = after(*make(), json, &changed);
  EXPECT_FALSE(changed);
  EXPECT_THAT(out, Not(HasSubstr("turnscope.redacted")));
}

TEST(Redaction, items_carry_marks_and_are_counted) {
  const auto before = counted(Anomaly::redact_found_email);
  const std::string out = after(*make(), traces_with("bob@example.com"));
  EXPECT_THAT(out, HasSubstr(R"({"key":"turnscope.redacted.email","value":{"intValue":"3"}})"));
  EXPECT_THAT(out, HasSubstr(R"({"key":"turnscope.redacted.email","value":{"intValue":"16"}})"));
  EXPECT_GT(counted(Anomaly::redact_found_email), before + 16);
  EXPECT_THAT(out, HasSubstr(R"({"key":"kept","value":{"intValue":"12"}})"));
}

TEST(Redaction, keys_that_become_alike_stay_unique) {
  const std::string out = after(
      *make(),
      R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"n",
    "attributes":[{"key":"a@example.com","value":{"intValue":"1"}},{"key":"b@example.com","value":{"intValue":"2"}}]}]}]}]})");
  EXPECT_THAT(out, HasSubstr(R"("key":"[redacted:email]")"));
  EXPECT_THAT(out, HasSubstr(R"("key":"[redacted:email]#2")"));
}

TEST(Redaction, numbers_that_are_personal_become_text) {
  const std::string out = after(
      *make(),
      R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"n",
    "attributes":[{"key":"card","value":{"intValue":"4111111111111111"}},{"key":"phone","value":{"intValue":"4155550132"}},{"key":"ts","value":{"intValue":"1716900000123"}},{"key":"d","value":{"doubleValue":4111111111111111}}]}]}]}]})");
  EXPECT_THAT(out, HasSubstr(R"("key":"card","value":{"stringValue":"[redacted:card]"})"));
  EXPECT_THAT(out, HasSubstr(R"("key":"phone","value":{"stringValue":"[redacted:phone]"})"));
  EXPECT_THAT(out, HasSubstr(R"("key":"ts","value":{"intValue":"1716900000123"})"));
  EXPECT_THAT(out, HasSubstr(R"("key":"d","value":{"stringValue":"[redacted:card]"})"));
}

constexpr std::string_view kChat =
    R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"SERVICE"}}]},"scopeSpans":[{"scope":{"name":"lib"},"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"chat gpt-4o",
 "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"12"}},
 {"key":"gen_ai.input.messages","value":{"stringValue":"[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"hello there\"}]},{\"role\":\"system\",\"parts\":[{\"type\":\"text\",\"content\":\"be kind\"}]}]"}},
 {"key":"gen_ai.prompt.0.role","value":{"stringValue":"user"}},{"key":"gen_ai.prompt.0.content","value":{"stringValue":"hello flat"}},{"key":"my.own.key","value":{"stringValue":"whatever"}}],
 "events":[{"name":"gen_ai.user.message","attributes":[{"key":"content","value":{"stringValue":"hello event"}}]},{"name":"gen_ai.choice","attributes":[{"key":"content","value":{"stringValue":"hi event"}}]},{"name":"exception","attributes":[{"key":"exception.type","value":{"stringValue":"ValueError"}},{"key":"exception.message","value":{"stringValue":"bad thing"}}]}],
 "status":{"code":2,"message":"it failed"}}]}]}]})";

std::string chat(std::string_view service) {
  std::string out(kChat);
  return out.replace(out.find("SERVICE"), 7, service);
}

TEST(NoContent, only_numbers_and_names_of_structure_stay) {
  Options o;
  o.redact.content = false;
  const std::string out = after(*make(o), chat("shop"));
  for (const auto* gone : {"hello", "be kind", "hi event", "whatever", "bad thing", "it failed"})
    EXPECT_THAT(out, Not(HasSubstr(gone)));
  for (const auto* stays : {"gpt-4o", "\"chat\"", "gen_ai.usage.input_tokens", "ValueError", "shop",
                            "turnscope.content.bytes", "\"lib\""})
    EXPECT_THAT(out, HasSubstr(stays));
}

TEST(Rules, hold_by_service) {
  Options o;
  RedactRule r;
  r.service = "sec*";
  r.what = RedactRule::Do::strip;
  o.redact.rules = {r};
  const auto p = make(o);
  EXPECT_THAT(after(*p, chat("secret-shop")), Not(HasSubstr("hello")));
  EXPECT_THAT(after(*p, chat("shop")), HasSubstr("hello there"));
}

TEST(Rules, hold_by_attribute_and_the_first_one_decides) {
  Options o;
  RedactRule keep, drop;
  keep.attribute = "gen_ai.request.*";
  keep.what = RedactRule::Do::keep;
  drop.attribute = "gen_ai.*";
  drop.what = RedactRule::Do::drop;
  o.redact.rules = {keep, drop};
  const std::string out = after(*make(o), chat("shop"));
  EXPECT_THAT(out, HasSubstr("gen_ai.request.model"));
  EXPECT_THAT(out, Not(HasSubstr("gen_ai.input.messages")));
  EXPECT_THAT(out, HasSubstr("whatever"));
}

TEST(Rules, hold_by_role_wherever_a_role_is_said) {
  Options o;
  RedactRule r;
  r.role = "user";
  r.what = RedactRule::Do::mask;
  o.redact.rules = {r};
  const std::string out = after(*make(o), chat("shop"));
  for (const auto* gone : {"hello there", "hello flat", "hello event"})
    EXPECT_THAT(out, Not(HasSubstr(gone)));
  for (const auto* stays : {"be kind", "hi event", "whatever", "bad thing"})
    EXPECT_THAT(out, HasSubstr(stays));
}

TEST(Rules, can_ask_for_other_detectors) {
  Options o;
  RedactRule r;
  r.service = "mail";
  r.actions = RedactOptions::all(Action::mask);
  r.actions[static_cast<std::size_t>(Detector::email)] = Action::keep;
  o.redact.rules = {r};
  std::string json = chat("mail");
  json.replace(json.find("whatever"), 8, "bob@example.com +14155550132");
  EXPECT_THAT(after(*make(o), json), HasSubstr("bob@example.com [redacted:phone]"));
}

TEST(Pipeline, is_idle_when_nothing_is_configured) {
  const auto made = Pipeline::make({});
  ASSERT_TRUE(made);
  EXPECT_TRUE((*made)->idle());
}

TEST(Globs, stars_stand_for_anything) {
  EXPECT_TRUE(glob_matches("a*c", "abbc"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("*.content", "gen_ai.prompt.0.content"));
  EXPECT_FALSE(glob_matches("a*c", "abcd"));
  EXPECT_FALSE(glob_matches("", "a"));
  EXPECT_TRUE(glob_matches("a**b*", "axxbyy"));
}

TEST(RedactProcessor, a_secret_in_two_chunks_is_found_where_they_touch) {
  RedactOptions o;
  o.enabled = true;
  auto redactor = Redactor::make(o);
  ASSERT_TRUE(redactor) << redactor.error().message;
  const auto processor = make_redact_processor(std::move(*redactor));
  const std::string key = "sk-proj-Zk3v9QwLr8Tn2XyB5mDc7HfJ1pVs4GaE";
  const std::string mail = "anna.berg@example.com";
  const auto run = [&](const std::vector<std::string>& chunks, bool as_array) {
    otlp::Arena arena;
    std::vector<otlp::KeyValue> attributes;
    std::vector<otlp::Event> events;
    std::vector<otlp::AnyValue> values;
    attributes.reserve(chunks.size() + 1);
    for (const auto& c : chunks) {
      attributes.push_back(text_attribute("gen_ai.completion.chunk", c));
      otlp::Event e;
      e.name = "chunk";
      events.push_back(e);
      values.push_back(attributes.back().value);
    }
    for (std::size_t k = 0; k < chunks.size(); ++k) events[k].attributes = {&attributes[k], 1};
    otlp::KeyValue list;
    list.key = "llm.chunk";
    list.value.type = otlp::AnyValue::Type::array;
    list.value.values = values;
    otlp::Span span;
    if (as_array)
      span.attributes = {&list, 1};
    else
      span.events = events;
    otlp::ScopeSpans ss;
    ss.spans = {&span, 1};
    otlp::ResourceSpans rs;
    rs.scopes = {&ss, 1};
    otlp::Traces traces{{&rs, 1}};
    Batch batch{arena};
    processor->process(traces, batch);
    std::string all;
    if (as_array)
      for (const auto& v : list.value.values) all += v.text;
    else
      for (const auto& e : span.events) all += e.attributes[0].value.text;
    return all;
  };
  for (const bool as_array : {false, true}) {
    for (std::size_t cut = 4; cut + 4 < key.size(); cut += 5) {
      const auto all = run({"the key is " + key.substr(0, cut), key.substr(cut) + " keep it"}, as_array);
      EXPECT_EQ(all, "the key is [redacted:api_key] keep it") << cut;
    }
    std::vector<std::string> single;
    for (const char c : "write to " + mail + " soon") single.emplace_back(1, c);
    EXPECT_EQ(run(single, as_array), "write to [redacted:email] soon");
    // Long pieces are looked at where they touch only.
    const std::string filler(5'000, 'x');
    EXPECT_EQ(run({filler + " " + mail.substr(0, 7), mail.substr(7) + " " + filler}, as_array),
              filler + " [redacted:email] " + filler);
    EXPECT_EQ(run({"nothing to", " see here"}, as_array), "nothing to see here");
  }
}

}  // namespace
}  // namespace turnscope::pipeline
