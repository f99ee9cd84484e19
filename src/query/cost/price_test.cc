// Prices: reading, matching, tiers, arithmetic, import.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "query/cost/price_book.h"

namespace turnscope::query {
namespace {
using testing::HasSubstr;

std::shared_ptr<const PriceTable> table(std::string_view csv, PriceSource source = PriceSource::builtin) {
  auto rules = read_price_csv(csv, source);
  EXPECT_TRUE(rules) << (rules ? "" : rules.error().message);
  auto t = PriceTable::make(rules.value_or(std::vector<PriceRule>{}));
  EXPECT_TRUE(t) << (t ? "" : t.error().message);
  return t.value_or(nullptr);
}
std::int64_t day(std::string_view d) { return unix_nano_of_date(d).value(); }
BucketTokens tokens(std::initializer_list<std::pair<PriceBucket, std::uint64_t>> list) {
  BucketTokens t;
  for (const auto& [b, n] : list) t.set(b, n);
  return t;
}
using enum PriceBucket;

TEST(BuiltinPrices, are_read_whole_and_each_row_names_its_source_and_date) {
  const auto& rules = builtin_prices();
  ASSERT_GE(rules.size(), 90u);
  for (const auto& r : rules) {
    EXPECT_THAT(r.origin, HasSubstr("https://")) << r.model;
    EXPECT_TRUE(unix_nano_of_date(r.date)) << r.model;
    EXPECT_TRUE(r.tiers[0].prices[static_cast<std::size_t>(input)]) << r.model;
  }
  EXPECT_TRUE(PriceTable::make(rules));
  EXPECT_FALSE(builtin_prices_date().empty());
}

TEST(BuiltinPrices, price_known_calls_to_the_nano_dollar) {
  const auto t = PriceTable::make(builtin_prices()).value();
  struct Case {
    const char *model, *provider, *date;
    BucketTokens used;
    std::int64_t nano;
  };
  const Case cases[] = {
      {"claude-sonnet-4-5-20250929", "anthropic", "2025-12-01", tokens({{input, 29}, {output, 41}}), 702'000},
      {"claude-sonnet-4-5-20250929", "anthropic", "2025-12-01",
       tokens({{input, 31}, {cache_write, 1536}, {output, 21}}), 31 * 3000 + 1536 * 3750 + 21 * 15000},
      {"claude-sonnet-4-5", "", "2025-12-01", tokens({{input, 48}, {cache_read, 1536}, {output, 15}}),
       48 * 3000 + 1536 * 300 + 15 * 15000},
      {"claude-haiku-4-5-20251001", "anthropic", "2025-12-01", tokens({{input, 32}, {output, 37}}), 217'000},
      {"gpt-4o-mini-2024-07-18", "openai", "2025-12-01", tokens({{input, 45}, {output, 17}}), 16'950},
      {"o4-mini-2025-04-16", "openai", "2025-12-01",
       tokens({{input, 27}, {cache_read, 1024}, {output, 97}, {reasoning, 64}}),
       27 * 1100 + 1024 * 275 + 161 * 4400},
      {"text-embedding-3-small", "openai", "2025-12-01", tokens({{input, 20}}), 400},
      {"models/gemini-2.5-pro", "gcp.gemini", "2025-12-01",
       tokens({{input, 1000}, {output, 10}, {reasoning, 300}}), 1000 * 1250 + 310 * 10000},
      {"us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws.bedrock", "2025-12-01", tokens({{input, 1000}}),
       3'000'000},
      {"o3", "openai", "2025-05-01", tokens({{input, 1000}}), 10'000'000},
      {"o3", "openai", "2025-06-10", tokens({{input, 1000}}), 2'000'000},
      {"gpt-4o-2024-05-13", "openai", "2025-12-01", tokens({{input, 1000}}), 5'000'000},
      {"gpt-4o", "openai", "2025-12-01", tokens({{input, 1000}}), 2'500'000},
  };
  for (const Case& c : cases) {
    const auto p = t->price(c.used, {c.model, c.provider}, day(c.date));
    EXPECT_EQ(p.nano_usd, c.nano) << c.model;
    EXPECT_EQ(p.state, PriceState::priced) << c.model;
  }
}

TEST(PriceTable, a_model_is_not_priced_as_another_whose_name_it_begins_with) {
  const auto t = PriceTable::make(builtin_prices()).value();
  EXPECT_EQ(t->choose({"gpt-4o-mini", "openai"}, day("2025-12-01"))->model, "gpt-4o-mini");
  EXPECT_EQ(t->choose({"gpt-4o-transcribe", "openai"}, day("2025-12-01")), nullptr);
  EXPECT_EQ(t->choose({"claude-sonnet-4-5", "anthropic"}, day("2025-12-01"))->model, "claude-sonnet-4-5");
  EXPECT_EQ(t->choose({"claude-sonnet-4-20250514", "anthropic"}, day("2025-12-01"))->model,
            "claude-sonnet-4");
  EXPECT_EQ(t->choose({"claude-opus-4-9", "anthropic"}, day("2025-12-01")), nullptr)
      << "a model that came later has no price yet";
  for (const auto version :
       {"gemini-1.5-pro-002", "gemini-1.5-pro@002", "gemini-1.5-pro-latest", "gemini-1.5-pro-preview-05-20"})
    EXPECT_NE(t->choose({version, "google"}, day("2025-12-01")), nullptr) << version;
  EXPECT_EQ(t->choose({"my-own-model", ""}, day("2025-12-01")), nullptr);
  EXPECT_EQ(t->choose({"", ""}, 0), nullptr);
}

TEST(PriceTable, unknown_models_are_unpriced_and_never_zero) {
  const auto t = PriceTable::make(builtin_prices()).value();
  const auto p =
      t->price(tokens({{input, 1000}, {output, 5}}), {"my-own-model", "openai"}, day("2025-12-01"));
  EXPECT_EQ(p.state, PriceState::unpriced);
  EXPECT_EQ(t->price({}, {"gpt-4o", "openai"}, day("2025-12-01")).state, PriceState::none);
}

TEST(PriceTable, providers_must_agree_where_both_are_known) {
  const auto t = table("provider,model,input,output\nacme,m,1,2\n,m,3,4\n");
  EXPECT_EQ(t->price(tokens({{input, 1000}}), {"m", "acme"}, 0).nano_usd, 1'000'000);
  EXPECT_EQ(t->price(tokens({{input, 1000}}), {"m", ""}, 0).nano_usd, 1'000'000)
      << "with a provider goes before without";
  EXPECT_EQ(t->price(tokens({{input, 1000}}), {"m", "other"}, 0).nano_usd, 3'000'000);
  EXPECT_EQ(t->price(tokens({{input, 1000}}), {"m", "strands-agents"}, 0).nano_usd, 1'000'000)
      << "a framework's name is no seller";
}

TEST(PriceTable, partly_priced_calls_name_the_bucket) {
  const auto t = table("model,input,output\nm,1,2\n");
  const auto p = t->price(tokens({{input, 1000}, {input_audio, 10}}), {"m", ""}, 0);
  EXPECT_EQ(p.state, PriceState::partly);
  EXPECT_EQ(p.nano_usd, 1'000'000);
  EXPECT_EQ(p.unpriced_buckets, 1u << static_cast<unsigned>(input_audio));
  EXPECT_EQ(t->price(tokens({{input, 1000}, {input_audio, 0}}), {"m", ""}, 0).state, PriceState::priced)
      << "no tokens need no price";
  EXPECT_EQ(t->price(tokens({{input_audio, 10}}), {"m", ""}, 0).state, PriceState::unpriced);
  EXPECT_EQ(t->price(tokens({{output, 1}, {reasoning, 1000}}), {"m", ""}, 0).nano_usd, 2002 * 1000)
      << "reasoning costs what output costs unless told";
}

TEST(PriceTable, context_tiers_price_the_whole_call_by_all_of_its_input) {
  const auto t = PriceTable::make(builtin_prices()).value();
  const auto at = [&](std::uint64_t in, std::uint64_t cached) {
    return t
        ->price(tokens({{input, in}, {cache_read, cached}, {output, 1000}}),
                {"claude-sonnet-4-5", "anthropic"}, day("2025-12-01"))
        .nano_usd;
  };
  EXPECT_EQ(at(200'000, 0), 200'000 * 3000ll + 1000 * 15'000);
  EXPECT_EQ(at(200'001, 0), 200'001 * 6000ll + 1000 * 22'500);
  EXPECT_EQ(at(100'000, 150'000), 100'000 * 6000ll + 150'000 * 600ll + 1000 * 22'500);
}

TEST(PriceTable, service_tiers_have_their_own_prices) {
  const auto t = PriceTable::make(builtin_prices()).value();
  const auto at = [&](std::string_view tier) {
    return t->price(tokens({{input, 1000}, {output, 1000}}), {"gpt-5", "openai", tier}, day("2025-12-01"))
        .nano_usd;
  };
  EXPECT_EQ(at("default"), 11'250'000);
  EXPECT_EQ(at("batch"), 5'625'000);
  EXPECT_EQ(at("flex"), 5'625'000);
  EXPECT_EQ(at("priority"), 22'500'000);
  EXPECT_EQ(at("no-such-tier"), 11'250'000);
}

TEST(PriceTable, a_rule_of_the_calls_region_goes_before_one_of_any) {
  const auto t = table("model,region,input,output\nm,,1,2\nm,eu,3,4\nm,eu-west-1,5,6\nonly,us,7,8\n");
  const auto at = [&](std::string_view model, std::string_view region) {
    return t->price(tokens({{input, 1000}}), {.model = model, .provider = "", .region = region}, 0);
  };
  EXPECT_EQ(at("m", "").nano_usd, 1'000'000) << "a region that is not known is no region";
  EXPECT_EQ(at("m", "us-east-1").nano_usd, 1'000'000);
  EXPECT_EQ(at("m", "eu").nano_usd, 3'000'000);
  EXPECT_EQ(at("m", "eu-central-1").nano_usd, 3'000'000) << "eu fits what goes on with a dash";
  EXPECT_EQ(at("m", "eu-west-1").nano_usd, 5'000'000) << "the nearer region";
  EXPECT_EQ(at("m", "europe-west1").nano_usd, 1'000'000) << "another name, not a part of one";
  EXPECT_EQ(at("m", "eu-west-1").rule->region, "eu-west-1");
  EXPECT_EQ(at("only", "us-east-1").nano_usd, 7'000'000);
  EXPECT_EQ(at("only", "eu-west-1").state, PriceState::unpriced);
  EXPECT_EQ(at("only", "").state, PriceState::unpriced);
  EXPECT_EQ(t->rules_of("m", "")->size(), 3u) << "people see the rules of all regions";
  EXPECT_TRUE(t->regional());
  EXPECT_FALSE(PriceTable::make(builtin_prices()).value()->regional());
}

TEST(PriceTable, source_match_and_priority_go_before_the_region) {
  auto rules = read_price_csv(
                   "match,model,region,priority,input\nexact,m,,,1\nexact,m,eu,,2\n"
                   "exact,p,,1,3\nexact,p,eu,,4\nexact,x,,,5\nprefix,x,eu,,6\n",
                   PriceSource::imported)
                   .value();
  const auto own = read_price_csv("match,model,input\nregex,m,9\n", PriceSource::user).value();
  rules.insert(rules.end(), own.begin(), own.end());
  const auto t = PriceTable::make(rules).value();
  const auto in_eu = [&](std::string_view model) {
    return t->price(tokens({{input, 1000}}), {.model = model, .provider = "", .region = "eu"}, 0).nano_usd;
  };
  EXPECT_EQ(in_eu("m"), 9'000'000);
  EXPECT_EQ(in_eu("p"), 3'000'000);
  EXPECT_EQ(in_eu("x"), 5'000'000);
}

TEST(PriceTable, the_users_price_goes_before_imported_and_built_in) {
  auto rules = read_price_csv("model,input\nm,1\n", PriceSource::builtin).value();
  const auto imported = read_price_csv("match,model,input\nexact,m,2\n", PriceSource::imported).value();
  rules.insert(rules.end(), imported.begin(), imported.end());
  auto t = PriceTable::make(rules).value();
  EXPECT_EQ(t->price(tokens({{input, 1000}}), {"m", ""}, 0).nano_usd, 2'000'000);
  const auto own = read_price_csv("match,model,input\nregex,m.*,5\n", PriceSource::user).value();
  rules.insert(rules.end(), own.begin(), own.end());
  t = PriceTable::make(rules).value();
  EXPECT_EQ(t->price(tokens({{input, 1000}}), {"m", ""}, 0).nano_usd, 5'000'000);
}

TEST(PriceTable, the_rule_of_the_spans_own_time_is_taken) {
  const auto t = table("model,valid_from,valid_to,input\nm,,2025-02-01,1\nm,2025-02-01,2025-03-01,2\n");
  const auto at = [&](std::string_view d) { return t->price(tokens({{input, 1000}}), {"m", ""}, day(d)); };
  EXPECT_EQ(at("2025-01-31").nano_usd, 1'000'000);
  EXPECT_EQ(at("2025-02-01").nano_usd, 2'000'000);
  EXPECT_EQ(at("2025-03-01").state, PriceState::unpriced)
      << "no price of that time: unpriced, not the last one";
}

TEST(PriceTable, hostile_counts_saturate_and_do_not_wrap) {
  const auto t = table("model,input,output\nm,1000000,1000000\n");
  const auto p = t->price(tokens({{input, UINT64_MAX}, {output, UINT64_MAX}}), {"m", ""}, 0);
  EXPECT_EQ(p.nano_usd, INT64_MAX);
  EXPECT_EQ(t->price(tokens({{input, 1}}), {std::string(100'000, 'm'), ""}, 0).state, PriceState::unpriced);
}

TEST(PriceTable, rounding_is_half_up_once_a_call) {
  const auto t = table("model,input,output\nm,0.0005,0.0004\n");
  EXPECT_EQ(t->price(tokens({{input, 1}}), {"m", ""}, 0).nano_usd, 1) << "0.5 nano-dollars";
  EXPECT_EQ(t->price(tokens({{output, 1}}), {"m", ""}, 0).nano_usd, 0) << "0.4 nano-dollars";
  EXPECT_EQ(t->price(tokens({{input, 1}, {output, 2}}), {"m", ""}, 0).nano_usd, 1)
      << "1.3: summed first, rounded once";
}

TEST(PriceTable, wrong_rules_are_refused_by_name) {
  auto bad = read_price_csv("match,model,input\nregex,(,1\n", PriceSource::user).value();
  EXPECT_THAT(PriceTable::make(bad).error().message, HasSubstr("'('"));
  EXPECT_THAT(read_price_csv("model,input\nm,cheap\n", PriceSource::user).error().message,
              HasSubstr("line 2, column input"));
  EXPECT_THAT(read_price_csv("model,input\nm,-1\n", PriceSource::user).error().message,
              HasSubstr("not a price"));
  EXPECT_THAT(read_price_csv("model,valid_from,input\nm,2025-13-01,1\n", PriceSource::user).error().message,
              HasSubstr("YYYY-MM-DD"));
  EXPECT_THAT(read_price_csv("model,colour\nm,red\n", PriceSource::user).error().message,
              HasSubstr("colour"));
  EXPECT_THAT(read_price_csv("model,input\nm,1\nm,2\n", PriceSource::user).error().message,
              HasSubstr("priced twice"));
  EXPECT_THAT(read_price_csv("model,region,input\nm,eu,1\nm,EU,2\n", PriceSource::user).error().message,
              HasSubstr("priced twice"));
  EXPECT_THAT(read_price_csv("model,region,input\nm,West Europe,1\n", PriceSource::user).error().message,
              HasSubstr("line 2, column region: 'West Europe' is no region"));
}

TEST(PriceCsv, writes_what_it_reads) {
  const auto& rules = builtin_prices();
  const auto again = read_price_csv(write_price_csv(rules), PriceSource::builtin);
  ASSERT_TRUE(again) << again.error().message;
  const auto parts = [](const PriceRule& r) {
    return std::tie(r.match, r.model, r.provider, r.region, r.valid_from, r.valid_to, r.source);
  };
  ASSERT_EQ(again->size(), rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    SCOPED_TRACE(rules[i].model);
    EXPECT_EQ(parts((*again)[i]), parts(rules[i]));
    ASSERT_EQ((*again)[i].tiers.size(), rules[i].tiers.size());
    for (std::size_t t = 0; t < rules[i].tiers.size(); ++t) {
      const auto& read = (*again)[i].tiers[t];
      EXPECT_EQ(read.service_tier, rules[i].tiers[t].service_tier);
      EXPECT_EQ(read.context_above, rules[i].tiers[t].context_above);
      EXPECT_EQ(read.prices, rules[i].tiers[t].prices);
    }
  }
  EXPECT_EQ(write_price_csv(rules).find("region"), std::string::npos);
  const auto regional =
      read_price_csv("model,service_tier,region,input\nm,,,1\nm,,EU-West-1,2\nm,batch,eu-west-1,3\n",
                     PriceSource::user)
          .value();
  ASSERT_EQ(regional.size(), 2u);
  EXPECT_EQ(regional[1].region, "eu-west-1");
  EXPECT_EQ(regional[1].tiers.size(), 2u);
  const auto back = read_price_csv(write_price_csv(regional), PriceSource::user).value();
  EXPECT_EQ(write_price_csv(back), write_price_csv(regional));
  EXPECT_EQ(back[1].region, "eu-west-1");
  EXPECT_EQ(dollars_from_price(37'500), "0.0375");
  EXPECT_EQ(price_from_dollars("0.00875").value(), 8'750);
}

TEST(Litellm, prices_are_parsed_by_grammar_and_doubts_are_reported) {
  const auto r = import_litellm(R"({
    "sample_spec": {"input_cost_per_token": 0.0},
    "claude-x": {"litellm_provider": "anthropic", "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05, "cache_read_input_token_cost": 3e-07,
       "cache_creation_input_token_cost": 3.75e-06, "cache_creation_input_token_cost_above_1hr": 6e-06,
       "input_cost_per_token_above_200k_tokens": 6e-06, "output_cost_per_token_above_200k_tokens": 2.25e-05,
       "input_cost_per_token_batches": 1.5e-06, "output_cost_per_token_batches": 7.5e-06, "input_cost_per_token_flex": null},
    "gemini/gemini-y": {"litellm_provider": "gemini", "input_cost_per_token": 1e-07, "output_cost_per_token": 4e-07, "output_cost_per_reasoning_token": 5e-07,
       "input_cost_per_audio_token": 7e-07, "input_cost_per_token_above_128k_tokens": 2e-07},
    "odd": {"litellm_provider": "anthropic", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06, "cache_creation_input_token_cost": 1e-06,
       "cache_creation_input_token_cost_above_1hr": 2.4e-05},
    "dall-e": {"litellm_provider": "openai", "input_cost_per_image": 0.04},
    "broken": {"litellm_provider": "openai", "input_cost_per_token": "free", "output_cost_per_token": -1}
  })",
                                "2025-11-25");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->models, 5u);
  EXPECT_EQ(r->rules.size(), 3u);
  EXPECT_EQ(r->without_token_prices, 2u);
  const std::string said = testing::PrintToString(r->reported);
  EXPECT_THAT(said, HasSubstr("gemini/gemini-y: half a tier"));
  EXPECT_THAT(said, HasSubstr("odd: 1-hour cache writes cost 24.00 times"));
  EXPECT_THAT(said, HasSubstr("broken: input_cost_per_token is not a price"));
  const auto t = PriceTable::make(r->rules).value();
  EXPECT_EQ(t->price(tokens({{input, 1000}, {cache_write_1h, 1000}}), {"claude-x", "anthropic"}, 0).nano_usd,
            9'000'000);
  EXPECT_EQ(t->price(tokens({{input, 300'000}}), {"claude-x", "anthropic"}, 0).nano_usd, 300'000 * 6000ll);
  EXPECT_EQ(t->price(tokens({{input, 1000}}), {"claude-x", "anthropic", "batch"}, 0).nano_usd, 1'500'000);
  EXPECT_EQ(t->price(tokens({{reasoning, 1000}}), {"gemini-y", "gcp.gemini"}, 0).nano_usd, 500'000);
  EXPECT_FALSE(import_litellm("[]", ""));
  EXPECT_FALSE(import_litellm("{}", ""));
}

TEST(Litellm, regions_stand_before_the_model_or_multiply_its_prices) {
  const auto r = import_litellm(R"({
    "bedrock/us-gov-west-1/anthropic.claude-x": {"litellm_provider": "bedrock", "input_cost_per_token": 3.6e-06, "output_cost_per_token": 1.8e-05},
    "anthropic.claude-x": {"litellm_provider": "bedrock_converse", "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05},
    "bedrock/us-east-1/1-month-commitment/anthropic.claude-x": {"litellm_provider": "bedrock", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06},
    "azure/eu/gpt-4o": {"litellm_provider": "azure", "input_cost_per_token": 2.75e-06, "output_cost_per_token": 1.1e-05},
    "azure/gpt-4o": {"litellm_provider": "azure", "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05},
    "vertex_ai/meta/llama-x": {"litellm_provider": "vertex_ai-llama_models", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06},
    "together_ai/meta-llama/Llama-3": {"litellm_provider": "together_ai", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06},
    "gpt-y": {"litellm_provider": "openai", "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1.000005e-06, "input_cost_per_token_batches": 6.25e-07,
       "output_cost_per_token_batches": 5e-06, "regional_processing_uplift_multiplier_eu": 1.1, "regional_processing_uplift_multiplier_us": 0.1,
       "regional_processing_uplift_multiplier_the_moon": 1.1, "regional_processing_uplift_multiplier_jp": "more"}
  })",
                                "2025-11-25");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->models, 8u);
  const std::string said = testing::PrintToString(r->reported);
  EXPECT_EQ(r->reported.size(), 4u) << said;
  EXPECT_THAT(said, HasSubstr("claude-x: '1-month-commitment' between region and model is not understood"));
  EXPECT_THAT(said, HasSubstr("gpt-y: regional_processing_uplift_multiplier_us is not from 1 to 3"));
  EXPECT_THAT(said, HasSubstr("gpt-y: regional_processing_uplift_multiplier_jp is not from 1 to 3"));
  EXPECT_THAT(said, HasSubstr("gpt-y: regional_processing_uplift_multiplier_the_moon is not understood"));
  const auto t = PriceTable::make(r->rules).value();
  const auto cost = [&](const BucketTokens& used, const PricedBy& by) {
    return t->price(used, by, 0).nano_usd;
  };
  const auto in = tokens({{input, 1000}});
  EXPECT_EQ(cost(in, {"anthropic.claude-x", "aws.bedrock", "", "us-gov-west-1"}), 3'600'000);
  EXPECT_EQ(cost(in, {"anthropic.claude-x", "aws.bedrock", "", "us-east-1"}), 3'000'000);
  EXPECT_EQ(cost(in, {"gpt-4o", "azure.ai.openai", "", "eu"}), 2'750'000);
  EXPECT_EQ(cost(in, {"gpt-4o", "azure.ai.openai"}), 2'500'000);
  EXPECT_EQ(cost(in, {"meta-llama/llama-3", "together_ai"}), 1'000'000) << "a maker is no region";
  EXPECT_EQ(cost(in, {"gpt-y", "openai", "", "eu"}), 1'375'000);
  EXPECT_EQ(cost(in, {"gpt-y", "openai", "batch", "eu"}), 687'500);
  EXPECT_EQ(cost(tokens({{output, 1000}}), {"gpt-y", "openai", "", "eu"}), 1'100'006) << "1.1000055, half up";
  EXPECT_EQ(cost(in, {"gpt-y", "openai", "", "us"}), 1'250'000);
}

TEST(PriceBook, changes_hold_at_once_and_survive_a_restart) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("turnscope-prices-" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  {
    auto book = PriceBook::open(folder, "");
    ASSERT_TRUE(book) << book.error().message;
    const auto before = (*book)->table();
    EXPECT_EQ(before->price(tokens({{input, 1000}}), {"gpt-4o", "openai"}, day("2025-12-01")).nano_usd,
              2'500'000);
    ASSERT_TRUE((*book)->set(
        read_price_csv("provider,model,input,output\nopenai,gpt-4o,1,2\n", PriceSource::user).value()));
    EXPECT_EQ(
        (*book)->table()->price(tokens({{input, 1000}}), {"gpt-4o", "openai"}, day("2025-12-01")).nano_usd,
        1'000'000);
    EXPECT_EQ(before->price(tokens({{input, 1000}}), {"gpt-4o", "openai"}, day("2025-12-01")).nano_usd,
              2'500'000)
        << "readers keep what they hold";
    ASSERT_TRUE((*book)->import(
        R"({"gpt-new": {"litellm_provider": "openai", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06}})",
        "2025-11-25"));
  }
  auto again = PriceBook::open(folder, "");
  ASSERT_TRUE(again);
  EXPECT_EQ(
      (*again)->table()->price(tokens({{input, 1000}}), {"gpt-4o", "openai"}, day("2025-12-01")).nano_usd,
      1'000'000);
  EXPECT_EQ(
      (*again)->table()->price(tokens({{input, 1000}}), {"gpt-new", "openai"}, day("2025-12-01")).nano_usd,
      1'000'000);
  EXPECT_FALSE(PriceBook::open(folder, "/no/such/file.csv"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace turnscope::query
