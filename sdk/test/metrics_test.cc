#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "memory_transport.h"

namespace turnscope::sdk::test {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::SizeIs;
using namespace std::chrono_literals;

struct Metrics : testing::Test {
  std::shared_ptr<Collector> collector = std::make_shared<Collector>();
  Config config = memory_config(collector);
  MetricSeen last(MeterProvider& m, std::string_view name) {
    EXPECT_TRUE(m.force_flush());
    const auto all = collector->metric(name);
    EXPECT_FALSE(all.empty()) << name;
    return all.empty() ? MetricSeen{} : all.back();
  }
};

TEST_F(Metrics, counter_sums_by_attribute_set_whatever_their_order) {
  MeterProvider m(config);
  Counter c =
      m.counter("scope", "requests", {.unit = "{request}", .description = "Requests", .integer = true});
  c.add(1, {{"a", 1}, {"b", "x"}});
  c.add(2, {{"b", "x"}, {"a", 1}});
  c.add(5);
  c.add(-3);
  c.add(NAN);
  const MetricSeen s = last(m, "requests");
  EXPECT_EQ(s.unit, "{request}");
  EXPECT_EQ(s.description, "Requests");
  EXPECT_EQ(s.scope, "scope");
  EXPECT_TRUE(s.monotonic);
  EXPECT_EQ(s.temporality, 2);
  ASSERT_THAT(s.points, SizeIs(2));
  for (const auto& p : s.points) {
    EXPECT_TRUE(p.integer);
    EXPECT_EQ(p.sum, p.attributes.empty() ? 5 : 3);
    EXPECT_LE(p.start, p.time);
    EXPECT_GT(p.start, 1'600'000'000'000'000'000u);
  }
}

TEST_F(Metrics, cumulative_sums_go_on_and_delta_starts_anew) {
  for (const bool delta : {false, true}) {
    collector = std::make_shared<Collector>();
    config = memory_config(collector);
    config.metric.delta = delta;
    MeterProvider m(config);
    Counter c = m.counter("s", "c");
    UpDownCounter u = m.up_down_counter("s", "u");
    Histogram h = m.histogram("s", "h");
    c.add(1);
    u.add(1);
    h.record(1);
    last(m, "c");
    c.add(2);
    u.add(-3);
    h.record(2);
    EXPECT_EQ(last(m, "c").points.at(0).sum, delta ? 2 : 3);
    EXPECT_EQ(collector->metric("c").back().temporality, delta ? 1 : 2);
    EXPECT_EQ(collector->metric("u").back().points.at(0).sum, -2);
    EXPECT_EQ(collector->metric("u").back().temporality, 2);
    EXPECT_FALSE(collector->metric("u").back().monotonic);
    EXPECT_EQ(collector->metric("h").back().points.at(0).count, delta ? 1u : 2u);
  }
}

TEST_F(Metrics, histogram_counts_into_its_bounds) {
  MeterProvider m(config);
  Histogram h = m.histogram("s", "h", {.unit = "s", .bounds = {10, 1}});
  for (const double v : {0.5, 1.0, 1.5, 10.0, 11.0}) h.record(v, {{"k", "v"}});
  const PointSeen p = last(m, "h").points.at(0);
  EXPECT_THAT(p.bounds, ElementsAre(1, 10));
  EXPECT_THAT(p.buckets, ElementsAre(2, 2, 1));
  EXPECT_EQ(p.count, 5u);
  EXPECT_EQ(p.sum, 24.0);
  EXPECT_EQ(p.min, 0.5);
  EXPECT_EQ(p.max, 11.0);
  EXPECT_THAT(p.attributes, ElementsAre(Pair("k", "s:v")));
}

TEST_F(Metrics, attribute_sets_beyond_the_limit_go_to_the_overflow_set) {
  config.metric.cardinality = 10;
  MeterProvider m(config);
  Counter c = m.counter("s", "c");
  for (int i = 0; i < 100; ++i) c.add(1, {{"user", i}});
  const MetricSeen s = last(m, "c");
  ASSERT_THAT(s.points, SizeIs(10));
  double total = 0, overflow = 0;
  for (const auto& p : s.points) {
    total += p.sum;
    if (p.attributes == AttributeMap{{"otel.metric.overflow", "b:true"}}) overflow = p.sum;
  }
  EXPECT_EQ(total, 100);
  EXPECT_EQ(overflow, 91);
  EXPECT_EQ(m.stats().overflowed, 91u);
}

TEST_F(Metrics, instrument_asked_for_twice_is_the_same) {
  MeterProvider m(config);
  m.counter("s", "c").add(1);
  m.counter("s", "c").add(2);
  m.counter("other", "c").add(7);
  ASSERT_TRUE(m.force_flush());
  double sum = 0;
  for (const auto& s : collector->metric("c"))
    if (s.scope == "s") sum += s.points.at(0).sum;
  EXPECT_EQ(sum, 3);
}

TEST_F(Metrics, interval_exports_by_itself) {
  config.metric.export_interval = 10ms;
  MeterProvider m(config);
  m.counter("s", "c").add(1);
  std::unique_lock lock(collector->mutex);
  EXPECT_TRUE(collector->changed.wait_for(lock, 20s, [&] { return collector->metrics.size() >= 2; }));
}

TEST_F(Metrics, destructor_sends_the_last_values) {
  {
    MeterProvider m(config);
    m.counter("s", "c").add(4);
  }
  EXPECT_EQ(collector->metric("c").at(0).points.at(0).sum, 4);
}

TEST_F(Metrics, failure_is_counted_and_shutdown_does_not_hang) {
  collector->hold = true;
  MeterProvider m(config);
  m.counter("s", "c").add(1);
  EXPECT_FALSE(m.shutdown(50ms));
  EXPECT_EQ(m.stats().failed_exports, 1u);
}

TEST_F(Metrics, switched_off_nothing_is_kept) {
  config.metrics.enabled = false;
  MeterProvider m(config);
  m.counter("s", "c").add(1);
  EXPECT_TRUE(m.force_flush());
  EXPECT_TRUE(collector->metrics.empty());
}

TEST_F(Metrics, threads_lose_no_measurement) {
  MeterProvider m(config);
  Counter c = m.counter("s", "c", {.integer = true});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([c]() mutable {
      for (int k = 0; k < 1000; ++k) c.add(1, {{"k", k % 3}});
    });
  for (auto& t : threads) t.join();
  double sum = 0;
  for (const auto& p : last(m, "c").points) sum += p.sum;
  EXPECT_EQ(sum, 4000);
}

}  // namespace
}  // namespace turnscope::sdk::test
