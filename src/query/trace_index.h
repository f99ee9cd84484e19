// One trace in memory, built from list columns only (no payload): tree in pre-order with self times, roll-ups
// and the critical path. Everything a header, a window of rows or a list line needs is computed from it
// without the store.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "otlp/model.h"
#include "query/cost.h"
#include "query/string_pool.h"

namespace turnscope::query {

inline constexpr std::uint32_t kNone = 0xffffffff;

/// List columns of one stored row. Texts are numbers in the trace's StringPool.
struct IndexedSpan {
  std::uint64_t span_id = 0, parent_span_id = 0;
  std::int64_t start = 0;      ///< nanoseconds since 1970 UTC
  std::uint64_t duration = 0;  ///< nanoseconds; 0 when the end is missing or before the start
  std::uint64_t version = 0;
  std::uint64_t first_token = 0;   ///< nanoseconds from the start; 0: not told
  std::int64_t reported_cost = 0;  ///< nano-dollars, when has_reported_cost
  TokenCounts usage;
  std::uint32_t name = 0, service = 0, provider = 0, model = 0, tool = 0, agent = 0, session = 0, user = 0;
  std::uint32_t environment = 0, status_message = 0, error_type = 0, error_message = 0, question = 0,
                answer = 0;
  std::uint32_t prompt_name = 0, prompt_version = 0, service_tier = 0, region = 0;
  std::int32_t turn_number = -1;
  std::uint32_t weight = 1000;  ///< thousandths of its like that it stands for (retention sampling)
  std::uint8_t time_flags = 0, span_kind = 0, status = 0, kind = 0, usage_role = 0, usage_basis = 0;
  bool is_error = false, plumbing = false, has_reported_cost = false, has_links = false;
  bool placeholder = false;  ///< sent when a span began, in its name (Logfire's pending spans)
  bool unfinished = false;   ///< has begun and not ended, as far as is known

  std::int64_t end() const { return start + static_cast<std::int64_t>(duration); }
};

/// What a placeholder says of the span that has begun: its id, the span above it (0: none), what it is.
struct Announced {
  std::uint64_t span_id = 0, parent_span_id = 0;
  std::uint8_t kind = 0;  ///< of the span; the placeholder itself is stored as of none, and counted nowhere
};
/// By the placeholder's own id.
using Placeholders = std::unordered_map<std::uint64_t, Announced>;

struct Rollup {
  std::uint64_t input = 0, output = 0,
                cache_read = 0;  ///< own usage only; total input excludes nothing but is exclusive
  bool any_tokens = false;
  Cost cost;
  std::uint32_t errors = 0;  ///< an error that travels up counts once, at the deepest span
  std::uint32_t llm_calls = 0, tool_calls = 0;
};

/// A span at its place in the tree.
struct TreeNode {
  std::uint32_t parent = kNone;   ///< row of the parent; kNone: top level
  std::uint32_t subtree_end = 0;  ///< row behind the last descendant
  std::uint32_t depth = 0;
  std::uint32_t children = 0;
  std::uint32_t duplicates = 0;  ///< rows of the same span beyond the first
  bool parent_unknown = false;   ///< has a parent id that is not in the trace (or leads in a circle)
  bool deepest_error = false;
  bool hidden_plumbing =
      false;                   ///< plumbing below a model or tool call with nothing but plumbing below itself
  std::uint64_t self = 0;      ///< duration minus the union of the children's times
  std::uint64_t critical = 0;  ///< time of the critical path spent in this span itself
  std::uint64_t critical_whole = 0;  ///< `critical`, and that of the plumbing hidden below it
  Rollup rollup;
};

/// Time of the critical path by what it was spent on; the three add up to the trace's duration. What runs
/// below a model or tool call (requests, retrieval, chains) is that call's time, until another agent begins.
struct CriticalShares {
  std::uint64_t llm = 0, tool = 0, other = 0;
};

class TraceIndex {
 public:
  /// `rows` in any order, duplicates included (the highest version of a span id wins).
  /// A placeholder stands where its span will, unfinished; when the span is there it goes, and its id leads
  /// to the span.
  static std::shared_ptr<const TraceIndex> build(otlp::TraceId, std::vector<IndexedSpan> rows, StringPool,
                                                 const Placeholders& = {});

  const otlp::TraceId& trace_id() const { return trace_id_; }
  std::size_t size() const { return spans_.size(); }
  /// Spans in pre-order; siblings by start.
  std::span<const IndexedSpan> spans() const { return spans_; }
  std::span<const TreeNode> nodes() const { return nodes_; }
  std::string_view text(std::uint32_t id) const { return pool_[id]; }
  /// What decides on a span's price; views into this index.
  PricedBy priced_by(const IndexedSpan& s) const {
    return {pool_[s.model], pool_[s.provider], pool_[s.service_tier], pool_[s.region]};
  }
  /// Row of a span id, or kNone.
  std::uint32_t find(std::uint64_t span_id) const;

  std::int64_t start() const { return start_; }
  std::int64_t end() const { return end_; }
  std::uint64_t duration() const { return static_cast<std::uint64_t>(end_ - start_); }
  /// Row of the root: the first span without parent id; kNone: it has not arrived.
  std::uint32_t root() const { return root_; }
  bool complete() const { return complete_; }
  std::uint64_t version() const { return version_; }
  const Rollup& total() const { return total_; }
  const CriticalShares& critical() const { return critical_; }
  std::uint32_t max_depth() const { return max_depth_; }
  std::size_t bytes() const;

 private:
  friend class TreeBuilder;
  TraceIndex() = default;
  otlp::TraceId trace_id_{};
  std::vector<IndexedSpan> spans_;
  std::vector<TreeNode> nodes_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> by_id_;  ///< sorted
  StringPool pool_;
  std::int64_t start_ = 0, end_ = 0;
  std::uint32_t root_ = kNone, max_depth_ = 0;
  bool complete_ = true;
  std::uint64_t version_ = 0;
  Rollup total_;
  CriticalShares critical_;
};

}  // namespace turnscope::query
