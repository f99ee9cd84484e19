#include "query/retention.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/anomaly.h"
#include "query/cost/cost_sql.h"
#include "query/cost/price_book.h"
#include "query/cost/price_csv.h"
#include "query/queries.h"
#include "query/test_store.h"
#include "store/row_reader.h"

namespace turnscope::query {
namespace {

using test::Batch;
using test::FixedClock;
using test::kSecond;
using test::trace_id;

// Days long before those of other tests: retention looks at the whole store.
constexpr std::int64_t kDay = 86'400 * kSecond;
constexpr std::int64_t kFirst = 12'000 * kDay;

class RetentionTest : public testing::Test {
 protected:
  RetentionTest() { caller_.project = test::Store::get().fresh_project(); }

  /// A turn with a model call and a tool.
  static void trace(Batch& batch, std::uint64_t n, std::int64_t received, bool error,
                    std::int64_t duration = kSecond, std::string_view tool = {}) {
    const auto at = received - 60 * kSecond;
    auto& root = batch.span(trace_id(n), n * 10, 0, at, duration, "turn");
    if (error) root.status = otlp::StatusCode::error;
    batch.span(trace_id(n), n * 10 + 1, n * 10, at, duration / 2, "chat",
               {batch.text("gen_ai.operation.name", "chat"), batch.text("gen_ai.request.model", "m"),
                Batch::number("gen_ai.usage.input_tokens", 7)});
    std::vector<otlp::KeyValue> of_tool = {batch.text("gen_ai.operation.name", "execute_tool")};
    if (!tool.empty()) of_tool.push_back(batch.text("gen_ai.tool.name", tool));
    batch.span(trace_id(n), n * 10 + 2, n * 10, at, duration / 2, "step", of_tool);
  }
  void insert(Batch& batch, std::int64_t received) {
    test::Store::get().insert(*engine_, caller_.project, batch, received);
  }
  static RetentionOptions sampling() {
    RetentionOptions o;
    o.sampling = true;
    KeepPolicy errors, slow, tools, rest;
    errors.error = true;
    slow.latency_above = std::chrono::seconds(10);
    tools.tool = {"sql*"};
    tools.keep_per_mille = 500;
    rest.keep_per_mille = 100;
    o.policies = {errors, slow, tools, rest};
    return o;
  }
  Retention::Done pass(std::int64_t now, const RetentionOptions& o) {
    const FixedClock clock(now);
    const auto done = Retention(*engine_, clock, o).run();
    EXPECT_TRUE(done) << done.error().message;
    return done.value_or(Retention::Done{});
  }
  std::vector<std::uint64_t> numbers(const Sql& sql) {
    const auto rows = engine_->query({.sql = sql.text(), .params = sql.params()});
    EXPECT_TRUE(rows) << rows.error().message;
    std::vector<std::uint64_t> out;
    if (!rows) return out;
    store::RowReader in(rows->bytes);
    while (in.more()) out.push_back(in.u64());
    return out;
  }
  std::uint64_t rows_of(Fragment table) {
    Sql sql("SELECT count() FROM ");
    sql << table << " WHERE project = ";
    sql.u32(caller_.project);
    return numbers(sql).at(0);
  }
  /// Root span ids that are there, and how many spans their traces have.
  std::map<std::uint64_t, std::uint64_t> kept() {
    Sql sql("SELECT intDiv(min(span_id), 10), count() FROM spans WHERE project = ");
    sql.u32(caller_.project) << " GROUP BY trace_id";
    const auto flat = numbers(sql);
    std::map<std::uint64_t, std::uint64_t> out;
    for (std::size_t i = 0; i + 1 < flat.size(); i += 2) out[flat[i]] = flat[i + 1];
    return out;
  }
  /// Which of them a share per mille keeps, said by the rule alone.
  std::set<std::uint64_t> share(std::uint64_t per_mille) {
    Sql sql("SELECT intDiv(min(span_id), 10) FROM spans WHERE project = ");
    sql.u32(caller_.project) << " AND sipHash64(trace_id) % 1000 < ";
    sql.u64(per_mille) << " GROUP BY trace_id";
    const auto flat = numbers(sql);
    return {flat.begin(), flat.end()};
  }

  Caller caller_;
  store::Engine* engine_ = &test::Store::get().engine();  ///< of the tier that is looked at
};

TEST_F(RetentionTest, whole_traces_are_kept_by_policy_and_count_with_their_weight) {
  const auto noon = kFirst + kDay / 2;
  Batch all("shop");
  for (std::uint64_t n = 1; n <= 300; ++n)
    trace(all, n, noon, n <= 20, n > 20 && n <= 30 ? 30 * kSecond : kSecond,
          n > 30 && n <= 60 ? "sql.query" : "");
  insert(all, noon);
  const auto tenth = share(100), half = share(500);
  const auto due = kFirst + kDay + 72 * 3'600 * kSecond;
  EXPECT_EQ(pass(due - kSecond, sampling()).days_sampled, 0u);
  EXPECT_EQ(kept().size(), 300u);

  const auto epoch = retention_epoch();
  const auto counted_before = counted(Anomaly::retention_traces_dropped);
  const auto done = pass(due, sampling());
  EXPECT_EQ(done.days_sampled, 1u);
  EXPECT_EQ(counted(Anomaly::retention_traces_dropped) - counted_before, done.traces_dropped);
  EXPECT_GT(retention_epoch(), epoch);
  const auto left = kept();
  std::uint64_t by_tenth = 0, by_half = 0;
  for (std::uint64_t n = 1; n <= 300; ++n) {
    const bool tool = n > 30 && n <= 60;
    const bool expected = n <= 30 || (tool ? half : tenth).contains(n);
    by_half += tool && half.contains(n);
    by_tenth += n > 60 && tenth.contains(n);
    ASSERT_EQ(left.contains(n), expected) << n;
    if (expected) {
      ASSERT_EQ(left.at(n), 3u) << n;
    }
  }
  EXPECT_GT(by_tenth, 5u);
  EXPECT_EQ(done.traces_dropped, 300 - left.size());
  EXPECT_EQ(done.spans_dropped, 3 * (300 - left.size()));
  EXPECT_EQ(rows_of("calls"), left.size());

  // A second pass finds nothing to do.
  EXPECT_FALSE(pass(due + kDay, sampling()).anything());
  EXPECT_EQ(kept(), left);

  const FixedClock clock(due);
  Queries queries(test::Store::get().engine(), {}, clock);
  const TimeRange range{kFirst - kDay, due};
  const auto services = queries.services(caller_, range);
  ASSERT_TRUE(services) << services.error().message;
  ASSERT_EQ(services->items.size(), 1u);
  EXPECT_TRUE(services->adjusted);
  const auto total = 30 + 2 * by_half + 10 * by_tenth;
  EXPECT_EQ(services->items[0].spans, 3 * total);
  EXPECT_EQ(services->items[0].errors, 20u);
  const auto usage = queries.usage(caller_, {range, {}, 10, {}, true});
  ASSERT_TRUE(usage) << usage.error().message;
  EXPECT_TRUE(usage->adjusted);
  EXPECT_EQ(usage->total.calls, total);
  EXPECT_EQ(usage->total.input, 7 * total);
  EXPECT_EQ(usage->total.traces, total);
  const auto tokens = queries.tokens_by_model(caller_, range);
  ASSERT_TRUE(tokens) << tokens.error().message;
  EXPECT_TRUE(tokens->adjusted);
  ASSERT_EQ(tokens->items.size(), 1u);
  EXPECT_EQ(tokens->items[0].calls, total);
  EXPECT_EQ(tokens->items[0].input, 7 * total);
  for (const bool of_traces : {true, false}) {
    const auto facets = queries.facets(caller_, {"", range, 50, {}}, of_traces, {"service"});
    ASSERT_TRUE(facets) << facets.error().message;
    EXPECT_TRUE((*facets)[0].adjusted);
    ASSERT_EQ((*facets)[0].values.size(), 1u);
    EXPECT_EQ((*facets)[0].values[0].count, of_traces ? total : 3 * total);
  }
  const auto of_tools = queries.tools(caller_, range, 10);
  ASSERT_TRUE(of_tools) << of_tools.error().message;
  EXPECT_TRUE(of_tools->adjusted);
  const auto sql = std::ranges::find(of_tools->items, "sql.query", &ToolInfo::name);
  ASSERT_NE(sql, of_tools->items.end());
  EXPECT_EQ(sql->calls, 2 * by_half);
  EXPECT_EQ(sql->traces, 2 * by_half);
  EXPECT_EQ(sql->total_ns, by_half * static_cast<std::uint64_t>(kSecond));  // each half a second, for two
  // What lists single things tells what is stored, and says so.
  const auto users = queries.users(caller_, range, 10);
  ASSERT_TRUE(users) << users.error().message;
  EXPECT_TRUE(users->stored_only);
  const auto names = queries.values(caller_, "name", "", range);
  ASSERT_TRUE(names);
  EXPECT_TRUE(names->stored_only);
  auto series = queries.timeseries(caller_, {"", range, 50, {}}, true, 4);
  ASSERT_TRUE(series) << series.error().message;
  std::uint64_t traces = 0;
  for (const auto& p : series->points) traces += p.count;
  EXPECT_EQ(traces, total);
  const auto one = queries.trace(caller_, trace_id(1));
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ((*one)->spans()[0].weight, 1'000u);
  const auto of_many =
      queries.trace(caller_, trace_id(*std::ranges::find_if(tenth, [](auto n) { return n > 60; })));
  ASSERT_TRUE(of_many) << of_many.error().message;
  EXPECT_EQ((*of_many)->spans()[0].weight, 10'000u);
}

TEST_F(RetentionTest, calls_between_services_count_with_their_weight) {
  const auto noon = kFirst + 160 * kDay + kDay / 2;
  for (std::uint64_t n = 4'001; n <= 4'060; ++n) {
    Batch front("front"), back("back");
    front.span(trace_id(n), n * 10, 0, noon, kSecond, "page");
    back.span(trace_id(n), n * 10 + 1, n * 10, noon, kSecond, "answer");
    insert(front, noon);
    insert(back, noon);
  }
  const auto quarter = share(250);
  ASSERT_FALSE(quarter.empty());
  auto o = sampling();
  o.policies.resize(1);
  o.policies[0] = {};
  o.policies[0].keep_per_mille = 250;
  const auto due = kFirst + 161 * kDay + 72 * 3'600 * kSecond;
  pass(due, o);
  const FixedClock clock(due);
  Queries queries(test::Store::get().engine(), {}, clock);
  const auto calls = queries.dependencies(caller_, {noon - kDay, noon + kDay});
  ASSERT_TRUE(calls) << calls.error().message;
  EXPECT_TRUE(calls->adjusted);
  ASSERT_EQ(calls->items.size(), 1u);
  EXPECT_EQ(calls->items[0].calls, 4 * quarter.size());
}

TEST_F(RetentionTest, a_trace_of_two_days_is_decided_by_its_last_and_goes_from_both) {
  const auto begin = kFirst + 40 * kDay;
  const auto two_days = [&](std::uint64_t n, bool error) {
    Batch first("a"), second("a");
    first.span(trace_id(n), n * 10, 0, begin + kDay - 60 * kSecond, 5 * kSecond, "turn");
    auto& late = second.span(trace_id(n), n * 10 + 1, n * 10, begin + kDay - 58 * kSecond, kSecond, "step");
    if (error) late.status = otlp::StatusCode::error;
    insert(first, begin + kDay - kSecond);
    insert(second, begin + kDay + kSecond);
  };
  two_days(1'001, true);
  two_days(1'002, false);
  auto o = sampling();
  o.policies.resize(1);  // errors only
  pass(begin + kDay + 72 * 3'600 * kSecond, o);
  EXPECT_EQ(kept(), (std::map<std::uint64_t, std::uint64_t>{{1'001, 2}, {1'002, 2}}));
  const auto done = pass(begin + 2 * kDay + 72 * 3'600 * kSecond, o);
  EXPECT_EQ(kept(), (std::map<std::uint64_t, std::uint64_t>{{1'001, 2}}));
  EXPECT_EQ(done.spans_dropped, 2u);
}

TEST_F(RetentionTest, days_go_when_their_time_is_over_with_the_bounds_of_their_traces) {
  const auto begin = kFirst - 400 * kDay;
  Batch first("a"), second("a");
  trace(first, 2'001, begin + kSecond * 3'600, false);
  trace(second, 2'002, begin + kDay + kSecond * 3'600, false);
  insert(first, begin + kSecond * 3'600);
  insert(second, begin + kDay + kSecond * 3'600);
  RetentionOptions o;
  o.spans = std::chrono::hours(24 * 30);
  EXPECT_EQ(pass(begin + 31 * kDay - kSecond, o).days_dropped, 0u);
  const auto before = counted(Anomaly::retention_days_dropped);
  EXPECT_GE(pass(begin + 31 * kDay, o).days_dropped, 1u);
  EXPECT_GT(counted(Anomaly::retention_days_dropped), before);
  EXPECT_EQ(rows_of("spans"), 3u);
  EXPECT_EQ(rows_of("calls"), 1u);
  const FixedClock clock(begin + 31 * kDay);
  Queries queries(test::Store::get().engine(), {}, clock);
  EXPECT_FALSE(queries.trace(caller_, trace_id(2'001)));
  EXPECT_TRUE(queries.trace(caller_, trace_id(2'002)));
  EXPECT_GE(pass(begin + 32 * kDay, o).days_dropped, 1u);
  EXPECT_EQ(rows_of("spans"), 0u);
  EXPECT_EQ(rows_of("calls"), 0u);
}

TEST_F(RetentionTest, each_tier_loses_its_own_old_traces_and_no_other) {
  const auto begin = kFirst - 800 * kDay;
  store::Engine* const ordinary = engine_;
  store::Engine* const restricted = &test::Store::get().restricted();
  for (auto* tier : {ordinary, restricted}) {
    engine_ = tier;
    for (std::uint64_t n = 0; n < 4; ++n) {
      const auto received = begin + static_cast<std::int64_t>(n) * kDay + 3'600 * kSecond;
      Batch batch("clinic");
      trace(batch, 5'001 + n, received, false);
      insert(batch, received);
      otlp::LogRecord record;
      record.time_unix_nano = static_cast<std::uint64_t>(received);
      record.trace_id = trace_id(5'001 + n);
      test::Store::get().insert_as<store::LogBlock>("logs", caller_.project, "clinic", std::vector{record},
                                                    received, tier);
    }
  }
  const auto expect = [&](store::Engine* tier, const std::set<std::uint64_t>& left) {
    SCOPED_TRACE(tier == ordinary ? "ordinary" : "restricted");
    engine_ = tier;
    std::map<std::uint64_t, std::uint64_t> whole;
    for (const auto n : left) whole[n] = 3;
    EXPECT_EQ(kept(), whole);
    EXPECT_EQ(rows_of("calls"), left.size());
    EXPECT_EQ(rows_of("logs"), left.size());
    const FixedClock clock(begin);
    Queries queries(*tier, {}, clock);
    for (std::uint64_t n = 5'001; n <= 5'004; ++n)
      EXPECT_EQ(queries.trace(caller_, trace_id(n)).has_value(), left.contains(n)) << n;
  };
  const auto days_dropped = [&](store::Engine* tier, std::int64_t now, int days) {
    engine_ = tier;
    RetentionOptions o;
    o.spans = o.logs = std::chrono::hours(24 * days);
    return pass(now, o).days_dropped;
  };
  const std::set<std::uint64_t> all{5'001, 5'002, 5'003, 5'004}, late{5'003, 5'004};
  // After sixteen days two are over in the tier that keeps fourteen.
  EXPECT_EQ(days_dropped(ordinary, begin + 16 * kDay, 30), 0u);
  EXPECT_GT(days_dropped(restricted, begin + 16 * kDay, 14), 0u);
  expect(ordinary, all);
  expect(restricted, late);
  // A month later they are in the other, which leaves the tier alone.
  EXPECT_GT(days_dropped(ordinary, begin + 32 * kDay, 30), 0u);
  expect(ordinary, late);
  expect(restricted, late);
  EXPECT_GT(days_dropped(restricted, begin + 32 * kDay, 14), 0u);
  expect(ordinary, late);
  expect(restricted, {});
  EXPECT_GT(days_dropped(ordinary, begin + 34 * kDay, 30), 0u);
  expect(ordinary, {});
}

TEST_F(RetentionTest, every_condition_is_a_statement_that_the_engine_takes) {
  const auto noon = kFirst + 80 * kDay + kDay / 2;
  Batch plain("shop");
  for (std::uint64_t n = 3'001; n <= 3'004; ++n) trace(plain, n, noon, false);
  insert(plain, noon);
  Batch scored("shop");
  const auto score = [&](double s) {
    return otlp::Event{static_cast<std::uint64_t>(noon), "gen_ai.evaluation.result",
                       scored.attributes({scored.text("gen_ai.evaluation.name", "relevance"),
                                          Batch::real("gen_ai.evaluation.score.value", s)}),
                       0};
  };
  auto& low = scored.span(trace_id(3'005), 30'050, 0, noon, kSecond, "eval");
  scored.events(low, {score(0.2)});
  auto& high = scored.span(trace_id(3'006), 30'060, 0, noon, kSecond, "eval");
  scored.events(high, {score(0.9)});
  scored.span(trace_id(3'007), 30'070, 0, noon, kSecond, "gold", {scored.text("user.tier", "gold")});
  insert(scored, noon);
  RetentionOptions o;
  o.sampling = true;
  KeepPolicy dear, many, bad, gold, services;
  dear.cost_above_nano_usd = 1'000'000'000;
  many.tokens_above = 1'000;
  bad.score_below = {{"relev*", 0.5}};
  gold.attributes = {{"user.tier", "go*"}};
  services.service = {"nobody"};
  services.error = false;
  o.policies = {dear, many, bad, gold, services};
  pass(kFirst + 81 * kDay + 72 * 3'600 * kSecond, o);
  EXPECT_EQ(kept(), (std::map<std::uint64_t, std::uint64_t>{{3'005, 1}, {3'007, 1}}));
}

/// Prices of one model family, as long as it lives.
class OwnPrices {
 public:
  OwnPrices() {
    use_prices(
        PriceTable::make(read_price_csv("match,model,input\nprefix,own-,1000\n", PriceSource::user).value())
            .value());
  }
  ~OwnPrices() { use_prices(std::shared_ptr<const PriceTable>()); }
};

RetentionOptions dear_only() {
  RetentionOptions o;
  o.sampling = true;
  KeepPolicy dear;
  dear.cost_above_nano_usd = 1'000'000'000;
  o.policies = {dear};
  return o;
}

TEST_F(RetentionTest, dear_traces_are_kept_however_many_models_a_day_has) {
  const OwnPrices prices;
  const auto noon = kFirst + 240 * kDay + kDay / 2;
  constexpr std::uint64_t kFrom = 100'000, kTraces = kMostSold + 500;
  Batch batch("shop");
  std::map<std::uint64_t, std::uint64_t> expected;
  for (std::uint64_t n = kFrom; n < kFrom + kTraces; ++n) {
    const bool dear = n % 2 != 0;
    // Two calls, each of a model of its own, which only together are dear.
    for (std::uint64_t call = 0; call < 2; ++call)
      batch.span(trace_id(n), n * 10 + call, 0, noon - 60 * kSecond, kSecond, "chat",
                 {batch.text("gen_ai.operation.name", "chat"),
                  batch.text("gen_ai.request.model", fmt::format("own-{}-{}", n, call)),
                  Batch::number("gen_ai.usage.input_tokens", dear ? 600 : 400)});
    if (dear) expected[n] = 2;
  }
  insert(batch, noon);
  pass(kFirst + 241 * kDay + 72 * 3'600 * kSecond, dear_only());
  EXPECT_EQ(kept(), expected);
}

TEST_F(RetentionTest, a_trace_of_more_models_than_can_be_priced_is_kept) {
  const OwnPrices prices;
  const auto noon = kFirst + 320 * kDay + kDay / 2;
  Batch batch("shop");
  const auto call = [&](std::uint64_t trace, std::uint64_t n, std::int64_t tokens) {
    batch.span(trace_id(trace), trace * 10 + n, 0, noon - 60 * kSecond, kSecond, "chat",
               {batch.text("gen_ai.operation.name", "chat"),
                batch.text("gen_ai.request.model", fmt::format("own-{}", n)),
                Batch::number("gen_ai.usage.input_tokens", tokens)});
  };
  for (std::uint64_t n = 0; n <= kMostSold; ++n) call(200'001, n, 0);
  call(200'002, 0, 900);
  call(200'003, 0, 1'100);
  insert(batch, noon);
  pass(kFirst + 321 * kDay + 72 * 3'600 * kSecond, dear_only());
  EXPECT_EQ(kept(), (std::map<std::uint64_t, std::uint64_t>{{200'001, kMostSold + 1}, {200'003, 1}}));
}

/// A store that is away.
class NoEngine final : public store::Engine {
 public:
  Result<store::QueryResult> query(const store::Query&) override {
    return fail(ErrorKind::unavailable, "away");
  }
  Status execute(std::string_view, const store::Params&) override {
    return fail(ErrorKind::unavailable, "away");
  }
  Status insert(const store::Insert&) override { return fail(ErrorKind::unavailable, "away"); }
  std::string version() const override { return "none"; }
};

TEST(Retention, a_pass_that_fails_is_counted_and_one_that_is_stopped_is_not) {
  NoEngine engine;
  const FixedClock clock(kFirst);
  RetentionOptions o;
  o.spans = std::chrono::hours(24);
  const auto before = counted(Anomaly::retention_failed);
  EXPECT_FALSE(Retention(engine, clock, o).run());
  EXPECT_EQ(counted(Anomaly::retention_failed), before + 1);
  EXPECT_TRUE(Retention(engine, clock, o).run([] { return true; }));
  EXPECT_EQ(counted(Anomaly::retention_failed), before + 1);
}

}  // namespace
}  // namespace turnscope::query
