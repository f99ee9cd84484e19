#include "query/steps.h"

#include <gtest/gtest.h>

#include "query/language/filter.h"

namespace turnscope::query {
namespace {

/// Chunks that end at 9,990, 9,980, … in a range from 0 to 10,000.
Filter chunks(int n) {
  Filter f;
  for (int i = 1; i <= n; ++i) f.chunk_ends.push_back(10'000 - i * 10);
  return f;
}
constexpr TimeRange kRange{0, 10'000};

TEST(Steps, without_chunks_and_small_columns_the_range_is_read_at_once) {
  EXPECT_EQ(Steps({}, kRange).next(10'000, 0, 21), 0);
}

TEST(Steps, what_small_columns_decide_is_looked_for_in_the_newest_parts_first) {
  Filter f;
  f.first << "service = 'a'";
  const Steps steps(f, kRange);
  EXPECT_EQ(steps.next(10'000, 0, 21), 10'000 - 10'000 / 32);
  EXPECT_EQ(steps.next(10'000 - 10'000 / 32, 5, 21), 10'000 - 10'000 / 8);
  EXPECT_EQ(steps.next(5'000, 5, 21), 0) << "below the parts: the rest";
}

TEST(Steps, of_chunks_so_many_are_read_as_the_missing_rows_should_take) {
  const Steps steps(chunks(900), kRange);
  const auto first = steps.next(10'000, 0, 21);
  EXPECT_EQ(first, 10'000 - 260) << "26 chunks to begin with";
  EXPECT_EQ(steps.next(first, 10, 20), first - (26 * 5 / 4 + 2) * 10) << "as many again, and a quarter";
  EXPECT_EQ(steps.next(first, 25, 20), first - 40) << "enough, but something newer has to be read: a little";
  EXPECT_EQ(steps.next(first, 1, 500), first - (4 * 26 + 4) * 10) << "at most fourfold";
  EXPECT_EQ(steps.next(first, 0, 20), first - 2 * 26 * 10) << "nothing yet: threefold in all";
}

TEST(Steps, end_at_the_begin_of_the_range_and_always_go_on) {
  const Steps few(chunks(10), kRange);
  EXPECT_EQ(few.next(10'000, 0, 21), 0);
  const Steps steps(chunks(2'000), {2'000, 10'000});  // chunks reach below the range
  std::size_t rounds = 0;
  for (std::int64_t line = 10'000; line > 2'000; ++rounds) {
    const auto next = steps.next(line, 20, 21);
    ASSERT_LT(next, line);
    ASSERT_GE(next, 2'000);
    line = next;
  }
  EXPECT_GT(rounds, 2u);
}

}  // namespace
}  // namespace turnscope::query
