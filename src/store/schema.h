// The tables, as the first migration makes them. Why each column is as it is: docs/architecture.md and
// docs/performance.md.
//
// Partitions go by the day of receipt, not of the span's start: one block is then one part, clients cannot
// make partitions (a clock that says 1970 or 2099 makes none), late spans join today's merges, and retention
// drops whole days. Searches by time use the primary key. The same span sent again on another day is folded
// by the reader only.
#pragma once
#include <string_view>

#include "base/result.h"
#include "store/engine.h"

namespace turnscope::store {

/// Brings the store to the schema of this program: applies the migrations that are missing, in order, each
/// recorded in `schema_version`. Safe to repeat, also after a crash in the middle. A schema from a later
/// program is refused (unimplemented). Checks afterwards that every table has the deduplication window and
/// syncs that exactly-once and durability stand on (internal).
Status migrate(Engine&);

/// The version of the newest migration.
std::uint32_t schema_version();

// One row a received span (re-sent spans fold by `version`; reads take LIMIT 1 BY trace_id, span_id).
// Payload (input, output, extra) holds the long texts, concatenated; `attrs_ref` and the "ref" in ev_attrs
// say where in it a value lies: column (2 bits: 0 input, 1 output, 2 extra) << 62 | byte offset (31 bits) <<
// 31 | length (31 bits). So raw is kept once, and lists never read it.
inline constexpr std::string_view kSpans = R"sql(
CREATE TABLE IF NOT EXISTS spans (
  project UInt32 CODEC(ZSTD(1)),
  trace_id FixedString(16) CODEC(ZSTD(1)),
  span_id UInt64 CODEC(LZ4),
  parent_span_id UInt64 CODEC(LZ4),
  start DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  duration_ns UInt64 CODEC(ZSTD(1)),
  time_flags UInt8,                               -- 1: end before start (duration_ns 0), 2: start clamped, 4: end missing, 8: sent when its parent began
  raw_start UInt64 CODEC(ZSTD(1)),                -- as sent; 0 when equal to start
  raw_end UInt64 CODEC(ZSTD(1)),                  -- as sent; 0 when equal to start + duration_ns
  version UInt64 CODEC(Delta(8), ZSTD(1)),        -- log position << 20 | index in the record: the later one wins
  received DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  span_kind UInt8, status UInt8, kind UInt8, flags UInt32 CODEC(ZSTD(1)),
  is_error UInt8,
  trace_state String CODEC(ZSTD(1)), status_message String CODEC(ZSTD(1)),
  name LowCardinality(String), service LowCardinality(String), environment LowCardinality(String),
  provider LowCardinality(String), operation LowCardinality(String),
  request_model LowCardinality(String), response_model LowCardinality(String),
  model LowCardinality(String),                   -- response_model, else request_model
  response_id String CODEC(ZSTD(1)),
  tool LowCardinality(String), agent LowCardinality(String),
  session String CODEC(ZSTD(1)), user String CODEC(ZSTD(1)),
  prompt_name LowCardinality(String), prompt_version LowCardinality(String),
  experiment LowCardinality(String), variant LowCardinality(String),
  error_type LowCardinality(String), error_message String CODEC(ZSTD(1)),   -- message ≤ 200 characters
  question String CODEC(ZSTD(1)),                 -- ≤ 200 characters, on agent, turn and root spans
  answer String CODEC(ZSTD(1)),                   -- ≤ 200 characters, same: the start of the last output text
  turn_number Int32 CODEC(ZSTD(1)),               -- -1: not told
  first_token_ns UInt64 CODEC(ZSTD(1)),           -- 0: not told
  usage_role UInt8, usage_basis UInt8, usage_known UInt16 CODEC(ZSTD(1)),  -- bit a bucket: 0 input 1 cache_read 2 cache_write 3 output 4 reasoning; 8 reported cost, 9 input excludes cache, 10 reported total, 11 has parts (tok_other)
  tok_input UInt64 CODEC(T64, ZSTD(1)), tok_cache_read UInt64 CODEC(T64, ZSTD(1)), tok_cache_write UInt64 CODEC(T64, ZSTD(1)),
  tok_output UInt64 CODEC(T64, ZSTD(1)), tok_reasoning UInt64 CODEC(T64, ZSTD(1)),
  tok_other Map(LowCardinality(String), UInt64) CODEC(ZSTD(1)),             -- parts: cache_write_5m and _1h of tok_cache_write, input_audio and input_image of tok_input, output_audio and output_image of tok_output; and reported_input …
  reported_cost_nano Int64 CODEC(ZSTD(1)),
  scope LowCardinality(String), scope_version LowCardinality(String), scope_id UInt64 CODEC(ZSTD(1)), resource_id UInt64 CODEC(ZSTD(1)),
  dropped Array(UInt32) CODEC(ZSTD(1)),           -- empty, or [attributes, events, links]
  attrs_str Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  attrs_int Map(LowCardinality(String), Int64) CODEC(ZSTD(1)),
  attrs_dbl Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
  attrs_bool Map(LowCardinality(String), UInt8) CODEC(ZSTD(1)),
  attrs_json Map(LowCardinality(String), String) CODEC(ZSTD(1)),            -- arrays, kvlists, bytes, none: OTLP/JSON AnyValue
  attrs_ref Map(LowCardinality(String), UInt64) CODEC(ZSTD(1)),             -- long strings: where in the payload
  ev_time Array(DateTime64(9, 'UTC')) CODEC(ZSTD(1)), ev_name Array(LowCardinality(String)),
  ev_attrs Array(String) CODEC(ZSTD(1)),          -- OTLP/JSON KeyValue array; long strings as {"key":k,"ref":"n"}, other long values {"key":k,"jsonRef":"n"}; {"dropped":n} first if attributes were
  links Array(String) CODEC(ZSTD(1)),             -- OTLP/JSON Span.Link
  link_trace_ids Array(FixedString(16)) CODEC(ZSTD(1)),
  input String CODEC(ZSTD(1)), output String CODEC(ZSTD(1)), extra String CODEC(ZSTD(1)),
  INDEX i_sk mapKeys(attrs_str) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX i_sv mapValues(attrs_str) TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = ReplacingMergeTree(version) PARTITION BY toDate(received) ORDER BY (project, start, trace_id, span_id)
SETTINGS index_granularity = 2048, min_bytes_for_wide_part = 200000000, min_parts_to_merge_at_once = 10, auto_statistics_types = '', non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1
)sql";

// Bounds of each trace: only idempotent facts (min, max), never counts, so a re-sent batch changes nothing.
inline constexpr std::string_view kTraces = R"sql(
CREATE TABLE IF NOT EXISTS traces (
  project UInt32, trace_id FixedString(16),
  min_start SimpleAggregateFunction(min, DateTime64(9, 'UTC')), max_end SimpleAggregateFunction(max, DateTime64(9, 'UTC')),
  max_start SimpleAggregateFunction(max, DateTime64(9, 'UTC')),
  has_root SimpleAggregateFunction(max, UInt8), has_error SimpleAggregateFunction(max, UInt8),
  max_version SimpleAggregateFunction(max, UInt64)
) ENGINE = AggregatingMergeTree ORDER BY (project, trace_id)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1
)sql";

// Attributes of resources and scopes: id = hash of their bytes. A row again each hour that they were seen in,
// folded by merges: read with LIMIT 1 BY project, id or aggregates.
inline constexpr std::string_view kResources = R"sql(
CREATE TABLE IF NOT EXISTS resources (
  project UInt32, id UInt64, service LowCardinality(String), seen DateTime('UTC'),
  is_scope UInt8,
  attrs_str Map(LowCardinality(String), String), attrs_json String,  -- OTLP/JSON KeyValue array, all of them
  name String, version String,         -- of a scope
  schema_url String, dropped UInt32
) ENGINE = ReplacingMergeTree(seen) ORDER BY (project, id)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1
)sql";

// Log records. `body` is the text of a string body, else its OTLP/JSON AnyValue (body_json = 1). Re-sent
// records fold by all key columns; `hash` (of the record's bytes) keeps two different records of one
// nanosecond apart.
inline constexpr std::string_view kLogs = R"sql(
CREATE TABLE IF NOT EXISTS logs (
  project UInt32 CODEC(ZSTD(1)),
  time DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),    -- time, else observed time, else received
  raw_time UInt64 CODEC(ZSTD(1)),                         -- as sent; 0 when it is `time` or was not sent
  observed UInt64 CODEC(Delta(8), ZSTD(1)),               -- nanoseconds; 0: not sent
  hash UInt64 CODEC(LZ4),
  version UInt64 CODEC(Delta(8), ZSTD(1)),
  received DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  trace_id FixedString(16) CODEC(ZSTD(1)), span_id UInt64 CODEC(LZ4), flags UInt32 CODEC(ZSTD(1)),
  severity_number Int32 CODEC(ZSTD(1)), severity_text LowCardinality(String), event_name LowCardinality(String),
  service LowCardinality(String), body String CODEC(ZSTD(1)), body_json UInt8,
  attrs_str Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  attrs_int Map(LowCardinality(String), Int64) CODEC(ZSTD(1)),
  attrs_dbl Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
  attrs_bool Map(LowCardinality(String), UInt8) CODEC(ZSTD(1)),
  attrs_json Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  dropped UInt32 CODEC(ZSTD(1)),
  scope LowCardinality(String), scope_version LowCardinality(String), scope_id UInt64 CODEC(ZSTD(1)), resource_id UInt64 CODEC(ZSTD(1)),
  INDEX i_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX i_sk mapKeys(attrs_str) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX i_sv mapValues(attrs_str) TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = ReplacingMergeTree(version) PARTITION BY toDate(received) ORDER BY (project, time, hash)
SETTINGS index_granularity = 2048, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1
)sql";

// Data points of metrics, one row each. `series` = hash of resource, scope, name, type and attributes.
inline constexpr std::string_view kMetrics = R"sql(
CREATE TABLE IF NOT EXISTS metrics (
  project UInt32 CODEC(ZSTD(1)),
  name LowCardinality(String), series UInt64 CODEC(ZSTD(1)),
  time DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  raw_time UInt64 CODEC(ZSTD(1)),                         -- as sent; 0 when it is `time`
  start UInt64 CODEC(Delta(8), ZSTD(1)),                  -- nanoseconds; 0: not sent
  version UInt64 CODEC(Delta(8), ZSTD(1)),
  received DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  type UInt8, temporality UInt8, monotonic UInt8,         -- otlp::MetricType, otlp::Temporality
  description LowCardinality(String), unit LowCardinality(String), service LowCardinality(String),
  value_kind UInt8,                                       -- of `number`: 0 none, 1 integer, 2 real; histograms: 0
  number_int Int64 CODEC(ZSTD(1)), number Float64 CODEC(ZSTD(1)),   -- both are set when it is an integer
  count UInt64 CODEC(ZSTD(1)), sum Float64 CODEC(ZSTD(1)), min Float64 CODEC(ZSTD(1)), max Float64 CODEC(ZSTD(1)),
  has UInt8,                                              -- bits: 1 sum, 2 min, 4 max
  bounds Array(Float64) CODEC(ZSTD(1)), buckets Array(UInt64) CODEC(ZSTD(1)),     -- explicit histogram
  scale Int32 CODEC(ZSTD(1)), zero_count UInt64 CODEC(ZSTD(1)), zero_threshold Float64 CODEC(ZSTD(1)),
  positive_offset Int32 CODEC(ZSTD(1)), negative_offset Int32 CODEC(ZSTD(1)), negative_buckets Array(UInt64) CODEC(ZSTD(1)),  -- exponential; positive in `buckets`
  quantile_values Array(Float64) CODEC(ZSTD(1)),          -- summary; quantiles in `bounds`
  exemplars Array(String) CODEC(ZSTD(1)),                 -- OTLP/JSON Exemplar
  flags UInt32 CODEC(ZSTD(1)),
  attrs_str Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  attrs_int Map(LowCardinality(String), Int64) CODEC(ZSTD(1)),
  attrs_dbl Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
  attrs_bool Map(LowCardinality(String), UInt8) CODEC(ZSTD(1)),
  attrs_json Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  scope LowCardinality(String), scope_version LowCardinality(String), scope_id UInt64 CODEC(ZSTD(1)), resource_id UInt64 CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree(version) PARTITION BY toDate(received) ORDER BY (project, name, series, time)
SETTINGS index_granularity = 2048, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1
)sql";

// Model calls that another span of the same call stands for (two instrumentations saw it, or one span repeats
// the other's): they do not count in sums. Few rows; none where a service has one instrumentation.
inline constexpr std::string_view kDuplicateCalls = R"sql(
CREATE TABLE IF NOT EXISTS duplicate_calls (
  project UInt32, trace_id FixedString(16), span_id UInt64,
  of_trace_id FixedString(16), of_span_id UInt64,         -- the span that counts
  received DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(received) PARTITION BY toDate(received) ORDER BY (project, trace_id, span_id)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1
)sql";

// Of spans: what came after the first release of the table.
inline constexpr std::string_view kSpansShared = R"sql(
ALTER TABLE spans
  ADD COLUMN IF NOT EXISTS service_tier LowCardinality(String),
  ADD COLUMN IF NOT EXISTS shared Array(FixedString(16)) CODEC(ZSTD(1)),   -- ids in content_parts: texts that go before those of this row
  ADD COLUMN IF NOT EXISTS shared_at Array(UInt64) CODEC(ZSTD(1))          -- beside them: column and length, as a reference
)sql";

// Texts that several spans carry (the history that each turn of a conversation resends), once a day of
// receipt: the rows of a day need no other day's. Read with LIMIT 1 BY id: the same id has the same text.
inline constexpr std::string_view kContentParts = R"sql(
CREATE TABLE IF NOT EXISTS content_parts (
  project UInt32 CODEC(ZSTD(1)), id FixedString(16) CODEC(LZ4), received DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  text String CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree(received) PARTITION BY toDate(received) ORDER BY (project, id)
SETTINGS index_granularity = 512, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1
)sql";

// Where words can be (store/text_grams.h). A chunk's row is written again as it grows: rows with fewer spans
// say less, and vanish in merges.
inline constexpr std::string_view kTextGrams = R"sql(
CREATE TABLE IF NOT EXISTS text_grams (
  project UInt32 CODEC(ZSTD(1)), id UInt64 CODEC(ZSTD(1)),     -- version of the chunk's first span
  spans UInt64 CODEC(ZSTD(1)),
  min_start DateTime64(9, 'UTC') CODEC(ZSTD(1)), max_start DateTime64(9, 'UTC') CODEC(ZSTD(1)),
  received DateTime64(3, 'UTC') CODEC(ZSTD(1)),
  grams String CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree(spans) PARTITION BY toDate(received) ORDER BY (project, id)
SETTINGS index_granularity = 256, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1
)sql";

// The ids (and lengths) that a turn of a conversation keeps are those of its turn before, and one more.
// Random, they shrink only where the compressor still sees the row before: rows of other conversations lie
// between. A block ends with its granule all the same, so one row costs no more to read.
inline constexpr std::string_view kSharedWindow = R"sql(
ALTER TABLE spans MODIFY COLUMN shared CODEC(ZSTD(1, 23)), MODIFY COLUMN shared_at CODEC(ZSTD(1, 23))
)sql";
inline constexpr std::string_view kSharedBlock = R"sql(
ALTER TABLE spans MODIFY COLUMN shared MODIFY SETTING max_compress_block_size = 8388608
)sql";
inline constexpr std::string_view kSharedAtBlock = R"sql(
ALTER TABLE spans MODIFY COLUMN shared_at MODIFY SETTING max_compress_block_size = 8388608
)sql";

// In small parts the compressor sees a megabyte at a time, so rows that repeat ids lie too far apart: each id
// once a granule, and rows say which.
inline constexpr std::string_view kSharedDictionary = R"sql(
ALTER TABLE spans MODIFY COLUMN shared Array(LowCardinality(FixedString(16))) CODEC(ZSTD(1, 23))
)sql";

// Rows of before the bit was set when a span comes in. The name is that of the one library that sent such
// spans.
inline constexpr std::string_view kPlaceholders = R"sql(
ALTER TABLE spans UPDATE time_flags = bitOr(time_flags, 8) WHERE kind = 0 AND NOT bitTest(time_flags, 3) AND has(mapKeys(attrs_str), 'logfire.pending_parent_id')
SETTINGS mutations_sync = 1
)sql";

// Texts of parts are read far more often than written; reading costs the same.
inline constexpr std::string_view kPartText = R"sql(
ALTER TABLE content_parts MODIFY COLUMN text CODEC(ZSTD(3))
)sql";

// What sums of tokens and money read of spans (store/call_block.h says which have a row): narrow, dense, and
// in codecs that are quick to read. Folded by version like `spans`; read with FINAL.
inline constexpr std::string_view kCalls = R"sql(
CREATE TABLE IF NOT EXISTS calls (
  project UInt32, start DateTime64(9, 'UTC') CODEC(Delta(8), LZ4),
  trace_id FixedString(16) CODEC(LZ4), span_id UInt64 CODEC(LZ4), version UInt64 CODEC(Delta(8), ZSTD(1)),
  received DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  model LowCardinality(String), provider LowCardinality(String), service LowCardinality(String), service_tier LowCardinality(String),
  usage_role UInt8, usage_known UInt16, is_error UInt8,
  tok_input UInt64 CODEC(T64, LZ4), tok_cache_read UInt64 CODEC(T64, LZ4), tok_cache_write UInt64 CODEC(T64, LZ4),
  tok_output UInt64 CODEC(T64, LZ4), tok_reasoning UInt64 CODEC(T64, LZ4),
  tok_other Map(LowCardinality(String), UInt64) CODEC(ZSTD(1)),              -- as in spans, without reported_…
  reported_cost_nano Int64 CODEC(T64, LZ4), weight UInt32 DEFAULT 1000
) ENGINE = ReplacingMergeTree(version) PARTITION BY toDate(received) PRIMARY KEY (project, start) ORDER BY (project, start, trace_id, span_id)
SETTINGS min_parts_to_merge_at_once = 10, auto_statistics_types = '', non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1
)sql";
inline constexpr std::string_view kCallsOfSpans = R"sql(
INSERT INTO calls (project, start, trace_id, span_id, version, received, model, provider, service, service_tier, usage_role, usage_known, is_error, tok_input, tok_cache_read, tok_cache_write, tok_output, tok_reasoning, tok_other, reported_cost_nano, weight)
SELECT project, start, trace_id, span_id, version, received, model, provider, service, service_tier, usage_role, usage_known, is_error, tok_input, tok_cache_read, tok_cache_write, tok_output, tok_reasoning, mapFilter((k, v) -> NOT startsWith(k, 'reported_'), tok_other), reported_cost_nano, weight
FROM spans WHERE usage_role != 0 OR kind IN (3, 6)
SETTINGS max_partitions_per_insert_block = 0
)sql";

// Spans from this version on have their words in that table. Empty (a crash in the middle of its making):
// none is known to have, which is only slower.
inline constexpr std::string_view kTextGramsSince =
    "CREATE TABLE IF NOT EXISTS text_grams_since ENGINE = MergeTree ORDER BY tuple() SETTINGS "
    "fsync_after_insert "
    "= 1, fsync_part_directory = 1 AS SELECT if(count() = 0, 0, max(version) + 1) AS version FROM spans";

// Of spans: how many of its kind a span stands for since retention sampling took the others, in thousandths.
inline constexpr std::string_view kSpansWeight = R"sql(
ALTER TABLE spans ADD COLUMN IF NOT EXISTS weight UInt32 DEFAULT 1000 CODEC(ZSTD(1))
)sql";

// A byte is written when it comes in and again in each merge. Spans come in the order of time, so merging
// parts of half a gigabyte further brings nothing: with 32 at a time and that bound a byte is merged once,
// which pays for level 3 (docs/performance.md). Texts that do not compress stay in parts of up to 48 MB,
// which then reach the bound before they are 32: more of them are allowed before inserts are slowed.
inline constexpr std::string_view kSpansTextCodec = R"sql(
ALTER TABLE spans MODIFY COLUMN input CODEC(ZSTD(3)), MODIFY COLUMN output CODEC(ZSTD(3))
)sql";
inline constexpr std::string_view kSpansMerges = R"sql(
ALTER TABLE spans MODIFY SETTING min_parts_to_merge_at_once = 32, max_bytes_to_merge_at_max_space_in_pool = 640000000, parts_to_delay_insert = 3000, parts_to_throw_insert = 6000
)sql";

// Where a model call ran. Rows of before do not know; `turnscope renormalise` tells them.
inline constexpr std::string_view kSpansRegion = R"sql(
ALTER TABLE spans ADD COLUMN IF NOT EXISTS region LowCardinality(String)
)sql";
inline constexpr std::string_view kCallsRegion = R"sql(
ALTER TABLE calls ADD COLUMN IF NOT EXISTS region LowCardinality(String)
)sql";

// Traces that retention sampling decided to keep, and the share (per mille) of their like that was kept.
inline constexpr std::string_view kRetained = R"sql(
CREATE TABLE IF NOT EXISTS retained (
  project UInt32, trace_id FixedString(16), day Date, share UInt64, decided DateTime('UTC')
) ENGINE = ReplacingMergeTree(decided) ORDER BY (project, trace_id)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1
)sql";

// Days that retention sampling is done with, and what went.
inline constexpr std::string_view kRetentionRuns = R"sql(
CREATE TABLE IF NOT EXISTS retention_runs (day Date, at DateTime('UTC'), traces UInt64, spans UInt64)
ENGINE = ReplacingMergeTree(at) ORDER BY day SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
)sql";

}  // namespace turnscope::store
