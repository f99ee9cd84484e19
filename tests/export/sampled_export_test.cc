// Sampling and exporting together, with restarts in between.
#include <random>

#include "far_side.h"

namespace turnscope::sinks::testing {
namespace {

class SampledExport : public ExporterTest {
 protected:
  ExporterOptions sampled(const std::string& url) {
    auto o = options(url);
    o.sampling.enabled = true;
    o.sampling.idle = std::chrono::milliseconds(700);
    o.sampling.idle_open = std::chrono::milliseconds(900);
    Policy errors, share;
    errors.error = true;
    share.keep_per_mille = 200;
    share.attributes = {{"vip", "yes"}};
    o.sampling.policies = {errors, share};
    return o;
  }
};

TEST_F(SampledExport, kept_traces_arrive_whole_and_the_cursor_waits_for_the_undecided) {
  FarSide far;
  put({{"bad1", 1, 1}, {"good", 2, 1}});
  put({{"bad2", 1, 2, 1}});
  auto& e = start(sampled(far.url()));
  ASSERT_TRUE(eventually([&] { return e.status().undecided_traces == 2; }));
  EXPECT_EQ(e.health().position, 0u);
  put({{"bad3", 1, 3, 1, true}});
  ASSERT_TRUE(eventually([&] { return far.taken().size() == 3; }));
  ASSERT_TRUE(eventually([&] { return caught_up(); }));
  put({{"late", 1, 4, 1}, {"too late", 2, 2, 1, true}});
  ASSERT_TRUE(eventually([&] { return caught_up() && far.taken().contains("late"); }));
  EXPECT_EQ(far.taken(),
            (std::map<std::string, std::size_t>{{"bad1", 1}, {"bad2", 1}, {"bad3", 1}, {"late", 1}}));
  EXPECT_EQ(e.status().kept_traces, 1u);
  EXPECT_EQ(e.status().dropped_traces, 1u);
}

TEST_F(SampledExport, stops_at_any_moment_change_nothing_of_what_is_kept) {
  // 300 traces of 6 spans in random order over many records; the exporter is stopped and started all the
  // while, the far side is down now and then. Kept must be exactly what the policies give on the whole.
  std::mt19937_64 random(log::testing::seed());
  std::atomic<bool> down{false};
  FarSide far([&](const Received&, std::size_t) { return net::HttpResponse{down ? 503 : 200, {}, {}}; });
  std::vector<SpanSpec> spans;
  std::set<std::string> owed;
  Verdicts unused(posix_filesystem(), folder_ / "reference");
  ASSERT_TRUE(unused.open());
  auto reference_options = sampled("").sampling;
  TailSampler reference(reference_options, unused);
  for (std::uint64_t t = 1; t <= 300; ++t) {
    const bool fails = t % 7 == 0, vip = t % 2 == 0;
    std::vector<SpanSpec> one;
    for (std::uint64_t s = 1; s <= 6; ++s) {
      SpanSpec spec{
          "t" + std::to_string(t) + "s" + std::to_string(s), t, s, s == 1 ? 0u : 1u, fails && s == 4, "shop"};
      if (vip && s == 5) spec.attributes = {{"vip", "yes"}};
      one.push_back(spec);
    }
    const auto bytes = request_of(one);
    log::Record r;
    r.position = t;
    r.bytes = bytes;
    ASSERT_TRUE(reference.see(r, {}, true));
    if (reference.to_fetch() != 0) {
      reference.take_kept();
      for (const auto& s : one) owed.insert(s.name);
    }
    spans.insert(spans.end(), one.begin(), one.end());
  }
  ASSERT_GT(owed.size(), 6u * 50);
  ASSERT_LT(owed.size(), 6u * 150);
  std::shuffle(spans.begin(), spans.end(), random);
  const auto o = sampled(far.url());
  for (std::size_t i = 0, round = 0; i < spans.size(); ++round) {
    start(o);
    down = round % 3 == 1;
    for (int k = 0; k < 10 && i < spans.size(); ++k) {
      std::vector<SpanSpec> record;
      for (int n = 0; n < 15 && i < spans.size(); ++n) record.push_back(spans[i++]);
      put(record);
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 12));
    }
    exporter_.reset();
  }
  down = false;
  start(o);
  ASSERT_TRUE(eventually([&] { return caught_up(); }));
  std::set<std::string> got;
  for (const auto& [name, times] : far.taken()) got.insert(name);
  EXPECT_EQ(got, owed);
}

}  // namespace
}  // namespace turnscope::sinks::testing
