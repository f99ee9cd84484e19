#include "genai/duplicates.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace turnscope::genai {
namespace {

struct Key {
  otlp::TraceId trace;
  otlp::SpanId span;
  auto operator<=>(const Key&) const = default;
};

/// Follows marks to the call that counts; bounded, marks never form a ring because each is set once towards a
/// call that is not marked as its duplicate.
std::uint32_t counted(const std::vector<std::uint32_t>& mark, std::uint32_t i) {
  for (int hops = 0; hops < 64 && mark[i] != kNoDuplicate; ++hops) i = mark[i];
  return i;
}

/// Of two calls that are one: is `a` the one that repeats?
bool repeats(const CallFacts& a, const CallFacts& b) {
  if (a.sdk != b.sdk) return a.sdk;
  const int has_a = a.has_input + a.has_output, has_b = b.has_input + b.has_output;
  if (has_a != has_b) return has_a < has_b;
  if (a.has_usage != b.has_usage) return !a.has_usage;
  return a.start > b.start || (a.start == b.start && a.span > b.span);
}

void mark_pair(std::vector<std::uint32_t>& mark, std::uint32_t duplicate, std::uint32_t of) {
  of = counted(mark, of);
  if (of != duplicate && mark[duplicate] == kNoDuplicate) mark[duplicate] = of;
}
}  // namespace

std::vector<std::uint32_t> find_duplicates(std::span<const CallFacts> calls) {
  const auto n = static_cast<std::uint32_t>(calls.size());
  std::vector<std::uint32_t> mark(n, kNoDuplicate);
  std::map<Key, std::uint32_t> by_id;
  for (std::uint32_t i = 0; i < n; ++i) by_id.emplace(Key{calls[i].trace, calls[i].span}, i);

  // 1. Nested model spans are one call: the outer one has the content. When only the inner one has usage, it
  // counts.
  for (std::uint32_t i = 0; i < n; ++i) {
    if (!calls[i].parent) continue;
    const auto it = by_id.find({calls[i].trace, calls[i].parent});
    if (it == by_id.end() || it->second == i || calls[it->second].kind != calls[i].kind) continue;
    const CallFacts &inner = calls[i], &outer = calls[it->second];
    if (inner.has_usage && !outer.has_usage && !inner.sdk)
      mark_pair(mark, it->second, i);
    else
      mark_pair(mark, i, it->second);
  }

  // 2. Logfire's streamed calls: the request span has no output, a zero-length span at its end has it.
  for (std::uint32_t i = 0; i < n; ++i) {
    if (!calls[i].stream_log) continue;
    std::uint32_t best = kNoDuplicate;
    for (std::uint32_t k = 0; k < n; ++k) {
      const CallFacts& r = calls[k];
      if (k == i || r.stream_log || !r.logfire || r.scope != calls[i].scope || mark[k] != kNoDuplicate)
        continue;
      if (r.has_output || r.has_usage || r.failed || r.request_model != calls[i].request_model ||
          r.start > calls[i].start)
        continue;
      // Below the same span or below the request; without a parent each of the two is a trace of its own.
      const bool together = r.trace == calls[i].trace
                                ? r.parent == calls[i].parent || calls[i].parent == r.span
                                : !r.parent && !calls[i].parent;
      if (!together) continue;
      if (best == kNoDuplicate || r.start > calls[best].start) best = k;
    }
    if (best != kNoDuplicate) mark_pair(mark, best, i);
  }

  // 3. The same answer: equal response ids of different libraries, also in different traces.
  std::unordered_map<std::string_view, std::vector<std::uint32_t>> by_response;
  for (std::uint32_t i = 0; i < n; ++i)
    if (!calls[i].response_id.empty()) by_response[calls[i].response_id].push_back(i);
  for (auto& [id, group] : by_response) {
    for (const std::uint32_t i : group) {
      if (mark[i] != kNoDuplicate) continue;
      std::uint32_t best = kNoDuplicate;
      for (const std::uint32_t k : group) {
        if (k == i || calls[k].scope == calls[i].scope || mark[k] != kNoDuplicate ||
            !repeats(calls[i], calls[k]))
          continue;
        if (best == kNoDuplicate || repeats(calls[best], calls[k])) best = k;
      }
      if (best != kNoDuplicate) mark_pair(mark, i, best);
    }
  }

  // 4. No id on one side (failed calls; libraries that do not send it): the same model and the SDK's span
  // within the other's.
  std::vector<std::uint32_t> frameworks;
  for (std::uint32_t i = 0; i < n; ++i)
    if (!calls[i].sdk && calls[i].kind == Kind::llm) frameworks.push_back(i);
  std::sort(frameworks.begin(), frameworks.end(),
            [&](auto a, auto b) { return calls[a].start < calls[b].start; });
  for (std::uint32_t i = 0; i < n; ++i) {
    const CallFacts& sdk = calls[i];
    if (!sdk.sdk || mark[i] != kNoDuplicate) continue;
    std::uint32_t best = kNoDuplicate;
    const auto after = std::upper_bound(frameworks.begin(), frameworks.end(), sdk.start,
                                        [&](std::uint64_t t, std::uint32_t k) { return t < calls[k].start; });
    int looked = 0;
    for (auto it = after; it != frameworks.begin() && looked < 1000; ++looked) {
      const CallFacts& f = calls[*--it];
      if (f.end < sdk.end || f.scope == sdk.scope) continue;
      if (!f.response_id.empty() && !sdk.response_id.empty()) continue;  // both told: they differ
      if (!f.request_model.empty() && !sdk.request_model.empty() && f.request_model != sdk.request_model)
        continue;
      if (best == kNoDuplicate || f.end - f.start < calls[best].end - calls[best].start) best = *it;
    }
    if (best != kNoDuplicate) mark_pair(mark, i, best);
  }
  return mark;
}

}  // namespace turnscope::genai
