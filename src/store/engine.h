// The one interface to ClickHouse: embedded (chDB) or a server over HTTP. SQL is constant text with bound
// parameters
// ({name:Type}); every query carries limits; blocks go in as one Native block with a deduplication token.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace turnscope::store {

/// Parameters by name, as text in ClickHouse's escaped form of their declared type; build them with params.h.
using Params = std::vector<std::pair<std::string, std::string>>;

/// Bounds of one query; the engine turns them into settings. A query that hits one fails with
/// deadline_exceeded (time), overloaded (memory) or too_large (rows, bytes); it never returns a part as if it
/// were the whole.
struct QueryLimits {
  std::chrono::milliseconds time{10'000};
  std::uint64_t memory_bytes = 400u << 20;
  std::uint64_t result_rows = 1'000'000;
  std::uint64_t result_bytes = 256u << 20;
  std::uint64_t read_rows = 0;  ///< 0: no bound of its own
};

struct Query {
  std::string_view sql;  ///< one SELECT or WITH, without FORMAT, SETTINGS and INTO OUTFILE
  Params params = {};
  QueryLimits limits = {};
  std::string_view format = "RowBinary";  ///< read with row_reader.h
  /// Asked on another thread about 40 times a second while the query runs; true stops it (≤ 1 s) with
  /// `cancelled`.
  const std::function<bool()>* cancelled = nullptr;
  std::string_view settings = {};  ///< constant text, as "optimize_read_in_order = 0, max_threads = 1"
};

struct QueryResult {
  std::string bytes;  ///< in the format asked for
  std::uint64_t rows_read = 0, bytes_read = 0;
  double seconds = 0;
};

/// One block for one table. `token` makes the insert exactly-once within the table's deduplication window.
struct Insert {
  std::string_view table;
  std::span<const std::string_view> block;  ///< the pieces of one Native block with all columns of `columns`
  std::string_view columns;                 ///< "a, b, c"
  std::string_view token;
};

class Engine {
 public:
  virtual ~Engine() = default;
  /// Read-only: on connections that cannot write and cannot reach files, URLs or other servers. Thread-safe.
  virtual Result<QueryResult> query(const Query&) = 0;
  /// DDL and small mutations by migrations and maintenance; never with text from outside in `sql`.
  virtual Status execute(std::string_view sql, const Params& = {}) = 0;
  virtual Status insert(const Insert&) = 0;
  /// "chdb 26.7.3" or "clickhouse 26.3.1", for health and migrations.
  virtual std::string version() const = 0;
};

}  // namespace turnscope::store
