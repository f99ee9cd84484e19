// What is counted over time and what followers are told, on a real store.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "otlp/decode.h"
#include "query/test_queries.h"

namespace turnscope::query {
namespace {

using test::Batch;
using test::kHour;
using test::kNow;
using test::kSecond;
using test::trace_id;
using test::value;
using Counted = test::StoredQueries;

TEST_F(Counted, a_trace_that_lies_in_several_steps_counts_in_each_and_once_in_all) {
  Batch b;
  for (std::uint64_t n = 1; n <= 3; ++n)
    for (std::int64_t i = 0; i < 4; ++i) {
      auto& s = b.span(trace_id(n), static_cast<std::uint64_t>(i) + 1, 0, kNow - kHour + i * 600 * kSecond,
                       kSecond, "s");
      if (n == 1 && i == 3) s.status = otlp::StatusCode::error;
    }
  insert(b);
  const auto traces = value(queries_.timeseries(caller_, search(""), true, 500));
  std::uint64_t in_steps = 0;
  for (const auto& p : traces.points) in_steps += p.count;
  EXPECT_EQ(in_steps, 12u);
  EXPECT_EQ(traces.count, 3u);
  EXPECT_EQ(traces.errors, 1u);
  const auto spans = value(queries_.timeseries(caller_, search(""), false, 500));
  EXPECT_EQ(spans.count, 12u);
  EXPECT_EQ(spans.errors, 1u);
  EXPECT_EQ(value(queries_.timeseries(caller_, search("name:nothing"), true, 500)).count, 0u);
}

TEST_F(Counted, more_models_than_can_be_priced_are_refused_and_not_taken_for_free) {
  const auto done = test::Store::get().engine().execute(
      fmt::format("INSERT INTO spans (project, trace_id, span_id, start, received, version, kind, "
                  "usage_role, usage_known, "
                  "model, tok_input) SELECT {}, 'trace00000000001', number + 1, fromUnixTimestamp64Nano({}), "
                  "fromUnixTimestamp64Milli({}), number, 3, 1, 1, concat('gpt-4o-', toString(20000000 + "
                  "number)), 1000 FROM "
                  "numbers(10001)",
                  caller_.project, kNow - kHour, kNow / 1'000'000));
  ASSERT_TRUE(done) << done.error().message;
  const std::string says = "more than 10000 combinations of model, provider, service tier and region";
  const auto spans = queries_.spans(caller_, search("cost>0"));
  ASSERT_FALSE(spans);
  EXPECT_EQ(spans.error().message.find(says), 0u) << spans.error().message;
  const auto runs = queries_.runs(caller_, search(""), RunOrder::cost);
  ASSERT_FALSE(runs);
  EXPECT_EQ(runs.error().message.find(says), 0u) << runs.error().message;
}

TEST_F(Counted, changes_since_a_version_name_the_traces) {
  Batch first, second;
  first.span(trace_id(1), 1, 0, kNow - 10, 5, "a");
  insert(first);
  const auto since = (test::Store::get().position() + 1) << 20;
  second.span(trace_id(2), 2, 0, kNow - 10, 5, "b");
  second.span(trace_id(2), 3, 2, kNow - 9, 5, "c");
  insert(second);
  const auto changed = value(queries_.changed(caller_, since, 10));
  const auto all = queries_.changes(caller_, changed, "");
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->trace_ids, std::vector<otlp::TraceId>{trace_id(2)});
  EXPECT_EQ(all->spans, 2u);
  EXPECT_TRUE(queries_.changes(caller_, changed, "name:a")->trace_ids.empty());
  EXPECT_EQ(queries_.changes(caller_, changed, "trace:" + otlp::hex(trace_id(2)))->spans, 2u);
  EXPECT_TRUE(queries_.changes(caller_, changed, "trace:" + otlp::hex(trace_id(1)))->trace_ids.empty());
}

TEST_F(Counted, a_field_that_is_none_is_refused_with_those_that_there_are) {
  const auto series = queries_.timeseries(caller_, search(""), true, 10, "colour");
  ASSERT_FALSE(series);
  EXPECT_EQ(series.error().field, "by");
  EXPECT_EQ(
      series.error().message,
      "`colour` is no field to split by; use one of service, name, kind, status, span_kind, error, model, "
      "provider, tool, agent, session, user, operation, environment, prompt_name, prompt_version, "
      "experiment, variant, error_type, root_name, scope.name");
  const auto facets = queries_.facets(caller_, search(""), true, {"colour"});
  ASSERT_FALSE(facets);
  EXPECT_NE(facets.error().message.find("`colour` has no facet; use one of service, name, kind, "),
            std::string::npos);
}

TEST_F(Counted, facets_under_a_condition_are_those_of_its_rows_field_by_field) {
  Batch b("api");
  for (std::uint64_t i = 0; i < 60; ++i)
    b.span(trace_id(1 + i / 3), i + 1, 0, kNow - static_cast<std::int64_t>(i) * kSecond, kSecond, "chat",
           {b.text("gen_ai.operation.name", i % 3 == 0 ? "chat" : "execute_tool"),
            b.text("gen_ai.request.model", "m" + std::to_string(i % 4)),
            b.text("word", i % 2 == 0 ? "even" : "odd")});
  insert(b);
  // A condition that all rows fulfil takes another way than none, to the same counts.
  for (const bool traces : {true, false})
    for (const char* field : {"kind", "model", "service", "tool"}) {
      SCOPED_TRACE(field);
      const auto all = value(queries_.facets(caller_, search(""), traces, {field}));
      const auto same = value(
          queries_.facets(caller_, search("duration>=0ms"), traces, {"service", "tool", "model", "kind"}));
      for (const auto& f : same) {
        if (f.field != all[0].field) continue;
        ASSERT_EQ(f.values.size(), all[0].values.size());
        for (std::size_t i = 0; i < f.values.size(); ++i)
          EXPECT_EQ(std::pair(f.values[i].value, f.values[i].count),
                    std::pair(all[0].values[i].value, all[0].values[i].count));
      }
    }
  auto few = search("word:even");
  few.limit = 1;
  const auto even = value(queries_.facets(caller_, few, false, {"model", "kind"}));
  ASSERT_EQ(even[0].values.size(), 1u);
  EXPECT_EQ(even[0].values[0].value, "m0");  // as often as m2, and before it
  EXPECT_EQ(even[0].values[0].count, 15u);
  EXPECT_TRUE(even[0].more);
  EXPECT_EQ(even[1].values[0].value, "tool");
  EXPECT_EQ(even[1].values[0].count, 20u);
  EXPECT_TRUE(even[1].more);
}

}  // namespace
}  // namespace turnscope::query
