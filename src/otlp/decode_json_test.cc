#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/anomaly.h"
#include "otlp/decode.h"
#include "otlp/random_model.h"
#include "otlp/test_support.h"

namespace turnscope::otlp {
namespace {

using testing::HasSubstr;

struct Decoded {
  Arena arena;
  DecodeReport report;
  Result<Traces> traces = fail(ErrorKind::internal, "not decoded");
  explicit Decoded(std::string json, Limits limits = {}) {
    traces = decode_traces_json(json, arena, limits, report);
    json.assign(json.size(), '?');  // the model must not point into the request
  }
  const Span& span(std::size_t i = 0) const { return traces.value().resources[0].scopes[0].spans[i]; }
  std::string error() const { return traces ? "" : traces.error().message; }
};

const std::string ids = R"("traceId":"0102030405060708090A0b0c0d0e0f10","spanId":"00000000000000aB")";

std::string request(std::string_view spans) {
  return fmt::format(R"({{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}})", spans);
}
std::string span_with(std::string_view fields) { return request(fmt::format("{{{},{}}}", ids, fields)); }
std::string attribute(std::string_view value) {
  return span_with(fmt::format(R"("attributes":[{{"key":"k","value":{}}}])", value));
}

template <typename Model>
std::string protobuf(const Model& model) {
  std::string out;
  encode_protobuf(model, out);
  return out;
}

TEST(JsonTraces, every_fixture_means_the_same_in_json_and_protobuf) {
  std::size_t files = 0;
  for (auto path : fixture_files(".pb")) {
    const std::string bytes = read_file(path);
    const std::string name = path.filename().string();
    const std::string json = read_file(path.replace_extension(".json"));
    ASSERT_FALSE(json.empty()) << path;
    Arena a, b;
    DecodeReport ra, rb;
    const auto same = [&](auto from_protobuf, auto from_json) {
      auto x = from_protobuf(bytes, a, Limits{}, ra);
      auto y = from_json(json, b, Limits{}, rb);
      ASSERT_TRUE(x.has_value()) << path << x.error().message;
      ASSERT_TRUE(y.has_value()) << path << y.error().message;
      EXPECT_EQ(protobuf(*x), protobuf(*y)) << path;
      EXPECT_EQ(ra.accepted, rb.accepted) << path;
    };
    if (name.ends_with(".logs.pb"))
      same(decode_logs_protobuf, decode_logs_json);
    else if (name.ends_with(".metrics.pb"))
      same(decode_metrics_protobuf, decode_metrics_json);
    else
      same(decode_traces_protobuf, decode_traces_json);
    ++files;
  }
  EXPECT_GT(files, 50u);
}

TEST(JsonTraces, bodies_as_js_exporters_sent_them_are_accepted) {
  std::size_t files = 0;
  for (const auto& path : fixture_files(".request.json")) {
    Decoded d(read_file(path));
    EXPECT_TRUE(d.traces.has_value()) << path << d.error();
    EXPECT_GT(d.report.accepted, 0u) << path;
    ++files;
  }
  EXPECT_GT(files, 0u);
}

TEST(JsonTraces, random_traces_survive_protobuf_and_json) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    RandomModel random(seed);
    const Traces made = random.traces();
    const std::string bytes = protobuf(made);
    Arena a, b;
    DecodeReport ra, rb;
    auto from_protobuf = decode_traces_protobuf(bytes, a, {}, ra);
    ASSERT_TRUE(from_protobuf.has_value()) << seed << from_protobuf.error().message;
    EXPECT_FALSE(ra.modified) << seed;
    EXPECT_EQ(protobuf(*from_protobuf), bytes) << seed;
    std::string json;
    encode_json(*from_protobuf, json);
    auto from_json = decode_traces_json(json, b, {}, rb);
    ASSERT_TRUE(from_json.has_value()) << seed << from_json.error().message << json;
    EXPECT_EQ(protobuf(*from_json), bytes) << seed;
  }
}

TEST(ProtobufSignals, random_logs_and_metrics_survive) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    RandomModel random(seed);
    Arena arena;
    DecodeReport report;
    const std::string logs = protobuf(random.logs());
    auto l = decode_logs_protobuf(logs, arena, {}, report);
    ASSERT_TRUE(l.has_value()) << seed << l.error().message;
    EXPECT_EQ(protobuf(*l), logs) << seed;
    const std::string metrics = protobuf(random.metrics());
    auto m = decode_metrics_protobuf(metrics, arena, {}, report);
    ASSERT_TRUE(m.has_value()) << seed << m.error().message;
    EXPECT_EQ(protobuf(*m), metrics) << seed;
  }
}

TEST(ProtobufSignals, empty_log_records_and_points_are_kept_when_encoded_again) {
  Arena arena;
  DecodeReport report;
  auto logs =
      decode_logs_json(R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{}]}]}]})", arena, {}, report);
  const std::string log_bytes = protobuf(logs.value());
  ASSERT_TRUE(decode_logs_protobuf(log_bytes, arena, {}, report).has_value());
  EXPECT_EQ(report.accepted, 2u);
  auto metrics = decode_metrics_json(
      R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{},{}]}}]}]}]})", arena, {},
      report);
  const std::string metric_bytes = protobuf(metrics.value());
  ASSERT_TRUE(decode_metrics_protobuf(metric_bytes, arena, {}, report).has_value());
  EXPECT_EQ(report.accepted, 2u);
}

TEST(JsonTraces, ids_are_hex_of_any_case) {
  Decoded d(request(fmt::format("{{{}}}", ids)));
  ASSERT_TRUE(d.traces.has_value()) << d.error();
  EXPECT_EQ(hex(d.span().trace_id), "0102030405060708090a0b0c0d0e0f10");
  EXPECT_EQ(d.span().span_id, 0xabu);
}

TEST(JsonTraces, spans_with_bad_ids_are_rejected_and_the_rest_kept) {
  Decoded d(request(fmt::format(
      R"({{{}}},{{"traceId":"AQIDBAUGBwgJCgsMDQ4PEA==","spanId":"00000000000000ab"}},{{"traceId":"00000000000000000000000000000000","spanId":"00000000000000ab"}},{{"name":"no ids"}},{{"traceId":null,"spanId":null}})",
      ids)));
  ASSERT_TRUE(d.traces.has_value()) << d.error();
  EXPECT_EQ(d.report.accepted, 1u);
  EXPECT_EQ(d.report.rejected, 4u);
  EXPECT_THAT(d.report.reason, HasSubstr("traceId"));
}

TEST(JsonTraces, integers_come_as_numbers_or_strings) {
  for (const char* value : {"1", R"("1")", "1.0", "1e0"}) {
    Decoded d(span_with(fmt::format(
        R"("startTimeUnixNano":{},"attributes":[{{"key":"k","value":{{"intValue":{}}}}}])", value, value)));
    ASSERT_TRUE(d.traces.has_value()) << value << d.error();
    EXPECT_EQ(d.span().start_unix_nano, 1u);
    EXPECT_EQ(d.span().attributes[0].value.integer, 1);
  }
  for (const std::int64_t n :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()})
    for (const char* form : {"{}", "\"{}\""}) {
      Decoded d(attribute(fmt::format(R"({{"intValue":{}}})", fmt::format(fmt::runtime(form), n))));
      ASSERT_TRUE(d.traces.has_value()) << d.error();
      EXPECT_EQ(d.span().attributes[0].value.integer, n);
    }
  Decoded d(
      span_with(R"("endTimeUnixNano":18446744073709551615,"startTimeUnixNano":"18446744073709551615")"));
  EXPECT_EQ(d.span().end_unix_nano, ~0ull);
  EXPECT_EQ(d.span().start_unix_nano, ~0ull);
}

TEST(JsonTraces, enums_are_numbers_and_their_names_are_understood) {
  for (const char* kind : {"3", "\"3\"", "\"SPAN_KIND_CLIENT\""})
    for (const char* code : {"2", "\"STATUS_CODE_ERROR\""}) {
      Decoded d(span_with(fmt::format(R"("kind":{},"status":{{"code":{}}})", kind, code)));
      ASSERT_TRUE(d.traces.has_value()) << d.error();
      EXPECT_EQ(d.span().kind, SpanKind::client);
      EXPECT_EQ(d.span().status, StatusCode::error);
    }
  EXPECT_EQ(Decoded(span_with(R"("kind":77)")).span().kind, SpanKind::unspecified);
}

TEST(JsonTraces, odd_doubles_are_read) {
  const auto real = [](std::string_view text) {
    Decoded d(attribute(fmt::format(R"({{"doubleValue":{}}})", text)));
    if (!d.traces) ADD_FAILURE() << text << d.error();
    EXPECT_EQ(d.span().attributes[0].value.type, AnyValue::Type::real);
    return d.span().attributes[0].value.real;
  };
  EXPECT_TRUE(std::isnan(real(R"("NaN")")));
  EXPECT_EQ(real(R"("Infinity")"), INFINITY);
  EXPECT_EQ(real(R"("-Infinity")"), -INFINITY);
  EXPECT_TRUE(std::signbit(real("-0.0")));
  EXPECT_EQ(real("1"), 1.0);
  EXPECT_EQ(real(R"("2.5")"), 2.5);
}

TEST(JsonTraces, null_is_absent_everywhere) {
  Decoded d(
      R"({"resourceSpans":[null,{"resource":null,"schemaUrl":null,"scopeSpans":[{"scope":null,"spans":[{)" +
      ids +
      R"(,"parentSpanId":null,"name":null,"kind":null,"startTimeUnixNano":null,"attributes":[{"key":"k","value":{"doubleValue":null}},{"key":"n","value":null}],"events":null,"links":null,"status":null,"droppedAttributesCount":null}]}]}]})");
  ASSERT_TRUE(d.traces.has_value()) << d.error();
  ASSERT_EQ(d.report.accepted, 1u);
  EXPECT_EQ(d.span().attributes[0].value.type, AnyValue::Type::none);
  EXPECT_EQ(d.span().attributes.size(), 2u);
}

TEST(JsonTraces, unknown_fields_of_any_shape_are_ignored) {
  Decoded d(span_with(
      R"("future":{"a":[1,{"b":null},"x"],"c":true},"name":"n","other":[[[]]],"trace_state":"snake case is unknown")"));
  ASSERT_TRUE(d.traces.has_value()) << d.error();
  EXPECT_EQ(d.span().name, "n");
  EXPECT_EQ(d.span().trace_state, "");
}

TEST(JsonTraces, escapes_are_resolved_and_lone_surrogates_repaired) {
  const auto before = counted(Anomaly::otlp_utf8_repaired);
  Decoded d(attribute(
      R"({"stringValue":"a\"\\\/\b\f\n\r\t\u0041\u00e4\u6f22\ud83d\ude42|\ud800|\udc00x|\ud83d\ud83d\ude42"})"));
  ASSERT_TRUE(d.traces.has_value()) << d.error();
  EXPECT_EQ(d.span().attributes[0].value.text,
            "a\"\\/\b\f\n\r\tAä漢🙂|\xEF\xBF\xBD|\xEF\xBF\xBDx|\xEF\xBF\xBD🙂");
  EXPECT_EQ(counted(Anomaly::otlp_utf8_repaired) - before, 3u);
  EXPECT_TRUE(d.report.modified);
}

TEST(JsonTraces, a_string_that_ends_in_backslashes_ends_where_it_should) {
  Decoded d(attribute(R"({"stringValue":"a\\"})"));
  EXPECT_EQ(d.span().attributes[0].value.text, "a\\");
  Decoded two(attribute(R"({"stringValue":"\\\\"})"));
  EXPECT_EQ(two.span().attributes[0].value.text, "\\\\");
}

TEST(JsonTraces, invalid_utf8_is_repaired_not_refused) {
  Decoded d(attribute("{\"stringValue\":\"a\xFF\xE4\xB8z\"}"));
  ASSERT_TRUE(d.traces.has_value()) << d.error();
  EXPECT_EQ(d.span().attributes[0].value.text, "a\xEF\xBF\xBD\xEF\xBF\xBDz");
  EXPECT_TRUE(d.report.modified);
}

TEST(JsonTraces, bytes_are_base64_of_both_alphabets) {
  for (const char* text : {"+/8=", "-_8=", "-_8"}) {
    Decoded d(attribute(fmt::format(R"({{"bytesValue":"{}"}})", text)));
    ASSERT_TRUE(d.traces.has_value()) << d.error();
    EXPECT_EQ(d.span().attributes[0].value.text, "\xFB\xFF");
  }
  EXPECT_THAT(Decoded(attribute(R"({"bytesValue":"!!"})")).error(), HasSubstr("base64"));
}

TEST(JsonTraces, limits_hold_at_their_exact_value) {
  Limits limits;
  limits.attributes_per_item = 2;
  limits.events_per_span = 2;
  limits.links_per_span = 2;
  limits.values_per_array = 2;
  limits.spans_per_request = 2;
  limits.string_bytes = 4;
  const auto repeat = [](std::string_view what, int n) {
    std::string out;
    for (int i = 0; i < n; ++i) out += fmt::format("{}{}", i ? "," : "", fmt::format(fmt::runtime(what), i));
    return out;
  };
  for (int n = 1; n <= 3; ++n) {
    const auto kept = static_cast<std::size_t>(std::min(n, 2));
    const auto over = static_cast<std::uint32_t>(n - std::min(n, 2));
    Decoded d(span_with(fmt::format(R"("attributes":[{}],"events":[{}],"links":[{}])",
                                    repeat(R"({{"key":"{}"}})", n), repeat("{{}}", n), repeat("{{}}", n))),
              limits);
    ASSERT_TRUE(d.traces.has_value()) << d.error();
    EXPECT_EQ(d.span().attributes.size(), kept);
    EXPECT_EQ(d.span().dropped_attributes, over);
    EXPECT_EQ(d.span().events.size(), kept);
    EXPECT_EQ(d.span().dropped_events, over);
    EXPECT_EQ(d.span().links.size(), kept);
    EXPECT_EQ(d.span().dropped_links, over);
    EXPECT_EQ(d.report.modified, over > 0);
    Decoded array(attribute(fmt::format(R"({{"arrayValue":{{"values":[{}]}}}})", repeat("{{}}", n))), limits);
    EXPECT_EQ(array.span().attributes[0].value.values.size(), kept);
    Decoded spans(request(repeat("{{" + ids + "}}", n)), limits);
    EXPECT_EQ(spans.report.accepted, kept);
    EXPECT_EQ(spans.report.rejected, over);
    Decoded text(attribute(fmt::format(R"({{"stringValue":"{}"}})",
                                       std::string(static_cast<std::size_t>(n) + 2, 'x'))),
                 limits);
    EXPECT_EQ(text.span().attributes[0].value.text.size(), static_cast<std::size_t>(std::min(n + 2, 4)));
  }
}

TEST(JsonTraces, nesting_beyond_the_limit_becomes_a_marker) {
  Limits limits;
  limits.attribute_depth = 4;
  for (int depth = 4; depth <= 6; ++depth) {  // a string in 3, 4 and 5 arrays
    std::string value = R"({"stringValue":"core"})";
    for (int i = 1; i < depth; ++i) value = fmt::format(R"({{"arrayValue":{{"values":[{}]}}}})", value);
    Decoded d(attribute(value), limits);
    ASSERT_TRUE(d.traces.has_value()) << d.error();
    const AnyValue* v = &d.span().attributes[0].value;
    while (v->type == AnyValue::Type::array) v = &v->values[0];
    EXPECT_EQ(v->text, depth > 5 ? "[depth limit]" : "core");
  }
}

TEST(JsonTraces, two_hundred_thousand_levels_cost_one_marker_and_the_rest_is_kept) {
  std::string value;
  for (int i = 0; i < 200'000; ++i) value += R"({"arrayValue":{"values":[)";
  for (int i = 0; i < 200'000; ++i) value += "]}}";
  Decoded d(request(fmt::format(
      R"({{{},"attributes":[{{"key":"deep","value":{}}},{{"key":"flat","value":{{"stringValue":"here"}}}}]}},{{{}}})",
      ids, value, ids)));
  ASSERT_TRUE(d.traces.has_value()) << d.error();
  EXPECT_EQ(d.report.accepted, 2u);
  EXPECT_EQ(d.span().attributes[1].value.text, "here");
}

TEST(JsonTraces, what_is_not_the_expected_json_is_refused_with_a_reason) {
  for (const std::string& bad : {std::string(),
                                 std::string(" "),
                                 std::string("null"),
                                 std::string("[]"),
                                 std::string("1"),
                                 std::string("{"),
                                 std::string("{}x"),
                                 std::string("{} {}"),
                                 std::string(R"({"resourceSpans":{}})"),
                                 std::string(R"({"resourceSpans":[1]})"),
                                 std::string(R"({"resourceSpans":[{"scopeSpans":)"),
                                 span_with(R"("name":5)"),
                                 span_with(R"("kind":"SPAN_KIND_NONE")"),
                                 span_with(R"("startTimeUnixNano":-1)"),
                                 span_with(R"("startTimeUnixNano":"1x")"),
                                 span_with(R"("startTimeUnixNano":1.5)"),
                                 span_with(R"("attributes":{})"),
                                 span_with(R"("name":"\x")"),
                                 span_with(R"("name":"\u12")"),
                                 attribute(R"({"boolValue":"true"})"),
                                 attribute(R"({"doubleValue":"one"})"),
                                 attribute(R"({"intValue":9223372036854775808})"),
                                 std::string(R"({"resourceSpans":[})"),
                                 std::string(1000, '[')}) {
    Decoded d(bad);
    ASSERT_FALSE(d.traces.has_value()) << bad;
    EXPECT_EQ(d.traces.error().kind, ErrorKind::invalid_argument);
    EXPECT_THAT(d.error(), HasSubstr("traces")) << bad;
  }
}

TEST(JsonTraces, every_prefix_and_byte_flip_of_a_real_request_is_decoded_or_refused) {
  const std::string json = read_file(fixture("seed/links.json"));
  for (std::size_t n = 0; n < json.size(); n += 11) Decoded(json.substr(0, n));
  for (std::size_t n = 0; n < json.size(); n += 7)
    for (const int bit : {0, 2, 5}) {
      std::string flipped = json;
      flipped[n] = static_cast<char>(flipped[n] ^ 1 << bit);
      Decoded d(std::move(flipped));
    }
}

TEST(JsonMetrics, all_kinds_of_points_are_read) {
  const std::string json = R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[
    {"name":"g","unit":"1","gauge":{"dataPoints":[{"asDouble":1.5,"timeUnixNano":"5","attributes":[{"key":"a","value":{"boolValue":true}}]}]}},
    {"name":"s","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{"asInt":"-7","exemplars":[{"asInt":3,"spanId":"00000000000000ab"}]}]}},
    {"name":"h","histogram":{"aggregationTemporality":1,"dataPoints":[{"count":"3","sum":0,"min":null,"max":9,"bucketCounts":["1",2],"explicitBounds":[0.5]}]}},
    {"name":"e","exponentialHistogram":{"dataPoints":[{"count":4,"scale":-3,"zeroCount":"1","zeroThreshold":0.1,"positive":{"offset":-2,"bucketCounts":["5"]},"negative":{"offset":3,"bucketCounts":[6]}}]}},
    {"name":"q","summary":{"dataPoints":[{"count":2,"sum":10,"quantileValues":[{"quantile":0.5,"value":4}]}]}},
    {"name":"empty","gauge":{"dataPoints":[]}}]}]}]})";
  Arena arena;
  DecodeReport report;
  auto m = decode_metrics_json(json, arena, {}, report);
  ASSERT_TRUE(m.has_value()) << m.error().message;
  const auto metrics = m->resources[0].scopes[0].metrics;
  ASSERT_EQ(metrics.size(), 5u);
  EXPECT_EQ(report.accepted, 5u);
  EXPECT_EQ(metrics[0].numbers[0].value.real, 1.5);
  EXPECT_EQ(metrics[0].numbers[0].attributes[0].key, "a");
  EXPECT_EQ(metrics[1].numbers[0].value.integer, -7);
  EXPECT_EQ(metrics[1].numbers[0].exemplars[0].span_id, 0xabu);
  EXPECT_TRUE(metrics[1].monotonic);
  EXPECT_EQ(metrics[1].temporality, Temporality::cumulative);
  const HistogramPoint& h = metrics[2].histograms[0];
  EXPECT_TRUE(h.has_sum);
  EXPECT_FALSE(h.has_min);
  EXPECT_EQ(h.max, 9);
  EXPECT_THAT(h.bucket_counts, testing::ElementsAre(1, 2));
  const ExponentialPoint& e = metrics[3].exponentials[0];
  EXPECT_EQ(e.scale, -3);
  EXPECT_EQ(e.positive_offset, -2);
  EXPECT_THAT(e.negative_counts, testing::ElementsAre(6));
  EXPECT_EQ(metrics[4].summaries[0].quantiles[0].second, 4);
}

TEST(EncodeJson, values_become_plain_json) {
  Decoded d(attribute(
      R"({"kvlistValue":{"values":[{"key":"a\n","value":{"arrayValue":{"values":[{"intValue":1},{"boolValue":false},{},{"doubleValue":"NaN"},{"doubleValue":0.1}]}}}]}})"));
  std::string plain, typed;
  encode_plain_json(d.span().attributes[0].value, plain);
  EXPECT_EQ(plain, R"({"a\n":[1,false,null,"NaN",0.1]})");
  encode_json(d.span().attributes[0].value.fields[0].value.values[0], typed);
  EXPECT_EQ(typed, R"({"intValue":"1"})");
}

TEST(Hex, takes_any_case_and_exact_length) {
  TraceId trace{};
  SpanId span = 0;
  EXPECT_TRUE(parse_hex("ABCDEF0123456789abcdef0123456789", trace));
  EXPECT_EQ(hex(trace), "abcdef0123456789abcdef0123456789");
  EXPECT_TRUE(parse_hex("00000000000000fF", span));
  EXPECT_EQ(hex(span), "00000000000000ff");
  for (const char* bad : {"", "ff", "00000000000000fg", "00000000000000ff0", " 0000000000000ff"})
    EXPECT_FALSE(parse_hex(bad, span)) << bad;
}

}  // namespace
}  // namespace turnscope::otlp
