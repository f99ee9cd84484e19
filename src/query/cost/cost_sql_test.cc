// The sum that SQL makes equals the sum over single spans, to the nano-dollar: random spans, random price
// rules, the real engine.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "query/cost.h"
#include "query/cost/price_csv.h"
#include "query/cost/usage_report.h"
#include "store/chdb_engine.h"
#include "store/params.h"
#include "store/schema.h"
#include "store/test_folder.h"

namespace turnscope::query {
namespace {

constexpr std::int64_t kDay = 86'400'000'000'000ll;

struct RandomSpan {
  std::string model, provider, tier;
  std::int64_t start;
  TokenCounts usage;
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
        "service_tier, model, "
        "provider, tok_input, tok_cache_read, "
        "tok_cache_write, tok_output, tok_reasoning, tok_other) VALUES ";
    std::uint64_t id = 0;
    for (const auto& s : spans) {
      ++id;
      const auto& u = s.usage;
      std::uint64_t known = u.known;
      for (const auto p : u.parts)
        if (p) known |= 1u << 11;
      sql += fmt::format(
          "{}(1, 'trace{:011}', {}, fromUnixTimestamp64Nano({}), {}, 1, {}, '{}', '{}', '{}', {}, {}, {}, "
          "{}, {}, "
          "{{'cache_write_5m': {}, 'cache_write_1h': {}, 'input_audio': {}, 'input_image': {}, "
          "'output_audio': {}, 'output_image': {}}})",
          id > 1 ? ", " : "", id, id, s.start, id, known, s.tier, s.model, s.provider, u.tokens[0],
          u.tokens[1], u.tokens[2], u.tokens[3], u.tokens[4], u.parts[0], u.parts[1], u.parts[2], u.parts[3],
          u.parts[4], u.parts[5]);
    }
    const auto done = engine_->execute(sql);
    ASSERT_TRUE(done) << done.error().message;
  }

  TestFolder folder_;
  std::unique_ptr<store::Engine> engine_;
};

std::vector<PriceRule> random_rules(std::mt19937_64& random) {
  std::string csv =
      "match,provider,model,service_tier,context_above,valid_from,valid_to,input,cache_read,cache_write_5m,"
      "cache_write_1h,"
      "input_audio,output,reasoning,output_audio\n";
  const auto price = [&] {
    return random() % 5 == 0 ? std::string()
                             : dollars_from_price(static_cast<std::int64_t>(random() % 700'000'000));
  };
  const auto row = [&](const std::string& head, const std::string& context, const std::string& dates) {
    csv += head + "," + context + "," + dates + "," +
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
  return read_price_csv(csv, PriceSource::user).value();
}

TEST_F(CostSqlTest, sums_equal_the_sums_over_single_spans_to_the_nano_dollar) {
  std::mt19937_64 random(7);
  const std::int64_t first = unix_nano_of_date("2025-01-01").value();
  const char* models[] = {"model-a", "model-a-20250101", "model-b", "model-c-large", "nobody-knows", ""};
  const char* tiers[] = {"", "", "batch", "flex", "default", "priority"};
  const char* providers[] = {"", "vendor", "other", "langchain"};
  std::vector<RandomSpan> spans;
  for (int i = 0; i < 3'000; ++i) {
    RandomSpan s;
    s.model = models[random() % std::size(models)];
    s.tier = tiers[random() % std::size(tiers)];
    s.provider = providers[random() % std::size(providers)];
    s.start = first + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(14 * kDay));
    if (random() % 20 == 0)
      s.start = first + static_cast<std::int64_t>(random() % 14) * kDay;  // exactly at a border
    for (int b = 0; b < TokenCounts::count; ++b) {
      if (random() % 4 == 0) continue;
      s.usage.known = static_cast<std::uint16_t>(s.usage.known | 1u << b);
      s.usage.tokens[static_cast<std::size_t>(b)] = random() % (random() % 3 == 0 ? 300'000 : 2'000);
      if (random() % 300 == 0) s.usage.tokens[static_cast<std::size_t>(b)] = random() >> 8;  // hostile
    }
    const auto part = [&](TokenCounts::Part p, TokenCounts::Bucket whole) {
      if (random() % 3 == 0 && s.usage.tokens[whole])
        s.usage.parts[p] = random() % (s.usage.tokens[whole] / 2 + 1);
    };
    part(TokenCounts::cache_write_5m, TokenCounts::cache_write);
    part(TokenCounts::cache_write_1h, TokenCounts::cache_write);
    part(TokenCounts::input_audio, TokenCounts::input);
    part(TokenCounts::output_audio, TokenCounts::output);
    spans.push_back(std::move(s));
  }
  insert(spans);
  if (HasFatalFailure()) return;
  for (int round = 0; round < 5; ++round) {
    auto rules = random_rules(random);
    if (round == 4) rules.clear();
    const auto prices = PriceTable::make(rules).value();
    const UsageRequest request{{first, first + 14 * kDay}, {"model", "provider", "day"}, 10'000, {}};
    const auto report = usage_report(*engine_, {}, request, *prices);
    ASSERT_TRUE(report) << report.error().message;
    struct Sum {
      __extension__ __int128 nano = 0;
      std::uint64_t calls = 0, states[4] = {};
    };
    std::map<std::vector<std::string>, Sum> expected;
    for (const auto& s : spans) {
      const std::int64_t day_start = s.start / kDay * kDay;
      Sum& sum = expected[{s.model, s.provider, date_of_unix_nano(day_start) + "T00:00:00Z"}];
      const Cost c = cost_of(*prices, s.usage, s.model, s.provider, s.start, std::nullopt, s.tier);
      sum.nano += c.nano_usd.value_or(0);
      ++sum.calls;
      ++sum.states[static_cast<int>(c.state)];
    }
    ASSERT_EQ(report->rows.size(), expected.size());
    for (const auto& row : report->rows) {
      SCOPED_TRACE(row.key[0] + " " + row.key[1] + " " + row.key[2] + " round " + std::to_string(round));
      const auto it = expected.find(row.key);
      ASSERT_NE(it, expected.end());
      EXPECT_EQ(row.calls, it->second.calls);
      EXPECT_EQ(row.cost_nano_usd,
                static_cast<std::int64_t>(it->second.nano > INT64_MAX ? INT64_MAX : it->second.nano));
      EXPECT_EQ(row.unpriced, it->second.states[1]);
      EXPECT_EQ(row.partly, it->second.states[2]);
      EXPECT_EQ(row.priced, it->second.states[3]);
    }
  }
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
