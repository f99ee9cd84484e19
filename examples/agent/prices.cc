#include "examples/agent/prices.h"

#include <array>

namespace turnscope::example {
namespace {

/// US dollars per million tokens; the vendor's price list of November 2025.
struct Price {
  std::string_view model_prefix;
  double input, output, cache_write, cache_read;
};
constexpr std::array<Price, 4> prices = {{{"claude-opus-4-5", 5, 25, 6.25, 0.50},
                                          {"claude-sonnet-4-5", 3, 15, 3.75, 0.30},
                                          {"claude-sonnet-4", 3, 15, 3.75, 0.30},
                                          {"claude-haiku-4-5", 1, 5, 1.25, 0.10}}};

}  // namespace

std::optional<double> cost_usd(std::string_view model, const ModelUsage& usage) {
  for (const Price& price : prices)
    if (model.starts_with(price.model_prefix)) {
      const auto part = [](std::uint64_t tokens, double rate) {
        return static_cast<double>(tokens) * rate / 1e6;
      };
      return part(usage.input_tokens, price.input) + part(usage.output_tokens, price.output) +
             part(usage.cache_creation_input_tokens.value_or(0), price.cache_write) +
             part(usage.cache_read_input_tokens.value_or(0), price.cache_read);
    }
  return std::nullopt;
}

}  // namespace turnscope::example
