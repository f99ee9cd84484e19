// The questions that can be asked of the store. Each takes a Caller (project, cancellation), is bounded in
// time, rows and bytes, and never returns a part as if it were the whole. Thread-safe.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/memory.h"
#include "query/answers.h"
#include "query/caller.h"
#include "query/metrics.h"
#include "query/stored_span.h"
#include "store/engine.h"

namespace turnscope::query {

struct QueryOptions {
  std::chrono::milliseconds time{10'000};   ///< of one statement
  std::uint64_t memory_bytes = 400u << 20;  ///< of one statement
  std::uint64_t result_bytes = 64u << 20;   ///< of one statement's answer
  MemoryCeiling* ceiling = nullptr;         ///< asked before each statement; must outlive the queries
  std::size_t cache_bytes = 64u << 20;      ///< of trace indices kept in memory
  std::size_t max_trace_spans = 500'000;    ///< larger traces are refused as a whole
};

/// Bounds of a trace, from the table `traces`.
struct TraceBounds {
  otlp::TraceId id{};
  std::int64_t min_start = 0, max_start = 0, max_end = 0;
  std::uint64_t max_version = 0;
};

struct FoundSpans {
  std::vector<std::uint64_t> span_ids;  ///< in row order
  bool more = false;
};

/// Traces that something came in for since a version, the latest first, and the times of what came.
struct ChangedTraces {
  std::uint64_t version = 0;
  std::vector<otlp::TraceId> trace_ids;
  std::vector<std::uint64_t> spans;  ///< that came, beside `trace_ids`; empty: not known
  std::int64_t from = INT64_MAX, to = INT64_MIN;
  bool more = false;
};
/// What came in since some moment.
struct Changes {
  std::vector<otlp::TraceId> trace_ids;
  std::uint64_t spans = 0;
  bool more = false;
};

class Queries {
 public:
  Queries(store::Engine&, QueryOptions, const Clock& = system_clock());
  ~Queries();

  QueryAnswer<TraceList> traces(const Caller&, const SearchRequest&);
  QueryAnswer<SpanList> spans(const Caller&, const SearchRequest&);

  /// Errors: not_found.
  Result<std::shared_ptr<const TraceIndex>> trace(const Caller&, const otlp::TraceId&);
  /// As many as exist, in the order asked for.
  Result<std::vector<std::shared_ptr<const TraceIndex>>> traces_by_id(const Caller&,
                                                                      const std::vector<otlp::TraceId>&);
  /// Traces of which a span with at least that version has come: asked once for everybody who follows.
  Result<ChangedTraces> changed(const Caller&, std::uint64_t version, std::size_t limit);
  /// Those of them of which a span that came matches `q` (empty: all).
  QueryAnswer<Changes> changes(const Caller&, const ChangedTraces&, std::string_view q);
  /// The same without asking the store: where `q` is empty or names one trace, and the spans are known.
  static std::optional<Changes> changes(const ChangedTraces&, std::string_view q);

  /// Text of any case in names, attributes and content; at most 1,000.
  Result<FoundSpans> find(const Caller&, const TraceIndex&, std::string_view text);

  /// Everything about one span, latest version. Errors: not_found.
  Result<std::shared_ptr<const StoredSpans>> span(const Caller&, const TraceIndex&, std::uint64_t span_id);
  /// Whole spans of a trace, rows [first, first + count) of its index in order of start, deduplicated.
  Result<std::shared_ptr<const StoredSpans>> whole_spans(const Caller&, const TraceIndex&, std::size_t first,
                                                         std::size_t count);
  /// The same for rows of the index in any order (at most 10,000).
  Result<std::shared_ptr<const StoredSpans>> whole_rows(const Caller&, const TraceIndex&,
                                                        std::span<const std::uint32_t> rows);

  Result<TraceLogs> logs(const Caller&, const otlp::TraceId&, std::size_t limit);
  /// The log records that carry one span's id, in order (at most 200), as they were received.
  Result<std::shared_ptr<const SpanLogs>> span_logs(const Caller&, const TraceIndex&, std::uint32_t row);
  /// What the model calls before this one of its trace sent and got, as hashes of parts (part_hash); nothing
  /// when the row is no model call. The four calls before it are read: a turn resends all of its history.
  Result<std::optional<SaidBefore>> said_before(const Caller&, const TraceIndex&, std::uint32_t row);
  /// What filled the context of each model call; at most 200 calls.
  Result<TraceContext> context(const Caller&, const TraceIndex&);
  /// At most `request.limit` points, newest first.
  QueryAnswer<Scatter> scatter(const Caller&, const SearchRequest&, bool traces);
  /// Which attributes the rows of the cloud have more often than the other rows of the search.
  QueryAnswer<Difference> difference(const Caller&, const SearchRequest&, bool traces, const Cloud&);

  Result<Page<ServiceInfo>> services(const Caller&, TimeRange);
  /// Names of all services ever seen (from the small table of resources): instant without a time range.
  Result<Page<std::string>> service_names(const Caller&);
  Result<Page<OperationInfo>> operations(const Caller&, std::string_view service, TimeRange);
  /// Distinct names and span kinds of a service, of all times.
  Result<Page<OperationInfo>> operation_names(const Caller&, std::string_view service);
  Result<Page<DependencyInfo>> dependencies(const Caller&, TimeRange);

  QueryAnswer<std::vector<Facet>> facets(const Caller&, const SearchRequest&, bool traces,
                                         const std::vector<std::string>& fields);
  Result<Page<KeyCount>> keys(const Caller&, std::string_view prefix, TimeRange);
  QueryAnswer<Page<ValueCount>> values(const Caller&, std::string_view key, std::string_view prefix,
                                       TimeRange);
  /// `by`: a facet field, or empty.
  QueryAnswer<Timeseries> timeseries(const Caller&, const SearchRequest&, bool traces, std::size_t buckets,
                                     std::string_view by = {});
  /// What lies on disk, by table and day of receipt, newest first.
  Result<Page<StoredDay>> storage();
  /// Days that retention sampling went over, newest first.
  Result<Page<SampledDay>> sampled_days();
  Result<Page<ModelTokens>> tokens_by_model(const Caller&, TimeRange);

  /// Tokens and money by what is asked for, with the prices of now.
  QueryAnswer<UsageReport> usage(const Caller&, const UsageRequest&);
  /// Conversations, the one with the latest span first. `q` as in search: those with a span that matches.
  QueryAnswer<Page<SessionInfo>> sessions(const Caller&, const SearchRequest&);
  /// The traces of one conversation in order of their start, from that time on; `more` when there are
  /// further. Errors: not_found.
  Result<Page<std::shared_ptr<const TraceIndex>>> session(const Caller&, std::string_view id,
                                                          std::int64_t from, std::size_t limit);
  Result<Page<UserInfo>> users(const Caller&, TimeRange, std::size_t limit);
  Result<Page<ToolInfo>> tools(const Caller&, TimeRange, std::size_t limit);
  /// The dearest, slowest or longest runs, largest first.
  QueryAnswer<Page<std::shared_ptr<const TraceIndex>>> runs(const Caller&, const SearchRequest&, RunOrder);

  /// The metrics that have points in the range.
  Result<Page<MetricInfo>> metrics(const Caller&, TimeRange);
  /// Errors: not_found.
  QueryAnswer<MetricAnswer> metric(const Caller&, const MetricRequest&);

  struct StoreSize {
    std::uint64_t spans = 0, bytes = 0;
  };
  Result<StoreSize> store_size();

  /// Stored spans have changed in place (renormalise): what is kept of them in memory is read again.
  void forget();

  std::int64_t now() const { return clock_.unix_nanos(); }
  store::Engine& engine() { return engine_; }

 private:
  class Impl;
  store::Engine& engine_;
  QueryOptions options_;
  const Clock& clock_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace turnscope::query
