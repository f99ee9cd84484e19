// What the parts of Queries share; not for others.
#pragma once
#include <list>
#include <map>
#include <mutex>
#include <optional>

#include "query/cost/price_book.h"
#include "query/language/filter.h"
#include "query/queries.h"
#include "store/row_reader.h"
#include "store/span_payload.h"

namespace turnscope::query {

/// Indices of traces in memory, the least recently used go first. Bounded in bytes.
class IndexCache {
 public:
  explicit IndexCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  /// The index, if it holds everything up to that version.
  std::shared_ptr<const TraceIndex> get(std::uint32_t project, const otlp::TraceId&, std::uint64_t version);
  /// `generation`: as it was before the index was read; kept only if nothing was forgotten since.
  void put(std::uint32_t project, std::shared_ptr<const TraceIndex>, std::uint64_t generation);
  std::uint64_t generation() const;
  void forget();
  std::size_t bytes() const;

 private:
  using Key = std::pair<std::uint32_t, otlp::TraceId>;
  struct Entry {
    Key key;
    std::shared_ptr<const TraceIndex> index;
    std::size_t bytes;
    std::shared_ptr<const PriceTable>
        prices;               ///< in use when the index was made: its sums hold for these only
    std::uint64_t epoch = 0;  ///< of retention: what was read before may have gone
  };
  mutable std::mutex mutex_;
  std::size_t max_bytes_, bytes_ = 0;
  std::uint64_t generation_ = 0;
  std::list<Entry> entries_;  // most recently used first
  std::map<Key, std::list<Entry>::iterator> by_key_;
};

/// The list columns of `spans`, in the order of read_list_columns().
inline constexpr Fragment kListColumns =
    "span_id, parent_span_id, start, duration_ns, time_flags, version, span_kind, status, kind, is_error, "
    "name, service, "
    "provider, model, tool, agent, session, user, environment, status_message, error_type, error_message, "
    "question, answer, "
    "prompt_name, prompt_version, service_tier, region, turn_number, first_token_ns, usage_role, "
    "usage_basis, "
    "usage_known, "
    "tok_input, "
    "tok_cache_read, tok_cache_write, tok_output, tok_reasoning, reported_cost_nano, "
    "notEmpty(link_trace_ids), "
    "kind = 0 AND hasAny(mapKeys(attrs_str), ['http.request.method', 'http.method', 'db.system', "
    "'db.system.name', "
    "'rpc.system', 'rpc.system.name', 'messaging.system']), tok_other['cache_write_5m'], "
    "tok_other['cache_write_1h'], "
    "tok_other['input_audio'], tok_other['input_image'], tok_other['output_audio'], "
    "tok_other['output_image'], weight";
IndexedSpan read_list_columns(store::RowReader&, StringPool&);

class Queries::Impl {
 public:
  Impl(store::Engine& engine, const QueryOptions& options)
      : engine_(engine), options_(options), cache(options.cache_bytes) {}

  /// Runs a statement under the limits. `settings` is constant text.
  Result<store::QueryResult> ask(const Caller&, const Sql&, Fragment settings = "",
                                 std::uint64_t max_rows = 1'000'000);

  /// Parses and compiles a search, asking for resource ids where it must. Parameters of the filter are named
  /// from 1000 upwards, so that they never meet those of the statement around it.
  /// `with_cost`: `prefix` defines cost_nano and cost_state even where the predicate does not use them.
  QueryAnswer<Filter> filter(const Caller&, std::string_view q, TimeRange range = {0, INT64_MAX},
                             bool with_cost = false);

  /// Where the newest part of a range begins that a search for words does well to look through alone: to
  /// learn where words can be reads every bitmap of the range. The range's own begin where nothing is gained.
  std::int64_t newest_part(const Caller&, std::string_view q, TimeRange);

  /// Whether any call of the project is known to repeat another (asked again after a second at most).
  bool has_duplicates(const Caller&);
  bool has_shared_texts(const Caller&);
  /// Whether retention sampling has taken traces, so that spans have weights (asked again after a second).
  bool has_weights(const Caller&);
  /// kListColumns and whether the call repeats another one, which is looked up for these traces (none: all).
  void list_columns(Sql&, const Caller&, const std::vector<otlp::TraceId>&);

  /// Texts that spans share, by id; their memory is kept in `out`.
  Status read_parts(const Caller&, std::map<store::PartId, std::string_view>& parts, StoredSpans& out);

  Result<std::map<otlp::TraceId, TraceBounds>> bounds(const Caller&, const std::vector<otlp::TraceId>&);
  /// Indices of traces whose bounds are known; from the cache where it is fresh.
  Result<std::vector<std::shared_ptr<const TraceIndex>>> load(const Caller&, const std::vector<TraceBounds>&);

 private:
  QueryAnswer<FoundStructure> structure(const Caller&, const Node&, const ProbeAnswers&, TimeRange);
  Result<Sql> cost_prefix(const Caller&, TimeRange);
  Result<std::shared_ptr<const TraceIndex>> load_one(const Caller&, const TraceBounds&);
  Result<Placeholders> placeholders(const Caller&, const TraceBounds&);
  /// By project: whether a table has rows of it; no is asked again after a second.
  using Known = std::map<std::uint32_t, std::pair<bool, std::chrono::steady_clock::time_point>>;
  bool has_rows(const Caller&, Sql, Known&);
  std::mutex known_mutex_;
  Known duplicates_, shared_texts_, weights_;
  store::Engine& engine_;
  QueryOptions options_;

 public:
  IndexCache cache;
  KnownModels known_models;
};

/// `project = … AND start >= … AND start < …`
void in_range(Sql&, const Caller&, TimeRange);
/// The same for spans that start in any of these (inclusive; neither sorted nor apart, at least one). Those
/// that lie near each other are joined: a superset, in a hundred comparisons at most.
void in_ranges(Sql&, const Caller&, std::vector<std::pair<std::int64_t, std::int64_t>> starts);
/// The filter for spans that start in that range: it finds the same, with less to compare them with.
Filter within(const Filter&, TimeRange);
/// After PREWHERE: the steps in the order in which they save most. What small columns decide comes first, the
/// range (which the primary key has narrowed to granules already) next; then_rest() goes on behind conditions
/// of the caller's own.
void first_in_range(Sql&, const Filter&, const Caller&, TimeRange);
void then_rest(Sql&, const Filter&);

/// Keyset cursors: opaque text of fixed fields, checked when it comes back.
struct Cursor {
  std::int64_t start = 0;
  otlp::TraceId trace_id{};
  std::uint64_t span_id = 0;
  auto operator<=>(const Cursor&) const = default;
};
std::string to_text(const Cursor&);
QueryAnswer<Cursor> parse_cursor(std::string_view);

}  // namespace turnscope::query
