#include "pipeline/tier.h"

#include <gtest/gtest.h>

#include "pipeline/bounds.h"
#include "pipeline/pipeline.h"

namespace turnscope::pipeline {
namespace {

struct Request {
  otlp::Arena arena;
  otlp::KeyValue service = text_attribute("service.name", "shop");
  std::vector<std::vector<otlp::KeyValue>> attributes;
  std::vector<otlp::Span> spans;
  std::vector<otlp::LogRecord> records;
  otlp::ScopeSpans scope;
  otlp::ResourceSpans resource;
  otlp::ScopeLogs log_scope;
  otlp::ResourceLogs log_resource;
  Request() { attributes.reserve(16); }
  void span(std::string_view name, std::vector<otlp::KeyValue> list) {
    otlp::Span s;
    s.span_id = spans.size() + 1;
    s.trace_id[0] = 1;
    s.name = name;
    s.attributes = attributes.emplace_back(std::move(list));
    spans.push_back(s);
  }
  void record(std::vector<otlp::KeyValue> list) {
    otlp::LogRecord r;
    r.attributes = attributes.emplace_back(std::move(list));
    records.push_back(r);
  }
  otlp::Traces traces() {
    scope.spans = spans;
    resource.resource.attributes = {&service, 1};
    resource.scopes = {&scope, 1};
    return {{&resource, 1}};
  }
  otlp::Logs logs() {
    log_scope.records = records;
    log_resource.resource.attributes = {&service, 1};
    log_resource.scopes = {&log_scope, 1};
    return {{&log_resource, 1}};
  }
};

std::string why(const otlp::Span& s) {
  const auto* v = find_attribute(s.attributes, kRestricted);
  return v ? std::string(v->text) : "";
}

Options options() {
  Options o;
  o.redact.enabled = true;
  o.tier.enabled = true;
  o.tier.rules = {{"payroll", {"pay*", "", "", "", false}}, {"vip", {"", "", "tenant", "gold*", false}}};
  return o;
}

TEST(Tier, spans_with_findings_and_those_that_meet_a_rule_are_marked) {
  const auto pipeline = Pipeline::make(options());
  ASSERT_TRUE(pipeline) << pipeline.error().message;
  Request r;
  r.span("plain", {text_attribute("note", "nothing here")});
  r.span("mail", {text_attribute("note", "write to anna.berg@example.com")});
  r.span("vip", {text_attribute("tenant", "gold-1")});
  auto model = r.traces();
  const auto changed = (*pipeline)->process(model, r.arena);
  ASSERT_TRUE(changed && *changed);
  EXPECT_EQ(why(r.spans[0]), "");
  EXPECT_EQ(why(r.spans[1]), "found");
  EXPECT_EQ(why(r.spans[2]), "vip");

  Request pay;
  pay.service = text_attribute("service.name", "payroll-eu");
  pay.span("any", {});
  pay.record({text_attribute("a", "b")});
  auto of_service = pay.traces();
  ASSERT_TRUE((*pipeline)->process(of_service, pay.arena).value_or(false));
  EXPECT_EQ(why(pay.spans[0]), "payroll");
  auto logs = pay.logs();
  ASSERT_TRUE((*pipeline)->process(logs, pay.arena).value_or(false));
  EXPECT_TRUE(is_restricted(pay.records[0].attributes));
}

TEST(Tier, ordinary_tables_get_what_has_no_content_and_the_others_only_what_is_marked) {
  const auto make = [](Request& r) {
    r.span("plain", {text_attribute("note", "stays")});
    r.span("chat about anna",
           {text_attribute("gen_ai.input.messages", "secret words"),
            text_attribute("gen_ai.request.model", "m1"), number_attribute("gen_ai.usage.input_tokens", 9),
            text_attribute("user.id", "anna"), text_attribute(kRestricted, "found")});
    r.spans[1].status_message = "failed for anna";
    r.record({text_attribute("x", "y")});
    r.record({text_attribute("x", "y"), text_attribute(kRestricted, "found")});
  };
  Request ordinary;
  make(ordinary);
  auto traces = ordinary.traces();
  keep_tier(traces, Tier::ordinary, ordinary.arena);
  ASSERT_EQ(ordinary.scope.spans.size(), 2u);
  EXPECT_EQ(ordinary.spans[0].attributes.size(), 1u);
  const auto& stub = ordinary.spans[1];
  EXPECT_EQ(stub.name, kWithheldName);
  EXPECT_EQ(stub.status_message, "");
  EXPECT_EQ(find_attribute(stub.attributes, "gen_ai.input.messages"), nullptr);
  EXPECT_EQ(find_attribute(stub.attributes, "user.id"), nullptr);
  EXPECT_EQ(find_attribute(stub.attributes, "gen_ai.request.model")->text, "m1");
  EXPECT_EQ(find_attribute(stub.attributes, "gen_ai.usage.input_tokens")->integer, 9);
  EXPECT_TRUE(find_attribute(stub.attributes, "turnscope.withheld")->boolean);
  EXPECT_EQ(why(stub), "found");
  auto logs = ordinary.logs();
  keep_tier(logs, Tier::ordinary, ordinary.arena);
  EXPECT_EQ(ordinary.log_scope.records.size(), 1u);

  Request restricted;
  make(restricted);
  auto marked = restricted.traces();
  keep_tier(marked, Tier::restricted, restricted.arena);
  ASSERT_EQ(restricted.scope.spans.size(), 1u);
  EXPECT_EQ(restricted.scope.spans[0].name, "chat about anna");
  EXPECT_NE(find_attribute(restricted.scope.spans[0].attributes, "gen_ai.input.messages"), nullptr);
  auto marked_logs = restricted.logs();
  keep_tier(marked_logs, Tier::restricted, restricted.arena);
  EXPECT_EQ(restricted.log_scope.records.size(), 1u);
}

TEST(Tier, a_rule_without_a_condition_would_take_everything_so_it_takes_what_it_says) {
  EXPECT_TRUE(conditions_hold({"", "", "", "", false}, "s", "n", {}, {}));
  EXPECT_FALSE(conditions_hold({"pay", "", "", "", false}, "shop", "n", {}, {}));
  EXPECT_FALSE(conditions_hold({"", "chat*", "", "", false}, "shop", "tool", {}, {}));
  const auto own = number_attribute("n", 5);
  EXPECT_TRUE(conditions_hold({"", "", "n", "5", false}, "s", "x", {&own, 1}, {}));
  EXPECT_TRUE(conditions_hold({"", "", "n", "*", false}, "s", "x", {}, {&own, 1}));
  EXPECT_FALSE(conditions_hold({"", "", "m", "*", false}, "s", "x", {&own, 1}, {&own, 1}));
}

}  // namespace
}  // namespace turnscope::pipeline
