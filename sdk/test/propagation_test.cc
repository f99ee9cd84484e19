#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "turnscope/sdk/sdk.h"

namespace turnscope::sdk::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

Context a_context() {
  SpanContext s;
  s.trace_id = *TraceId::from_hex("0af7651916cd43dd8448eb211c80319c");
  s.span_id = *SpanId::from_hex("b7ad6b7169203331");
  s.flags = trace_flags::sampled;
  s.trace_state = TraceState::parse("congo=1,rojo=2");
  return Context().with_span(s).with_baggage(Baggage().set("user", "17").set("plan", "a b", "p=1"));
}

template <class Carrier>
class Carriers : public testing::Test {};
using All =
    testing::Types<Headers, std::map<std::string, std::string>, std::multimap<std::string, std::string>>;
TYPED_TEST_SUITE(Carriers, All);

TYPED_TEST(Carriers, bring_back_what_was_injected) {
  TypeParam carrier;
  inject(a_context(), writer(carrier));
  inject(a_context(), writer(carrier));  // a second time replaces the first
  EXPECT_THAT(carrier, SizeIs(3));
  const Context c = extract(reader(carrier));
  EXPECT_EQ(format_traceparent(c.span()), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_TRUE(c.span().remote);
  EXPECT_EQ(c.span().trace_state.header(), "congo=1,rojo=2");
  EXPECT_EQ(c.baggage().get("user"), "17");
  EXPECT_EQ(c.baggage().get("plan"), "a b");
  EXPECT_EQ(c.baggage().entries()[1].metadata, "p=1");
}

TEST(Propagation, nothing_is_injected_without_a_context) {
  Headers h;
  inject(Context(), writer(h));
  EXPECT_THAT(h, IsEmpty());
}

TEST(Propagation, an_invalid_traceparent_leaves_the_base_as_it_is) {
  const Headers h{{"traceparent", "00-zz"}, {"tracestate", "a=1"}};
  EXPECT_FALSE(extract(reader(h)).span().valid());
  EXPECT_EQ(extract(reader(h), a_context()).span().trace_state.header(), "congo=1,rojo=2");
}

TEST(Propagation, formats_can_be_switched_off) {
  Headers h;
  inject(a_context(), writer(h), {.trace_context = true, .baggage = false});
  EXPECT_THAT(h, SizeIs(2));
  const Context c = extract(reader(h), {}, {.trace_context = false, .baggage = true});
  EXPECT_FALSE(c.span().valid());
}

TEST(TraceStateTest, set_puts_the_member_in_front_and_replaces_an_old_one) {
  const TraceState t = TraceState::parse("a=1,b=2");
  EXPECT_EQ(t.set("b", "3").header(), "b=3,a=1");
  EXPECT_EQ(t.set("c", "3").header(), "c=3,a=1,b=2");
  EXPECT_EQ(t.set("C", "3").header(), "a=1,b=2");
  EXPECT_EQ(t.set("c", "x,y").header(), "a=1,b=2");
  EXPECT_EQ(t.erase("a").header(), "b=2");
  EXPECT_TRUE(t.erase("a").erase("b").empty());
  EXPECT_EQ(t.get("b"), "2");
  EXPECT_EQ(t.get("x"), std::nullopt);
  EXPECT_THAT(t.members(), ElementsAre(Pair("a", "1"), Pair("b", "2")));
}

TEST(TraceStateTest, set_drops_the_last_of_32_members) {
  TraceState t;
  for (int i = 0; i < 33; ++i) t = t.set("k" + std::to_string(i), "v");
  EXPECT_THAT(t.members(), SizeIs(32));
  EXPECT_EQ(t.members().front().first, "k32");
  EXPECT_EQ(t.members().back().first, "k1");
}

TEST(BaggageTest, values_are_percent_encoded_and_come_back) {
  const std::string odd = "a,b;c=\"d\\ %\n\xC3\xA4";
  const Baggage b = Baggage().set("key", odd);
  const std::string header = format_baggage(b);
  EXPECT_EQ(header, "key=a%2Cb%3Bc=%22d%5C%20%25%0A%C3%A4");
  EXPECT_EQ(parse_baggage({header}).get("key"), odd);
}

TEST(BaggageTest, bad_members_are_skipped_and_the_last_of_equal_keys_wins) {
  const Baggage b = parse_baggage({"a=1,,=2,b,c d=3, e = 5 ;p;q=2, a=9,f=\"x\"", "g=7"});
  EXPECT_THAT(b.entries(), SizeIs(3));
  EXPECT_EQ(b.get("a"), "9");
  EXPECT_EQ(b.get("e"), "5");
  EXPECT_EQ(b.get("g"), "7");
  EXPECT_EQ(parse_baggage({"k=%FF%"}).get("k"), "\uFFFD%");
}

TEST(BaggageTest, limits_leave_whole_members_out) {
  Baggage many;
  for (int i = 0; i < 100; ++i) many = many.set("k" + std::to_string(i), "v");
  EXPECT_THAT(parse_baggage({format_baggage(many)}).entries(), SizeIs(64));
  const Baggage big = Baggage().set("big", std::string(9000, 'x')).set("small", "1");
  EXPECT_EQ(format_baggage(big), "small=1");
  EXPECT_EQ(Baggage().set("bad key", "1").entries().size(), 1u);
  EXPECT_EQ(format_baggage(Baggage().set("bad key", "1")), "");
}

TEST(Ids, hex_is_lower_case_and_all_zero_is_none) {
  EXPECT_EQ(TraceId::from_hex("0af7651916cd43dd8448eb211c80319c")->hex(), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(TraceId::from_hex("0AF7651916cd43dd8448eb211c80319c"), std::nullopt);
  EXPECT_EQ(TraceId::from_hex("00000000000000000000000000000000"), std::nullopt);
  EXPECT_EQ(SpanId::from_hex("b7ad6b716920333"), std::nullopt);
  EXPECT_EQ(SpanId::from_hex("0000000000000000"), std::nullopt);
}

}  // namespace
}  // namespace turnscope::sdk::test
