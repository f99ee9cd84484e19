#include "sinks/otlp_exporter/span_filter.h"

#include "far_side.h"
#include "otlp/test_support.h"
#include "pipeline/processor.h"

namespace turnscope::sinks::testing {
namespace {

std::string filtered(const SpanMatch& m, const SpanChanges& c, std::string_view bytes,
                     Filtered* count = nullptr) {
  std::string out;
  const auto done = SpanFilter(m, c).apply(log::Signal::traces, bytes, {}, out);
  EXPECT_TRUE(done) << done.error().message;
  if (done && count != nullptr) *count = *done;
  return out;
}

/// key → text of the first span.
std::map<std::string, std::string> attributes_of(std::string_view bytes) {
  otlp::Arena arena;
  otlp::DecodeReport report;
  std::map<std::string, std::string> out;
  const auto t = otlp::decode_traces_protobuf(bytes, arena, {}, report);
  if (!t || t->resources.empty()) return out;
  for (const auto& kv : t->resources[0].scopes[0].spans[0].attributes) {
    std::string text;
    otlp::encode_plain_json(kv.value, text);
    out[std::string(kv.key)] = text;
  }
  return out;
}

TEST(SpanFilter, nothing_asked_and_nothing_changed_passes_all) {
  EXPECT_TRUE(SpanFilter({}, {}).passes_all());
  SpanMatch m;
  m.error = true;
  EXPECT_FALSE(SpanFilter(m, {}).passes_all());
}

TEST(SpanFilter, conditions) {
  const auto bytes =
      request_of({{"a", 1, 1, 0, true, "shop", {{"env", "prod"}, {"user.tier", "gold"}}},
                  {"b", 1, 2, 1, false, "bank", {{"env", "test"}}},
                  {"c", 1, 3, 1, false, "shop-eu", {{"env", "prod"}, {"gen_ai.operation.name", "chat"}}}});
  const auto names = [&](const SpanMatch& m) { return names_in(filtered(m, {}, bytes)); };
  using Names = std::vector<std::string>;
  SpanMatch m;
  m.service = {"shop*"};
  EXPECT_EQ(names(m), (Names{"a", "c"}));
  m.service = {"bank", "shop"};
  EXPECT_EQ(names(m), (Names{"a", "b"}));
  m = {};
  m.error = true;
  EXPECT_EQ(names(m), Names{"a"});
  m.error = false;
  EXPECT_EQ(names(m), (Names{"b", "c"}));
  m = {};
  m.attributes = {{"env", "prod"}};
  EXPECT_EQ(names(m), (Names{"a", "c"}));
  m.without = {{"user.tier", "*"}};
  EXPECT_EQ(names(m), Names{"c"});
  m = {};
  m.kind = {genai::Kind::llm};
  EXPECT_EQ(names(m), Names{"c"});
  m = {};
  m.attributes = {{"service.name", "bank"}};
  EXPECT_EQ(names(m), Names{"b"});
  m.attributes = {{"no such", "*"}};
  Filtered count;
  EXPECT_TRUE(filtered(m, {}, bytes, &count).empty());
  EXPECT_EQ(count.left, 3u);
}

TEST(SpanFilter, attributes_are_dropped_renamed_and_the_rest_is_as_it_was) {
  SpanChanges c;
  c.drop_attributes = {"secret.*"};
  c.rename = {{"old", "new"}};
  c.add_resource = {{"team", "blue"}};
  const auto out = filtered(
      {}, c, request_of({{"a", 1, 1, 0, false, "shop", {{"secret.x", "1"}, {"old", "2"}, {"keep", "3"}}}}));
  EXPECT_EQ(attributes_of(out), (std::map<std::string, std::string>{{"new", "\"2\""}, {"keep", "\"3\""}}));
  EXPECT_NE(out.find("blue"), std::string::npos);
}

TEST(SpanFilter, redacted_for_one_exporter_whatever_its_conditions_look_at) {
  pipeline::Options o;
  o.redact.enabled = true;
  auto redact = pipeline::Pipeline::make(o);
  ASSERT_TRUE(redact) << redact.error().message;
  SpanMatch m;
  m.attributes = {{"user.email", "anna.berg@example.com"}};
  SpanChanges c;
  c.rename = {{"note", "remark"}};
  const auto bytes = request_of({{"a",
                                  1,
                                  1,
                                  0,
                                  false,
                                  "shop",
                                  {{"user.email", "anna.berg@example.com"}, {"note", "call +49 30 901820"}}},
                                 {"b", 1, 2, 1, false, "shop", {{"user.email", "else@example.com"}}}});
  SpanSteps steps;
  steps.redact = std::move(*redact);
  std::string out;
  const auto done = SpanFilter(m, c, steps).apply(log::Signal::traces, bytes, {}, out);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(names_in(out), std::vector<std::string>{"a"});
  const auto got = attributes_of(out);
  EXPECT_EQ(got.at("user.email"), "\"[redacted:email]\"");
  EXPECT_EQ(got.at("remark"), "\"call [redacted:phone]\"");
  EXPECT_FALSE(SpanFilter({}, {}, steps).passes_all());
}

TEST(SpanFilter, large_values_leave_as_they_are_told) {
  SpanSteps steps;
  std::uint32_t of = 0;
  steps.link_large = [&](otlp::Traces& t, std::uint32_t project, otlp::Arena&) {
    of = project;
    pipeline::writable(pipeline::writable(pipeline::writable(t.resources)[0].scopes)[0].spans)[0].name =
        "linked";
  };
  std::string out;
  const auto done =
      SpanFilter({}, {}, steps).apply(log::Signal::traces, request_of({{"a", 1, 1}}), {}, out, 7);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(names_in(out), std::vector<std::string>{"linked"});
  EXPECT_EQ(of, 7u);
}

TEST(SpanFilter, no_content_of_any_recorded_client_leaves_when_it_is_stripped) {
  // Real recordings of every dialect: of each span's content texts none may be found in what is sent.
  std::size_t texts = 0;
  SpanChanges c;
  c.strip_content = true;
  for (const auto dialect :
       {SpanChanges::Dialect::as_is, SpanChanges::Dialect::openinference, SpanChanges::Dialect::semconv}) {
    c.dialect = dialect;
    for (const auto& file : otlp::fixture_files(".pb")) {
      const auto bytes = otlp::read_file(file);
      otlp::Arena arena;
      otlp::DecodeReport report;
      const auto t = otlp::decode_traces_protobuf(bytes, arena, {}, report);
      if (!t) continue;
      const auto out = filtered({}, c, bytes);
      EXPECT_EQ(names_in(out).size(), names_in(bytes).size()) << file;
      for (const auto& rs : t->resources)
        for (const auto& ss : rs.scopes)
          for (const auto& span : ss.spans) {
            genai::Columns view;
            genai::columns(span, rs.resource, ss.scope, view);
            for (const auto& ref : view.content) {
              const auto& list = ref.event < 0 ? span.attributes
                                               : span.events[static_cast<std::size_t>(ref.event)].attributes;
              const auto& v = list[ref.attribute].value;
              if (v.type != otlp::AnyValue::Type::string || v.text.size() < 40) continue;
              ++texts;
              EXPECT_EQ(out.find(v.text), std::string::npos) << file << ": " << list[ref.attribute].key;
            }
          }
    }
  }
  EXPECT_GT(texts, 300u);
}

TEST(SpanFilter, the_dialect_of_the_far_side_is_added) {
  SpanChanges c;
  c.dialect = SpanChanges::Dialect::openinference;
  const auto chat = request_of(
      {{"chat",
        1,
        1,
        0,
        false,
        "shop",
        {{"gen_ai.operation.name", "chat"},
         {"gen_ai.request.model", "m-1"},
         {"gen_ai.provider.name", "anthropic"},
         {"gen_ai.input.messages", R"([{"role":"user","parts":[{"type":"text","content":"hi"}]}])"}}}});
  auto got = attributes_of(filtered({}, c, chat));
  EXPECT_EQ(got["openinference.span.kind"], "\"LLM\"");
  EXPECT_EQ(got["llm.model_name"], "\"m-1\"");
  EXPECT_NE(got["input.value"].find("hi"), std::string::npos);
  c.strip_content = true;
  got = attributes_of(filtered({}, c, chat));
  EXPECT_FALSE(got.contains("input.value"));
  EXPECT_FALSE(got.contains("gen_ai.input.messages"));
  c = {};
  c.dialect = SpanChanges::Dialect::semconv;
  got = attributes_of(filtered(
      {}, c,
      request_of(
          {{"x", 1, 1, 0, false, "s", {{"openinference.span.kind", "LLM"}, {"llm.model_name", "m-2"}}}})));
  EXPECT_EQ(got["gen_ai.operation.name"], "\"chat\"");
}

TEST(SpanFilter, all_fixtures_survive_being_taken_apart_and_put_together) {
  // A filter that asks for what every span has: decoded, filtered, encoded, and still the same spans.
  SpanMatch m;
  m.without = {{"no such attribute", "x"}};
  for (const auto& file : otlp::fixture_files(".pb")) {
    const auto bytes = otlp::read_file(file);
    otlp::Arena a, b;
    otlp::DecodeReport report;
    const auto before = otlp::decode_traces_protobuf(bytes, a, {}, report);
    if (!before) continue;
    const auto out = filtered(m, {}, bytes);
    const auto after = otlp::decode_traces_protobuf(out, b, {}, report);
    ASSERT_TRUE(after) << file;
    std::string x, y;
    otlp::encode_json(*before, x);
    otlp::encode_json(*after, y);
    EXPECT_EQ(x, y) << file;
  }
}

TEST(SplitTraces, pieces_hold_all_spans_within_the_limits) {
  std::vector<SpanSpec> specs;
  for (std::uint64_t i = 0; i < 100; ++i) specs.push_back({"s" + std::to_string(i), 1, i + 1});
  const auto whole = request_of(specs);
  std::vector<std::string> names;
  for (const auto& p : split_traces(whole, 1000, 7)) {
    const auto n = names_in(p);
    EXPECT_LE(n.size(), 7u);
    names.insert(names.end(), n.begin(), n.end());
  }
  EXPECT_EQ(names, names_in(whole));
  EXPECT_EQ(split_traces("\xff\xff", 10, 10).size(), 1u);
}

}  // namespace
}  // namespace turnscope::sinks::testing
