#include "../src/clock.h"

#include <gtest/gtest.h>

#include <thread>

namespace turnscope::sdk::detail {
namespace {

TEST(ClockTest, follows_the_system_clock_before_and_after_the_scale_is_known) {
  const std::int64_t end = read_clock(CLOCK_MONOTONIC) + 400'000'000;
  std::int64_t worst = 0, readings = 0;
  for (std::int64_t before = 0; before < end; ++readings) {
    before = read_clock(CLOCK_MONOTONIC);
    const std::int64_t here = mono_nanos();
    const std::int64_t after = read_clock(CLOCK_MONOTONIC);
    worst = std::max({worst, before - here, here - after});
  }
  EXPECT_LT(worst, 20'000) << "nanoseconds outside of two readings around it, in " << readings << " readings";
}

TEST(ClockTest, threads_agree) {
  const std::int64_t before = read_clock(CLOCK_MONOTONIC);
  std::int64_t there = 0;
  std::thread([&] { there = mono_nanos(); }).join();
  EXPECT_GE(there, before - 20'000);
  EXPECT_LE(there, read_clock(CLOCK_MONOTONIC) + 20'000);
}

TEST(ClockTest, wall_time_is_that_of_the_machine) {
  const std::int64_t before = read_clock(CLOCK_REALTIME), here = wall_nanos(),
                     after = read_clock(CLOCK_REALTIME);
  EXPECT_GE(here, before - 5'000'000);  // an adjusted clock may have moved since the offset was taken
  EXPECT_LE(here, after + 5'000'000);
}

}  // namespace
}  // namespace turnscope::sdk::detail
