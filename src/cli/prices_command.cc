#include "cli/prices_command.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/logger.h"
#include "base/named_file.h"
#include "cli/exit_code.h"
#include "query/cost/price_book.h"

namespace turnscope::cli {
namespace {
using namespace query;
namespace json = boost::json;

constexpr std::uint64_t kLargestPriceFile = 64u << 20;

Result<std::unique_ptr<PriceBook>> open_book(const std::string& data) {
  return PriceBook::open(data + "/prices", "");
}

/// The prices of a tier by bucket, in dollars a million tokens, as GET /api/v1/prices has them.
json::object prices_json(const Prices& prices) {
  json::object out;
  for (std::size_t b = 0; b < kPriceBuckets; ++b)
    if (prices[b]) out[name(static_cast<PriceBucket>(b))] = dollars_from_price(*prices[b]);
  return out;
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(json::string(text));
}

json::object rule_json(const PriceRule& rule) {
  const auto day = [](std::int64_t t, std::int64_t open) {
    return t == open ? json::value(nullptr) : json::value(json::string(date_of_unix_nano(t)));
  };
  json::array tiers;
  for (const auto& tier : rule.tiers)
    tiers.push_back(json::object{{"service_tier", text_or_null(tier.service_tier)},
                                 {"context_above", tier.context_above},
                                 {"prices", prices_json(tier.prices)}});
  return {{"match", name(rule.match)},
          {"model", rule.model},
          {"provider", text_or_null(rule.provider)},
          {"region", text_or_null(rule.region)},
          {"valid_from", day(rule.valid_from, std::numeric_limits<std::int64_t>::min())},
          {"valid_to", day(rule.valid_to, std::numeric_limits<std::int64_t>::max())},
          {"from", name(rule.source)},
          {"priority", rule.priority},
          {"source", text_or_null(rule.origin)},
          {"date", text_or_null(rule.date)},
          {"tiers", std::move(tiers)}};
}

int list_prices(const std::string& data, const std::string& model, bool as_json) {
  // Looking makes no folder.
  const bool there = std::filesystem::exists(data + "/prices");
  const auto book = there ? open_book(data) : PriceBook::open("", "");
  if (!book) return say(book.error());
  const auto table = (*book)->table();
  std::vector<PriceRule> shown;
  if (model.empty()) {
    shown.assign(table->rules().begin(), table->rules().end());
  } else {
    const auto rules = table->rules_of(model, "");
    for (const auto* rule : *rules) shown.push_back(*rule);
  }
  if (as_json) {
    json::array rules;
    for (const auto& rule : shown) rules.push_back(rule_json(rule));
    std::printf("%s\n", json::serialize(
                            json::object{{"prices_date", builtin_prices_date()}, {"rules", std::move(rules)}})
                            .c_str());
  } else {
    std::printf("%s", write_price_csv(shown).c_str());
  }
  if (!model.empty() && shown.empty()) {
    std::fprintf(stderr, "turnscope: no price is known for '%s'; add one with: turnscope prices set FILE\n",
                 printable(model).c_str());
    return not_found;
  }
  return ok;
}

Result<std::vector<PriceRule>> rules_of(const std::string& file) {
  TS_ASSIGN(const auto text, read_named_file(file, kLargestPriceFile));
  TS_ASSIGN(auto rules, read_price_csv(text, PriceSource::user));
  if (rules.empty())
    return fail(ErrorKind::invalid_argument,
                "'" + file + "' holds no price rule; docs/prices.md shows what one looks like");
  return rules;
}

Result<std::size_t> checked(const std::string& file) {
  TS_ASSIGN(auto rules, rules_of(file));
  const std::size_t count = rules.size();
  TS_TRY(PriceTable::make(std::move(rules)));
  return count;
}

std::string counted(std::size_t rules) {
  return fmt::format("{} price rule{}", rules, rules == 1 ? "" : "s");
}

int check(const std::string& file, bool as_json) {
  const auto count = checked(file);
  if (as_json) {
    json::object out{{"file", file}, {"ok", count.has_value()}};
    if (count)
      out["rules"] = *count;
    else
      out["error"] = count.error().message;
    std::printf("%s\n", json::serialize(out).c_str());
    return count ? ok : exit_code(count.error());
  }
  if (!count) return say(count.error());
  std::printf("%s, ok\n", counted(*count).c_str());
  return ok;
}

int set(const std::string& data, const std::string& file) {
  auto rules = rules_of(file);
  if (!rules) return say(rules.error());
  const std::size_t count = rules->size();
  auto book = open_book(data);
  if (!book) return say(book.error());
  if (const auto done = (*book)->set(std::move(*rules)); !done) return say(done.error());
  std::printf("%s put before all others, in %s/prices/user.csv\n", counted(count).c_str(),
              printable(data).c_str());
  return ok;
}

int import(const std::string& data, const std::string& file) {
  const auto text = read_named_file(file, kLargestPriceFile);
  if (!text) return say(text.error());
  auto book = open_book(data);
  if (!book) return say(book.error());
  const auto done = (*book)->import(*text, date_of_unix_nano(system_clock().unix_nanos()));
  if (!done) return say(done.error());
  for (const auto& line : done->reported) std::printf("%s\n", printable(line).c_str());
  std::printf("%zu models read, %zu price rules imported, %zu models without token prices, %zu doubts\n",
              done->models, done->rules.size(), done->without_token_prices, done->reported.size());
  return ok;
}
}  // namespace

void add_prices_command(Command& app, std::function<int()>& run) {
  struct Options {
    std::string data = "turnscope-data", file, model;
    bool json = false;
  };
  auto o = std::make_shared<Options>();
  auto* command = app.add_subcommand("prices", "The prices that cost is computed from (docs/prices.md)");
  command->require_subcommand();
  const auto data = [&](Command* c) {
    c->add_option("--data", o->data, "Data directory")->capture_default_str();
  };
  auto* l = command->add_subcommand("list",
                                    "Print all price rules as CSV, or those that match a model, best first");
  l->add_option("model", o->model, "Model name");
  data(l);
  l->add_flag("--json", o->json, "Print JSON, as GET /api/v1/prices gives it");
  l->callback([o, &run] { run = [o] { return list_prices(o->data, o->model, o->json); }; });
  auto* c = command->add_subcommand("check", "Read a price file and say what is wrong with it");
  c->add_option("file", o->file, "CSV file")->required();
  c->add_flag("--json", o->json, "Print {\"file\", \"ok\", and \"rules\" or \"error\"}");
  c->callback([o, &run] { run = [o] { return check(o->file, o->json); }; });
  auto* s = command->add_subcommand("set", "Put the rules of a price file before all others");
  s->add_option("file", o->file, "CSV file")->required();
  data(s);
  s->callback([o, &run] { run = [o] { return set(o->data, o->file); }; });
  auto* i = command->add_subcommand(
      "import", "Import LiteLLM's model_prices_and_context_window.json; doubts are reported");
  i->add_option("file", o->file, "JSON file")->required();
  data(i);
  i->callback([o, &run] { run = [o] { return import(o->data, o->file); }; });
}

}  // namespace turnscope::cli
