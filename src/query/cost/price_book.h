// The prices in use: built-in, imported and the user's own, put together; a change holds for every past
// figure at once, because cost is computed when it is asked for.
#pragma once
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/cost/litellm.h"
#include "query/cost/price_csv.h"
#include "query/cost/price_table.h"

namespace turnscope::query {

class PriceBook {
 public:
  /// Only the built-in snapshot.
  PriceBook();
  /// Built-in, `folder`/imported.csv and `folder`/user.csv (what `prices import` and `prices set` wrote), and
  /// `user_file` (prices.file, read only). Empty paths: none. Errors name file, line and column.
  static Result<std::unique_ptr<PriceBook>> open(std::string folder, std::string user_file);

  /// Never null. Cheap; looks once a second whether a file was edited, so that a change holds without a
  /// restart. A file that cannot be read leaves the prices as they were and is told in the log.
  std::shared_ptr<const PriceTable> table();

  /// Puts rules before all others and writes them to user.csv (whole file or nothing). A rule with the same
  /// match, model, provider and dates is replaced.
  Status set(std::vector<PriceRule> rules);
  /// Takes LiteLLM's file in place of what was imported before. Returns what was read and left out.
  Result<LitellmImport> import(std::string_view litellm_json, std::string_view date);
  /// Reads the files again.
  Status reload();

 private:
  Status rebuild();
  Status reload_locked();
  /// Size and time of each file, to see that one was edited.
  std::string stamp() const;
  mutable std::mutex mutex_;
  std::string stamp_;
  std::chrono::steady_clock::time_point looked_{};
  std::string folder_, user_file_;
  std::vector<PriceRule> user_, file_, imported_;
  std::shared_ptr<const PriceTable> table_;
};

/// The table that cost_of() and the cost queries use; the built-in one until the server sets another.
std::shared_ptr<const PriceTable> prices_in_use();
void use_prices(std::shared_ptr<const PriceTable>);
/// The table of a book, whatever it is when it is asked for. Null: none.
void use_prices(PriceBook*);

}  // namespace turnscope::query
