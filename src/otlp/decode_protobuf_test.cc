#include <gtest/gtest.h>

#include <filesystem>
#include <protozero/pbf_writer.hpp>

#include "base/anomaly.h"
#include "otlp/decode.h"
#include "otlp/test_support.h"

namespace turnscope::otlp {
namespace {

using protozero::pbf_writer;

/// One request around span bytes.
std::string request(const std::vector<std::string>& spans) {
  std::string scope, group, out;
  pbf_writer s(scope);
  for (const std::string& span : spans) s.add_message(2, span);
  pbf_writer(group).add_message(2, scope);
  pbf_writer(out).add_message(1, group);
  return out;
}
std::string request(const std::string& span) { return request(std::vector<std::string>{span}); }

/// Ids of a good span; more fields can be written behind them.
std::string good_span(char id = 1) {
  std::string s;
  pbf_writer w(s);
  w.add_bytes(1, std::string(16, '\x11'));
  w.add_bytes(2, std::string(7, '\0') + id);
  return s;
}

std::string any_string(std::string_view text) {
  std::string s;
  pbf_writer(s).add_string(1, text.data(), text.size());
  return s;
}
std::string key_value(std::string_view key, const std::string& value) {
  std::string s;
  pbf_writer w(s);
  w.add_string(1, key.data(), key.size());
  w.add_message(2, value);
  return s;
}

struct Decoded {
  Arena arena;
  DecodeReport report;
  std::string bytes;
  Result<Traces> traces = fail(ErrorKind::internal, "not decoded");

  explicit Decoded(std::string b, Limits limits = {}) : bytes(std::move(b)) {
    traces = decode_traces_protobuf(bytes, arena, limits, report);
  }
  const Span& span(std::size_t i = 0) const { return traces.value().resources[0].scopes[0].spans[i]; }
};

TEST(ProtobufTraces, an_empty_request_is_an_empty_model) {
  Decoded d("");
  ASSERT_TRUE(d.traces.has_value());
  EXPECT_TRUE(d.traces->resources.empty());
  EXPECT_EQ(d.report.accepted, 0u);
}

TEST(ProtobufTraces, every_fixture_keeps_its_meaning_through_encode_and_decode) {
  std::size_t files = 0;
  for (const auto& path : fixture_files(".pb")) {
    const std::string bytes = read_file(path);
    const std::string name = path.filename().string();
    Arena a, b;
    DecodeReport ra, rb;
    std::string once, twice;
    const auto round = [&](auto decode) {
      auto first = decode(bytes, a, Limits{}, ra);
      ASSERT_TRUE(first.has_value()) << path << ": " << first.error().message;
      EXPECT_EQ(ra.rejected, 0u) << path;
      encode_protobuf(*first, once);
      auto second = decode(once, b, Limits{}, rb);
      ASSERT_TRUE(second.has_value()) << path;
      EXPECT_EQ(ra.accepted, rb.accepted) << path;
      encode_protobuf(*second, twice);
      EXPECT_EQ(once, twice) << path;
    };
    if (name.ends_with(".logs.pb"))
      round(decode_logs_protobuf);
    else if (name.ends_with(".metrics.pb"))
      round(decode_metrics_protobuf);
    else
      round(decode_traces_protobuf);
    EXPECT_GT(ra.accepted, 0u) << path;
    ++files;
  }
  EXPECT_GT(files, 50u);
}

TEST(ProtobufTraces, all_fields_of_a_span_are_read) {
  std::string span = good_span(7);
  pbf_writer w(span);
  w.add_string(3, "a=b");
  w.add_bytes(4, std::string("\0\0\0\0\0\0\1\2", 8));
  w.add_string(5, "chat");
  w.add_enum(6, 3);
  w.add_fixed64(7, 100);
  w.add_fixed64(8, 200);
  w.add_message(9, key_value("k", any_string("v")));
  w.add_uint32(10, 1);
  {
    pbf_writer e(w, 11);
    e.add_fixed64(1, 150);
    e.add_string(2, "exception");
    e.add_message(3, key_value("exception.type", any_string("E")));
  }
  w.add_uint32(12, 2);
  {
    pbf_writer l(w, 13);
    l.add_bytes(1, std::string(16, '\x22'));
    l.add_bytes(2, std::string(8, '\x01'));
    l.add_fixed32(6, 5);
  }
  w.add_uint32(14, 3);
  {
    pbf_writer s(w, 15);
    s.add_string(2, "boom");
    s.add_enum(3, 2);
  }
  w.add_fixed32(16, 0x301);
  Decoded d(request(span));
  ASSERT_TRUE(d.traces.has_value()) << d.traces.error().message;
  const Span& s = d.span();
  EXPECT_EQ(hex(s.trace_id), "11111111111111111111111111111111");
  EXPECT_EQ(hex(s.span_id), "0000000000000007");
  EXPECT_EQ(s.parent_span_id, 0x102u);
  EXPECT_EQ(s.trace_state, "a=b");
  EXPECT_EQ(s.name, "chat");
  EXPECT_EQ(s.kind, SpanKind::client);
  EXPECT_EQ(s.start_unix_nano, 100u);
  EXPECT_EQ(s.end_unix_nano, 200u);
  ASSERT_EQ(s.attributes.size(), 1u);
  EXPECT_EQ(s.attributes[0].key, "k");
  EXPECT_EQ(s.attributes[0].value.text, "v");
  ASSERT_EQ(s.events.size(), 1u);
  EXPECT_EQ(s.events[0].name, "exception");
  EXPECT_EQ(s.events[0].time_unix_nano, 150u);
  EXPECT_EQ(s.events[0].attributes[0].value.text, "E");
  ASSERT_EQ(s.links.size(), 1u);
  EXPECT_EQ(s.links[0].flags, 5u);
  EXPECT_EQ(s.dropped_attributes, 1u);
  EXPECT_EQ(s.dropped_events, 2u);
  EXPECT_EQ(s.dropped_links, 3u);
  EXPECT_EQ(s.status, StatusCode::error);
  EXPECT_EQ(s.status_message, "boom");
  EXPECT_EQ(s.flags, 0x301u);
  EXPECT_FALSE(d.report.modified);
}

TEST(ProtobufTraces, a_span_with_a_bad_id_is_rejected_and_the_rest_kept) {
  std::string zero;
  pbf_writer z(zero);
  z.add_bytes(1, std::string(16, '\0'));
  z.add_bytes(2, std::string(8, '\1'));
  std::string shorter;
  pbf_writer s(shorter);
  s.add_bytes(1, std::string(16, '\1'));
  s.add_bytes(2, std::string(7, '\1'));
  const auto before = counted(Anomaly::otlp_span_rejected_id);
  Decoded d(request({zero, good_span(), shorter, std::string()}));
  ASSERT_TRUE(d.traces.has_value());
  EXPECT_EQ(d.report.accepted, 1u);
  EXPECT_EQ(d.report.rejected, 3u);
  EXPECT_NE(d.report.reason.find("trace_id"), std::string::npos);
  EXPECT_TRUE(d.report.modified);
  EXPECT_EQ(counted(Anomaly::otlp_span_rejected_id) - before, 3u);
  EXPECT_EQ(d.span().span_id, 1u);
}

TEST(ProtobufTraces, unknown_fields_and_groups_are_skipped) {
  std::string span = good_span();
  pbf_writer w(span);
  w.add_string(4000, "future");
  w.add_fixed32(4001, 1);
  w.add_double(4002, 1);
  w.add_uint64(4003, ~0ull);
  w.add_uint32(5, 9);  // the name's number with another wire type is an unknown field
  EXPECT_FALSE(Decoded(request(span)).report.modified);
  span += "\xA3\x06";  // group 100 begins
  for (int i = 0; i < 200'000; ++i) span += "\x0B";
  for (int i = 0; i < 200'000; ++i) span += "\x0C";
  span += "\xA4\x06";
  Decoded d(request(span));
  ASSERT_TRUE(d.traces.has_value()) << d.traces.error().message;
  EXPECT_EQ(d.report.accepted, 1u);
  EXPECT_TRUE(d.report.modified);
}

TEST(ProtobufTraces, invalid_utf8_is_repaired_and_counted) {
  std::string span = good_span();
  pbf_writer w(span);
  w.add_string(5, "a\xFFz");
  w.add_message(9, key_value("k", any_string("cut\xE4\xB8")));
  const auto before = counted(Anomaly::otlp_utf8_repaired);
  Decoded d(request(span));
  ASSERT_TRUE(d.traces.has_value());
  EXPECT_EQ(d.span().name, "a\xEF\xBF\xBDz");
  EXPECT_EQ(d.span().attributes[0].value.text, "cut\xEF\xBF\xBD");
  EXPECT_TRUE(d.report.modified);
  EXPECT_EQ(counted(Anomaly::otlp_utf8_repaired) - before, 2u);
}

TEST(ProtobufTraces, strings_are_cut_on_a_character_boundary) {
  Limits limits;
  limits.string_bytes = 4;
  limits.key_bytes = 3;
  std::string span = good_span();
  pbf_writer w(span);
  w.add_message(9, key_value("abcd", any_string("abc\xC3\xA4z")));
  Decoded d(request(span), limits);
  EXPECT_EQ(d.span().attributes[0].key, "abc");
  EXPECT_EQ(d.span().attributes[0].value.text, "abc");
  EXPECT_TRUE(d.report.modified);
  span = good_span();
  pbf_writer w2(span);
  w2.add_message(9, key_value("abc", any_string("ab\xC3\xA4")));
  Decoded exact(request(span), limits);
  EXPECT_EQ(exact.span().attributes[0].value.text, "ab\xC3\xA4");
  EXPECT_FALSE(exact.report.modified);
}

TEST(ProtobufTraces, of_a_repeated_key_the_last_value_wins_and_it_is_counted) {
  for (const int fillers : {0, 3, 200}) {
    std::string span = good_span();
    pbf_writer w(span);
    w.add_message(9, key_value("k", any_string("1")));
    for (int i = 0; i < fillers; ++i) w.add_message(9, key_value("f" + std::to_string(i), any_string("x")));
    w.add_message(9, key_value("k", any_string("2")));
    w.add_message(9, key_value("k", any_string("3")));
    const auto before = counted(Anomaly::otlp_duplicate_key);
    Decoded d(request(span));
    ASSERT_EQ(d.span().attributes.size(), static_cast<std::size_t>(fillers) + 1);
    EXPECT_EQ(d.span().attributes[0].key, "k");
    EXPECT_EQ(d.span().attributes[0].value.text, "3");
    EXPECT_TRUE(d.report.modified);
    EXPECT_EQ(counted(Anomaly::otlp_duplicate_key) - before, 2u);
  }
}

TEST(ProtobufTraces, attributes_beyond_the_limit_are_dropped_at_the_exact_count) {
  Limits limits;
  limits.attributes_per_item = 5;
  for (const std::size_t n : {4u, 5u, 6u}) {
    std::string span = good_span();
    pbf_writer w(span);
    for (std::size_t i = 0; i < n; ++i) w.add_message(9, key_value("k" + std::to_string(i), any_string("x")));
    Decoded d(request(span), limits);
    EXPECT_EQ(d.span().attributes.size(), std::min<std::size_t>(n, 5));
    EXPECT_EQ(d.span().dropped_attributes, n > 5 ? 1u : 0u);
    EXPECT_EQ(d.report.modified, n > 5);
  }
}

TEST(ProtobufTraces, events_and_links_beyond_the_limit_are_dropped_and_told) {
  Limits limits;
  limits.events_per_span = 2;
  limits.links_per_span = 1;
  std::string span = good_span();
  pbf_writer w(span);
  for (int i = 0; i < 3; ++i) w.add_message(11, std::string());
  for (int i = 0; i < 3; ++i) w.add_message(13, std::string());
  Decoded d(request(span), limits);
  EXPECT_EQ(d.span().events.size(), 2u);
  EXPECT_EQ(d.span().links.size(), 1u);
  EXPECT_EQ(d.span().dropped_events, 1u);
  EXPECT_EQ(d.span().dropped_links, 2u);
}

TEST(ProtobufTraces, spans_beyond_the_limit_are_rejected_with_the_limit_in_the_reason) {
  Limits limits;
  limits.spans_per_request = 3;
  for (const std::size_t n : {2u, 3u, 4u}) {
    Decoded d(request(std::vector<std::string>(n, good_span())), limits);
    EXPECT_EQ(d.report.accepted, std::min<std::size_t>(n, 3));
    EXPECT_EQ(d.report.rejected, n > 3 ? 1u : 0u);
    if (n > 3) {
      EXPECT_NE(d.report.reason.find("more than 3 spans"), std::string::npos);
    }
  }
}

/// A value of `depth` levels: arrays around a string.
std::string nested(std::size_t depth) {
  std::string value = any_string("core");
  for (std::size_t i = 1; i < depth; ++i) {
    std::string list, outer;
    pbf_writer(list).add_message(1, value);
    pbf_writer(outer).add_message(5, list);
    value = outer;
  }
  return value;
}

TEST(ProtobufTraces, nesting_beyond_the_limit_becomes_a_marker_at_the_exact_level) {
  Limits limits;
  limits.attribute_depth = 4;
  for (const std::size_t depth : {4u, 5u, 6u}) {  // a string in 3, 4 and 5 arrays
    std::string span = good_span();
    pbf_writer w(span);
    w.add_message(9, key_value("k", nested(depth)));
    Decoded d(request(span), limits);
    const AnyValue* v = &d.span().attributes[0].value;
    std::size_t levels = 1;
    for (; v->type == AnyValue::Type::array; ++levels) v = &v->values[0];
    EXPECT_EQ(levels, std::min<std::size_t>(depth, 5));
    EXPECT_EQ(v->text, depth > 5 ? "[depth limit]" : "core");
    EXPECT_EQ(d.report.modified, depth > 5);
  }
}

TEST(ProtobufTraces, two_hundred_thousand_levels_cost_one_marker_and_the_rest_is_kept) {
  // Built back to front, so that the test itself is linear.
  std::string value;
  std::string reversed;
  std::size_t size = 0;
  for (int i = 0; i < 200'000; ++i) {
    for (const std::uint8_t t : {std::uint8_t{0x0A}, std::uint8_t{0x2A}}) {
      std::string head(1, static_cast<char>(t));
      protozero::write_varint(std::back_inserter(head), size);
      size += head.size();
      reversed.append(head.rbegin(), head.rend());
    }
  }
  value.assign(reversed.rbegin(), reversed.rend());
  std::string span = good_span();
  pbf_writer w(span);
  w.add_message(9, key_value("deep", value));
  w.add_message(9, key_value("flat", any_string("here")));
  const auto before = counted(Anomaly::otlp_depth_cut);
  Decoded d(request({span, good_span(2)}));
  ASSERT_TRUE(d.traces.has_value()) << d.traces.error().message;
  EXPECT_EQ(d.report.accepted, 2u);
  EXPECT_EQ(d.span().attributes[1].value.text, "here");
  EXPECT_EQ(counted(Anomaly::otlp_depth_cut) - before, 1u);
}

TEST(ProtobufTraces, a_million_empty_messages_stay_within_their_limits) {
  std::string span = good_span();
  for (const char tag : {'\x4A', '\x5A', '\x6A'})
    for (int i = 0; i < 1'000'000; ++i) {
      span += tag;
      span += '\0';
    }
  Decoded d(request(span));
  ASSERT_TRUE(d.traces.has_value()) << d.traces.error().message;
  EXPECT_EQ(d.span().events.size(), Limits{}.events_per_span);
  std::string groups;
  for (int i = 0; i < 1'000'000; ++i) groups += std::string("\x0A\0", 2);
  Decoded empty(groups);
  ASSERT_TRUE(empty.traces.has_value());
  EXPECT_TRUE(empty.traces->resources.empty());
}

TEST(ProtobufTraces, values_that_would_swell_past_the_budget_are_refused_by_size) {
  // 25 arrays of 60,000 empty values: 3 MB of bytes, 96 MB of model wanted, 40 MB allowed.
  std::string list(120'000, '\0');
  for (std::size_t i = 0; i < list.size(); i += 2) list[i] = '\x0A';
  std::string value;
  pbf_writer(value).add_message(5, list);
  std::string span = good_span();
  pbf_writer w(span);
  for (int i = 0; i < 25; ++i) w.add_message(9, key_value("k" + std::to_string(i), value));
  Decoded d(request(span));
  ASSERT_FALSE(d.traces.has_value());
  EXPECT_EQ(d.traces.error().kind, ErrorKind::too_large);
}

TEST(ProtobufTraces, malformed_bytes_are_refused_with_their_place) {
  const std::string ok = request(good_span());
  const std::vector<std::string> bad = {
      std::string("\x0A"),  // tag without length
      std::string("\x0A\x05"
                  "abc"),                                               // length beyond the end
      std::string("\x00\x01", 2),                                       // field number 0
      std::string("\x0F\x01"),                                          // wire type 7
      std::string("\x0C"),                                              // end of a group that did not begin
      std::string("\x0B\x08\x01"),                                      // group without end
      std::string("\x10\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),  // varint of 11 bytes
      std::string("\x09\x01\x02"),                                      // cut fixed64
      ok.substr(0, ok.size() - 1),
  };
  for (const std::string& bytes : bad) {
    Decoded d(bytes);
    ASSERT_FALSE(d.traces.has_value()) << testing::PrintToString(bytes);
    EXPECT_EQ(d.traces.error().kind, ErrorKind::invalid_argument);
    EXPECT_NE(d.traces.error().message.find("at byte"), std::string::npos) << d.traces.error().message;
  }
}

TEST(ProtobufTraces, every_prefix_of_a_real_request_is_decoded_or_refused) {
  const std::string bytes = read_file(fixture("seed/agent.pb"));
  for (std::size_t n = 0; n < bytes.size(); n += 3) Decoded(bytes.substr(0, n));
  for (std::size_t n = 0; n < bytes.size(); n += 2)
    for (const int bit : {0, 3, 7}) {
      std::string flipped = bytes;
      flipped[n] = static_cast<char>(flipped[n] ^ 1 << bit);
      Decoded d(std::move(flipped));
      if (!d.traces) {
        EXPECT_FALSE(d.traces.error().message.empty());
      }
    }
}

TEST(ProtobufTraces, a_parent_id_of_wrong_length_is_left_out_and_the_span_kept) {
  std::string span = good_span();
  pbf_writer(span).add_bytes(4, "abc");
  Decoded d(request(span));
  EXPECT_EQ(d.report.accepted, 1u);
  EXPECT_EQ(d.span().parent_span_id, 0u);
  EXPECT_TRUE(d.report.modified);
}

TEST(EncodeProtobuf, empty_lists_and_elements_without_value_are_kept) {
  const AnyValue nothing{};
  AnyValue list, map, mixed;
  list.type = AnyValue::Type::array;
  map.type = AnyValue::Type::kvlist;
  mixed.type = AnyValue::Type::array;
  const std::array elements{nothing, list, map};
  mixed.values = elements;
  const std::array attributes{KeyValue{"list", list}, KeyValue{"map", map}, KeyValue{"mixed", mixed}};
  Span span;
  span.trace_id[0] = 1;
  span.span_id = 2;
  span.attributes = attributes;
  const Event event;
  span.events = {&event, 1};
  const ScopeSpans scope{{}, {&span, 1}};
  const ResourceSpans resource{{}, {&scope, 1}};
  std::string bytes;
  encode_protobuf(Traces{{&resource, 1}}, bytes);
  const Decoded d(std::move(bytes));
  ASSERT_EQ(d.span().attributes.size(), 3u);
  EXPECT_EQ(d.span().attributes[0].value.type, AnyValue::Type::array);
  EXPECT_EQ(d.span().attributes[1].value.type, AnyValue::Type::kvlist);
  ASSERT_EQ(d.span().attributes[2].value.values.size(), 3u);
  EXPECT_EQ(d.span().attributes[2].value.values[1].type, AnyValue::Type::array);
  EXPECT_EQ(d.span().events.size(), 1u);
}

}  // namespace
}  // namespace turnscope::otlp
