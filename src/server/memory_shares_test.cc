#include "server/memory_shares.h"

#include <gtest/gtest.h>

namespace turnscope::server {
namespace {

TEST(MemoryShares, together_they_stay_below_the_ceiling_whatever_it_is) {
  for (const bool store : {true, false}) {
    Config c;
    c.store_enabled = store;
    for (c.memory_max = least_memory(c); c.memory_max < 64'000'000'000; c.memory_max += c.memory_max / 7) {
      const auto s = memory_shares(c);
      // Requests are counted once: a body that is handled is the one in flight.
      const auto blocks = store ? 3 * s.range : 0;
      EXPECT_LE(s.base + s.engine + blocks + s.receiving + s.in_flight / 2, c.memory_max) << c.memory_max;
      EXPECT_LE(s.query, s.engine);
      EXPECT_LE(s.log_pending, s.in_flight);
      EXPECT_GE(s.in_flight, 25'000'000u);
      EXPECT_GE(s.model, s.in_flight);
      EXPECT_EQ(s.engine != 0, store);
    }
  }
}

TEST(MemoryShares, what_is_configured_is_an_upper_bound) {
  Config c;
  c.memory_max = 64'000'000'000;
  c.in_flight_bytes = 30'000'000;
  c.log_pending_bytes = 20'000'000;
  c.store_memory = 300'000'000;
  c.query_memory = 50'000'000;
  const auto s = memory_shares(c);
  EXPECT_EQ(s.in_flight, 30'000'000u);
  EXPECT_EQ(s.log_pending, 20'000'000u);
  EXPECT_EQ(s.engine, 300'000'000u);
  EXPECT_EQ(s.query, 50'000'000u);
}

TEST(MemoryShares, the_smallest_ceiling_is_exact) {
  for (const bool store : {true, false}) {
    Config c;
    c.store_enabled = store;
    c.memory_max = least_memory(c);
    EXPECT_TRUE(validate(c).empty()) << validate(c).front();
    c.memory_max -= 1;
    ASSERT_EQ(validate(c).size(), 1u);
    EXPECT_NE(validate(c).front().find("memory.max"), std::string::npos);
  }
}

}  // namespace
}  // namespace turnscope::server
