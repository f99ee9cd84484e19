#include "query/metric_series.h"

#include <gtest/gtest.h>

namespace turnscope::query {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
using otlp::MetricType;
using otlp::Temporality;

MetricPoint number(std::uint64_t series, std::int64_t second, double value, Temporality t,
                   std::int64_t start = 100) {
  MetricPoint p;
  p.series = series;
  p.time = second * kSecond;
  p.start = static_cast<std::uint64_t>(start * kSecond);
  p.type = MetricType::sum;
  p.temporality = t;
  p.value = value;
  return p;
}
MetricAsk ask(MetricFunction f, std::int64_t from = 100, std::int64_t to = 130, std::int64_t step = 10) {
  MetricAsk a;
  a.range = {from * kSecond, to * kSecond};
  a.step = step * kSecond;
  a.function = f;
  return a;
}
using Values = std::vector<std::optional<double>>;

TEST(MetricSeries, cumulative_sums_become_what_was_added_and_restarts_begin_anew) {
  const std::vector<MetricPoint> points = {
      number(1, 90, 40, Temporality::cumulative, 50), number(1, 101, 50, Temporality::cumulative, 50),
      number(1, 109, 70, Temporality::cumulative, 50), number(1, 115, 5, Temporality::cumulative, 111),
      number(1, 125, 8, Temporality::cumulative, 111)};
  EXPECT_EQ(metric_series(points, ask(MetricFunction::sum)).at(0).values, (Values{30, 5, 3}));
  EXPECT_EQ(metric_series(points, ask(MetricFunction::rate)).at(0).values, (Values{3, 0.5, 0.3}));
}

TEST(MetricSeries, the_first_point_counts_only_when_it_began_in_the_range) {
  EXPECT_TRUE(
      metric_series({number(1, 105, 40, Temporality::cumulative, 50)}, ask(MetricFunction::sum)).empty());
  EXPECT_EQ(metric_series({number(1, 105, 40, Temporality::cumulative, 102)}, ask(MetricFunction::sum))
                .at(0)
                .values[0],
            40);
}

TEST(MetricSeries, delta_sums_add_up_and_empty_steps_are_absent) {
  const std::vector<MetricPoint> points = {number(1, 101, 2, Temporality::delta),
                                           number(1, 102, 3, Temporality::delta),
                                           number(2, 121, 4, Temporality::delta)};
  EXPECT_EQ(metric_series(points, ask(MetricFunction::sum)).at(0).values, (Values{5, std::nullopt, 4}));
}

TEST(MetricSeries, gauges_of_several_series_stand_beside_each_other) {
  auto a = number(1, 101, 2, Temporality::unspecified), b = number(1, 105, 6, Temporality::unspecified),
       c = number(2, 104, 10, Temporality::unspecified);
  for (auto* p : {&a, &b, &c}) p->type = MetricType::gauge;
  EXPECT_EQ(metric_series({a, b, c}, ask(MetricFunction::last)).at(0).values[0], 16);
  EXPECT_EQ(metric_series({a, b, c}, ask(MetricFunction::avg)).at(0).values[0], 6);
  EXPECT_EQ(metric_series({a, b, c}, ask(MetricFunction::max)).at(0).values[0], 10);
}

TEST(MetricSeries, quantiles_of_explicit_histograms_cumulative_and_delta) {
  MetricPoint p;
  p.series = 1;
  p.type = MetricType::histogram;
  p.temporality = Temporality::cumulative;
  p.bounds = {1, 2, 4};
  p.start = 50 * kSecond;
  p.time = 95 * kSecond;
  p.buckets = {10, 0, 0, 0};
  p.count = 10, p.sum = 5;
  auto q = p;
  q.time = 105 * kSecond;
  q.buckets = {10, 10, 10, 0};
  q.count = 30, q.sum = 50;
  auto wanted = ask(MetricFunction::quantile);
  wanted.quantile = 0.5;
  EXPECT_EQ(metric_series({p, q}, wanted).at(0).values[0], 2) << "half of what was added lies in (1, 2]";
  wanted.quantile = 0.75;
  EXPECT_EQ(metric_series({p, q}, wanted).at(0).values[0], 3);
  EXPECT_EQ(metric_series({p, q}, ask(MetricFunction::avg)).at(0).values[0], 45.0 / 20);
  EXPECT_EQ(metric_series({p, q}, ask(MetricFunction::count)).at(0).values[0], 20);
  auto d = q;
  d.temporality = Temporality::delta;
  d.buckets = {0, 0, 0, 7};
  EXPECT_EQ(metric_series({d}, wanted).at(0).values[0], 4) << "an open end answers with its closed side";
}

TEST(MetricSeries, exponential_histograms_follow_their_scale_and_offset) {
  MetricPoint p;
  p.series = 1;
  p.type = MetricType::exponential_histogram;
  p.temporality = Temporality::delta;
  p.time = 101 * kSecond;
  p.scale = 0;  // base 2
  p.positive_offset = 2;
  p.buckets = {0, 10};  // (8, 16]
  p.count = 12;
  p.zero_count = 2;
  auto wanted = ask(MetricFunction::quantile);
  wanted.quantile = 0.1;
  EXPECT_EQ(metric_series({p}, wanted).at(0).values[0], 0);
  wanted.quantile = 1;
  EXPECT_EQ(metric_series({p}, wanted).at(0).values[0], 16);
  auto next = p;
  p.temporality = next.temporality = Temporality::cumulative;
  next.time = 111 * kSecond;
  next.positive_offset = 3;
  next.buckets = {10, 5};
  next.count = 17;
  EXPECT_EQ(metric_series({p, next}, wanted).at(0).values[1], 32) << "only the five new ones, in (16, 32]";
}

TEST(MetricSeries, groups_are_apart_and_hostile_layouts_are_survived) {
  auto a = number(1, 101, 2, Temporality::delta), b = number(2, 101, 3, Temporality::delta);
  a.key = {"input"}, b.key = {"output"};
  const auto series = metric_series({a, b}, ask(MetricFunction::sum));
  ASSERT_EQ(series.size(), 2u);
  EXPECT_EQ(series[0].key[0], "input");
  MetricPoint bad;
  bad.type = MetricType::histogram;
  bad.time = 101 * kSecond;
  bad.buckets = {1, 2, 3};
  EXPECT_FALSE(metric_series({bad}, ask(MetricFunction::quantile)).at(0).values[0]);
  bad.type = MetricType::exponential_histogram;
  bad.scale = -100'000;
  bad.positive_offset = INT32_MAX;
  metric_series({bad}, ask(MetricFunction::quantile));
}

}  // namespace
}  // namespace turnscope::query
