// Import of LiteLLM's model_prices_and_context_window.json: its prices, not its arithmetic. The names of
// prices are parsed by their grammar, <base>[_above_1hr][_above_{N}k_tokens][_batches|_flex|_priority], never
// listed; those of models by theirs, [seller/][region/]model. What a region costs more
// (regional_processing_uplift_multiplier_{region}) becomes rules of that region.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/cost/price_table.h"

namespace turnscope::query {

struct LitellmImport {
  std::vector<PriceRule> rules;
  std::size_t models = 0;                ///< entries read
  std::size_t without_token_prices = 0;  ///< priced otherwise (images, seconds, queries) or not at all
  std::vector<std::string>
      reported;  ///< half tiers left out, outliers, values that are no prices: "model: what"
};

/// Errors: invalid_argument when the text is not such a file. `date`: YYYY-MM-DD, kept with each rule.
Result<LitellmImport> import_litellm(std::string_view json, std::string_view date);

}  // namespace turnscope::query
