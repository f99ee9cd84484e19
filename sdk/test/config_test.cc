#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "env.h"
#include "turnscope/sdk/sdk.h"

namespace turnscope::sdk::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using namespace std::chrono_literals;

Config with(const std::map<std::string, std::string>& variables) {
  const Env env(variables);
  return Config::from_env();
}

TEST(ConfigTest, defaults_are_those_of_the_specification) {
  const Config c = with({});
  EXPECT_FALSE(c.disabled);
  EXPECT_EQ(c.sampler, SamplerKind::parentbased_always_on);
  EXPECT_EQ(c.batch.schedule_delay, 5000ms);
  EXPECT_EQ(c.batch.export_timeout, 30000ms);
  EXPECT_EQ(c.batch.max_queue_size, 2048u);
  EXPECT_EQ(c.batch.max_export_batch_size, 512u);
  EXPECT_EQ(c.limits.attributes, 128u);
  EXPECT_EQ(c.limits.attribute_value_length, no_limit);
  EXPECT_EQ(c.traces.timeout, 10000ms);
  EXPECT_EQ(c.traces.protocol, "http/protobuf");
  EXPECT_EQ(c.metric.export_interval, 60000ms);
  EXPECT_FALSE(c.metric.delta);
  EXPECT_TRUE(c.propagators.trace_context && c.propagators.baggage);
}

TEST(ConfigTest, every_variable_is_read) {
  const Config c = with({{"OTEL_SDK_DISABLED", "TRUE"},
                         {"OTEL_SERVICE_NAME", "svc"},
                         {"OTEL_RESOURCE_ATTRIBUTES", "a=1, b = x%20y ,service.name=other"},
                         {"OTEL_TRACES_SAMPLER", "parentbased_traceidratio"},
                         {"OTEL_TRACES_SAMPLER_ARG", "0.25"},
                         {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "10"},
                         {"OTEL_ATTRIBUTE_COUNT_LIMIT", "99"},
                         {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1000"},
                         {"OTEL_SPAN_EVENT_COUNT_LIMIT", "1"},
                         {"OTEL_SPAN_LINK_COUNT_LIMIT", "2"},
                         {"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "3"},
                         {"OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "4"},
                         {"OTEL_BSP_SCHEDULE_DELAY", "200"},
                         {"OTEL_BSP_EXPORT_TIMEOUT", "300"},
                         {"OTEL_BSP_MAX_QUEUE_SIZE", "400"},
                         {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "500"},
                         {"TURNSCOPE_BSP_MAX_QUEUE_BYTES", "100000"},
                         {"OTEL_METRIC_EXPORT_INTERVAL", "600"},
                         {"OTEL_METRIC_EXPORT_TIMEOUT", "700"},
                         {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta"},
                         {"OTEL_METRICS_EXPORTER", "none"},
                         {"OTEL_PROPAGATORS", "baggage"}});
  EXPECT_TRUE(c.disabled);
  EXPECT_EQ(c.service_name, "svc");
  EXPECT_THAT(c.resource, ElementsAre(Pair("a", "1"), Pair("b", "x y"), Pair("service.name", "other")));
  EXPECT_EQ(c.sampler, SamplerKind::parentbased_traceidratio);
  EXPECT_EQ(c.sampler_ratio, 0.25);
  EXPECT_EQ(c.limits.attributes, 10u);
  EXPECT_EQ(c.limits.attribute_value_length, 1000u);
  EXPECT_EQ(c.limits.events, 1u);
  EXPECT_EQ(c.limits.links, 2u);
  EXPECT_EQ(c.limits.event_attributes, 3u);
  EXPECT_EQ(c.limits.link_attributes, 4u);
  EXPECT_EQ(c.batch.schedule_delay, 200ms);
  EXPECT_EQ(c.batch.export_timeout, 300ms);
  EXPECT_EQ(c.batch.max_queue_size, 400u);
  EXPECT_EQ(c.batch.max_export_batch_size, 400u);  // no more than the queue holds
  EXPECT_EQ(c.batch.max_queue_bytes, 100'000u);
  EXPECT_EQ(c.metric.export_interval, 600ms);
  EXPECT_EQ(c.metric.export_timeout, 700ms);
  EXPECT_TRUE(c.metric.delta);
  EXPECT_FALSE(c.metrics.enabled);
  EXPECT_TRUE(c.traces.enabled);
  EXPECT_FALSE(c.propagators.trace_context);
  EXPECT_TRUE(c.propagators.baggage);
}

TEST(ConfigTest, common_endpoint_gets_the_signals_path_and_the_own_one_is_used_as_it_is) {
  Config c = with({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/"}});
  EXPECT_EQ(c.traces.endpoint, "http://collector:4318/v1/traces");
  EXPECT_EQ(c.metrics.endpoint, "http://collector:4318/v1/metrics");
  c = with({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/base"},
            {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://other/api/traces"}});
  EXPECT_EQ(c.traces.endpoint, "https://other/api/traces");
  EXPECT_EQ(c.metrics.endpoint, "http://collector:4318/base/v1/metrics");
  c = with(
      {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"}, {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}});
  EXPECT_EQ(c.traces.endpoint, "http://collector:4317");
}

TEST(ConfigTest, settings_of_the_signal_win_over_the_common_ones) {
  const Config c = with({{"OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%2Cb,x-two=2"},
                         {"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x-key=m"},
                         {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                         {"OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "none"},
                         {"OTEL_EXPORTER_OTLP_TIMEOUT", "1000"},
                         {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2000"},
                         {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"}});
  EXPECT_THAT(c.traces.headers, ElementsAre(Pair("x-key", "a,b"), Pair("x-two", "2")));
  EXPECT_THAT(c.metrics.headers, ElementsAre(Pair("x-key", "m")));
  EXPECT_TRUE(c.traces.gzip);
  EXPECT_FALSE(c.metrics.gzip);
  EXPECT_EQ(c.traces.timeout, 2000ms);
  EXPECT_EQ(c.metrics.timeout, 1000ms);
  EXPECT_EQ(c.traces.certificate, "/ca.pem");
}

TEST(ConfigTest, nonsense_is_reported_and_the_default_kept) {
  std::vector<std::string> lines;
  set_log_handler([&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  const Config c = with({{"OTEL_BSP_MAX_QUEUE_SIZE", "many"},
                         {"OTEL_BSP_SCHEDULE_DELAY", "-1"},
                         {"OTEL_TRACES_SAMPLER", "sometimes"},
                         {"OTEL_TRACES_SAMPLER_ARG", "1.5"},
                         {"OTEL_RESOURCE_ATTRIBUTES", "a=1,b"},
                         {"OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"},
                         {"OTEL_EXPORTER_OTLP_TIMEOUT", "0"},
                         {"OTEL_SDK_DISABLED", "1"},
                         {"OTEL_PROPAGATORS", "b3"},
                         {"OTEL_SERVICE_NAME", "  "}});
  set_log_handler(nullptr);
  EXPECT_EQ(c.batch.max_queue_size, 2048u);
  EXPECT_EQ(c.batch.schedule_delay, 5000ms);
  EXPECT_EQ(c.sampler, SamplerKind::parentbased_always_on);
  EXPECT_EQ(c.sampler_ratio, 1.0);
  EXPECT_THAT(c.resource, IsEmpty());
  EXPECT_FALSE(c.traces.gzip);
  EXPECT_EQ(c.traces.timeout, 10000ms);
  EXPECT_FALSE(c.disabled);
  EXPECT_EQ(c.service_name, "");
  EXPECT_THAT(lines,
              testing::Contains(testing::HasSubstr(
                  "OTEL_BSP_MAX_QUEUE_SIZE='many' is ignored: a whole number from 1 to 4194304 is wanted")));
  EXPECT_GE(lines.size(), 8u);
}

}  // namespace
}  // namespace turnscope::sdk::test
