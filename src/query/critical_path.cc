#include "query/critical_path.h"

#include <algorithm>

namespace turnscope::query {
namespace {

constexpr std::uint32_t kTop = 0xffffffff;
constexpr int kMaxHops = 64;  // overflow of a child climbs at most so many ancestors, then goes to the top

struct Item {
  std::uint32_t span;
  std::int64_t start, end;
};
struct Visit {
  std::uint32_t span;          // kTop: the trace itself
  std::int64_t lower, cursor;  // still to explain: [lower, cursor)
  std::size_t next;            // next item of the span
};

}  // namespace

std::vector<std::uint64_t> critical_times(std::span<const Interval> spans, std::int64_t from,
                                          std::int64_t to) {
  const auto n = spans.size();
  std::vector<std::uint64_t> own(n, 0);
  if (from >= to) return own;

  // Items: below which span (n: the trace itself) which part of a span can be waited for.
  std::vector<std::pair<std::uint32_t, Item>> items;
  items.reserve(n + n / 8);
  for (std::uint32_t i = 0; i < n; ++i) {
    std::int64_t start = std::max(spans[i].start, from);
    const std::int64_t end = std::min(spans[i].end, to);
    std::uint32_t parent = spans[i].parent;
    for (int hop = 0; start < end; ++hop) {
      if (parent == kTop || hop == kMaxHops) {
        items.push_back({static_cast<std::uint32_t>(n), {i, start, end}});
        break;
      }
      const auto& p = spans[parent];
      // A child that starts before its parent waits for nobody there: only the common time counts.
      const auto inside_from = std::max(start, p.start);
      const auto inside_to = std::min(end, p.end);
      if (inside_from < inside_to) items.push_back({parent, {i, inside_from, inside_to}});
      start = std::max(start, p.end);
      parent = p.parent;
    }
  }
  std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first < b.first;
    if (a.second.end != b.second.end) return a.second.end > b.second.end;
    if (a.second.start != b.second.start) return a.second.start > b.second.start;
    return a.second.span < b.second.span;
  });
  std::vector<std::size_t> first(n + 2, items.size());
  for (std::size_t k = items.size(); k-- > 0;) first[items[k].first] = k;
  for (std::size_t i = n + 1; i-- > 0;)
    if (first[i] == items.size() || items[first[i]].first != i) first[i] = first[i + 1];

  // Hostile shapes could make spans be visited over and over; beyond the budget a span keeps its time to
  // itself.
  std::size_t budget = 16 * items.size() + 100'000;
  std::vector<Visit> stack;
  stack.push_back({kTop, from, to, first[n]});
  while (!stack.empty()) {
    Visit& v = stack.back();
    const std::size_t place = v.span == kTop ? n : v.span;
    const std::size_t stop = first[place + 1];
    bool descended = false;
    while (v.cursor > v.lower && v.next < stop && budget > 0) {
      --budget;
      const Item& item = items[v.next].second;
      ++v.next;
      const auto end = std::min(item.end, v.cursor);
      const auto start = std::max(item.start, v.lower);
      if (start >= end) continue;
      if (v.span != kTop) own[v.span] += static_cast<std::uint64_t>(v.cursor - end);
      v.cursor = start;
      // Not `v` behind this line: the push may move it.
      stack.push_back({item.span, start, end, first[item.span]});
      descended = true;
      break;
    }
    if (descended) continue;
    if (v.span != kTop && v.cursor > v.lower) own[v.span] += static_cast<std::uint64_t>(v.cursor - v.lower);
    stack.pop_back();
  }
  return own;
}

}  // namespace turnscope::query
