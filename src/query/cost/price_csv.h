// Price files: CSV with a header, dollars a million tokens. The built-in snapshot, what `prices import`
// writes and the user's own file (prices.file) have the same form; docs/prices.md describes it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/cost/price_table.h"

namespace turnscope::query {

/// Rows of one rule (same match, model, provider, dates) become its tiers. Errors: line and column, and what
/// is allowed.
Result<std::vector<PriceRule>> read_price_csv(std::string_view text, PriceSource);
std::string write_price_csv(const std::vector<PriceRule>&);

/// "0.0375" dollars a million tokens → nano-dollars for 1,000 tokens, exactly; at most 6 decimals.
Result<std::int64_t> price_from_dollars(std::string_view);
/// The other way, without loss: 37500 → "0.0375".
std::string dollars_from_price(std::int64_t);
/// "2025-09-29" (UTC midnight) → unix nanoseconds.
Result<std::int64_t> unix_nano_of_date(std::string_view);
std::string date_of_unix_nano(std::int64_t);

/// The snapshot in the program (prices/builtin.csv).
const std::vector<PriceRule>& builtin_prices();
/// The day of the snapshot: the latest date of its rows.
std::string_view builtin_prices_date();

}  // namespace turnscope::query
