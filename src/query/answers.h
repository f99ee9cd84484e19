// Answers of queries, as the REST contract has them (web/src/api/types.ts); api/ turns them into JSON.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "otlp/model.h"
#include "query/cost.h"
#include "query/cost/usage_report.h"
#include "query/time_range.h"
#include "query/trace_index.h"

namespace turnscope::query {

/// A search over spans or traces. `q` is the search language; `cursor` continues a list.
struct SearchRequest {
  std::string q;
  TimeRange range;
  std::size_t limit = 50;  ///< 1 to 500
  std::string cursor;
};

/// Errors of the search language: position in `q` beside kind and message.
struct QueryError : Error {
  QueryError(Error e) : Error(std::move(e)) {}  // NOLINT: meant to be implicit
  QueryError(ErrorKind k, std::string m, std::string f = {}, std::optional<std::size_t> p = std::nullopt)
      : Error(k, std::move(m)), field(std::move(f)), position(p) {}
  std::string field;
  std::optional<std::size_t> position;
};
template <typename T>
using QueryAnswer = std::expected<T, QueryError>;

struct TraceList {
  std::vector<std::shared_ptr<const TraceIndex>> traces;  ///< newest first by start
  std::string next_cursor;                                ///< empty: there is no more
  TimeRange searched;
  std::vector<std::string> hints;
};

/// One row of the span list: the list columns of one span, with its texts.
struct ListedSpan {
  otlp::TraceId trace_id{};
  IndexedSpan span;  ///< texts are numbers in the list's pool
};
struct SpanList {
  std::vector<ListedSpan> spans;  ///< newest first
  StringPool pool;
  std::string next_cursor;
  TimeRange searched;
  std::vector<std::string> hints;
};

struct ValueCount {
  std::string value;
  std::uint64_t count = 0;
};
struct Facet {
  std::string field;
  std::vector<ValueCount> values;
  bool more = false;
  bool adjusted = false;  ///< counts are estimates: sampled traces count with their weight
};
struct KeyCount {
  std::string key, type;
  std::uint64_t count = 0;
};

struct ServiceInfo {
  std::string name;
  std::uint64_t spans = 0, errors = 0;
  std::int64_t last_seen = 0;
};
struct OperationInfo {
  std::string name, service;
  std::uint8_t span_kind = 0, kind = 0;
  std::uint64_t spans = 0;
};
struct DependencyInfo {
  std::string parent, child;
  std::uint64_t calls = 0, errors = 0, p50_ns = 0, p95_ns = 0;
};
template <typename T>
struct Page {
  std::vector<T> items;
  bool more = false;
  bool adjusted = false;  ///< counts are estimates: sampled traces count with their weight
  /// Retention sampling took traces like these, and counts are of what is stored.
  bool stored_only = false;
};

struct TimePoint {
  std::int64_t time = 0;
  std::uint64_t count = 0, errors = 0, input_tokens = 0, output_tokens = 0;
  std::optional<std::uint64_t> p50_ns, p95_ns, p99_ns;
};
struct Timeseries {
  std::int64_t step_ns = 0;
  std::vector<TimePoint> points;
  /// Of the whole range. A trace that lies in several steps is counted in each of them, and here once.
  std::uint64_t count = 0, errors = 0;
  /// With a field to split by: its values with the most rows, each with points of its own.
  std::vector<std::pair<std::string, std::vector<TimePoint>>> series;
  bool more = false;      ///< there are more values than series
  bool adjusted = false;  ///< counts are estimates: sampled traces count with their weight
};

/// What retention sampling took of one day.
struct SampledDay {
  std::string day;
  std::uint64_t traces = 0, spans = 0;
};

/// Rows and bytes of one table received on one day.
struct StoredDay {
  std::string table, day;
  std::uint64_t rows = 0, bytes = 0, raw_bytes = 0, parts = 0;
};

/// One conversation: the traces that carry its id.
struct SessionInfo {
  std::string id, user, service, agent, first_question, last_question;
  std::int64_t first = 0, last = 0;  ///< start of the first span, end of the last
  std::uint64_t traces = 0, spans = 0, turns = 0, tool_calls = 0, errors = 0;
  UsageRow usage;  ///< of the model calls in its traces
};
struct UserInfo {
  std::string id;
  std::int64_t first = 0, last = 0;
  std::uint64_t traces = 0, sessions = 0, errors = 0;
  UsageRow usage;
};
struct ToolInfo {
  std::string name;
  std::uint64_t calls = 0, errors = 0, traces = 0;
  std::uint64_t p50_ns = 0, p95_ns = 0, max_ns = 0, total_ns = 0;
  /// Calls beyond the first with the same arguments within one trace, and how many traces have such.
  std::uint64_t repeated = 0, traces_with_repeats = 0;
  std::int64_t last_seen = 0;
};
/// What runs (traces) can be ranked by.
enum class RunOrder : std::uint8_t { cost, duration, turns, tokens, tool_calls, errors };
struct LogLine {
  std::int64_t time = 0;
  std::uint64_t span_id = 0;  ///< 0: of the trace, of no span
  std::int32_t severity = 0;  ///< OpenTelemetry's number, 0: not told
  std::string severity_text, event_name, service, body;
  bool body_is_json = false, cut = false;
  std::vector<std::pair<std::string, std::string>> attributes;
};
struct TraceLogs {
  std::vector<LogLine> lines;
  bool more = false;
};

/// Log records of one span. Owns their memory.
struct SpanLogs {
  std::vector<LogLine> lines;
  std::deque<otlp::LogRecord> records;  ///< beside them
  bool more = false;
  otlp::Arena arena;
  std::string bytes;
};

/// Hashes of message parts.
using SaidBefore = std::unordered_set<std::size_t>;

/// One thing that lay in the context of a model call.
struct ContextPart {
  enum class Type { system, tools, user, assistant, tool_result, other };
  Type type = Type::other;
  std::string name;                        ///< of the tool; else empty
  std::uint32_t count = 0;                 ///< messages, results or tools
  std::uint64_t bytes = 0, new_bytes = 0;  ///< new: no call before sent it, and no answer before said it
};
/// What filled the context of one model call, in bytes of text; tokens are told by the call as a whole.
struct ContextCall {
  std::uint32_t row = 0;  ///< in the TraceIndex
  std::vector<ContextPart> parts;
  std::uint32_t messages = 0, resent_messages = 0;
  std::optional<std::int64_t> input_nano_usd;  ///< cost of the input buckets alone
};
struct TraceContext {
  std::vector<ContextCall> calls;  ///< in order of start
  bool more = false;
};

/// One trace or span as a point: when, and the three figures that can be drawn.
struct ScatterPoint {
  otlp::TraceId trace_id{};
  std::uint64_t span_id = 0;  ///< of spans
  std::int64_t start = 0;
  std::uint64_t duration = 0;
  std::optional<std::uint64_t> tokens;
  std::optional<std::int64_t> cost_nano_usd;
  bool error = false;
};
struct Scatter {
  std::vector<ScatterPoint> points;  ///< newest first
  bool more = false;
};
/// A cloud of points: a range of time and of one figure.
struct Cloud {
  enum class Figure { duration, tokens, cost };
  TimeRange time;
  Figure figure = Figure::duration;
  std::int64_t least = 0, most = INT64_MAX;
};
struct DifferenceRow {
  std::string key, value;
  std::uint64_t inside = 0, outside = 0;
};
struct Difference {
  std::uint64_t inside = 0, outside = 0,
                compared = 0;       ///< rows in the cloud, the other rows, pairs looked at
  std::vector<DifferenceRow> rows;  ///< the most telling first
};

struct ModelTokens {
  std::string model, provider;
  std::uint64_t calls = 0, input = 0, output = 0, cache_read = 0;
};

}  // namespace turnscope::query
