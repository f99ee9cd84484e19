#include "query/cost/litellm.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <map>
#include <tuple>

namespace turnscope::query {
namespace {
namespace json = boost::json;
constexpr std::size_t kMostReports = 1000;

struct PriceName {
  PriceBucket bucket;
  std::string service_tier;
  std::uint64_t context_above = 0;
};

bool take_end(std::string_view& s, std::string_view end) {
  if (!s.ends_with(end)) return false;
  s.remove_suffix(end.size());
  return true;
}

std::optional<PriceName> parse_name(std::string_view key) {
  PriceName n{};
  if (take_end(key, "_batches"))
    n.service_tier = "batch";
  else if (take_end(key, "_flex"))
    n.service_tier = "flex";
  else if (take_end(key, "_priority"))
    n.service_tier = "priority";
  if (take_end(key, "k_tokens")) {
    const std::size_t at = key.rfind("_above_");
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view digits = key.substr(at + 7);
    const auto r = std::from_chars(digits.data(), digits.data() + digits.size(), n.context_above);
    if (r.ec != std::errc{} || r.ptr != digits.data() + digits.size() || n.context_above == 0 ||
        n.context_above > 1'000'000)
      return std::nullopt;
    n.context_above *= 1000;
    key = key.substr(0, at);
  }
  const bool hour = take_end(key, "_above_1hr");
  struct Base {
    std::string_view name;
    PriceBucket bucket;
  };
  constexpr Base kBases[] = {{"input_cost_per_token", PriceBucket::input},
                             {"output_cost_per_token", PriceBucket::output},
                             {"output_cost_per_reasoning_token", PriceBucket::reasoning},
                             {"cache_read_input_token_cost", PriceBucket::cache_read},
                             {"cache_creation_input_token_cost", PriceBucket::cache_write_5m},
                             {"input_cost_per_audio_token", PriceBucket::input_audio},
                             {"output_cost_per_audio_token", PriceBucket::output_audio},
                             {"input_cost_per_image_token", PriceBucket::input_image},
                             {"output_cost_per_image_token", PriceBucket::output_image}};
  for (const Base& b : kBases)
    if (b.name == key) {
      n.bucket = b.bucket;
      if (hour) {
        if (b.bucket != PriceBucket::cache_write_5m) return std::nullopt;
        n.bucket = PriceBucket::cache_write_1h;
      }
      return n;
    }
  return std::nullopt;
}

/// "eu", "global", "us-gov-west-1", "europe-west4": what stands between a seller and a model as a region.
bool region_shaped(std::string_view part) {
  if (canonical_region(part).value_or("") != part) return false;
  constexpr std::string_view kWide[] = {"us", "eu", "global", "apac", "jp", "au", "ca", "uk"};
  if (std::ranges::find(kWide, part) != std::end(kWide)) return true;
  constexpr std::string_view kContinents[] = {"europe",       "asia",         "australia", "africa",
                                              "northamerica", "southamerica", "me"};
  const std::string_view first = part.substr(0, part.find('-'));
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  if (first.size() == part.size() || !std::ranges::all_of(first, letter)) return false;
  if (first.size() != 2 && std::ranges::find(kContinents, first) == std::end(kContinents)) return false;
  std::string_view words = part.substr(first.size() + 1);
  const auto digits = words.find_first_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos) return false;
  return words.find_first_not_of("0123456789", digits) == std::string_view::npos &&
         std::ranges::all_of(words.substr(0, digits), [&](char c) { return letter(c) || c == '-'; });
}

/// The rule with all prices times `millionths`, half up, for a region; nothing where one gets too high.
std::optional<PriceRule> uplifted(const PriceRule& rule, std::string_view region, std::int64_t millionths) {
  __extension__ using Wide = __int128;
  PriceRule out = rule;
  out.region = region;
  for (PriceTier& tier : out.tiers)
    for (auto& price : tier.prices) {
      if (!price) continue;
      price = static_cast<std::int64_t>((Wide{*price} * millionths + 500'000) / 1'000'000);
      if (*price > kHighestPrice) return std::nullopt;
    }
  return out;
}

/// Dollars a token → nano-dollars for 1,000 tokens.
std::optional<std::int64_t> price_of(const json::value& v) {
  if (!v.is_number()) return std::nullopt;
  const double d = v.to_number<double>() * 1e12;
  if (!std::isfinite(d) || d < 0 || d > 1e12) return std::nullopt;
  return std::llround(d);
}
}  // namespace

Result<LitellmImport> import_litellm(std::string_view text, std::string_view date) {
  json::error_code ec;
  json::parse_options options;
  options.max_depth = 64;
  const json::value root = json::parse({text.data(), text.size()}, ec, {}, options);
  if (ec || !root.is_object())
    return fail(ErrorKind::invalid_argument,
                "this is not LiteLLM's price file: a JSON object of models is expected");
  LitellmImport out;
  const auto report = [&](std::string_view model, std::string_view what) {
    if (out.reported.size() < kMostReports) out.reported.push_back(fmt::format("{}: {}", model, what));
  };
  for (const auto& entry : root.get_object()) {
    const std::string_view key(entry.key());
    if (key == "sample_spec" || !entry.value().is_object()) continue;
    ++out.models;
    const json::object& o = entry.value().get_object();
    std::map<std::pair<std::string, std::uint64_t>, Prices> tiers;
    for (const auto& field : o) {
      const auto name_of = parse_name(std::string_view(field.key()));
      if (!name_of || field.value().is_null()) continue;
      const auto price = price_of(field.value());
      if (!price) {
        report(key, fmt::format("{} is not a price", std::string_view(field.key())));
        continue;
      }
      tiers[{name_of->service_tier, name_of->context_above}][static_cast<std::size_t>(name_of->bucket)] =
          *price;
    }
    const auto base = tiers.find({"", 0});
    const auto at = [](const Prices& p, PriceBucket b) { return p[static_cast<std::size_t>(b)]; };
    if (base == tiers.end() ||
        (!at(base->second, PriceBucket::input) && !at(base->second, PriceBucket::output))) {
      ++out.without_token_prices;
      continue;
    }
    PriceRule r;
    r.match = PriceMatch::exact;
    r.source = PriceSource::imported;
    if (const json::value* p = o.if_contains("litellm_provider"); p && p->is_string())
      r.provider = canonical_provider({p->get_string().data(), p->get_string().size()});
    // "provider/model" is how LiteLLM calls it; the model's own name is what spans carry.
    std::string_view model = key;
    if (const std::size_t slash = model.find('/'); slash != std::string_view::npos && !r.provider.empty() &&
                                                   canonical_provider(model.substr(0, slash)) == r.provider)
      model.remove_prefix(slash + 1);
    // "bedrock/us-gov-west-1/MODEL", "azure/eu/MODEL": the price there.
    if (const std::size_t slash = model.find('/'); model.size() < key.size() &&
                                                   slash != std::string_view::npos &&
                                                   region_shaped(model.substr(0, slash))) {
      r.region = model.substr(0, slash);
      model.remove_prefix(slash + 1);
      // "bedrock/us-east-1/1-month-commitment/MODEL" and the like.
      if (const std::size_t more = model.find('/'); more != std::string_view::npos && !r.provider.empty()) {
        report(key, fmt::format("'{}' between region and model is not understood; left out",
                                model.substr(0, more)));
        continue;
      }
    }
    r.model = canonical_model(model);
    if (r.model.empty() || r.model.size() > 200) {
      report(key, "the name is empty or longer than 200 characters; left out");
      continue;
    }
    r.origin = "LiteLLM model_prices_and_context_window.json";
    r.date = date;
    r.tiers.push_back({"", 0, base->second});
    const bool whole = at(base->second, PriceBucket::input) && at(base->second, PriceBucket::output);
    for (const auto& [id, prices] : tiers) {
      if (id == base->first) continue;
      const bool in = at(prices, PriceBucket::input).has_value(),
                 outp = at(prices, PriceBucket::output).has_value();
      if (whole && in != outp) {
        report(key, fmt::format("half a tier ({}{}): left out", id.first.empty() ? "standard" : id.first,
                                id.second ? fmt::format(", above {} tokens", id.second) : ""));
        continue;
      }
      r.tiers.push_back({id.first, id.second, prices});
    }
    const auto five = at(base->second, PriceBucket::cache_write_5m),
               hour = at(base->second, PriceBucket::cache_write_1h);
    if (five && hour && *five > 0) {
      const double ratio = static_cast<double>(*hour) / static_cast<double>(*five);
      if (ratio < 1.0 || ratio > 2.5)
        report(key,
               fmt::format(
                   "1-hour cache writes cost {:.2f} times the 5-minute ones: looks wrong, imported as it is",
                   ratio));
    }
    if (const auto in = at(base->second, PriceBucket::input), cr = at(base->second, PriceBucket::cache_read);
        in && cr && *cr > *in)
      report(key, "cache reads cost more than input: looks wrong, imported as it is");
    for (const auto& field : o) {
      constexpr std::string_view kUplift = "regional_processing_uplift_multiplier_";
      const std::string_view name_of(field.key());
      if (!name_of.starts_with(kUplift) || field.value().is_null()) continue;
      const std::string_view region = name_of.substr(kUplift.size());
      const double times = field.value().is_number() ? field.value().to_number<double>() : 0;
      const auto there =
          times >= 1 && times <= 3 ? uplifted(r, region, std::llround(times * 1e6)) : std::nullopt;
      if (!region_shaped(region) || !r.region.empty())
        report(key, fmt::format("{} is not understood; left out", name_of));
      else if (!there)
        report(key, fmt::format("{} is not from 1 to 3, or makes a price too high; left out", name_of));
      else
        out.rules.push_back(*there);
    }
    out.rules.push_back(std::move(r));
  }
  if (out.models == 0)
    return fail(ErrorKind::invalid_argument, "this is not LiteLLM's price file: it names no model");
  // The same model of one seller under two keys: the first stands.
  std::map<std::tuple<std::string, std::string, std::string>, bool> seen;
  std::erase_if(out.rules, [&](const PriceRule& r) {
    const bool twice = !seen.try_emplace({r.model, r.provider, r.region}, true).second;
    if (twice) report(r.model, "listed twice for one seller: the first was taken");
    return twice;
  });
  return out;
}

}  // namespace turnscope::query
