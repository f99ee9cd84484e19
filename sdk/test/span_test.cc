#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "memory_transport.h"

namespace turnscope::sdk::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

struct SpanTest : testing::Test {
  std::shared_ptr<Collector> collector = std::make_shared<Collector>();
  Config config = memory_config(collector);
  std::unique_ptr<TracerProvider> provider;
  Tracer tracer(std::string_view name = "scope", std::string_view version = "1.2") {
    if (!provider) provider = std::make_unique<TracerProvider>(config);
    return provider->tracer(name, version);
  }
  std::vector<SpanSeen> sent() {
    EXPECT_TRUE(provider->force_flush());
    return collector->spans();
  }
};

TEST_F(SpanTest, comes_out_with_everything_that_was_set) {
  Span parent = tracer().start("parent");
  {
    StartOptions o;
    o.parent = parent.context();
    o.kind = SpanKind::client;
    Span s = tracer().start("child", o);
    s.set_attribute("text", "value")
        .set_attribute("int", -42)
        .set_attribute("double", 0.5)
        .set_attribute("bool", true);
    s.set_attribute("unsigned", std::uint64_t{18446744073709551615u})
        .set_attribute("zero", 0)
        .set_attribute("off", false);
    s.set_attribute("texts", {"a", "b"});
    s.set_attribute("strings", std::vector<std::string>{"c"});
    s.set_attribute("ints", std::vector<std::int64_t>{1, -2});
    s.set_attribute("doubles", std::vector<double>{1.5});
    const bool flags[] = {true, false};
    s.set_attribute("bools", std::span<const bool>(flags));
    s.set_attribute("empty", "");
    s.set_attribute("none", std::vector<std::string>{});
    s.add_event("event", {{"k", 1}}, Timestamp(std::chrono::nanoseconds(77)));
    s.add_link(parent.span_context(), {{"link.kind", "follow_up"}});
    s.set_status(StatusCode::error, "broken");
  }
  parent.end();
  const auto all = sent();
  ASSERT_THAT(all, SizeIs(2));
  const SpanSeen& s = all[0];
  EXPECT_EQ(s.name, "child");
  EXPECT_EQ(s.kind, 3);
  EXPECT_EQ(s.scope, "scope");
  EXPECT_EQ(s.scope_version, "1.2");
  EXPECT_EQ(s.trace_id, all[1].trace_id);
  EXPECT_EQ(s.parent_id, all[1].span_id);
  EXPECT_EQ(all[1].parent_id, "");
  EXPECT_EQ(s.flags, 0x103u);  // sampled, random; parent known to be local
  EXPECT_LE(all[1].start, s.start);
  EXPECT_LE(s.start, s.end);
  EXPECT_THAT(
      s.attributes,
      UnorderedElementsAre(Pair("text", "s:value"), Pair("int", "i:-42"), Pair("double", "d:0.5"),
                           Pair("bool", "b:true"), Pair("unsigned", "i:9223372036854775807"),
                           Pair("zero", "i:0"), Pair("off", "b:false"), Pair("texts", "[s:a,s:b]"),
                           Pair("strings", "[s:c]"), Pair("ints", "[i:1,i:-2]"), Pair("doubles", "[d:1.5]"),
                           Pair("bools", "[b:true,b:false]"), Pair("empty", "s:"), Pair("none", "[]")));
  ASSERT_THAT(s.events, SizeIs(1));
  EXPECT_EQ(s.events[0].name, "event");
  EXPECT_EQ(s.events[0].time, 77u);
  EXPECT_THAT(s.events[0].attributes, ElementsAre(Pair("k", "i:1")));
  ASSERT_THAT(s.links, SizeIs(1));
  EXPECT_EQ(s.links[0].span_id, all[1].span_id);
  EXPECT_THAT(s.links[0].attributes, ElementsAre(Pair("link.kind", "s:follow_up")));
  EXPECT_EQ(s.status, 2);
  EXPECT_EQ(s.status_message, "broken");
}

TEST_F(SpanTest, attribute_set_twice_keeps_the_last_value_and_one_key) {
  {
    Span s = tracer().start("s");
    s.set_attribute("a", 1).set_attribute("b", "first").set_attribute("c", true);
    s.add_event("between");
    s.set_attribute("b", "second, longer")
        .set_attribute("a", "now text")
        .set_attribute("b", 3)
        .set_attribute("c", false);
  }
  const auto all = sent();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_THAT(all[0].attributes,
              ElementsAre(Pair("a", "s:now text"), Pair("b", "i:3"), Pair("c", "b:false")));
  EXPECT_THAT(all[0].keys, SizeIs(3));
  EXPECT_THAT(all[0].events, SizeIs(1));
}

TEST_F(SpanTest, keys_that_look_alike_stay_apart) {
  {
    Span s = tracer().start("s");
    for (int i = 0; i < 100; ++i) s.set_attribute("a.common.prefix." + std::to_string(i) + ".and.suffix", i);
    for (int i = 0; i < 100; ++i)
      s.set_attribute("a.common.prefix." + std::to_string(i) + ".and.suffix", i + 1000);
  }
  const auto all = sent();
  ASSERT_THAT(all[0].keys, SizeIs(100));
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(all[0].attributes.at("a.common.prefix." + std::to_string(i) + ".and.suffix"),
              "i:" + std::to_string(i + 1000));
}

TEST_F(SpanTest, empty_key_is_left_out) {
  { tracer().start("s").set_attribute("", 1).add_event("e", {{"", 1}, {"k", 2}}); }
  const auto all = sent();
  EXPECT_THAT(all[0].attributes, IsEmpty());
  EXPECT_THAT(all[0].events[0].attributes, SizeIs(1));
}

TEST_F(SpanTest, limits_cut_and_count) {
  config.limits = {.attributes = 2,
                   .attribute_value_length = 5,
                   .events = 1,
                   .links = 1,
                   .event_attributes = 1,
                   .link_attributes = 1};
  {
    Span s = tracer().start("s");
    s.set_attribute("a", "123456")
        .set_attribute("b", {"1234567", "12"})
        .set_attribute("c", 1)
        .set_attribute("a", "654321");
    s.add_event("e1", {{"x", "abcdefgh"}, {"y", 2}}).add_event("e2");
    s.add_link(s.span_context(), {{"x", 1}, {"y", 2}, {"z", 3}}).add_link(s.span_context());
  }
  const SpanSeen s = sent().at(0);
  EXPECT_THAT(s.attributes, ElementsAre(Pair("a", "s:65432"), Pair("b", "[s:12345,s:12]")));
  EXPECT_EQ(s.dropped_attributes, 1u);
  ASSERT_THAT(s.events, SizeIs(1));
  EXPECT_THAT(s.events[0].attributes, ElementsAre(Pair("x", "s:abcde")));
  EXPECT_EQ(s.events[0].dropped, 1u);
  EXPECT_EQ(s.dropped_events, 1u);
  EXPECT_EQ(s.links[0].dropped, 2u);
  EXPECT_EQ(s.dropped_links, 1u);
}

TEST_F(SpanTest, limit_of_length_counts_characters_and_never_splits_one) {
  config.limits.attribute_value_length = 3;
  {
    Span s = tracer().start("s");
    s.set_attribute("two", "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F")
        .set_attribute("four", "\U0001F600\U0001F601\U0001F602\U0001F603");
    s.set_attribute("fits", "\xC3\xA4\xC3\xB6\xC3\xBC");
  }
  const SpanSeen s = sent().at(0);
  EXPECT_EQ(s.attributes.at("two"), "s:\xC3\xA4\xC3\xB6\xC3\xBC");
  EXPECT_EQ(s.attributes.at("four"), "s:\U0001F600\U0001F601\U0001F602");
  EXPECT_EQ(s.attributes.at("fits"), "s:\xC3\xA4\xC3\xB6\xC3\xBC");
}

TEST_F(SpanTest, bytes_that_are_no_utf8_are_repaired_wherever_they_stand) {
  const std::string bad = "a\xFF\xC3z\xED\xA0\x80\xF5";  // stray, cut short, surrogate, beyond Unicode
  {
    Span s = tracer("sc\xFFope", "v\xFF").start("na\xFFme");
    s.set_attribute("k\xFF", bad)
        .set_attribute("k\xFF", 2)
        .set_attribute("list", {"ok", "\x80"})
        .set_attribute("v", bad);
    s.add_event("e\xFE", {{"k\xFE", "\xFE"}});
    s.set_status(StatusCode::error, "m\xFF");
  }
  const SpanSeen s = sent().at(0);  // the reader throws on text that is no UTF-8
  EXPECT_EQ(s.name, "na\uFFFDme");
  EXPECT_EQ(s.scope, "sc\uFFFDope");
  EXPECT_EQ(s.attributes.at("v"), "s:a\uFFFD\uFFFDz\uFFFD\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(s.attributes.at("k\uFFFD"), "i:2");
  EXPECT_THAT(s.keys, SizeIs(3));
  EXPECT_EQ(s.status_message, "m\uFFFD");
}

TEST_F(SpanTest, status_follows_the_specification) {
  {
    Span ok = tracer().start("ok");
    ok.set_status(StatusCode::error, "first")
        .set_status(StatusCode::ok, "ignored")
        .set_status(StatusCode::error, "late");
    Span last = tracer().start("last");
    last.set_status(StatusCode::error, "one")
        .set_status(StatusCode::unset)
        .set_status(StatusCode::error, "two");
    Span none = tracer().start("none");
  }
  sent();
  EXPECT_EQ(collector->span("ok").status, 1);
  EXPECT_EQ(collector->span("ok").status_message, "");
  EXPECT_EQ(collector->span("last").status, 2);
  EXPECT_EQ(collector->span("last").status_message, "two");
  EXPECT_EQ(collector->span("none").status, 0);
}

TEST_F(SpanTest, exception_becomes_an_event_with_its_demangled_type) {
  {
    Span s = tracer().start("s");
    s.record_exception(std::out_of_range("no such row"));
    s.record_exception(
        ExceptionInfo{.type = "Timeout", .message = "after 5 s", .stacktrace = "at f()", .escaped = true},
        {{"attempt", 2}});
  }
  const SpanSeen s = sent().at(0);
  ASSERT_THAT(s.events, SizeIs(2));
  EXPECT_EQ(s.events[0].name, "exception");
  EXPECT_THAT(s.events[0].attributes, ElementsAre(Pair("exception.message", "s:no such row"),
                                                  Pair("exception.type", "s:std::out_of_range")));
  EXPECT_THAT(
      s.events[1].attributes,
      UnorderedElementsAre(Pair("exception.type", "s:Timeout"), Pair("exception.message", "s:after 5 s"),
                           Pair("exception.stacktrace", "s:at f()"), Pair("exception.escaped", "b:true"),
                           Pair("attempt", "i:2")));
  EXPECT_EQ(s.status, 0);
}

TEST_F(SpanTest, given_times_are_kept) {
  StartOptions o;
  o.start = Timestamp(std::chrono::nanoseconds(1000));
  tracer().start("s", o).end(Timestamp(std::chrono::nanoseconds(3000)));
  const SpanSeen s = sent().at(0);
  EXPECT_EQ(s.start, 1000u);
  EXPECT_EQ(s.end, 3000u);
}

TEST_F(SpanTest, is_a_no_op_after_its_end_and_when_moved_from) {
  Span s = tracer().start("s");
  Span other = std::move(s);
  s.set_attribute("lost", 1);  // NOLINT(bugprone-use-after-move): that is what is tested
  other.end();
  other.set_attribute("late", 1).add_event("late").update_name("late");
  other.end();
  const auto all = sent();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_THAT(all[0].attributes, IsEmpty());
  EXPECT_EQ(all[0].name, "s");
}

TEST_F(SpanTest, assignment_ends_the_span_that_was_there) {
  Span s = tracer().start("one");
  s = tracer().start("two");
  EXPECT_THAT(sent(), SizeIs(1));
  s.end();
  EXPECT_EQ(sent().back().name, "two");
}

TEST_F(SpanTest, current_context_nests_and_unwinds) {
  EXPECT_FALSE(Context::current().span().valid());
  {
    Span a = tracer().start("a");
    const auto in_a = a.activate();
    {
      Span b = tracer().start("b");
      const auto in_b = b.activate();
      tracer().start("c");
      std::thread([&] {
        EXPECT_FALSE(Context::current().span().valid());
        StartOptions o;
        o.parent = b.context();
        tracer().start("elsewhere", o);
      }).join();
    }
    tracer().start("d");
    StartOptions fresh;
    fresh.parent = Context{};
    tracer().start("root", fresh);
  }
  EXPECT_FALSE(Context::current().span().valid());
  sent();
  const SpanSeen a = collector->span("a"), b = collector->span("b");
  EXPECT_EQ(b.parent_id, a.span_id);
  EXPECT_EQ(collector->span("c").parent_id, b.span_id);
  EXPECT_EQ(collector->span("elsewhere").parent_id, b.span_id);
  EXPECT_EQ(collector->span("d").parent_id, a.span_id);
  EXPECT_EQ(collector->span("root").parent_id, "");
  EXPECT_NE(collector->span("root").trace_id, a.trace_id);
}

TEST_F(SpanTest, scopes_destroyed_out_of_order_leave_no_dangling_context) {
  Span a = tracer().start("a"), b = tracer().start("b");
  auto in_a = std::make_unique<ContextScope>(a.context());
  auto in_b = std::make_unique<ContextScope>(b.context());
  in_a.reset();
  EXPECT_EQ(Context::current().span().span_id, b.span_context().span_id);
  in_b.reset();
  EXPECT_FALSE(Context::current().span().valid());
}

TEST_F(SpanTest, remote_parent_gives_trace_state_flags_and_baggage) {
  SpanContext up;
  up.trace_id = *TraceId::from_hex("0af7651916cd43dd8448eb211c80319c");
  up.span_id = *SpanId::from_hex("b7ad6b7169203331");
  up.flags = trace_flags::sampled;
  up.remote = true;
  up.trace_state = TraceState::parse("congo=1");
  StartOptions o;
  o.parent = Context().with_span(up).with_baggage(Baggage().set("user", "17"));
  {
    Span s = tracer().start("s", o);
    EXPECT_EQ(s.context().baggage().get("user"), "17");
    EXPECT_FALSE(s.span_context().remote);
    StartOptions below;
    below.parent = s.context();
    tracer().start("below", below);
  }
  sent();
  const SpanSeen s = collector->span("s");
  EXPECT_EQ(s.trace_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(s.parent_id, "b7ad6b7169203331");
  EXPECT_EQ(s.trace_state, "congo=1");
  EXPECT_EQ(s.flags, 0x301u);  // sampled; parent known, and remote
  EXPECT_EQ(collector->span("below").flags, 0x101u);
}

TEST_F(SpanTest, context_carries_values_of_the_application) {
  static const int key = 0, other = 0;
  const Context base;
  const Context c = base.with_value(&key, std::make_shared<const std::string>("tenant-1"));
  EXPECT_EQ(base.value<std::string>(&key), nullptr);
  EXPECT_EQ(*c.value<std::string>(&key), "tenant-1");
  EXPECT_EQ(c.value<std::string>(&other), nullptr);
  StartOptions o;
  o.parent = c;
  EXPECT_EQ(*tracer().start("s", o).context().value<std::string>(&key), "tenant-1");
}

TEST_F(SpanTest, ids_do_not_repeat_over_threads) {
  std::mutex mutex;
  std::set<std::string> ids;
  const Tracer t = tracer();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 500; ++k) {
        Span s = t.start("s");
        std::lock_guard lock(mutex);
        ids.insert(s.span_context().trace_id.hex() + s.span_context().span_id.hex());
      }
    });
  for (auto& t2 : threads) t2.join();
  EXPECT_THAT(ids, SizeIs(4000));
}

struct SamplerCase {
  SamplerKind kind;
  bool root, sampled_parent, unsampled_parent;
};
class Sampling : public testing::TestWithParam<SamplerCase> {};

TEST_P(Sampling, decides_by_the_kind_of_sampler) {
  Config c = memory_config(std::make_shared<Collector>());
  c.sampler = GetParam().kind;
  c.sampler_ratio = 0;
  TracerProvider p(c);
  const Tracer t = p.tracer("s");
  SpanContext up;
  up.trace_id = *TraceId::from_hex("0af7651916cd43dd8448eb211c80319c");
  up.span_id = *SpanId::from_hex("b7ad6b7169203331");
  auto decide = [&](std::uint8_t flags) {
    up.flags = flags;
    StartOptions o;
    o.parent = Context().with_span(up);
    const Span s = t.start("x", o);
    EXPECT_EQ(s.recording(), s.span_context().sampled());
    EXPECT_EQ(s.span_context().trace_id, up.trace_id);
    return s.recording();
  };
  const Span root = t.start("root");
  EXPECT_TRUE(root.span_context().valid());
  EXPECT_EQ(root.recording(), GetParam().root);
  EXPECT_EQ(decide(1), GetParam().sampled_parent);
  EXPECT_EQ(decide(0), GetParam().unsampled_parent);
}
INSTANTIATE_TEST_SUITE_P(Samplers, Sampling,
                         testing::Values(SamplerCase{SamplerKind::always_on, true, true, true},
                                         SamplerCase{SamplerKind::always_off, false, false, false},
                                         SamplerCase{SamplerKind::traceidratio, false, false, false},
                                         SamplerCase{SamplerKind::parentbased_always_on, true, true, false},
                                         SamplerCase{SamplerKind::parentbased_always_off, false, true, false},
                                         SamplerCase{SamplerKind::parentbased_traceidratio, false, true,
                                                     false}));

TEST_F(SpanTest, ratio_samples_about_that_part_and_decides_by_the_trace_id_alone) {
  config.sampler = SamplerKind::traceidratio;
  config.sampler_ratio = 0.25;
  int sampled = 0;
  for (int i = 0; i < 4000; ++i) {
    const Span root = tracer().start("r");
    sampled += root.recording();
    StartOptions o;
    o.parent = root.context();
    EXPECT_EQ(tracer().start("c", o).recording(), root.recording());
  }
  EXPECT_GT(sampled, 800);
  EXPECT_LT(sampled, 1200);
}

TEST_F(SpanTest, disabled_sdk_passes_the_parent_through_and_sends_nothing) {
  config.disabled = true;
  SpanContext up;
  up.trace_id = *TraceId::from_hex("0af7651916cd43dd8448eb211c80319c");
  up.span_id = *SpanId::from_hex("b7ad6b7169203331");
  StartOptions o;
  o.parent = Context().with_span(up);
  Span s = tracer().start("s", o);
  EXPECT_EQ(s.span_context().span_id, up.span_id);
  EXPECT_FALSE(s.recording());
  s.end();
  EXPECT_TRUE(provider->shutdown());
  EXPECT_THAT(collector->spans(), IsEmpty());
}

TEST_F(SpanTest, exporter_none_makes_ids_but_sends_nothing) {
  config.traces.enabled = false;
  Span s = tracer().start("s");
  EXPECT_TRUE(s.span_context().valid());
  EXPECT_FALSE(s.recording());
  s.end();
  EXPECT_TRUE(provider->force_flush());
  EXPECT_THAT(collector->spans(), IsEmpty());
}

TEST_F(SpanTest, tracer_without_provider_makes_spans_that_do_nothing) {
  Tracer none;
  Span s = none.start("s");
  s.set_attribute("a", 1);
  EXPECT_FALSE(none.enabled());
  EXPECT_FALSE(s.span_context().valid());
}

TEST_F(SpanTest, large_spans_come_out_whole) {
  const std::string big(300'000, 'x');
  {
    Span s = tracer().start("s");
    s.set_attribute("big", big);
    for (int i = 0; i < 50; ++i) s.add_event("chunk", {{"content", std::string(10'000, 'y')}});
  }
  tracer().start("next");
  const auto all = sent();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].attributes.at("big"), "s:" + big);
  EXPECT_THAT(all[0].events, SizeIs(50));
  EXPECT_THAT(all[1].attributes, IsEmpty());  // nothing of the record's earlier use
}

}  // namespace
}  // namespace turnscope::sdk::test
