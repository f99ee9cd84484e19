#include "sinks/tail_sampler/tail_sampler.h"

#include "base/anomaly.h"
#include "far_side.h"

namespace turnscope::sinks::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Policy when(auto&& set) {
  Policy p;
  set(p);
  return p;
}

/// A sampler of its own with records that come when the test says.
class Sampled : public ::testing::Test {
 protected:
  TailSampler& with(std::vector<Policy> policies, CostOf cost = {}, const std::string& where = "verdicts") {
    options_.policies = std::move(policies);
    verdicts_ = std::make_unique<Verdicts>(posix_filesystem(), folder_ / where);
    EXPECT_TRUE(verdicts_->open());
    sampler_ = std::make_unique<TailSampler>(options_, *verdicts_, std::move(cost));
    return *sampler_;
  }
  /// The traces of which spans pass at once.
  TraceIds put(const std::vector<SpanSpec>& specs, log::Position position = 0) {
    const auto bytes = request_of(specs);
    log::Record r;
    r.position = position != 0 ? position : ++position_;
    r.bytes = bytes;
    r.head.received_unix_nano = now_ns_;
    const auto pass = sampler_->see(r, now_, false);
    EXPECT_TRUE(pass);
    return **pass;
  }
  void idle(milliseconds t) {
    now_ += t;
    now_ns_ += t.count() * 1'000'000;
    sampler_->quiet(now_);
    sampler_->decide();
  }
  /// Numbers of the traces that are kept now.
  std::set<std::uint64_t> taken() {
    sampler_->note_kept();
    EXPECT_TRUE(verdicts_->sync());
    fetch_ = sampler_->take_kept();
    std::set<std::uint64_t> out;
    for (std::uint64_t n = 1; n < 2000; ++n)
      if (fetch_.traces.contains(trace_id(n))) out.insert(n);
    return out;
  }
  using Set = std::set<std::uint64_t>;

  SamplingOptions options_;
  log::testing::TemporaryDirectory folder_;
  std::unique_ptr<Verdicts> verdicts_;
  std::unique_ptr<TailSampler> sampler_;
  TailSampler::Fetch fetch_;
  TailSampler::steady::time_point now_ = TailSampler::steady::now();
  std::int64_t now_ns_ = 1'000'000'000;
  log::Position position_ = 0;
};

TEST_F(Sampled, each_condition_keeps_what_it_says_and_nothing_else) {
  const std::uint64_t s = 1'000'000'000;
  const std::pair<Policy, Set> cases[] = {
      {when([](Policy& p) { p.error = true; }), {2}},
      {when([](Policy& p) { p.error = false; }), {1, 3, 4, 5, 6}},
      {when([](Policy& p) { p.latency_above = seconds(5); }), {3}},
      {when([](Policy& p) { p.tool = {"sql*"}; }), {4}},
      {when([](Policy& p) {
         p.attributes = {{"tier", "gold"}};
       }),
       {5}},
      {when([](Policy& p) { p.service = {"bank"}; }), {5}},
      {when([](Policy& p) {
         p.score_below = {{"relevance", 0.5}};
       }),
       {6}},
      {when([](Policy& p) {
         p.score_below = {{"other", 0.5}};
       }),
       {}},
      {when([](Policy& p) {
         p.attributes = {{"tier", "gold"}};
         p.error = true;
       }),
       {}},
      {when([](Policy& p) { p.keep_per_mille = 0; }), {}},
      {when([](Policy&) {}), {1, 2, 3, 4, 5, 6}},
  };
  int which = 0;
  for (const auto& [policy, expected] : cases) {
    with({policy}, {}, "case" + std::to_string(++which));
    put({{"plain", 1, 1}, {"child", 2, 2, 1, true}});
    put({{"root", 2, 1}, {"slow", 3, 1, 0, false, "shop", {}, s, 7 * s}});
    put({{"tool",
          4,
          1,
          0,
          false,
          "shop",
          {{"gen_ai.operation.name", "execute_tool"}, {"gen_ai.tool.name", "sql_query"}}}});
    put({{"gold", 5, 1, 0, false, "bank", {{"tier", "gold"}}}});
    // The score comes as a number in reality; see low_score().
    {
      otlp::KeyValue name{"gen_ai.evaluation.name", {}}, score{"gen_ai.evaluation.score.value", {}};
      name.value.type = otlp::AnyValue::Type::string;
      name.value.text = "relevance";
      score.value.type = otlp::AnyValue::Type::real;
      score.value.real = 0.25;
      const std::vector<otlp::KeyValue> list{name, score};
      otlp::Event event;
      event.name = "gen_ai.evaluation.result";
      event.attributes = list;
      otlp::Span span;
      span.trace_id = trace_id(6);
      span.span_id = 1;
      span.events = std::span(&event, 1);
      otlp::ScopeSpans ss;
      ss.spans = std::span(&span, 1);
      otlp::ResourceSpans rs;
      rs.scopes = std::span(&ss, 1);
      std::string bytes;
      otlp::encode_protobuf(otlp::Traces{std::span(&rs, 1)}, bytes);
      log::Record r;
      r.position = ++position_;
      r.bytes = bytes;
      r.head.received_unix_nano = now_ns_;
      ASSERT_TRUE(sampler_->see(r, now_, false));
    }
    auto kept = taken();
    idle(options_.idle);
    for (const auto n : taken()) kept.insert(n);
    EXPECT_EQ(kept, expected) << which;
    EXPECT_EQ(sampler_->open(), 0u);
  }
}

TEST_F(Sampled, tokens_and_cost_are_summed_over_model_calls) {
  const auto call = [](std::uint64_t trace, std::uint64_t span) {
    return SpanSpec{"chat",
                    trace,
                    span,
                    1,
                    false,
                    "s",
                    {{"gen_ai.operation.name", "chat"},
                     {"gen_ai.request.model", "m"},
                     {"gen_ai.usage.input_tokens", "60"},
                     {"gen_ai.usage.output_tokens", "1"}}};
  };
  with({when([](Policy& p) { p.tokens_above = 100; })});
  put({call(1, 1), call(2, 1)});
  EXPECT_EQ(taken(), Set{});
  put({call(2, 2)});
  EXPECT_EQ(taken(), Set{2});

  with(
      {when([](Policy& p) { p.cost_above_nano_usd = 15; })},
      [](const genai::Columns&, std::int64_t) { return 10; }, "cost");
  put({call(1, 1), call(2, 1)});
  put({call(2, 2)});
  EXPECT_EQ(taken(), Set{2});
}

TEST_F(Sampled, a_trace_is_kept_as_soon_as_a_policy_is_met_and_with_all_that_came_before) {
  with({when([](Policy& p) { p.error = true; })});
  put({{"a", 1, 1}, {"other", 2, 1}});
  put({{"other", 3, 1}});
  put({{"b", 1, 2, 1}});
  EXPECT_EQ(taken(), Set{});
  put({{"boom", 1, 3, 1, true}});
  EXPECT_EQ(taken(), Set{1});
  EXPECT_EQ(fetch_.positions, (std::vector<log::Position>{1, 3, 4}));
  EXPECT_EQ(fetch_.floor, 1u);
  // What comes later of it passes at once; of the others nothing does.
  EXPECT_EQ(put({{"late", 1, 4, 1}, {"x", 2, 2, 1}}), TraceIds{trace_id(1)});
}

TEST_F(Sampled, silence_decides_not_age) {
  options_.idle = seconds(10);
  options_.idle_open = seconds(100);
  with({when([](Policy& p) { p.error = true; })});
  // An agent that runs for an hour and says something every 50 s, its root not ended.
  for (int i = 0; i < 72; ++i) {
    put({{"step", 1, static_cast<std::uint64_t>(i) + 2, 1}});
    idle(seconds(50));
    ASSERT_EQ(sampler_->open(), 1u) << i;
  }
  put({{"fails at last", 1, 99, 1, true}});
  EXPECT_EQ(taken(), Set{1});
  EXPECT_EQ(fetch_.positions.size(), 73u);
  // A trace with its root waits the short time only.
  put({{"root", 2, 1}});
  idle(seconds(9));
  EXPECT_EQ(sampler_->open(), 1u);
  idle(seconds(1));
  EXPECT_EQ(sampler_->open(), 0u);
  EXPECT_EQ(sampler_->dropped(), 1u);
}

TEST_F(Sampled, late_spans_follow_the_verdict_also_after_a_restart) {
  with({when([](Policy& p) { p.error = true; })});
  put({{"ok", 1, 1}, {"bad", 2, 1, 0, true}});
  EXPECT_EQ(taken(), Set{2});
  idle(options_.idle);
  ASSERT_TRUE(verdicts_->sync());
  with({when([](Policy& p) { p.error = true; })});
  // Trace 1 fails now, too late: it was dropped whole and stays so.
  EXPECT_EQ(put({{"late", 1, 2, 1, true}, {"late", 2, 2, 1}}), TraceIds{trace_id(2)});
  EXPECT_EQ(taken(), Set{});
  EXPECT_EQ(sampler_->open(), 0u);
}

TEST_F(Sampled, our_own_absence_is_no_silence_of_the_clients) {
  with({when([](Policy& p) { p.error = true; })});
  const auto old = [&](std::uint64_t span, bool error, std::int64_t received) {
    const auto bytes = request_of({{"s", 1, span, 0, error}});
    log::Record r;
    r.position = ++position_;
    r.bytes = bytes;
    r.head.received_unix_nano = received;
    ASSERT_TRUE(sampler_->see(r, now_, true));
    sampler_->decide();
  };
  // Between the two records of the log lies an hour in which the server was down.
  old(1, false, 1'000'000'000);
  old(2, false, 3'600'000'000'000);
  EXPECT_EQ(sampler_->open(), 1u);
  old(3, true, 3'601'000'000'000);
  EXPECT_EQ(taken(), Set{1});
}

TEST_F(Sampled, a_share_is_a_share_and_the_same_every_time) {
  Set first;
  for (int round = 0; round < 2; ++round) {
    with({when([](Policy& p) { p.keep_per_mille = 100; })}, {}, "round" + std::to_string(round));
    for (std::uint64_t t = 1; t < 2000; ++t) put({{"s", t, 1}});
    const auto kept = taken();
    EXPECT_GT(kept.size(), 140u);
    EXPECT_LT(kept.size(), 260u);
    if (round == 0)
      first = kept;
    else
      EXPECT_EQ(kept, first);
  }
}

TEST_F(Sampled, a_budget_bounds_its_own_policy_only) {
  Policy all, errors;
  all.budget_per_second = 5;
  errors.error = true;
  with({all, errors});
  for (std::uint64_t t = 1; t <= 50; ++t) put({{"s", t, 1, 0, t > 40}});
  idle(milliseconds(10));
  EXPECT_EQ(taken().size(), 15u);
  idle(seconds(1));
  put({{"s", 60, 1}});
  EXPECT_EQ(taken(), Set{60});
}

TEST_F(Sampled, beyond_the_limit_the_longest_silent_are_decided_and_counted) {
  options_.max_traces = 200;
  with({when([](Policy& p) { p.error = false; })});
  const auto before = counted(Anomaly::sampler_decided_early);
  for (std::uint64_t t = 1; t <= 300; ++t) {
    put({{"s", t, 1}});
    now_ += milliseconds(1);
    if (t % 50 == 0) taken();
  }
  EXPECT_LE(sampler_->open(), 200u);
  EXPECT_GE(counted(Anomaly::sampler_decided_early) - before, 100u);
}

TEST_F(Sampled, two_hundred_thousand_open_traces_fit_into_two_hundred_megabytes_whatever_their_spans_hold) {
  with({when([](Policy& p) { p.error = true; })});
  const std::string prompt(2'000, 'p');
  for (std::uint64_t t = 0; t < 200'000;) {
    std::vector<SpanSpec> batch;
    for (int i = 0; i < 500; ++i) batch.push_back({"s", ++t, 1, 9, false, "s", {{"input.value", prompt}}});
    put(batch);
  }
  // Eight spans more each in as many records, as the agent traces of the benchmark have them.
  std::vector<std::string> more;
  for (std::uint64_t t = 0; t < 200'000;) {
    std::vector<SpanSpec> batch;
    for (int i = 0; i < 500; ++i) batch.push_back({"s", ++t, 2, 9});
    more.push_back(request_of(batch));
  }
  for (int times = 0; times < 8; ++times)
    for (const auto& bytes : more) {
      log::Record r;
      r.position = ++position_;
      r.bytes = bytes;
      ASSERT_TRUE(sampler_->see(r, now_, false));
    }
  EXPECT_EQ(sampler_->open(), 200'000u);
  EXPECT_LT(sampler_->bytes(), 200u << 20);
  RecordProperty("bytes", static_cast<int>(sampler_->bytes()));
  std::printf("200,000 open traces: %zu bytes\n", sampler_->bytes());
}

TEST(VerdictFiles, a_torn_end_and_a_foreign_file_cost_nothing_but_themselves) {
  log::testing::TemporaryDirectory folder;
  const auto add = [&](std::uint64_t from, std::uint64_t to) {
    Verdicts v(posix_filesystem(), folder.path(), 100);
    ASSERT_TRUE(v.open());
    for (auto t = from; t < to; ++t) {
      v.add(trace_id(t), t % 3 == 0);
      if (t % 10 == 9) {
        ASSERT_TRUE(v.sync());
      }
    }
    ASSERT_TRUE(v.sync());
  };
  add(1, 50);
  {
    auto file = posix_filesystem().open(folder / "verdicts-a", OpenMode::write);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->write_at(std::string(7, '\x55'), (*file)->size().value()));
  }
  add(50, 190);  // the files take turns
  Verdicts v(posix_filesystem(), folder.path(), 100);
  ASSERT_TRUE(v.open());
  for (std::uint64_t t = 100; t < 190; ++t) EXPECT_EQ(v.find(trace_id(t)), std::optional(t % 3 == 0)) << t;
  EXPECT_EQ(v.find(trace_id(500)), std::nullopt);
  EXPECT_LE(v.size(), 200u);
}

}  // namespace
}  // namespace turnscope::sinks::testing
