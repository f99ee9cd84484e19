// The embedded engine: ClickHouse in this process (chDB). One engine a process at a time: the library knows
// one data folder. Connections are pooled and owned by one statement at a time: N for reads, one for inserts,
// one for DDL, one that stops running queries.
//
// What stands between a query and the rest of the machine, from outside in: SQL is constant text (checked by
// sql_guard.h); its connection is read-only (readonly = 2); the one user of the engine has no grant for
// files, URLs, other servers, programs or access management (users.xml, written by us at every start).
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "store/engine.h"

namespace turnscope::store {

struct ChdbOptions {
  std::string directory;                    ///< made if missing; holds lock, config/, data/
  std::string library;                      ///< path of libchdb.so; empty: where load_chdb looks
  unsigned read_connections = 4;            ///< queries beyond wait for one, within their time limit
  unsigned threads = 2;                     ///< a query
  std::uint64_t memory_bytes = 700u << 20;  ///< of the engine as a whole: inserts, merges, queries, caches
  std::uint64_t query_memory_bytes = 400u << 20;  ///< no query may ask for more
  std::uint64_t mark_cache_bytes = 32u << 20;
  std::uint64_t primary_index_cache_bytes = 32u << 20;
  std::uint64_t index_mark_cache_bytes = 16u << 20;
  bool sync = true;  ///< false only for the benchmark pair that shows what syncs cost
};

/// Errors: unavailable (no library, folder in use by another process), corrupt or io (the folder cannot be
/// opened). All results and queries must be done with before the engine is destroyed.
Result<std::unique_ptr<Engine>> open_chdb(const ChdbOptions&);

/// A second database of the same library and folder, with connections of its own; `of` is what the first was
/// opened with. It must go before the first engine.
Result<std::unique_ptr<Engine>> open_chdb_database(const ChdbOptions& of, const std::string& database);

}  // namespace turnscope::store
