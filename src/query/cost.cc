#include "query/cost.h"

#include "query/cost/price_book.h"

namespace turnscope::query {
namespace {

void add(std::optional<std::int64_t>& sum, std::optional<std::int64_t> part) {
  if (!part) return;
  std::int64_t total = 0;
  // Hostile figures may overflow; the largest number is then as good as any.
  if (__builtin_add_overflow(sum.value_or(0), *part, &total)) total = *part > 0 ? INT64_MAX : INT64_MIN;
  sum = total;
}

static_assert(static_cast<int>(Cost::State::partly) == static_cast<int>(PriceState::partly));

}  // namespace

std::string_view name(Cost::State state) {
  switch (state) {
    case Cost::State::none:
      return "none";
    case Cost::State::unpriced:
      return "unpriced";
    case Cost::State::partly:
      return "partly";
    case Cost::State::priced:
      return "priced";
  }
  return "none";
}

BucketTokens TokenCounts::buckets() const {
  BucketTokens out;
  const auto take = [&](Bucket b, PriceBucket as) {
    if (has(b)) out.set(as, exclusive(b));
  };
  take(input, PriceBucket::input);
  take(cache_read, PriceBucket::cache_read);
  take(cache_write, PriceBucket::cache_write);
  take(output, PriceBucket::output);
  take(reasoning, PriceBucket::reasoning);
  constexpr PriceBucket kParts[] = {PriceBucket::cache_write_5m, PriceBucket::cache_write_1h,
                                    PriceBucket::input_audio,    PriceBucket::input_image,
                                    PriceBucket::output_audio,   PriceBucket::output_image};
  for (std::size_t i = 0; i < part_count; ++i)
    if (parts[i]) out.set(kParts[i], parts[i]);
  return out;
}

Cost cost_of(const PriceTable& prices, const TokenCounts& usage, const PricedBy& by, std::int64_t unix_nano,
             std::optional<std::int64_t> reported_nano_usd) {
  Cost cost;
  cost.reported_nano_usd = reported_nano_usd;
  const PricedCall call = prices.price(usage.buckets(), by, unix_nano);
  cost.state = static_cast<Cost::State>(call.state);
  if (call.state == PriceState::priced || call.state == PriceState::partly) cost.nano_usd = call.nano_usd;
  return cost;
}

Cost cost_of(const TokenCounts& usage, const PricedBy& by, std::int64_t unix_nano,
             std::optional<std::int64_t> reported_nano_usd) {
  return cost_of(*prices_in_use(), usage, by, unix_nano, reported_nano_usd);
}

void add(Cost& sum, const Cost& part) {
  add(sum.nano_usd, part.nano_usd);
  add(sum.reported_nano_usd, part.reported_nano_usd);
  if (part.state == Cost::State::none) return;
  if (sum.state == Cost::State::none)
    sum.state = part.state;
  else if (sum.state != part.state)
    sum.state = Cost::State::partly;
}

}  // namespace turnscope::query
