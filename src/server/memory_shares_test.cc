#include "server/memory_shares.h"

#include <gtest/gtest.h>

#include <algorithm>

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

TEST(MemoryShares, exporters_and_their_samplers_have_a_share_that_others_do_without) {
  Config c;
  const auto alone = memory_shares(c);
  sinks::ExporterOptions far;
  far.concurrency = 4;
  far.batch_bytes = 4u << 20;
  far.sampling.enabled = true;
  far.sampling.max_traces = 200'000;
  c.exporters = {far, far};
  const auto with = memory_shares(c);
  EXPECT_GE(with.exporters, 2 * ((2 * 4 + 3) * far.batch_bytes + 200'000 * 190));
  EXPECT_LT(with.in_flight + with.engine, alone.in_flight + alone.engine + 1);
  EXPECT_EQ(least_memory(c), least_memory(Config{}) + with.exporters);
  const auto blocks = 3 * with.range;
  EXPECT_LE(with.base + with.exporters + with.engine + blocks + with.receiving + with.in_flight / 2,
            c.memory_max);
  c.exporters[1].enabled = false;
  EXPECT_LT(memory_shares(c).exporters, with.exporters);
  // Where there is no room for them, the refusal says what is needed.
  c.exporters[0].batch_bytes = 64u << 20;
  c.exporters[0].concurrency = 32;
  EXPECT_GT(least_memory(c), c.memory_max);
  const auto problems = validate(c);
  EXPECT_TRUE(std::ranges::any_of(problems, [](const auto& p) { return p.starts_with("memory.max:"); }));
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
