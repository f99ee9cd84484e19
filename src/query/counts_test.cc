// What followers are told, on a real store.
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

  Caller caller_;
  test::FixedClock clock_{kMoment};
  Queries queries_{test::Store::get().engine(), {}, clock_};
};

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
