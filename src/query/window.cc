#include "query/window.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "genai/view.h"

namespace turnscope::query {

namespace {

/// Turns, agents and model calls tell different stories under one name; what is repeated in a loop does not.
bool can_group(std::uint8_t kind) {
  const auto k = static_cast<genai::Kind>(kind);
  return k != genai::Kind::agent && k != genai::Kind::turn && k != genai::Kind::llm;
}

/// How many siblings from `row` on are alike, and the row behind the last one's subtree.
std::pair<std::uint32_t, std::uint32_t> run_of_siblings(const TraceIndex& trace, std::uint32_t row) {
  const auto nodes = trace.nodes();
  const auto spans = trace.spans();
  const auto& s = spans[row];
  std::uint32_t count = 1, end = nodes[row].subtree_end;
  if (!can_group(s.kind) || nodes[row].parent == kNone) return {count, end};
  const auto stop = nodes[nodes[row].parent].subtree_end;
  while (end < stop && spans[end].name == s.name && spans[end].kind == s.kind && spans[end].tool == s.tool) {
    ++count;
    end = nodes[end].subtree_end;
  }
  return {count, end};
}

}  // namespace

Window window(const TraceIndex& trace, const WindowRequest& request) {
  const auto nodes = trace.nodes();
  const auto spans = trace.spans();
  const std::uint32_t depth = request.depth.value_or(trace.size() <= kOpenBelow ? kNone : 2);
  const std::size_t count = std::clamp<std::size_t>(request.count, 1, kMaxWindowRows);

  std::unordered_set<std::uint32_t> opened;  // ancestors of the span asked for
  std::uint32_t target = kNone;
  if (request.around) {
    target = trace.find(*request.around);
    if (target != kNone)
      for (auto p = nodes[target].parent; p != kNone; p = nodes[p].parent) opened.insert(p);
  }
  const auto is_folded = [&](std::uint32_t row) {
    if (nodes[row].children == 0 || opened.contains(row)) return false;
    if (!request.folded.empty() && request.folded.contains(spans[row].span_id)) return true;
    if (nodes[row].depth + 1 < depth || depth == kNone) return false;
    return !request.unfolded.contains(spans[row].span_id);
  };

  Window out;
  // One pass over the visible rows; hidden subtrees are jumped over.
  std::vector<WindowRow> visible;
  std::vector<std::uint32_t> shown_at(request.hide_plumbing ? trace.size() : 0, kNone);
  std::vector<std::uint32_t> run_until(request.group ? trace.size() : 0, 0);  // by parent
  for (std::uint32_t row = 0; row < trace.size();) {
    const auto& node = nodes[row];
    if (request.hide_plumbing && node.hidden_plumbing && row != target && !opened.contains(row)) {
      if (node.parent != kNone && shown_at[node.parent] != kNone)
        visible[shown_at[node.parent]].hidden += node.subtree_end - row;
      row = node.subtree_end;
      continue;
    }
    WindowRow line;
    line.row = static_cast<std::uint32_t>(visible.size());
    line.span = row;
    line.folded = is_folded(row);
    if (request.group && node.parent != kNone && row >= run_until[node.parent]) {
      const auto [alike, end] = run_of_siblings(trace, row);
      run_until[node.parent] = end;
      if (alike >= kGroupFrom) {
        line.group = alike;
        line.group_end = end;
        const bool holds_target = target != kNone && target > row && target < end;
        if (holds_target) out.ungrouped.push_back(row);
        line.grouped = !holds_target && !request.ungrouped.contains(spans[row].span_id);
      }
    }
    if (line.grouped)
      line.hidden = line.group_end - row - 1;
    else if (line.folded)
      line.hidden = node.subtree_end - row - 1;
    if (request.hide_plumbing) shown_at[row] = line.row;
    visible.push_back(line);
    row = line.grouped ? line.group_end : line.folded ? node.subtree_end : row + 1;
  }

  out.total_rows = visible.size();
  out.first = request.first;
  if (target != kNone) {
    const auto at =
        std::lower_bound(visible.begin(), visible.end(), target,
                         [](const WindowRow& line, std::uint32_t row) { return line.span < row; });
    const auto place = static_cast<std::size_t>(at - visible.begin());
    const auto before = count * 2 / 5;
    out.first = place > before ? place - before : 0;
  }
  out.first = std::min(out.first, visible.size());
  const auto last = std::min(out.first + count, visible.size());
  out.rows.assign(visible.begin() + static_cast<std::ptrdiff_t>(out.first),
                  visible.begin() + static_cast<std::ptrdiff_t>(last));
  return out;
}

namespace {
/// What has not ended goes on for as long as anything is known of the trace.
std::uint64_t known(const TraceIndex& trace, const IndexedSpan& s) {
  return s.unfinished ? static_cast<std::uint64_t>(trace.end() - s.start) : s.duration;
}
}  // namespace

std::vector<Bar> minimap(const TraceIndex& trace) {
  const auto spans = trace.spans();
  const auto nodes = trace.nodes();
  std::vector<Bar> bars;
  const auto bar = [&](std::uint32_t row) {
    const auto& s = spans[row];
    return Bar{s.start - trace.start(), known(trace, s), nodes[row].depth, s.kind, s.is_error};
  };
  if (trace.size() <= kMaxBars) {
    for (std::uint32_t row = 0; row < trace.size(); ++row) bars.push_back(bar(row));
    return bars;
  }
  // Too many: lanes × buckets cells, each shows the longest span that starts in it, and any error.
  const std::uint32_t lanes = std::min(trace.max_depth() + 1, 20u);
  const std::uint64_t buckets = kMaxBars / lanes;
  const auto width = trace.duration() / buckets + 1;
  std::vector<Bar> cells(lanes * buckets, Bar{-1, 0, 0, 0, false});
  for (std::uint32_t row = 0; row < trace.size(); ++row) {
    auto b = bar(row);
    b.lane = std::min(b.lane, lanes - 1);
    auto& cell = cells[b.lane * buckets + static_cast<std::uint64_t>(b.start) / width];
    const bool error = cell.error || b.error;
    const auto end = std::max(cell.start + static_cast<std::int64_t>(cell.duration),
                              b.start + static_cast<std::int64_t>(b.duration));
    if (cell.start < 0) {
      cell = b;
    } else {
      const auto start = std::min(cell.start, b.start);
      if (b.duration > cell.duration) cell.kind = b.kind;
      cell.start = start;
      cell.duration = static_cast<std::uint64_t>(end - start);
    }
    cell.error = error;
  }
  for (const auto& cell : cells)
    if (cell.start >= 0) bars.push_back(cell);
  return bars;
}

std::vector<Bar> shape(const TraceIndex& trace) {
  constexpr std::size_t kPieces = 48;
  const auto spans = trace.spans();
  const auto nodes = trace.nodes();
  std::vector<Bar> pieces;
  for (std::uint32_t row = 0; row < trace.size(); ++row) {
    const auto kind = static_cast<genai::Kind>(spans[row].kind);
    const bool work = kind == genai::Kind::llm || kind == genai::Kind::tool ||
                      kind == genai::Kind::retrieval || kind == genai::Kind::embedding;
    if (!work && nodes[row].children > 0) continue;
    if (!work && kind != genai::Kind::other && kind != genai::Kind::chain) continue;
    if (nodes[row].hidden_plumbing) continue;
    pieces.push_back({spans[row].start - trace.start(), known(trace, spans[row]), 0, spans[row].kind,
                      spans[row].is_error});
  }
  if (pieces.empty())
    for (std::uint32_t row = 0; row < trace.size() && pieces.size() < kPieces; ++row)
      pieces.push_back({spans[row].start - trace.start(), known(trace, spans[row]), 0, spans[row].kind,
                        spans[row].is_error});
  if (pieces.size() > kPieces) {
    std::nth_element(pieces.begin(), pieces.begin() + kPieces, pieces.end(), [](const Bar& a, const Bar& b) {
      return a.error != b.error ? a.error : a.duration > b.duration;
    });
    pieces.resize(kPieces);
  }
  std::sort(pieces.begin(), pieces.end(), [](const Bar& a, const Bar& b) { return a.start < b.start; });
  return pieces;
}

std::string human_duration(std::uint64_t ns) {
  const auto value = static_cast<double>(ns);
  if (ns < 1'000) return fmt::format("{} ns", ns);
  if (ns < 1'000'000) return fmt::format("{:.3g} µs", value / 1e3);
  if (ns < 1'000'000'000) return fmt::format("{:.3g} ms", value / 1e6);
  if (ns < 100'000'000'000) return fmt::format("{:.3g} s", value / 1e9);
  return fmt::format("{} min {} s", ns / 60'000'000'000, ns / 1'000'000'000 % 60);
}

namespace {

std::string label(const TraceIndex& trace, std::uint32_t row) {
  const auto& s = trace.spans()[row];
  if (s.kind == static_cast<std::uint8_t>(genai::Kind::tool) && s.tool)
    return std::string(trace.text(s.tool));
  return std::string(trace.text(s.name));
}

/// 17772 → "17,772"
std::string grouped(std::uint64_t n) {
  auto digits = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::uint64_t calls_below(const TraceIndex& trace, std::uint32_t row, bool failed) {
  std::uint64_t n = 0;
  for (auto r = row + 1; r < trace.nodes()[row].subtree_end; ++r)
    n += trace.nodes()[r].parent == row && (!failed || trace.spans()[r].is_error);
  return n;
}

// What runs in requests hidden below a call is the call's own time.
Finding slow(const TraceIndex& trace) {
  Finding f{Finding::Type::slow, 0, 0, Finding::Unit::ns, std::nullopt, {}, {}};
  for (std::uint32_t row = 0; row < trace.size(); ++row) {
    if (static_cast<std::int64_t>(trace.nodes()[row].critical_whole) <= f.value) continue;
    f.value = static_cast<std::int64_t>(trace.nodes()[row].critical_whole);
    f.span = row;
  }
  f.share = static_cast<double>(f.value) / static_cast<double>(std::max<std::uint64_t>(trace.duration(), 1));
  f.text = fmt::format("{} took {} of {} ({:.0f} %)", label(trace, f.span),
                       human_duration(static_cast<std::uint64_t>(f.value)), human_duration(trace.duration()),
                       *f.share * 100);
  const auto& s = trace.spans()[f.span];
  const auto all = calls_below(trace, f.span, false), failed = calls_below(trace, f.span, true);
  const auto seconds = static_cast<double>(s.duration - std::min(s.duration, s.first_token)) / 1e9;
  if (failed > 0)
    f.detail = fmt::format("{} of {} {} below it failed", failed, all, all == 1 ? "call" : "calls");
  else if (s.kind == static_cast<std::uint8_t>(genai::Kind::llm) && s.usage.total_output() > 0 && seconds > 0)
    f.detail = s.first_token > 0
                   ? fmt::format("first token after {}, then {} tokens at {:.0f} a second",
                                 human_duration(s.first_token), grouped(s.usage.total_output()),
                                 static_cast<double>(s.usage.total_output()) / seconds)
                   : fmt::format("{} tokens written, {:.0f} a second", grouped(s.usage.total_output()),
                                 static_cast<double>(s.usage.total_output()) / seconds);
  else if (all == 0)
    f.detail = "nothing below it says what it waited for";
  return f;
}

/// What entered the context since the model call before: which tools ran, and by how much it grew.
std::string why_dear(const TraceIndex& trace, std::uint32_t row) {
  const auto spans = trace.spans();
  std::uint32_t before = kNone;
  for (std::uint32_t r = 0; r < trace.size(); ++r) {
    if (r == row || spans[r].usage_role != static_cast<std::uint8_t>(genai::UsageRole::own)) continue;
    if (spans[r].kind != spans[row].kind || spans[r].end() > spans[row].start ||
        spans[r].agent != spans[row].agent)
      continue;
    if (before == kNone || spans[r].end() > spans[before].end()) before = r;
  }
  if (before == kNone) return {};
  const auto was = spans[before].usage.total_input(), now = spans[row].usage.total_input();
  if (now <= was || was == 0) return {};
  std::vector<std::uint32_t> tools;
  for (std::uint32_t r = 0; r < trace.size(); ++r)
    if (spans[r].kind == static_cast<std::uint8_t>(genai::Kind::tool) &&
        spans[r].start >= spans[before].end() && spans[r].end() <= spans[row].start)
      tools.push_back(r);
  auto out = fmt::format("{} tokens more in the context than the call before", grouped(now - was));
  if (tools.size() == 1) out += fmt::format(", after {}", label(trace, tools[0]));
  if (tools.size() == 2)
    out += fmt::format(", after {} and {}", label(trace, tools[0]), label(trace, tools[1]));
  if (tools.size() > 2) out += fmt::format(", after {} tool calls", tools.size());
  return out;
}

std::optional<Finding> dear(const TraceIndex& trace) {
  Finding by_cost{Finding::Type::dear, 0, 0, Finding::Unit::nano_usd, std::nullopt, {}, {}};
  Finding by_tokens{Finding::Type::dear, 0, 0, Finding::Unit::tokens, std::nullopt, {}, {}};
  const auto spans = trace.spans();
  for (std::uint32_t row = 0; row < trace.size(); ++row) {
    const auto& s = spans[row];
    if (s.usage_role != static_cast<std::uint8_t>(genai::UsageRole::own)) continue;
    const auto reported = s.has_reported_cost ? std::optional(s.reported_cost) : std::nullopt;
    const auto cost = cost_of(s.usage, trace.priced_by(s), s.start, reported).best();
    if (cost && *cost > by_cost.value) {
      by_cost.value = *cost;
      by_cost.span = row;
    }
    const auto tokens = static_cast<std::int64_t>(s.usage.total_input() + s.usage.total_output());
    if (tokens > by_tokens.value) {
      by_tokens.value = tokens;
      by_tokens.span = row;
    }
  }
  const auto& total = trace.total();
  if (by_cost.value > 0) {
    if (const auto sum = total.cost.best(); sum && *sum > 0)
      by_cost.share = static_cast<double>(by_cost.value) / static_cast<double>(*sum);
    by_cost.text =
        fmt::format("{} cost ${:.3g}", label(trace, by_cost.span), static_cast<double>(by_cost.value) / 1e9);
    if (by_cost.share) by_cost.text += fmt::format(" ({:.0f} % of the run)", *by_cost.share * 100);
    by_cost.detail = why_dear(trace, by_cost.span);
    return by_cost;
  }
  if (by_tokens.value > 0) {
    if (const auto sum = total.input + total.output; sum > 0)
      by_tokens.share = static_cast<double>(by_tokens.value) / static_cast<double>(sum);
    by_tokens.text = fmt::format("{} used {} tokens", label(trace, by_tokens.span), by_tokens.value);
    if (by_tokens.share) by_tokens.text += fmt::format(" ({:.0f} % of the run)", *by_tokens.share * 100);
    by_tokens.detail = why_dear(trace, by_tokens.span);
    return by_tokens;
  }
  return std::nullopt;
}

std::optional<Finding> wrong(const TraceIndex& trace) {
  std::uint32_t worst = kNone;
  // The error that ended last is the one the run ended with; a request that a call got over counts for less.
  for (std::uint32_t row = 0; row < trace.size(); ++row) {
    if (!trace.nodes()[row].deepest_error) continue;
    const auto rank = [&](std::uint32_t r) {
      return std::pair(!trace.nodes()[r].hidden_plumbing, trace.spans()[r].end());
    };
    if (worst == kNone || rank(row) >= rank(worst)) worst = row;
  }
  if (worst == kNone) return std::nullopt;
  const auto& s = trace.spans()[worst];
  Finding f{Finding::Type::wrong, worst, trace.total().errors, Finding::Unit::errors, std::nullopt, {}, {}};
  f.text = label(trace, worst) + " failed";
  const auto type = trace.text(s.error_type);
  const auto message = trace.text(s.error_message ? s.error_message : s.status_message);
  if (!type.empty()) f.text += fmt::format(": {}", type);
  if (!message.empty()) f.text += fmt::format(": {}", message);
  if (f.value > 1) f.text += fmt::format(" (and {} more)", f.value - 1);
  // The answer may pass over what failed: a run that ends well in spite of an error says so here.
  const auto root = trace.root();
  bool answered = false;
  for (const auto& span : trace.spans()) answered = answered || span.answer != 0;
  if (root != kNone && worst != root)
    f.detail = trace.spans()[root].is_error ? "the run failed with it"
               : answered                   ? "the run gave an answer all the same"
                                            : "the run went on";
  return f;
}

}  // namespace

std::vector<Finding> findings(const TraceIndex& trace) {
  std::vector<Finding> out;
  if (trace.size() == 0) return out;
  if (trace.duration() > 0) out.push_back(slow(trace));
  if (auto f = dear(trace)) out.push_back(std::move(*f));
  if (auto f = wrong(trace)) out.push_back(std::move(*f));
  return out;
}

}  // namespace turnscope::query
