// Token arithmetic: what the client reported, whether its input count holds the cached tokens, and the
// exclusive buckets that follow. Rules and sources: docs/genai.md, "Tokens".
#pragma once
#include "genai/gather.h"

namespace turnscope::genai {

/// A count and where it came from.
struct Count {
  std::optional<std::uint64_t> value;
  Field field = Field::count;
  std::string_view path;  ///< inside a JSON value: "input_token_details.cache_read"; else empty
  explicit operator bool() const { return value.has_value(); }
  std::uint64_t or_zero() const { return value.value_or(0); }
};

struct Reported {
  Count input, output, total, cache_read, cache_write, cache_write_5m, cache_write_1h, reasoning;
  Count input_audio, input_image, output_audio, output_image;
  bool any = false;  ///< some count is there
  bool input_excludes_cache = false;
  UsageBasis basis = UsageBasis::none;
  std::string_view reason;  ///< the rule that decided, for `explain`
};

/// `provider` as canonical name ("" when not told).
Reported reported_usage(const Gathered&, std::string_view provider);
/// The exclusive buckets. `kind` decides whose usage it is.
void buckets(const Reported&, Kind, Usage&);

/// What the client says the call cost, in US dollars; the field says from where.
std::optional<double> reported_cost(const Gathered&, Field& from);
/// Dollars → nano-dollars, rounded to nearest; absent when it does not fit or is negative.
std::optional<std::int64_t> nano_usd(double dollars);

}  // namespace turnscope::genai
