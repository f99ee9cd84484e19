#include "sinks/storm_heaps.h"

#include <xxhash.h>

#include <algorithm>

#include "otlp/decode.h"
#include "pipeline/tier.h"
#include "sinks/offload/large_values.h"

namespace turnscope::sinks {
namespace {

constexpr std::size_t kMostHeaps = 4'096, kMostHeapBytes = 16u << 20;

std::uint64_t hash_of(otlp::Attributes list, std::string_view name, std::string_view version) {
  const otlp::Scope scope{name, version, list, 0, {}};
  const otlp::ScopeSpans spans{scope, {}};
  const otlp::ResourceSpans resource{{}, {&spans, 1}};
  std::string bytes;
  otlp::encode_protobuf(otlp::Traces{{&resource, 1}}, bytes);
  return XXH3_64bits(bytes.data(), bytes.size());
}

/// Large values lie under the id of their span, and what is withheld is found by it: those keep it.
bool folds(const otlp::Span& s) {
  bool marked = false;
  for (const auto& kv : s.attributes) {
    if (kv.key.starts_with(kOffloaded) || kv.key == pipeline::kRestricted) return false;
    marked = marked || kv.key == pipeline::kFoldedSpans;
  }
  return marked;
}

std::uint64_t place_of(const otlp::TraceId& trace, otlp::SpanId span) {
  return XXH3_64bits_withSeed(trace.data(), trace.size(), span);
}

}  // namespace

StormHeaps::Heap* StormHeaps::heap_of(const otlp::Span& span, const otlp::ResourceSpans& rs,
                                      const otlp::ScopeSpans& ss, const log::RecordHead& head,
                                      std::uint64_t resource, std::uint64_t scope, std::uint64_t version) {
  const std::uint64_t key = pipeline::storm_key(span) ^ resource ^ scope * 31 ^ head.project;
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    Heap& heap = heaps_[known->second];
    heap.first.name = heap.name;
    const bool same = pipeline::alike(heap.first, span) && heap.resource == resource && heap.scope == scope &&
                      heap.head.project == head.project;
    return same ? &heap : nullptr;
  }
  if (heaps_.size() >= kMostHeaps || bytes_ >= kMostHeapBytes) return nullptr;
  Heap heap;
  const otlp::ScopeSpans one_scope{ss.scope, {&span, 1}};
  const otlp::ResourceSpans one{rs.resource, {&one_scope, 1}};
  otlp::encode_protobuf(otlp::Traces{{&one, 1}}, heap.request);
  heap.name = span.name;
  heap.first.trace_id = span.trace_id;
  heap.first.parent_span_id = span.parent_span_id;
  heap.first.status = span.status;
  heap.resource = resource;
  heap.scope = scope;
  heap.head = head;
  heap.version = version;
  heap.id = place_of(span.trace_id, version) | 1;
  heap.start = span.start_unix_nano;
  heap.end = span.end_unix_nano;
  bytes_ += heap.request.size() + heap.name.size() + sizeof(Heap);
  by_key_.emplace(key, heaps_.size());
  return &heaps_.emplace_back(std::move(heap));
}

const std::vector<bool>& StormHeaps::take(const otlp::Traces& traces, const log::RecordHead& head,
                                          std::uint64_t version) {
  taken_.clear();
  for (const auto& rs : traces.resources) {
    const std::uint64_t resource = hash_of(rs.resource.attributes, rs.resource.schema_url, {});
    for (const auto& ss : rs.scopes) {
      const std::uint64_t scope = hash_of(ss.scope.attributes, ss.scope.name, ss.scope.version);
      for (const otlp::Span& span : ss.spans) {
        const std::uint64_t own = version + taken_.size();
        taken_.push_back(false);
        if (!folds(span)) continue;
        Heap* heap = heap_of(span, rs, ss, head, resource, scope, own);
        if (heap == nullptr) continue;
        taken_.back() = true;
        if (!heap->members.insert(span.span_id).second) continue;
        gone_[place_of(span.trace_id, span.span_id)] = heap->id;
        const auto more = pipeline::folded_in(span);
        heap->sum.spans += more.spans;
        heap->sum.nanos += more.nanos;
        heap->start = std::min(heap->start, span.start_unix_nano);
        heap->end = std::max(heap->end, span.end_unix_nano);
        bytes_ += 96;  // about what the two tables take
      }
    }
  }
  return taken_;
}

void StormHeaps::hang(otlp::Span& span) const {
  if (gone_.empty() || span.parent_span_id == 0) return;
  const auto parent = gone_.find(place_of(span.trace_id, span.parent_span_id));
  if (parent != gone_.end()) span.parent_span_id = parent->second;
}

void StormHeaps::each(const std::function<void(const Folds&)>& f) const {
  for (const Heap& h : heaps_) f(h);
}

void StormHeaps::clear() {
  heaps_.clear();
  by_key_.clear();
  gone_.clear();
  bytes_ = 0;
}

}  // namespace turnscope::sinks
