// What is counted over time and what followers are told, on a real store.
#include <gtest/gtest.h>

#include "otlp/decode.h"
#include "query/queries.h"
#include "query/test_store.h"

namespace turnscope::query {
namespace {

using test::Batch;
using test::kSecond;
using test::trace_id;

constexpr std::int64_t kMoment = 1'795'000'000 * kSecond;
constexpr std::int64_t kOneHour = 3'600 * kSecond;

template <typename R>
auto taken(R answer) {
  if (!answer) {
    ADD_FAILURE() << answer.error().message;
    return typename R::value_type{};
  }
  return std::move(*answer);
}

class Counted : public testing::Test {
 protected:
  Counted() { caller_.project = test::Store::get().fresh_project(); }
  void insert(Batch& batch) { test::Store::get().insert(caller_.project, batch, kMoment); }
  static SearchRequest everything() { return {"", {kMoment - 24 * kOneHour, kMoment + kOneHour}, 50, {}}; }

  Caller caller_;
  test::FixedClock clock_{kMoment};
  Queries queries_{test::Store::get().engine(), {}, clock_};
};

TEST_F(Counted, a_trace_that_lies_in_several_steps_counts_in_each_and_once_in_all) {
  Batch b;
  for (std::uint64_t n = 1; n <= 3; ++n)
    for (std::int64_t i = 0; i < 4; ++i) {
      auto& s = b.span(trace_id(n), static_cast<std::uint64_t>(i) + 1, 0,
                       kMoment - kOneHour + i * 600 * kSecond, kSecond, "s");
      if (n == 1 && i == 3) s.status = otlp::StatusCode::error;
    }
  insert(b);
  const auto traces = taken(queries_.timeseries(caller_, everything(), true, 500));
  std::uint64_t in_steps = 0;
  for (const auto& p : traces.points) in_steps += p.count;
  EXPECT_EQ(in_steps, 12u);
  EXPECT_EQ(traces.count, 3u);
  EXPECT_EQ(traces.errors, 1u);
  const auto spans = taken(queries_.timeseries(caller_, everything(), false, 500));
  EXPECT_EQ(spans.count, 12u);
  EXPECT_EQ(spans.errors, 1u);
  EXPECT_EQ(taken(queries_.timeseries(caller_, SearchRequest{"name:nothing", everything().range, 50, {}},
                                      true, 500))
                .count,
            0u);
}

TEST_F(Counted, changes_since_a_version_name_the_traces) {
  Batch first, second;
  first.span(trace_id(1), 1, 0, kMoment - 10, 5, "a");
  insert(first);
  const auto since = (test::Store::get().position() + 1) << 20;
  second.span(trace_id(2), 2, 0, kMoment - 10, 5, "b");
  second.span(trace_id(2), 3, 2, kMoment - 9, 5, "c");
  insert(second);
  const auto changed = taken(queries_.changed(caller_, since, 10));
  const auto all = queries_.changes(caller_, changed, "");
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->trace_ids, std::vector<otlp::TraceId>{trace_id(2)});
  EXPECT_EQ(all->spans, 2u);
  EXPECT_TRUE(queries_.changes(caller_, changed, "name:a")->trace_ids.empty());
  EXPECT_EQ(queries_.changes(caller_, changed, "trace:" + otlp::hex(trace_id(2)))->spans, 2u);
  EXPECT_TRUE(queries_.changes(caller_, changed, "trace:" + otlp::hex(trace_id(1)))->trace_ids.empty());
}

}  // namespace
}  // namespace turnscope::query
