// Prices and the choice of one: rules by model, provider, time and tier; money in integers. A price is
// nano-dollars for 1,000 tokens (= pico-dollars a token: $3.00 a million is 3,000,000), so that every
// published price is whole; products are summed in 128 bits and rounded once a span, half up. The same
// arithmetic in SQL: cost_sql.h.
#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace turnscope::query {

/// Exclusive token buckets, as genai::Usage has them.
enum class PriceBucket : std::uint8_t {
  input,
  cache_read,
  cache_write,
  cache_write_5m,
  cache_write_1h,
  input_audio,
  input_image,
  output,
  reasoning,
  output_audio,
  output_image,
  count
};
inline constexpr std::size_t kPriceBuckets = static_cast<std::size_t>(PriceBucket::count);
std::string_view name(PriceBucket);

/// Tokens of one call by bucket; a bucket that was not told is 0 and not `known`.
struct BucketTokens {
  std::array<std::uint64_t, kPriceBuckets> tokens{};
  std::uint16_t known = 0;
  void set(PriceBucket b, std::uint64_t n) {
    tokens[static_cast<std::size_t>(b)] = n,
    known = static_cast<std::uint16_t>(known | 1u << static_cast<unsigned>(b));
  }
  std::uint64_t at(PriceBucket b) const { return tokens[static_cast<std::size_t>(b)]; }
  /// All input buckets: what context tiers are measured on. Saturates.
  std::uint64_t all_input() const;
};

using Prices = std::array<std::optional<std::int64_t>, kPriceBuckets>;  ///< nano-dollars for 1,000 tokens
inline constexpr std::int64_t kHighestPrice = 1'000'000'000'000;        ///< $1,000,000 a million tokens

enum class PriceSource : std::uint8_t { user, imported, builtin };
std::string_view name(PriceSource);
enum class PriceMatch : std::uint8_t {
  exact,    ///< the model's name
  version,  ///< the name, perhaps with a date or version behind it: "-20250929", "-2024-08-06", "-latest",
            ///< "@001", "-v1:0"
  prefix,
  regex,  ///< RE2, whole name
};
std::string_view name(PriceMatch);

/// Prices of one tier of a rule. Buckets that a tier does not name have the base tier's price.
struct PriceTier {
  std::string service_tier;         ///< "" standard; batch, flex, priority …
  std::uint64_t context_above = 0;  ///< applies when the call's whole input is more than this many tokens
  Prices prices{};
};

struct PriceRule {
  PriceMatch match = PriceMatch::exact;
  std::string model;        ///< lower case
  std::string provider;     ///< canonical names, '|' between several; "": any
  std::string region = {};  ///< lower case: that region, or those whose name goes on with '-'; "": any
  std::int64_t valid_from = std::numeric_limits<std::int64_t>::min();  ///< unix nanoseconds, inclusive
  std::int64_t valid_to = std::numeric_limits<std::int64_t>::max();    ///< exclusive
  PriceSource source = PriceSource::builtin;
  int priority = 0;              ///< higher wins among equals
  std::string origin;            ///< where the price was published
  std::string date;              ///< when it was read there, YYYY-MM-DD
  std::vector<PriceTier> tiers;  ///< the first is the base tier (standard, context_above 0)
};

enum class PriceState : std::uint8_t { none, unpriced, partly, priced };
std::string_view name(PriceState);

/// What decides on the price of a call beside its time and size, as the call told it.
struct PricedBy {
  std::string_view model, provider;
  std::string_view service_tier = {};  ///< batch, flex, priority, standard …
  std::string_view region = {};        ///< "": not known, which fits no rule that has one
};

struct PricedCall {
  PriceState state = PriceState::none;
  std::int64_t nano_usd = 0;  ///< of the priced buckets; saturates
  const PriceRule* rule = nullptr;
  const PriceTier* tier = nullptr;
  std::uint16_t unpriced_buckets = 0;  ///< bit a bucket that has tokens and no price
  Prices prices{};                     ///< what each bucket was priced at
};

class PriceTable {
 public:
  /// Rules in any order. Errors name the rule: bad regular expression, negative price, base tier missing.
  static Result<std::shared_ptr<const PriceTable>> make(std::vector<PriceRule> rules);

  using Matches = std::shared_ptr<const std::vector<const PriceRule*>>;
  /// Rules that match model, provider and region, best first: user, imported, built-in; exact, version,
  /// prefix, regex; longer names; with a provider; priority; with a region, the longer one; newest.
  Matches rules_for(const PricedBy&) const;
  /// The same with the rules of all regions.
  Matches rules_of(std::string_view model, std::string_view provider) const;
  /// The rule of that time, or null.
  const PriceRule* choose(const PricedBy&, std::int64_t unix_nano) const;
  PricedCall price(const BucketTokens&, const PricedBy&, std::int64_t unix_nano) const;

  /// Whether any rule has a region: else nobody need ask where calls ran.
  bool regional() const { return !regions_.empty(); }
  /// Of the rules' regions the longest that a call's region fits, which stands for it; "": none.
  std::string_view price_region(std::string_view region) const;

  std::span<const PriceRule> rules() const { return rules_; }

 private:
  struct Compiled;
  std::vector<PriceRule> rules_;
  std::vector<std::shared_ptr<const Compiled>> regexes_;  ///< beside rules_, null for others
  std::vector<std::string> regions_;                      ///< of all rules, longest first
  /// Answers by model, provider and region; bounded, since model names come from outside.
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::string, Matches> cache_;
  /// `region`: one of the rules', or ""; null: all.
  Matches kept(std::string_view model, std::string_view provider, const std::string_view* region) const;
  Matches find(std::string_view model, std::string_view provider, const std::string_view* region) const;
};

/// The tier of a rule for a call: the asked service tier if the rule has it, and the highest context
/// threshold passed.
const PriceTier& choose_tier(const PriceRule&, std::string_view service_tier, std::uint64_t all_input);
/// The prices of a tier: its own, else the base tier's; then what stands for a bucket that has none of its
/// own (5-minute and unspecified cache writes for each other, output for reasoning, input for images).
Prices tier_prices(const PriceRule&, const PriceTier&);
/// Σ tokens × price, rounded to nano-dollars half up; saturates.
std::int64_t cost_of_buckets(const BucketTokens&, const Prices&);

/// "google", "gcp.vertex_ai" … → the seller's canonical name; "" for frameworks that are no sellers
/// (strands-agents, langchain).
std::string_view canonical_provider(std::string_view);
/// Lower case, without "models/" and the seller's name before a slash.
std::string canonical_model(std::string_view);
/// standard | default | auto | "" → ""; others in lower case.
std::string canonical_service_tier(std::string_view);
/// Whether a call in `region` has the price of a rule for `rule`: "eu" is "eu" and "eu-west-1".
bool region_fits(std::string_view rule, std::string_view region);
/// A region's name in lower case. Errors: what is none.
Result<std::string> canonical_region(std::string_view);

}  // namespace turnscope::query
