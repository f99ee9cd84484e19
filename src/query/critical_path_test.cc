#include "query/critical_path.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace turnscope::query {
namespace {

constexpr std::uint32_t kTop = 0xffffffff;

TEST(CriticalPath, the_child_that_finished_last_is_waited_for) {
  // parent 0-100, a 10-40, b 20-80: b kept it waiting from 20 to 80, before that a from 10 to 20.
  const Interval spans[] = {{0, 100, kTop}, {10, 40, 0}, {20, 80, 0}};
  EXPECT_EQ(critical_times(spans, 0, 100), (std::vector<std::uint64_t>{30, 10, 60}));
}

TEST(CriticalPath, calls_one_after_the_other_add_up) {
  const Interval spans[] = {{0, 100, kTop}, {0, 50, 0}, {50, 90, 0}, {60, 70, 2}};
  EXPECT_EQ(critical_times(spans, 0, 100), (std::vector<std::uint64_t>{10, 50, 30, 10}));
}

TEST(CriticalPath, work_that_outlives_its_parent_counts_below_the_ancestor_that_waits) {
  // root 0-100, request 0-10, background job 5-60 started by the request.
  const Interval spans[] = {{0, 100, kTop}, {0, 10, 0}, {5, 60, 1}};
  EXPECT_EQ(critical_times(spans, 0, 100), (std::vector<std::uint64_t>{40, 5, 55}));
  // … and behind the root's end too.
  const Interval tail[] = {{0, 10, kTop}, {5, 60, 0}};
  EXPECT_EQ(critical_times(tail, 0, 60), (std::vector<std::uint64_t>{5, 55}));
}

TEST(CriticalPath, times_without_any_span_belong_to_nobody) {
  const Interval spans[] = {{0, 10, kTop}, {50, 60, kTop}};
  EXPECT_EQ(critical_times(spans, 0, 60), (std::vector<std::uint64_t>{10, 10}));
}

// The plain definition, on a clock of small whole numbers: at each tick someone or nobody is waited for, and
// it is a span that runs and has no running child that is waited for instead.
TEST(CriticalPath, each_tick_belongs_to_a_running_span_without_running_children) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 3'000; ++round) {
    const bool skewed =
        round % 3 == 0;  // children may start before their parents: that time belongs to nobody
    const auto n = 1 + random() % 12;
    std::vector<Interval> spans(n);
    for (std::size_t i = 0; i < n; ++i) {
      spans[i].parent = i == 0 || random() % 8 == 0 ? kTop : static_cast<std::uint32_t>(random() % i);
      const auto earliest = spans[i].parent == kTop || skewed ? 0 : spans[spans[i].parent].start;
      spans[i].start = std::min<std::int64_t>(earliest + static_cast<std::int64_t>(random() % 30), 45);
      spans[i].end = spans[i].start + static_cast<std::int64_t>(random() % 20);
    }
    const auto whole = critical_times(spans, 0, 70);
    std::int64_t covered = 0;
    for (std::int64_t t = 0; t < 70; ++t) {
      bool any = false;
      for (const auto& s : spans) any = any || (s.start <= t && t < s.end);
      covered += any;
    }
    const auto sum = std::accumulate(whole.begin(), whole.end(), std::uint64_t{0});
    if (skewed) {
      EXPECT_LE(sum, static_cast<std::uint64_t>(covered));
    } else {
      EXPECT_EQ(sum, static_cast<std::uint64_t>(covered));
    }
    for (std::size_t i = 0; i < n; ++i) {
      // A span is charged at most for the ticks in which none of its children runs.
      std::uint64_t alone = 0;
      for (std::int64_t t = spans[i].start; t < spans[i].end; ++t) {
        bool child = false;
        for (std::size_t c = 0; c < n; ++c)
          child = child || (spans[c].parent == i && spans[c].start <= t && t < spans[c].end);
        alone += !child;
      }
      EXPECT_LE(whole[i], alone) << "span " << i << " round " << round;
    }
  }
}

TEST(CriticalPath, hostile_shapes_end_within_a_budget_of_steps) {
  // A chain of 100,000 in which everyone outlives its parent: the exact path would take n × overlap steps.
  constexpr std::uint32_t n = 100'000;
  std::vector<Interval> spans(n);
  for (std::uint32_t i = 0; i < n; ++i) spans[i] = {i, i + 1'000, i == 0 ? kTop : i - 1};
  const auto own = critical_times(spans, 0, n + 1'000);
  const auto sum = std::accumulate(own.begin(), own.end(), std::uint64_t{0});
  EXPECT_GT(sum, 0u);
  EXPECT_LE(sum, n - 1 + 1'000);
}

}  // namespace
}  // namespace turnscope::query
