#include "store/schema.h"

#include <fmt/format.h>

#include <iterator>

#include "base/logger.h"
#include "store/row_reader.h"

namespace turnscope::store {
namespace {

struct Migration {
  std::uint32_t version;
  std::string_view what;
  std::string_view sql;  ///< one statement that may be repeated
};

// Append only: a released migration is never changed.
constexpr Migration kMigrations[] = {
    {1, "spans", kSpans},
    {2, "bounds of traces", kTraces},
    {3, "resources and scopes", kResources},
    {4, "log records", kLogs},
    {5, "metric points", kMetrics},
    {6, "calls seen twice", kDuplicateCalls},
    {7, "service tier and shared texts of spans", kSpansShared},
    {8, "shared texts", kContentParts},
    {9, "where words can be", kTextGrams},
    {10, "since when words are there", kTextGramsSince},
    {11, "weights of spans", kSpansWeight},
    {12, "traces that sampling kept", kRetained},
    {13, "days that were sampled", kRetentionRuns},
    {14, "ids of shared texts see those of the turns before", kSharedWindow},
    {15, "the same, in one compressed block", kSharedBlock},
    {16, "their lengths, too", kSharedAtBlock},
    {17, "spans that were sent when their parent began", kPlaceholders},
    {18, "shared texts packed closer", kPartText},
    {19, "what calls used", kCalls},
    {20, "the same, of spans that are there", kCallsOfSpans},
    {21, "where model calls ran", kSpansRegion},
    {22, "the same, of calls", kCallsRegion},
    {23, "long texts packed closer", kSpansTextCodec},
    {24, "parts of spans are merged once", kSpansMerges},
    {25, "ids of shared texts by dictionary", kSharedDictionary},
};

constexpr std::string_view kVersionTable = R"sql(
CREATE TABLE IF NOT EXISTS schema_version (version UInt32, what String, program String)
ENGINE = MergeTree ORDER BY version SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
)sql";

Result<std::uint32_t> newest(Engine& engine) {
  TS_ASSIGN(const auto answer, engine.query({.sql = "SELECT max(version) FROM schema_version"}));
  return RowReader(answer.bytes).u32();
}

Status check_tables(Engine& engine) {
  // A table without the window or the syncs would work, and lose or double rows one day.
  TS_ASSIGN(
      const auto answer,
      engine.query({.sql = "SELECT name FROM system.tables WHERE database = currentDatabase() AND name IN "
                           "('spans', 'traces', 'resources', 'logs', 'metrics', 'duplicate_calls', "
                           "'content_parts', 'text_grams', 'calls') AND "
                           "create_table_query LIKE '%deduplication_window = 10000%' AND "
                           "create_table_query LIKE '%fsync_after_insert = 1%' AND "
                           "create_table_query LIKE '%fsync_part_directory = 1%'"}));
  std::size_t good = 0;
  for (RowReader in(answer.bytes); in.more(); in.string()) ++good;
  constexpr std::size_t kTables = 9;
  if (good != kTables)
    return fail(
        ErrorKind::internal,
        fmt::format(
            "{} of {} tables of the store lack their deduplication window or syncs: the store was not "
            "made by this program; use an empty data folder",
            kTables - good, kTables));
  return {};
}

}  // namespace

std::uint32_t schema_version() { return std::rbegin(kMigrations)->version; }

Status migrate(Engine& engine) {
  TS_TRY(engine.execute(kVersionTable));
  TS_ASSIGN(const auto have, newest(engine));
  if (have > schema_version())
    return fail(
        ErrorKind::unimplemented,
        fmt::format("the store has schema {} and this program knows {}: use the newer program, or an older "
                    "backup",
                    have, schema_version()));
  for (const auto& m : kMigrations) {
    if (m.version <= have) continue;
    if (auto done = engine.execute(m.sql); !done)
      return fail(done.error().with_context(fmt::format("migration {} ({})", m.version, m.what)));
    TS_TRY(engine.execute(
        fmt::format("INSERT INTO schema_version VALUES ({}, '{}', '0.1.0')", m.version, m.what)));
  }
  if (have != schema_version()) log_info("store schema brought from {} to {}", have, schema_version());
  return check_tables(engine);
}

}  // namespace turnscope::store
