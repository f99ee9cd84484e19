// The seam at which money is made from tokens: prices are those in use now (cost/price_book.h), chosen by the
// span's own time. What a client reported is kept apart, and a span whose model has no price is "unpriced",
// never free.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "query/cost/price_table.h"

namespace turnscope::query {

/// Token columns of one span as stored; bit i of `known` says whether column i was told (store/schema.h).
/// `parts` are those tokens of the columns that are audio, image or a cache write of a known life.
struct TokenCounts {
  enum Bucket : std::uint8_t { input, cache_read, cache_write, output, reasoning, count };
  enum Part : std::uint8_t {
    cache_write_5m,
    cache_write_1h,
    input_audio,
    input_image,
    output_audio,
    output_image,
    part_count
  };
  std::array<std::uint64_t, count> tokens{};
  std::array<std::uint64_t, part_count> parts{};
  std::uint16_t known = 0;
  bool has(Bucket b) const { return (known >> b & 1) != 0; }
  bool any() const { return (known & 31) != 0; }
  std::uint64_t total_input() const { return tokens[input] + tokens[cache_read] + tokens[cache_write]; }
  std::uint64_t total_output() const { return tokens[output] + tokens[reasoning]; }
  /// A column without its parts: the exclusive bucket.
  std::uint64_t exclusive(Bucket b) const {
    const std::uint64_t part = b == input         ? parts[input_audio] + parts[input_image]
                               : b == cache_write ? parts[cache_write_5m] + parts[cache_write_1h]
                               : b == output      ? parts[output_audio] + parts[output_image]
                                                  : 0;
    return tokens[b] > part ? tokens[b] - part : 0;
  }
  BucketTokens buckets() const;
};

struct Cost {
  enum class State : std::uint8_t { none, unpriced, partly, priced };
  std::optional<std::int64_t>
      nano_usd;  ///< computed from the price table; empty: unpriced or nothing to price
  State state = State::none;
  std::optional<std::int64_t> reported_nano_usd;  ///< what the client said

  /// The figure to rank by: computed, else reported.
  std::optional<std::int64_t> best() const { return nano_usd ? nano_usd : reported_nano_usd; }
};

std::string_view name(Cost::State);

/// Cost of one span's own usage.
Cost cost_of(const TokenCounts&, const PricedBy&, std::int64_t unix_nano,
             std::optional<std::int64_t> reported_nano_usd);
/// The same with a table that the caller holds: for sums that must not mix two states of the prices.
Cost cost_of(const PriceTable&, const TokenCounts&, const PricedBy&, std::int64_t unix_nano,
             std::optional<std::int64_t> reported_nano_usd);

/// Adds `part` to `sum`: unknown parts make the sum "partly", they never count as zero.
void add(Cost& sum, const Cost& part);

}  // namespace turnscope::query
