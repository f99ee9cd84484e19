#include "query/cost/price_table.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

namespace turnscope::query {
namespace {
constexpr std::size_t kCacheEntries = 10'000;

constexpr std::string_view kBucketNames[] = {
    "input",       "cache_read", "cache_write", "cache_write_5m", "cache_write_1h", "input_audio",
    "input_image", "output",     "reasoning",   "output_audio",   "output_image"};

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// "-20250929", "-2024-08-06", "-latest", "@001", "-v1:0", "-preview-05-20": a version of the same model. One
/// or two digits alone are another model ("claude-sonnet-4-5" is no version of "claude-sonnet-4").
bool is_version(std::string_view rest) {
  bool date_goes_on = false;
  while (!rest.empty()) {
    const char separator = rest[0];
    if (separator != '-' && separator != '@' && separator != ':') return false;
    rest.remove_prefix(1);
    const std::size_t n = std::min(rest.find_first_of("-@:"), rest.size());
    std::string_view word = rest.substr(0, n);
    rest.remove_prefix(n);
    if (word == "latest" || word == "preview" || word == "exp" || word == "beta" || word == "default") {
      date_goes_on = true;
      continue;
    }
    const bool v = word.starts_with('v');
    if (v) word.remove_prefix(1);
    if (word.empty() || word.find_first_not_of("0123456789") != std::string_view::npos) return false;
    if (word.size() < 3 && !v && !date_goes_on && separator != ':') return false;
    date_goes_on = true;
  }
  return true;
}

bool provider_agrees(std::string_view rule, std::string_view asked) {
  if (rule.empty() || asked.empty()) return true;
  while (true) {
    const std::size_t bar = rule.find('|');
    if (rule.substr(0, bar) == asked) return true;
    if (bar == std::string_view::npos) return false;
    rule.remove_prefix(bar + 1);
  }
}
}  // namespace

struct PriceTable::Compiled {
  re2::RE2 pattern;
  explicit Compiled(const std::string& p, const re2::RE2::Options& o) : pattern(p, o) {}
};

std::string_view name(PriceBucket b) { return kBucketNames[static_cast<std::size_t>(b)]; }
std::string_view name(PriceSource s) {
  constexpr std::string_view k[] = {"user", "imported", "built-in"};
  return k[static_cast<std::size_t>(s)];
}
std::string_view name(PriceMatch m) {
  constexpr std::string_view k[] = {"exact", "version", "prefix", "regex"};
  return k[static_cast<std::size_t>(m)];
}
std::string_view name(PriceState s) {
  constexpr std::string_view k[] = {"none", "unpriced", "partly", "priced"};
  return k[static_cast<std::size_t>(s)];
}

std::uint64_t BucketTokens::all_input() const {
  std::uint64_t sum = 0;
  for (std::size_t b = 0; b <= static_cast<std::size_t>(PriceBucket::input_image); ++b)
    if (__builtin_add_overflow(sum, tokens[b], &sum)) return UINT64_MAX;
  return sum;
}

std::string_view canonical_provider(std::string_view p) {
  struct Name {
    std::string_view sent, canonical;
  };
  constexpr Name kNames[] = {{"google", "google"},
                             {"gcp.gemini", "google"},
                             {"gcp.gen_ai", "google"},
                             {"gemini", "google"},
                             {"google_genai", "google"},
                             {"google-gla", "google"},
                             {"gcp.vertex_ai", "vertex"},
                             {"vertex_ai", "vertex"},
                             {"google-vertex", "vertex"},
                             {"google.vertex", "vertex"},
                             {"vertexai", "vertex"},
                             {"vertex_ai-language-models", "vertex"},
                             {"vertex_ai-anthropic_models", "vertex"},
                             {"aws.bedrock", "bedrock"},
                             {"aws_bedrock", "bedrock"},
                             {"bedrock", "bedrock"},
                             {"amazon-bedrock", "bedrock"},
                             {"bedrock_converse", "bedrock"},
                             {"aws", "bedrock"},
                             {"azure.ai.openai", "azure"},
                             {"az.ai.openai", "azure"},
                             {"azure", "azure"},
                             {"azure_openai", "azure"},
                             {"azure.ai.inference", "azure"},
                             {"az.ai.inference", "azure"},
                             {"azure_ai", "azure"},
                             {"x_ai", "xai"},
                             {"xai", "xai"},
                             {"mistral_ai", "mistral"},
                             {"mistral", "mistral"},
                             {"mistralai", "mistral"},
                             {"cohere", "cohere"},
                             {"cohere_chat", "cohere"},
                             {"text-completion-openai", "openai"},
                             // Frameworks that put their own name here: the seller is not known.
                             {"strands-agents", ""},
                             {"langchain", ""},
                             {"gcp.vertex.agent", ""},
                             {"_other", ""},
                             {"unknown", ""},
                             {"litellm", ""},
                             {"custom", ""}};
  for (const Name& n : kNames)
    if (n.sent == p) return n.canonical;
  return p;
}

std::string canonical_model(std::string_view m) {
  if (m.starts_with("models/")) m.remove_prefix(7);
  std::string out = lower(m);
  if (const std::size_t slash = out.find('/'); slash != std::string::npos) {
    // "anthropic/claude-…", "openai/gpt-…": how gateways write it; "meta-llama/…" is part of the name.
    constexpr std::string_view kSellers[] = {"anthropic", "openai", "google",  "gemini",
                                             "mistral",   "xai",    "x-ai",    "deepseek",
                                             "cohere",    "azure",  "bedrock", "vertex_ai"};
    for (const auto s : kSellers)
      if (std::string_view(out).substr(0, slash) == s) return out.substr(slash + 1);
  }
  return out;
}

std::string canonical_service_tier(std::string_view t) {
  std::string out = lower(t);
  if (out == "standard" || out == "default" || out == "auto" || out == "on_demand") return {};
  if (out == "batches") return "batch";
  return out;
}

bool region_fits(std::string_view rule, std::string_view region) {
  return rule.empty() ||
         (region.starts_with(rule) && (region.size() == rule.size() || region[rule.size()] == '-'));
}

Result<std::string> canonical_region(std::string_view r) {
  std::string out = lower(r);
  constexpr std::size_t kLongest = 50;
  const bool sane = !out.empty() && out.size() <= kLongest && out.front() != '-' && out.back() != '-' &&
                    out.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (sane) return out;
  return fail(ErrorKind::invalid_argument,
              fmt::format("'{}' is no region: at most {} letters, digits and '-', like eu-west-1",
                          r.substr(0, kLongest), kLongest));
}

Result<std::shared_ptr<const PriceTable>> PriceTable::make(std::vector<PriceRule> rules) {
  auto t = std::make_shared<PriceTable>();
  t->rules_ = std::move(rules);
  t->regexes_.resize(t->rules_.size());
  for (std::size_t i = 0; i < t->rules_.size(); ++i) {
    const PriceRule& r = t->rules_[i];
    const std::string where = fmt::format("price rule {} ('{}', {})", i + 1, r.model, name(r.source));
    if (r.model.empty() || r.model.size() > 200)
      return fail(ErrorKind::invalid_argument, where + ": the model must have 1 to 200 characters");
    if (r.tiers.empty() || !r.tiers[0].service_tier.empty() || r.tiers[0].context_above != 0)
      return fail(ErrorKind::invalid_argument,
                  where + ": the first tier must be the standard one without a context threshold");
    if (r.valid_from >= r.valid_to)
      return fail(ErrorKind::invalid_argument, where + ": valid_from is not before valid_to");
    if (std::none_of(r.tiers[0].prices.begin(), r.tiers[0].prices.end(),
                     [](const auto& price) { return price.has_value(); }))
      return fail(ErrorKind::invalid_argument, where + ": it names no price");
    for (const PriceTier& tier : r.tiers)
      for (std::size_t b = 0; b < kPriceBuckets; ++b)
        if (tier.prices[b]) {
          if (*tier.prices[b] < 0 || *tier.prices[b] > kHighestPrice)
            return fail(ErrorKind::invalid_argument,
                        fmt::format("{}: the price of {} must be from 0 to $1,000,000 a million tokens",
                                    where, kBucketNames[b]));
        }
    if (!r.region.empty()) {
      auto name = canonical_region(r.region);
      if (!name) return fail(name.error().with_context(where));
      if (*name != r.region)
        return fail(ErrorKind::invalid_argument, where + ": the region must be in lower case");
      t->regions_.push_back(r.region);
    }
    if (r.match == PriceMatch::regex) {
      re2::RE2::Options options;
      options.set_log_errors(false);
      options.set_case_sensitive(false);
      options.set_max_mem(1 << 20);
      auto c = std::make_shared<const Compiled>(r.model, options);
      if (!c->pattern.ok())
        return fail(ErrorKind::invalid_argument,
                    where + ": the model is no regular expression of RE2: " + c->pattern.error());
      t->regexes_[i] = std::move(c);
    }
  }
  std::ranges::sort(t->regions_, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  const auto again = std::ranges::unique(t->regions_);
  t->regions_.erase(again.begin(), again.end());
  return std::shared_ptr<const PriceTable>(std::move(t));
}

std::string_view PriceTable::price_region(std::string_view region) const {
  for (const std::string& r : regions_)
    if (region_fits(r, region)) return r;
  return {};
}

PriceTable::Matches PriceTable::find(std::string_view model, std::string_view provider,
                                     const std::string_view* region) const {
  const std::string m = canonical_model(model);
  const std::string_view p = canonical_provider(provider);
  auto out = std::make_shared<std::vector<const PriceRule*>>();
  if (m.empty() || m.size() > 500) return out;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const PriceRule& r = rules_[i];
    bool hit = false;
    switch (r.match) {
      case PriceMatch::exact:
        hit = m == r.model;
        break;
      case PriceMatch::version:
        hit = m.starts_with(r.model) && is_version(std::string_view(m).substr(r.model.size()));
        break;
      case PriceMatch::prefix:
        hit = m.starts_with(r.model);
        break;
      case PriceMatch::regex:
        hit = re2::RE2::FullMatch(m, regexes_[i]->pattern);
        break;
    }
    if (hit && provider_agrees(r.provider, p) && (!region || region_fits(r.region, *region)))
      out->push_back(&r);
  }
  std::stable_sort(out->begin(), out->end(), [](const PriceRule* a, const PriceRule* b) {
    if (a->source != b->source) return a->source < b->source;
    if (a->match != b->match) return a->match < b->match;
    if (a->model.size() != b->model.size()) return a->model.size() > b->model.size();
    if (a->provider.empty() != b->provider.empty()) return b->provider.empty();
    if (a->priority != b->priority) return a->priority > b->priority;
    if (a->region.size() != b->region.size()) return a->region.size() > b->region.size();
    return a->valid_from > b->valid_from;
  });
  return out;
}

PriceTable::Matches PriceTable::rules_of(std::string_view model, std::string_view provider) const {
  return kept(model, provider, nullptr);
}

PriceTable::Matches PriceTable::rules_for(const PricedBy& by) const {
  const std::string_view region = price_region(by.region);
  return kept(by.model, by.provider, &region);
}

PriceTable::Matches PriceTable::kept(std::string_view model, std::string_view provider,
                                     const std::string_view* region) const {
  std::string key;
  key.reserve(model.size() + provider.size() + (region ? region->size() : 1) + 2);
  key.append(model).push_back('\0');
  key.append(provider).push_back('\0');
  key.append(region ? *region : "*");
  const std::lock_guard lock(mutex_);
  if (const auto it = cache_.find(key); it != cache_.end()) return it->second;
  auto found = find(model, provider, region);
  if (cache_.size() >= kCacheEntries) cache_.clear();
  cache_.emplace(std::move(key), found);
  return found;
}

const PriceRule* PriceTable::choose(const PricedBy& by, std::int64_t unix_nano) const {
  const auto rules = rules_for(by);
  for (const PriceRule* r : *rules)
    if (r->valid_from <= unix_nano && unix_nano < r->valid_to) return r;
  return nullptr;
}

const PriceTier& choose_tier(const PriceRule& rule, std::string_view service_tier, std::uint64_t all_input) {
  const PriceTier* best = &rule.tiers[0];
  for (int pass = 0; pass < 2; ++pass) {
    // First the standard tiers, then those of the service tier that was asked for, if the rule has them.
    const std::string_view wanted = pass == 0 ? std::string_view{} : service_tier;
    if (pass == 1 && service_tier.empty()) break;
    const PriceTier* found = nullptr;
    for (const PriceTier& t : rule.tiers)
      if (t.service_tier == wanted && (t.context_above == 0 || all_input > t.context_above) &&
          (!found || t.context_above >= found->context_above))
        found = &t;
    if (found) best = found;
  }
  return *best;
}

Prices tier_prices(const PriceRule& rule, const PriceTier& tier) {
  Prices p = tier.prices;
  const auto at = [&](PriceBucket b) -> std::optional<std::int64_t>& {
    return p[static_cast<std::size_t>(b)];
  };
  for (std::size_t b = 0; b < kPriceBuckets; ++b)
    if (!p[b]) p[b] = rule.tiers[0].prices[b];
  if (!at(PriceBucket::cache_write)) at(PriceBucket::cache_write) = at(PriceBucket::cache_write_5m);
  if (!at(PriceBucket::cache_write_5m)) at(PriceBucket::cache_write_5m) = at(PriceBucket::cache_write);
  if (!at(PriceBucket::reasoning)) at(PriceBucket::reasoning) = at(PriceBucket::output);
  if (!at(PriceBucket::input_image)) at(PriceBucket::input_image) = at(PriceBucket::input);
  return p;
}

std::int64_t cost_of_buckets(const BucketTokens& t, const Prices& p) {
  __extension__ using Wide = __int128;
  Wide sum = 500;
  for (std::size_t b = 0; b < kPriceBuckets; ++b)
    if (p[b]) sum += static_cast<Wide>(t.tokens[b]) * *p[b];  // 11 × 2^64 × 2^40 fits
  sum /= 1000;
  constexpr Wide kMost = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(sum, kMost));
}

PricedCall PriceTable::price(const BucketTokens& t, const PricedBy& by, std::int64_t unix_nano) const {
  PricedCall out;
  if (!t.known) return out;
  out.state = PriceState::unpriced;
  out.rule = choose(by, unix_nano);
  if (!out.rule) return out;
  out.tier = &choose_tier(*out.rule, canonical_service_tier(by.service_tier), t.all_input());
  out.prices = tier_prices(*out.rule, *out.tier);
  bool any = false;
  for (std::size_t b = 0; b < kPriceBuckets; ++b) {
    if (t.tokens[b] == 0) continue;
    if (out.prices[b])
      any = true;
    else
      out.unpriced_buckets = static_cast<std::uint16_t>(out.unpriced_buckets | 1u << b);
  }
  if (out.unpriced_buckets && !any) return out;
  out.nano_usd = cost_of_buckets(t, out.prices);
  out.state = out.unpriced_buckets ? PriceState::partly : PriceState::priced;
  return out;
}

}  // namespace turnscope::query
