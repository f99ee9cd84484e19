// The sum that SQL makes equals the sum over single spans, to the nano-dollar: random spans, random price
// rules, the real engine.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "query/cost.h"
#include "query/cost/price_csv.h"
#include "query/cost/usage_report.h"
#include "query/cost/usage_sums.h"
#include "store/chdb_engine.h"
#include "store/params.h"
#include "store/schema.h"
#include "store/test_folder.h"

namespace turnscope::query {
namespace {

constexpr std::int64_t kDay = 86'400'000'000'000ll;

struct RandomSpan {
  std::string model, provider, tier, region;
  std::int64_t start;
  TokenCounts usage;
  std::optional<std::int64_t> reported = {};
  std::uint64_t trace = 0;
};

class CostSqlTest : public testing::Test {
 protected:
  void SetUp() override {
    store::ChdbOptions options;
    options.directory = folder_.path() / "store";
    auto engine = store::open_chdb(options);
    ASSERT_TRUE(engine) << engine.error().message;
    engine_ = std::move(*engine);
    const auto migrated = store::migrate(*engine_);
    ASSERT_TRUE(migrated) << migrated.error().message;
  }

  void insert(const std::vector<RandomSpan>& spans) {
    std::string sql =
        "INSERT INTO spans (project, trace_id, span_id, start, version, usage_role, usage_known, "
        "service_tier, region, model, "
        "provider, tok_input, tok_cache_read, "
        "tok_cache_write, tok_output, tok_reasoning, tok_other, reported_cost_nano) VALUES ";
    std::uint64_t id = 0;
    for (const auto& s : spans) {
      ++id;
      const auto& u = s.usage;
      std::uint64_t known = u.known;
      for (const auto p : u.parts)
        if (p) known |= 1u << 11;
      if (s.reported) known |= 1u << 8;
      sql += fmt::format(
          "{}(1, 'trace{:011}', {}, fromUnixTimestamp64Nano({}), {}, 1, {}, '{}', '{}', '{}', '{}', {}, {}, "
          "{}, "
          "{}, {}, "
          "{{'cache_write_5m': {}, 'cache_write_1h': {}, 'input_audio': {}, 'input_image': {}, "
          "'output_audio': {}, 'output_image': {}}}, {})",
          id > 1 ? ", " : "", s.trace, id, s.start, version_ + id, known, s.tier, s.region, s.model,
          s.provider, u.tokens[0], u.tokens[1], u.tokens[2], u.tokens[3], u.tokens[4], u.parts[0], u.parts[1],
          u.parts[2], u.parts[3], u.parts[4], u.parts[5], s.reported.value_or(0));
    }
    const std::string calls = calls_of_spans();
    for (const auto statement : {std::string_view(sql), std::string_view(calls)}) {
      const auto done = engine_->execute(statement);
      ASSERT_TRUE(done) << done.error().message;
    }
  }

  /// Calls of model-a. `values`: SQL of service, input tokens and reported cost of each.
  void insert_calls(std::int64_t start, int n, int known, std::string_view values) {
    const auto done = engine_->execute(fmt::format(
        "INSERT INTO calls (project, trace_id, span_id, start, version, usage_role, usage_known, model, "
        "service, tok_input, reported_cost_nano) SELECT 1, 'trace00000000001', number, "
        "fromUnixTimestamp64Nano({}), 1, 1, {}, 'model-a', {} FROM numbers({})",
        start, known, values, n));
    ASSERT_TRUE(done) << done.error().message;
  }

  /// As the migration fills the table, with what came into both tables later.
  static std::string calls_of_spans() {
    std::string sql(store::kCallsOfSpans);
    constexpr std::string_view kTier = "service_tier, ";
    for (std::size_t at = 0; (at = sql.find(kTier, at)) != std::string::npos; at += kTier.size())
      sql.insert(at, "region, "), at += 8;
    return sql;
  }

  TestFolder folder_;
  std::unique_ptr<store::Engine> engine_;
  std::uint64_t version_ = 0;
};

/// `regional`: some hold in some regions only.
std::vector<PriceRule> random_rules(std::mt19937_64& random, bool regional) {
  std::string csv =
      "region,match,provider,model,service_tier,context_above,valid_from,valid_to,input,cache_read,cache_"
      "write_5m,"
      "cache_write_1h,"
      "input_audio,output,reasoning,output_audio\n";
  const auto price = [&] {
    return random() % 5 == 0 ? std::string()
                             : dollars_from_price(static_cast<std::int64_t>(random() % 700'000'000));
  };
  std::string region;
  const auto row = [&](const std::string& head, const std::string& context, const std::string& dates) {
    csv += region + "," + head + "," + context + "," + dates + "," +
           dollars_from_price(static_cast<std::int64_t>(random() % 10'000'000));
    for (int i = 0; i < 7; ++i) csv += "," + price();
    csv += "\n";
  };
  row("version,,model-a,", "", ",");
  row("version,,model-a,", "1000", ",");
  row("version,,model-a,", "200000", ",");
  row("version,vendor,model-b,", "", ",2025-01-05");
  row("version,vendor,model-b,", "", "2025-01-05,2025-01-08");
  row("version,vendor,model-b,", "5000", "2025-01-05,2025-01-08");
  row("version,vendor,model-b,", "", "2025-01-10,");
  row("prefix,,model-c,", "", "2025-01-03,");
  row("regex,other,model-.*,", "", ",");
  row("version,,model-a,batch", "", ",");
  row("version,,model-a,batch", "50000", ",");
  row("version,,model-a,flex", "", ",");
  row("version,vendor,model-b,priority", "", "2025-01-05,2025-01-08");
  if (!regional) return read_price_csv(csv, PriceSource::user).value();
  region = "eu";
  row("version,,model-a,", "", ",");
  row("version,,model-a,", "1000", ",");
  row("version,,model-a,batch", "", ",");
  row("version,vendor,model-b,", "", "2025-01-06,");
  region = "eu-west-1";
  row("version,,model-a,", "", "2025-01-07,2025-01-09");
  row("prefix,,model-c,", "", ",");
  region = "us";
  row("exact,,nobody-knows,", "", ",");
  return read_price_csv(csv, PriceSource::user).value();
}

constexpr const char* kModels[] = {"model-a",       "model-a-20250101", "model-b",
                                   "model-c-large", "nobody-knows",     ""};

/// `hostile`: some have more tokens than can be added up.
std::vector<RandomSpan> random_spans(std::mt19937_64& random, std::int64_t first, int n, bool hostile) {
  const char* tiers[] = {"", "", "batch", "flex", "default", "priority"};
  const char* providers[] = {"", "vendor", "other", "langchain"};
  const char* regions[] = {"", "", "eu", "eu-west-1", "eu-west-10", "europe-west1", "us-east-1", "us"};
  std::vector<RandomSpan> spans;
  for (int i = 0; i < n; ++i) {
    RandomSpan s;
    s.model = kModels[random() % std::size(kModels)];
    s.tier = tiers[random() % std::size(tiers)];
    s.region = regions[random() % std::size(regions)];
    s.provider = providers[random() % std::size(providers)];
    s.start = first + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(14 * kDay));
    if (random() % 20 == 0)
      s.start = first + static_cast<std::int64_t>(random() % 14) * kDay;  // exactly at a border
    for (int b = 0; b < TokenCounts::count; ++b) {
      if (random() % 4 == 0) continue;
      s.usage.known = static_cast<std::uint16_t>(s.usage.known | 1u << b);
      s.usage.tokens[static_cast<std::size_t>(b)] = random() % (random() % 3 == 0 ? 300'000 : 2'000);
      if (hostile && random() % 300 == 0) s.usage.tokens[static_cast<std::size_t>(b)] = random() >> 8;
    }
    const auto part = [&](TokenCounts::Part p, TokenCounts::Bucket whole) {
      if (random() % 3 == 0 && s.usage.tokens[whole])
        s.usage.parts[p] = random() % (s.usage.tokens[whole] / 2 + 1);
    };
    part(TokenCounts::cache_write_5m, TokenCounts::cache_write);
    part(TokenCounts::cache_write_1h, TokenCounts::cache_write);
    part(TokenCounts::input_audio, TokenCounts::input);
    part(TokenCounts::output_audio, TokenCounts::output);
    if (random() % 3 == 0) s.reported = static_cast<std::int64_t>(random() % 1'000'000'000);
    s.trace = static_cast<std::uint64_t>(i / 9);
    spans.push_back(std::move(s));
  }
  return spans;
}

/// The report over these spans against the sum over each of them.
void expect_sums(const UsageReport& report, const std::vector<RandomSpan>& spans, const PriceTable& prices) {
  struct Sum {
    std::set<std::uint64_t> traces;
    __extension__ __int128 nano = 0, reported = 0, difference = 0;
    std::uint64_t calls = 0, compared = 0, states[4] = {}, tokens[TokenCounts::count] = {}, unpriced = 0;
  };
  std::map<std::vector<std::string>, Sum> expected;
  for (const auto& s : spans) {
    const std::int64_t day_start = s.start / kDay * kDay;
    Sum& sum = expected[{s.model, s.provider, date_of_unix_nano(day_start) + "T00:00:00Z"}];
    const Cost c = cost_of(prices, s.usage, {s.model, s.provider, s.tier, s.region}, s.start, std::nullopt);
    sum.nano += c.nano_usd.value_or(0);
    ++sum.calls;
    sum.traces.insert(s.trace);
    ++sum.states[static_cast<int>(c.state)];
    for (std::size_t b = 0; b < TokenCounts::count; ++b) {
      sum.tokens[b] += s.usage.tokens[b];
      if (c.state == Cost::State::unpriced) sum.unpriced += s.usage.tokens[b];
    }
    if (!s.reported) continue;
    sum.reported += *s.reported;
    if (c.state != Cost::State::priced) continue;
    ++sum.compared;
    sum.difference += *c.nano_usd - *s.reported;
  }
  ASSERT_EQ(report.rows.size(), expected.size());
  for (const auto& row : report.rows) {
    SCOPED_TRACE(row.key[0] + " " + row.key[1] + " " + row.key[2]);
    const auto it = expected.find(row.key);
    ASSERT_NE(it, expected.end());
    const auto& sum = it->second;
    EXPECT_EQ(row.calls, sum.calls);
    EXPECT_EQ(row.traces, sum.traces.size());
    EXPECT_EQ(row.cost_nano_usd, static_cast<std::int64_t>(sum.nano > INT64_MAX ? INT64_MAX : sum.nano));
    EXPECT_EQ(row.unpriced, sum.states[1]);
    EXPECT_EQ(row.partly, sum.states[2]);
    EXPECT_EQ(row.priced, sum.states[3]);
    EXPECT_EQ(row.input, sum.tokens[TokenCounts::input]);
    EXPECT_EQ(row.cache_read, sum.tokens[TokenCounts::cache_read]);
    EXPECT_EQ(row.cache_write, sum.tokens[TokenCounts::cache_write]);
    EXPECT_EQ(row.output, sum.tokens[TokenCounts::output]);
    EXPECT_EQ(row.reasoning, sum.tokens[TokenCounts::reasoning]);
    EXPECT_EQ(row.unpriced_tokens, sum.unpriced);
    EXPECT_EQ(row.reported_nano_usd.value_or(0), static_cast<std::int64_t>(sum.reported));
    EXPECT_EQ(row.compared, sum.compared);
    if (sum.nano <= INT64_MAX) {
      EXPECT_EQ(row.difference_nano_usd, static_cast<std::int64_t>(sum.difference));
    }
  }
}

TEST_F(CostSqlTest, sums_equal_the_sums_over_single_spans_to_the_nano_dollar) {
  const std::int64_t first = unix_nano_of_date("2025-01-01").value();
  for (const bool hostile : {false, true}) {
    SCOPED_TRACE(hostile ? "hostile" : "sane");
    std::mt19937_64 random(7);
    ASSERT_TRUE(engine_->execute("TRUNCATE TABLE spans"));
    ASSERT_TRUE(engine_->execute("TRUNCATE TABLE calls"));
    const auto spans = random_spans(random, first, 3'000, hostile);
    insert(spans);
    if (HasFatalFailure()) return;
    KnownModels known;
    for (int round = 0; round < 12; ++round) {
      SCOPED_TRACE("round " + std::to_string(round));
      // Prices of regions come when models without them are known already, and go again.
      auto rules = random_rules(random, (round >= 6 && round < 9) || round == 10);
      if (round == 4) rules.clear();
      // Prices as people publish them: whole nano-dollars a million tokens, or hundredths of a cent.
      if (round == 5 || round == 8 || round >= 10)
        for (auto& r : rules)
          for (auto& t : r.tiers)
            for (auto& p : t.prices)
              if (p) *p = *p / 1'000 * 1'000;
      // And prices that depend on neither time nor size, which calls need not find one by one.
      if (round >= 10)
        for (auto& r : rules) {
          std::erase_if(r.tiers, [](const PriceTier& t) { return t.context_above > 0; });
          r.valid_from = INT64_MIN, r.valid_to = INT64_MAX;
        }
      const auto prices = PriceTable::make(rules).value();
      if (round >= 10) {
        EXPECT_FALSE(
            CostSql(*prices, {{"model-a", ""}, {"model-b", "vendor"}}, {first, first + 14 * kDay}).steps());
      }
      const UsageRequest request{{first, first + 14 * kDay}, {"model", "provider", "day"}, 10'000, {}, true};
      const auto report = usage_report(*engine_, {}, request, *prices, {}, nullptr, {.known = &known});
      ASSERT_TRUE(report) << report.error().message;
      expect_sums(*report, spans, *prices);
    }
  }
}

TEST_F(CostSqlTest, sane_figures_are_summed_before_they_are_priced) {
  const std::int64_t first = unix_nano_of_date("2025-01-01").value();
  const TimeRange range{first, first + 14 * kDay};
  std::mt19937_64 random(9);
  const AskEngine ask = [&](const Sql& sql) {
    return engine_->query({.sql = sql.text(), .params = sql.params()});
  };
  for (const bool hostile : {false, true}) {
    ASSERT_TRUE(engine_->execute("TRUNCATE TABLE calls"));
    ASSERT_TRUE(engine_->execute("TRUNCATE TABLE spans"));
    const auto spans = random_spans(random, first, 600, hostile);
    insert(spans);
    KnownModels::Of known;
    known.parts = true;
    for (const auto& s : spans) known.models.push_back({s.model, s.provider, s.tier, s.region});
    const auto prices = PriceTable::make(random_rules(random, true)).value();
    const CostSql cost(*prices, known.models, range);
    const SumsAsked asked{.by = {find_call_key("model"), find_call_key("provider"), find_call_key("day")},
                          .traces = true};
    const auto sums = summed_usage(ask, {}, range, cost, known, asked);
    ASSERT_TRUE(sums) << sums.error().message;
    EXPECT_EQ(sums->fits, !hostile);
    EXPECT_FALSE(sums->stale);
    if (!hostile) expect_sums({.rows = sums->rows, .total = sums->total}, spans, *prices);
  }
}

TEST_F(CostSqlTest, models_that_come_later_and_spans_that_come_again_are_counted_once_and_priced) {
  const std::int64_t first = unix_nano_of_date("2025-01-01").value();
  std::mt19937_64 random(8);
  auto spans = random_spans(random, first, 400, false);
  auto early = spans;
  std::erase_if(early,
                [](const auto& s) { return s.model == "model-b" || s.tier == "batch" || s.region == "us"; });
  for (auto& s : early) s.usage.parts = {};
  insert(early);
  KnownModels known;
  const auto prices = PriceTable::make(random_rules(random, true)).value();
  const UsageRequest request{{first, first + 14 * kDay}, {"model", "provider", "day"}, 10'000, {}, true};
  auto report = usage_report(*engine_, {}, request, *prices, {}, nullptr, {.known = &known});
  ASSERT_TRUE(report) << report.error().message;
  expect_sums(*report, early, *prices);
  // Other models, tiers and parts of tokens; and what was there, once more and with other figures.
  ASSERT_TRUE(engine_->execute("TRUNCATE TABLE spans"));
  ASSERT_TRUE(engine_->execute("TRUNCATE TABLE calls"));
  version_ = 1;
  insert(early);
  version_ = 1'000'000;
  insert(spans);
  insert(spans);
  version_ = 10;  // late: what has the higher version wins
  insert(spans);
  report = usage_report(*engine_, {}, request, *prices, {}, nullptr, {.known = &known});
  ASSERT_TRUE(report) << report.error().message;
  // Spans that stand in both at the same place have the later figures, the others all count.
  std::vector<RandomSpan> all = spans;
  std::set<std::tuple<std::uint64_t, std::uint64_t, std::int64_t>> there;
  for (std::size_t i = 0; i < spans.size(); ++i) there.emplace(spans[i].trace, i + 1, spans[i].start);
  for (std::size_t i = 0; i < early.size(); ++i)
    if (!there.contains({early[i].trace, i + 1, early[i].start})) all.push_back(early[i]);
  expect_sums(*report, all, *prices);
  const auto total = usage_report(*engine_, {}, {request.range, {"model", "day"}, 3, {}}, *prices, {},
                                  nullptr, {.known = &known});
  ASSERT_TRUE(total) << total.error().message;
  EXPECT_TRUE(total->more);
  EXPECT_EQ(total->rows.size(), 3u);
  EXPECT_EQ(total->rows[0].traces, std::nullopt);
  EXPECT_EQ(total->total.cost_nano_usd, report->total.cost_nano_usd);
  EXPECT_EQ(total->total.calls, all.size());
}

TEST_F(CostSqlTest, calls_that_have_nothing_in_common_are_priced_as_any) {
  const std::int64_t first = unix_nano_of_date("2025-01-01").value();
  std::vector<RandomSpan> spans;
  for (int i = 0; i < 3'000; ++i) {
    RandomSpan s;
    s.model = fmt::format("model-{}", i);
    s.provider = fmt::format("seller-{}", i);
    s.tier = fmt::format("tier-{}", i);
    s.region = fmt::format("region-{}", i);
    s.start = first + i;
    s.usage.known = 1;
    s.usage.tokens[TokenCounts::input] = static_cast<std::uint64_t>(i);
    s.trace = static_cast<std::uint64_t>(i);
    spans.push_back(std::move(s));
  }
  insert(spans);
  // Found call by call, with a step at a size, and group by group.
  for (const char* step : {"prefix,model-,,,2000,7\n", ""}) {
    const auto prices =
        PriceTable::make(read_price_csv(fmt::format("match,model,service_tier,region,context_above,input\n"
                                                    "prefix,model-,,,,3\n{}prefix,model-,tier-9,,,5\n"
                                                    "prefix,model-,,region-1,,11\n",
                                                    step),
                                        PriceSource::user)
                             .value())
            .value();
    const auto report = usage_report(
        *engine_, {}, {{first, first + kDay}, {"model", "provider", "day"}, 10'000, {}, true}, *prices);
    ASSERT_TRUE(report) << report.error().message;
    expect_sums(*report, spans, *prices);
  }
}

TEST_F(CostSqlTest, many_large_reported_costs_do_not_wrap) {
  const std::int64_t first = unix_nano_of_date("2025-01-01").value();
  insert_calls(first, 16'000, 257, "'', 1, 1000000000000000");
  const auto prices = PriceTable::make(builtin_prices()).value();
  const auto report = usage_report(*engine_, {}, {{first, first + kDay}, {"model"}, 10, {}}, *prices);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->total.calls, 16'000u);
  EXPECT_EQ(report->total.reported_nano_usd, INT64_MAX);
}

TEST_F(CostSqlTest, more_services_than_have_a_number_each_keep_their_name) {
  const std::int64_t first = unix_nano_of_date("2025-01-01").value();
  insert_calls(first, 66'000, 1, "concat('service-', toString(number)), number, 0");
  const auto prices =
      PriceTable::make(read_price_csv("model,input\nmodel-a,1000\n", PriceSource::user).value()).value();
  const auto report = usage_report(*engine_, {}, {{first, first + kDay}, {"service"}, 2, {}}, *prices);
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->rows.size(), 2u);
  EXPECT_EQ(report->rows[0].key[0], "service-65999");
  EXPECT_EQ(report->rows[0].cost_nano_usd, 65'999'000'000);
  EXPECT_TRUE(report->more);
  EXPECT_EQ(report->total.calls, 66'000u);
}

TEST_F(CostSqlTest, regions_are_read_where_a_model_that_was_called_has_a_price_of_one) {
  const auto prices =
      PriceTable::make(
          read_price_csv("provider,model,region,input\n,model-a,,1\nvendor,model-b,eu,2\n", PriceSource::user)
              .value())
          .value();
  const auto statement = [&](const std::vector<Sold>& sold) {
    Sql sql;
    CostSql(*prices, sold, {0, kDay}).with(sql);
    return sql.text();
  };
  EXPECT_EQ(statement({{"model-a", "vendor", "", "eu"}}).find("region"), std::string::npos);
  EXPECT_EQ(statement({{"model-b", "other", "", "eu"}}).find("region"), std::string::npos);
  EXPECT_NE(statement({{"model-a", ""}, {"model-b", "vendor"}}).find("region"), std::string::npos);
}

TEST_F(CostSqlTest, a_call_sent_again_without_its_usage_does_not_count) {
  const std::int64_t first = unix_nano_of_date("2025-01-01").value();
  RandomSpan s{.model = "model-a",
               .provider = "vendor",
               .tier = {},
               .region = {},
               .start = first,
               .usage = {},
               .reported = {}};
  s.trace = 1;
  s.usage.known = 1;
  s.usage.tokens[0] = 1'000;
  insert({s});
  const auto sent = [&](std::string_view version, std::string_view role) {
    for (const auto& sql :
         {fmt::format(
              "INSERT INTO spans (project, trace_id, span_id, start, version, kind, usage_role) VALUES (1, "
              "'trace00000000001', 1, fromUnixTimestamp64Nano({}), {}, 3, {})",
              first, version, role),
          calls_of_spans()})
      ASSERT_TRUE(engine_->execute(sql));
  };
  const auto prices = PriceTable::make(builtin_prices()).value();
  const auto calls = [&] {
    const auto r = usage_report(*engine_, {}, {{first, first + kDay}, {"model"}, 10, {}}, *prices);
    return r ? r->total.calls : 99;
  };
  EXPECT_EQ(calls(), 1u);
  sent("500", "0");
  EXPECT_EQ(calls(), 0u);
}

TEST_F(CostSqlTest, an_unknown_field_is_refused_by_name) {
  const auto prices = PriceTable::make(builtin_prices()).value();
  const auto r = usage_report(*engine_, {}, {{0, kDay}, {"colour"}, 10, {}}, *prices);
  ASSERT_FALSE(r);
  EXPECT_NE(r.error().message.find("'colour'"), std::string::npos);
  const auto none = usage_report(*engine_, {}, {{0, kDay}, {}, 10, {}}, *prices);
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_TRUE(none->rows.empty());
}

}  // namespace
}  // namespace turnscope::query
