#include "sinks/span_metrics/series.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/anomaly.h"
#include "otlp/decode.h"

namespace turnscope::sinks {
namespace {

TEST(ExponentialHistogram, every_value_lies_in_its_bucket_at_every_scale) {
  std::mt19937_64 random(7);
  ExponentialHistogram h;
  std::vector<double> values;
  for (int i = 0; i < 5'000; ++i) {
    // Ever wider, so that the scale becomes coarser on the way.
    const double v = std::exp2(std::uniform_real_distribution<double>(-i / 250.0, i / 250.0)(random));
    values.push_back(v);
    h.add(v);
    ASSERT_LE(h.buckets().size(), ExponentialHistogram::kMaxBuckets);
  }
  EXPECT_LT(h.scale(), ExponentialHistogram::kFirstScale);
  std::vector<std::uint64_t> expected(h.buckets().size());
  for (const double v : values) {
    const double border = std::log2(v) * std::exp2(h.scale());
    ++expected[static_cast<std::size_t>(static_cast<std::int32_t>(std::ceil(border)) - 1 - h.offset())];
  }
  EXPECT_EQ(h.buckets(), expected);
  EXPECT_EQ(h.count(), values.size());
  EXPECT_DOUBLE_EQ(h.min(), *std::ranges::min_element(values));
  EXPECT_DOUBLE_EQ(h.max(), *std::ranges::max_element(values));
}

TEST(ExponentialHistogram, borders_belong_to_the_bucket_below) {
  ExponentialHistogram h;
  for (const double v : {0.25, 0.5, 1.0, 2.0, 4.0, 1.5}) h.add(v);
  using Pairs = std::vector<std::pair<double, std::uint64_t>>;
  EXPECT_EQ(h.at_powers_of_two(), (Pairs{{0.25, 1}, {0.5, 2}, {1, 3}, {2, 5}, {4, 6}}));
}

TEST(ExponentialHistogram, what_is_not_positive_and_finite_counts_as_zero) {
  ExponentialHistogram h;
  for (const double v : {0.0, -1.0, std::nan(""), HUGE_VAL}) h.add(v);
  EXPECT_EQ(h.count(), 4u);
  EXPECT_EQ(h.zero_count(), 4u);
  EXPECT_EQ(h.sum(), 0);
  h.add(5e-324);
  h.add(1.7e308);
  EXPECT_EQ(h.count(), 6u);
  EXPECT_LE(h.buckets().size(), ExponentialHistogram::kMaxBuckets);
}

otlp::KeyValue text(std::string_view key, std::string_view value) {
  otlp::KeyValue kv{key, {}};
  kv.value.type = otlp::AnyValue::Type::string;
  kv.value.text = value;
  return kv;
}
otlp::KeyValue number(std::string_view key, std::int64_t value) {
  otlp::KeyValue kv{key, {}};
  kv.value.type = otlp::AnyValue::Type::integer;
  kv.value.integer = value;
  return kv;
}

void add(SpanSeries& series, std::string_view service, std::vector<otlp::KeyValue> attributes,
         double seconds = 1, bool error = false) {
  const std::vector<otlp::KeyValue> resource_attributes{text("service.name", service)};
  otlp::Resource r;
  r.attributes = resource_attributes;
  otlp::Span s;
  s.span_id = 1;
  s.start_unix_nano = 1'000'000'000;
  s.end_unix_nano = s.start_unix_nano + static_cast<std::uint64_t>(seconds * 1e9);
  s.attributes = attributes;
  if (error) s.status = otlp::StatusCode::error;
  series.add(s, r, {});
}

const std::vector<otlp::KeyValue> kCall{
    text("gen_ai.operation.name", "chat"), text("gen_ai.request.model", "m-1"),
    number("gen_ai.usage.input_tokens", 100), number("gen_ai.usage.output_tokens", 20)};

TEST(SpanSeries, counts_by_service_and_what_was_called) {
  SpanSeries series(100, [](const genai::Columns&, std::int64_t) { return 7; });
  add(series, "shop", kCall, 2);
  add(series, "shop", kCall, 3, true);
  add(series, "shop", {text("gen_ai.operation.name", "execute_tool"), text("gen_ai.tool.name", "sql")});
  add(series, "bank", {text("gen_ai.operation.name", "chat"), text("gen_ai.request.model", "m-2")});
  ASSERT_EQ(series.size(), 3u);
  const auto& call = series.all().at({"shop", "llm", "m-1", ""});
  EXPECT_EQ(call.requests, 2u);
  EXPECT_EQ(call.errors, 1u);
  EXPECT_EQ(call.input_tokens, 200u);
  EXPECT_EQ(call.output_tokens, 40u);
  EXPECT_EQ(call.cost_nano_usd, 14);
  EXPECT_DOUBLE_EQ(call.duration.sum(), 5);
  EXPECT_EQ(series.all().at({"bank", "llm", "m-2", ""}).calls_without_tokens, 1u);
  EXPECT_EQ(series.all().at({"shop", "tool", "", "sql"}).requests, 1u);
}

TEST(SpanSeries, prometheus_text_is_whole_and_labels_are_escaped) {
  SpanSeries series(100, {});
  add(series, "a\"b\\c\nd", kCall, 3);
  std::string out;
  series.append_prometheus(out);
  EXPECT_NE(out.find("turnscope_span_requests_total{service=\"a\\\"b\\\\c\\nd\",kind=\"llm\",model=\"m-1\","
                     "tool=\"\"} 1\n"),
            std::string::npos)
      << out;
  EXPECT_NE(out.find("le=\"4\"} 1\n"), std::string::npos) << out;
  EXPECT_NE(out.find("le=\"+Inf\"} 1\n"), std::string::npos);
  EXPECT_NE(out.find("turnscope_span_calls_without_price_total{service=\"a\\\"b\\\\c\\nd\",kind=\"llm\","
                     "model=\"m-1\",tool=\"\"} 1\n"),
            std::string::npos);
}

TEST(SpanSeries, names_from_outside_cannot_make_more_series_than_allowed) {
  SpanSeries series(10, {});
  const auto before = counted(Anomaly::span_metrics_overflow);
  for (int i = 0; i < 500; ++i)
    add(series, std::string(static_cast<std::size_t>(i), 'x') + std::to_string(i), {});
  EXPECT_EQ(series.size(), 11u);
  std::uint64_t requests = 0;
  for (const auto& [k, s] : series.all()) requests += s.requests;
  EXPECT_EQ(requests, 500u);
  EXPECT_EQ(counted(Anomaly::span_metrics_overflow) - before, 490u);
}

TEST(SpanSeries, otlp_metrics_hold_the_same_figures) {
  SpanSeries series(100, {});
  add(series, "shop", kCall, 2);
  add(series, "shop", kCall, 0.25);
  const auto bytes = series.otlp_metrics(5, 9);
  otlp::Arena arena;
  otlp::DecodeReport report;
  const auto m = otlp::decode_metrics_protobuf(bytes, arena, {}, report);
  ASSERT_TRUE(m) << m.error().message;
  bool calls = false, duration = false;
  for (const auto& metric : m->resources[0].scopes[0].metrics) {
    if (metric.name == "traces.span.metrics.calls") {
      calls = true;
      EXPECT_EQ(metric.numbers[0].value.integer, 2);
      EXPECT_EQ(metric.numbers[0].start_unix_nano, 5u);
      EXPECT_EQ(metric.temporality, otlp::Temporality::cumulative);
    }
    if (metric.name == "traces.span.metrics.duration") {
      duration = true;
      EXPECT_EQ(metric.exponentials[0].count, 2u);
      EXPECT_DOUBLE_EQ(metric.exponentials[0].sum, 2.25);
      std::uint64_t n = 0;
      for (const auto c : metric.exponentials[0].positive_counts) n += c;
      EXPECT_EQ(n, 2u);
    }
  }
  EXPECT_TRUE(calls && duration);
}

}  // namespace
}  // namespace turnscope::sinks
