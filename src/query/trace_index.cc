#include "query/trace_index.h"

#include <algorithm>
#include <unordered_map>

#include "genai/view.h"
#include "query/critical_path.h"

namespace turnscope::query {
namespace {

constexpr auto kLlm = static_cast<std::uint8_t>(genai::Kind::llm);
constexpr auto kTool = static_cast<std::uint8_t>(genai::Kind::tool);
constexpr auto kAgent = static_cast<std::uint8_t>(genai::Kind::agent);
constexpr auto kTurn = static_cast<std::uint8_t>(genai::Kind::turn);
constexpr auto kOwn = static_cast<std::uint8_t>(genai::UsageRole::own);

constexpr auto kDuplicate = static_cast<std::uint8_t>(genai::UsageRole::duplicate);

void add(Rollup& sum, const Rollup& part) {
  sum.input += part.input;
  sum.output += part.output;
  sum.cache_read += part.cache_read;
  sum.any_tokens = sum.any_tokens || part.any_tokens;
  add(sum.cost, part.cost);
  sum.errors += part.errors;
  sum.llm_calls += part.llm_calls;
  sum.tool_calls += part.tool_calls;
}

}  // namespace

// Works on spans in arrival order (indices), then writes them out in pre-order (rows).
class TreeBuilder {
 public:
  TreeBuilder(TraceIndex& out, std::vector<IndexedSpan> rows, const Placeholders& placeholders)
      : out_(out), in_(std::move(rows)), placeholders_(placeholders) {}

  void run() {
    keep_latest();
    place();
    link();
    break_circles();
    order();
    hide_plumbing();
    times();
    roll_up();
  }

 private:
  void keep_latest() {
    std::sort(in_.begin(), in_.end(), [](const auto& a, const auto& b) {
      return a.span_id != b.span_id ? a.span_id < b.span_id : a.version > b.version;
    });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < in_.size(); ++i) {
      out_.version_ = std::max(out_.version_, in_[i].version);
      if (kept > 0 && in_[kept - 1].span_id == in_[i].span_id) {
        ++duplicates_[kept - 1];
        continue;
      }
      if (kept != i) in_[kept] = in_[i];
      ++kept;
      duplicates_.push_back(0);
    }
    in_.resize(kept);
    // Siblings come out in the order of their start because everything does.
    std::vector<std::uint32_t> by_start(kept);
    for (std::uint32_t i = 0; i < kept; ++i) by_start[i] = i;
    std::sort(by_start.begin(), by_start.end(), [&](auto a, auto b) {
      return in_[a].start != in_[b].start ? in_[a].start < in_[b].start : in_[a].span_id < in_[b].span_id;
    });
    std::vector<IndexedSpan> sorted;
    std::vector<std::uint32_t> counts;
    sorted.reserve(kept);
    counts.reserve(kept);
    for (auto i : by_start) {
      sorted.push_back(in_[i]);
      counts.push_back(duplicates_[i]);
    }
    in_ = std::move(sorted);
    duplicates_ = std::move(counts);
    if (in_.empty()) return;
    out_.start_ = in_.front().start;
    out_.end_ = out_.start_;
    for (const auto& s : in_) out_.end_ = std::max(out_.end_, s.end());
  }

  // Placeholders of spans that have arrived go; the first of each of the others takes its span's place.
  void place() {
    if (placeholders_.empty()) return;
    std::unordered_map<std::uint64_t, std::uint64_t> there;  // span id → the row's own id
    for (const auto& s : in_)
      if (!placeholders_.contains(s.span_id)) there.emplace(s.span_id, s.span_id);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < in_.size(); ++i) {
      if (const auto it = placeholders_.find(in_[i].span_id); it != placeholders_.end()) {
        const auto [standing, first] = there.emplace(it->second.span_id, in_[i].span_id);
        if (!first) {
          aliases_.emplace_back(in_[i].span_id, standing->second);
          continue;
        }
        in_[i].parent_span_id = it->second.parent_span_id;
        in_[i].kind = it->second.kind;
        in_[i].unfinished = true;
        aliases_.emplace_back(it->second.span_id, in_[i].span_id);
      }
      if (kept != i) {
        in_[kept] = in_[i];
        duplicates_[kept] = duplicates_[i];
      }
      ++kept;
    }
    in_.resize(kept);
    duplicates_.resize(kept);
  }

  void link() {
    const auto n = in_.size();
    std::unordered_map<std::uint64_t, std::uint32_t> at;
    at.reserve(n + aliases_.size());
    for (std::uint32_t i = 0; i < n; ++i) at.emplace(in_[i].span_id, i);
    for (const auto& [alias, id] : aliases_)
      if (const auto it = at.find(id); it != at.end()) at.emplace(alias, it->second);
    parent_.assign(n, kNone);
    unknown_.assign(n, false);
    for (std::uint32_t i = 0; i < n; ++i) {
      if (in_[i].parent_span_id == 0) continue;
      const auto it = at.find(in_[i].parent_span_id);
      if (it == at.end() || it->second == i)
        unknown_[i] = true;
      else
        parent_[i] = it->second;
    }
  }

  // Parents that lead in a circle: the earliest span of the circle becomes a top-level span of unknown
  // parent.
  void break_circles() {
    enum : std::uint8_t { unseen, walking, done };
    std::vector<std::uint8_t> state(in_.size(), unseen);
    std::vector<std::uint32_t> path;
    for (std::uint32_t i = 0; i < in_.size(); ++i) {
      path.clear();
      auto at = i;
      while (at != kNone && state[at] == unseen) {
        state[at] = walking;
        path.push_back(at);
        at = parent_[at];
      }
      if (at != kNone && state[at] == walking) {
        const auto begin = std::find(path.begin(), path.end(), at);
        const auto cut = *std::min_element(begin, path.end());  // indices are in order of start
        parent_[cut] = kNone;
        unknown_[cut] = true;
      }
      for (auto p : path) state[p] = done;
    }
  }

  void order() {
    const auto n = static_cast<std::uint32_t>(in_.size());
    // Children of i stand in child[first[i] .. first[i+1]), in order of start; top-level spans belong to n.
    std::vector<std::uint32_t> first(n + 2, 0), child(n);
    for (std::uint32_t i = 0; i < n; ++i) ++first[(parent_[i] == kNone ? n : parent_[i]) + 1];
    for (std::uint32_t i = 0; i <= n; ++i) first[i + 1] += first[i];
    auto fill = first;
    for (std::uint32_t i = 0; i < n; ++i) child[fill[parent_[i] == kNone ? n : parent_[i]]++] = i;

    out_.spans_.reserve(n);
    out_.nodes_.resize(n);
    out_.by_id_.reserve(n);
    struct Open {
      std::uint32_t index, row, next;
    };
    std::vector<Open> stack{{n, kNone, first[n]}};
    while (!stack.empty()) {
      auto& top = stack.back();
      if (top.next == first[top.index + 1]) {
        if (top.row != kNone)
          out_.nodes_[top.row].subtree_end = static_cast<std::uint32_t>(out_.spans_.size());
        stack.pop_back();
        continue;
      }
      const auto i = child[top.next++];
      const auto row = static_cast<std::uint32_t>(out_.spans_.size());
      auto& node = out_.nodes_[row];
      node.parent = top.row;
      node.depth = static_cast<std::uint32_t>(stack.size() - 1);
      node.children = first[i + 1] - first[i];
      node.duplicates = duplicates_[i];
      node.parent_unknown = unknown_[i];
      if (unknown_[i]) out_.complete_ = false;
      if (out_.root_ == kNone && top.row == kNone && in_[i].parent_span_id == 0) out_.root_ = row;
      out_.max_depth_ = std::max(out_.max_depth_, node.depth);
      out_.spans_.push_back(in_[i]);
      out_.by_id_.emplace_back(in_[i].span_id, row);
      stack.push_back({i, row, first[i]});
    }
    if (out_.root_ == kNone) out_.complete_ = false;
    std::sort(out_.by_id_.begin(), out_.by_id_.end());
    if (aliases_.empty()) return;
    auto all = out_.by_id_;
    for (const auto& [alias, id] : aliases_) all.emplace_back(alias, out_.find(id));
    std::sort(all.begin(), all.end());
    out_.by_id_ = std::move(all);
  }

  // What has not ended goes on for as long as anything is known of the trace.
  std::int64_t ends(const IndexedSpan& s) const { return s.unfinished ? out_.end_ : s.end(); }

  void times() {
    const auto n = static_cast<std::uint32_t>(out_.spans_.size());
    std::vector<Interval> intervals(n);
    for (std::uint32_t row = 0; row < n; ++row)
      intervals[row] = {out_.spans_[row].start, ends(out_.spans_[row]), out_.nodes_[row].parent};
    const auto critical = critical_times(intervals, out_.start_, out_.end_);
    // Children stand behind their parent in order of start, so one pass finds the union of their times.
    std::vector<std::int64_t> covered_to(n, INT64_MIN);
    for (std::uint32_t row = 0; row < n; ++row)
      out_.nodes_[row].self = static_cast<std::uint64_t>(intervals[row].end - intervals[row].start);
    // Whose time it is: a row's own kind, else that of the call above it. Parents stand before their
    // children.
    std::vector<std::uint8_t> work(n, 0);
    std::vector<std::uint32_t> owner(n);
    for (std::uint32_t row = 0; row < n; ++row) {
      auto& node = out_.nodes_[row];
      const auto kind = out_.spans_[row].kind;
      if (kind == kLlm || kind == kTool)
        work[row] = kind;
      else if (kind != kAgent && kind != kTurn && node.parent != kNone)
        work[row] = work[node.parent];
      owner[row] = node.hidden_plumbing ? owner[node.parent] : row;
      node.critical = critical[row];
      out_.nodes_[owner[row]].critical_whole += critical[row];
      if (work[row] == kLlm)
        out_.critical_.llm += critical[row];
      else if (work[row] == kTool)
        out_.critical_.tool += critical[row];
      if (node.parent == kNone) continue;
      const auto& p = intervals[node.parent];
      auto& covered = covered_to[node.parent];
      const auto from = std::max({intervals[row].start, p.start, covered});
      const auto to = std::min(intervals[row].end, p.end);
      if (from < to) {
        out_.nodes_[node.parent].self -= static_cast<std::uint64_t>(to - from);
        covered = to;
      }
    }
    out_.critical_.other = out_.duration() - out_.critical_.llm - out_.critical_.tool;
  }

  void roll_up() {
    const auto n = out_.spans_.size();
    for (std::size_t row = n; row-- > 0;) {
      const auto& span = out_.spans_[row];
      auto& node = out_.nodes_[row];
      auto& sum = node.rollup;  // holds the descendants already
      if (span.is_error && sum.errors == 0) {
        node.deepest_error = true;
        sum.errors = 1;
      }
      if (span.kind == kLlm && span.usage_role != kDuplicate) ++sum.llm_calls;
      if (span.kind == kTool) ++sum.tool_calls;
      if (span.usage_role == kOwn && span.usage.any()) {
        sum.any_tokens = true;
        sum.input += span.usage.total_input();
        sum.output += span.usage.total_output();
        sum.cache_read += span.usage.tokens[TokenCounts::cache_read];
      }
      const auto own_cost = cost(span);
      const bool is_sum =
          span.usage_role != kOwn;  // says what its descendants cost, if they say so themselves
      if (span.usage_role != kDuplicate && !(is_sum && sum.cost.reported_nano_usd))
        query::add(sum.cost, own_cost);
      if (node.parent != kNone)
        add(out_.nodes_[node.parent].rollup, sum);
      else
        add(out_.total_, sum);
    }
  }

  Cost cost(const IndexedSpan& span) const {
    const auto reported = span.has_reported_cost ? std::optional(span.reported_cost) : std::nullopt;
    if (span.usage_role != kOwn) {
      Cost only_reported;
      only_reported.reported_nano_usd = reported;
      return only_reported;
    }
    return cost_of(span.usage, out_.priced_by(span), span.start, reported);
  }

  void hide_plumbing() {
    const auto n = out_.spans_.size();
    std::vector<std::uint8_t> only(n, 1);
    for (std::size_t row = n; row-- > 0;) {
      only[row] = only[row] && out_.spans_[row].plumbing;
      if (!only[row] && out_.nodes_[row].parent != kNone) only[out_.nodes_[row].parent] = 0;
    }
    std::vector<std::uint8_t> below(n, 0);
    for (std::size_t row = 0; row < n; ++row) {
      const auto parent = out_.nodes_[row].parent;
      if (parent == kNone) continue;
      below[row] = below[parent] || out_.spans_[parent].kind == kLlm || out_.spans_[parent].kind == kTool;
      out_.nodes_[row].hidden_plumbing = below[row] && only[row];
    }
  }

  TraceIndex& out_;
  std::vector<IndexedSpan> in_;
  const Placeholders& placeholders_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> aliases_;  ///< id → that of the row that stands for it
  std::vector<std::uint32_t> duplicates_, parent_;
  std::vector<bool> unknown_;
};

std::shared_ptr<const TraceIndex> TraceIndex::build(otlp::TraceId id, std::vector<IndexedSpan> rows,
                                                    StringPool pool, const Placeholders& placeholders) {
  std::shared_ptr<TraceIndex> index(new TraceIndex);
  index->trace_id_ = id;
  index->pool_ = std::move(pool);
  index->pool_.freeze();
  TreeBuilder(*index, std::move(rows), placeholders).run();
  return index;
}

std::uint32_t TraceIndex::find(std::uint64_t span_id) const {
  const auto it = std::lower_bound(by_id_.begin(), by_id_.end(), std::pair{span_id, std::uint32_t{0}});
  return it != by_id_.end() && it->first == span_id ? it->second : kNone;
}

std::size_t TraceIndex::bytes() const {
  return sizeof *this + spans_.capacity() * sizeof(IndexedSpan) + nodes_.capacity() * sizeof(TreeNode) +
         by_id_.capacity() * sizeof(by_id_[0]) + pool_.bytes();
}

}  // namespace turnscope::query
