#include "pipeline/storms.h"

#include <xxhash.h>

#include <algorithm>

#include "pipeline/processor.h"

namespace turnscope::pipeline {
namespace {

constexpr std::size_t kMostStorms = 32'768, kStormParents = 65'536;

std::uint64_t parent_key(const otlp::TraceId& trace, otlp::SpanId span) {
  return XXH3_64bits_withSeed(trace.data(), trace.size(), span) | 1;
}

std::uint64_t own_nanos(const otlp::Span& s) {
  return s.end_unix_nano > s.start_unix_nano ? s.end_unix_nano - s.start_unix_nano : 0;
}

std::uint64_t mark_number(const otlp::Span& s, std::string_view key, std::uint64_t otherwise) {
  const auto* v = find_attribute(s.attributes, key);
  return v && v->type == otlp::AnyValue::Type::integer && v->integer > 0
             ? static_cast<std::uint64_t>(v->integer)
             : otherwise;
}

/// Tokens and money are counted span by span: a call that tells them is not folded.
bool tells_cost(const otlp::Span& s, const otlp::Resource& r, const otlp::Scope& scope,
                genai::Columns& view) {
  genai::columns(s, r, scope, view);
  return view.usage.role != genai::UsageRole::none || view.reported_cost_nano_usd;
}

}  // namespace

Folded folded_in(const otlp::Span& s) {
  return {mark_number(s, kFoldedSpans, 1), mark_number(s, kFoldedNanos, own_nanos(s))};
}

void mark_folded(otlp::Span& s, const Folded& f, otlp::Arena& arena) {
  const otlp::KeyValue marks[] = {number_attribute(kFoldedSpans, static_cast<std::int64_t>(f.spans)),
                                  number_attribute(kFoldedNanos, static_cast<std::int64_t>(f.nanos))};
  add_attributes(s.attributes, marks, arena);
}

bool alike(const otlp::Span& a, const otlp::Span& b) {
  return a.trace_id == b.trace_id && a.parent_span_id == b.parent_span_id && a.name == b.name &&
         (a.status == otlp::StatusCode::error) == (b.status == otlp::StatusCode::error);
}

std::uint64_t storm_key(const otlp::Span& s) {
  std::uint64_t h = XXH3_64bits_withSeed(s.name.data(), s.name.size(), s.parent_span_id);
  h = XXH3_64bits_withSeed(s.trace_id.data(), s.trace_id.size(), h);
  return h ^ (s.status == otlp::StatusCode::error ? 0x9E3779B97F4A7C15ull : 0);
}

std::uint64_t Storms::next(std::uint64_t key) {
  auto& n = now_[key];
  if (n == 0)
    if (const auto old = before_.find(key); old != before_.end()) n = old->second;
  const std::uint64_t count = ++n;
  if (now_.size() >= kMostStorms) {
    before_ = std::move(now_);
    now_.clear();
  }
  return count;
}

std::vector<std::size_t> Storms::beyond(std::span<const otlp::Span> all) {
  std::vector<std::size_t> out;
  const std::lock_guard lock(mutex_);
  if (parents_.empty()) parents_.resize(kStormParents);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (next(storm_key(all[i])) <= kept_) continue;
    const auto key = parent_key(all[i].trace_id, all[i].span_id);
    if (parents_[key % kStormParents] != key) out.push_back(i);
  }
  for (const otlp::Span& s : all)
    if (s.parent_span_id != 0) {
      const auto key = parent_key(s.trace_id, s.parent_span_id);
      parents_[key % kStormParents] = key;
    }
  return out;
}

Storms::Done Storms::fold(otlp::ScopeSpans& s, const otlp::Resource& resource, otlp::Arena& arena) {
  struct Heap {
    std::size_t at;  ///< of the span that stands for them
    Folded sum{0, 0};
  };
  std::span<otlp::Span> all = writable(s.spans);
  std::unordered_map<std::uint64_t, Heap> heaps;
  std::unordered_map<otlp::SpanId, otlp::SpanId> gone;  // to the one that stands for it
  std::vector<bool> folded(all.size());
  genai::Columns view;
  for (const std::size_t i : beyond(all)) {
    if (tells_cost(all[i], resource, s.scope, view)) continue;
    const auto [it, first] = heaps.try_emplace(storm_key(all[i]), Heap{i});
    Heap& heap = it->second;
    otlp::Span& one = all[heap.at];
    if (!first && !alike(one, all[i])) continue;  // the same hash by accident
    const Folded more = folded_in(all[i]);
    heap.sum.spans += more.spans;
    heap.sum.nanos += more.nanos;
    if (first) continue;
    one.start_unix_nano = std::min(one.start_unix_nano, all[i].start_unix_nano);
    one.end_unix_nano = std::max(one.end_unix_nano, all[i].end_unix_nano);
    gone[all[i].span_id] = one.span_id;
    folded[i] = true;
  }
  if (heaps.empty()) return {};
  for (const auto& [key, heap] : heaps) mark_folded(all[heap.at], heap.sum, arena);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (folded[i]) continue;
    if (const auto parent = gone.find(all[i].parent_span_id); parent != gone.end())
      all[i].parent_span_id = parent->second;
    if (kept != i) all[kept] = all[i];
    ++kept;
  }
  s.spans = s.spans.first(kept);
  return {all.size() - kept, true};
}

}  // namespace turnscope::pipeline
