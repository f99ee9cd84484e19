#include "store/insert_settings.h"

#include <fmt/format.h>

#include "store/params.h"

namespace turnscope::store {

std::string insert_statement(const Insert& i) {
  // async_insert queues and merges inserts under other rules; several threads or a block cut in two would
  // number the parts of a replay differently from those of the first attempt, and then rows come twice.
  // optimize_on_insert would fold repeats within the block, row by row over all columns: more than half of
  // what an insert cost (32 against 13 CPU-s per million), for what reads fold anyhow.
  return fmt::format(
      "INSERT INTO {} ({}) SETTINGS async_insert = 0, deduplicate_insert = 'enable', insert_deduplicate = 1, "
      "max_insert_threads = 1, max_threads = 1, min_insert_block_size_rows = 0, min_insert_block_size_bytes "
      "= 0, "
      "max_insert_block_size = 10000000, optimize_on_insert = 0, insert_deduplication_token = '{}'",
      i.table, i.columns, escaped(i.token));
}

}  // namespace turnscope::store
