// Attributes and spans that rules drop, and storms of like spans.
#include <xxhash.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/anomaly.h"
#include "pipeline/bounds.h"

namespace turnscope::pipeline {
namespace {

using otlp::Attributes;
using otlp::KeyValue;

/// How many like spans of a trace came so far. Bounded: the older half is forgotten; then a storm keeps a few
/// more.
class StormCounts {
 public:
  std::uint64_t next(std::uint64_t key) {
    auto& n = now_[key];
    if (n == 0)
      if (const auto old = before_.find(key); old != before_.end()) n = old->second;
    const std::uint64_t count = ++n;
    if (now_.size() >= kMost) {
      before_ = std::move(now_);
      now_.clear();
    }
    return count;
  }
  std::mutex mutex;

 private:
  static constexpr std::size_t kMost = 32'768;
  std::unordered_map<std::uint64_t, std::uint64_t> now_, before_;
};

class DropProcessor final : public Processor {
 public:
  explicit DropProcessor(const BoundsOptions& o) : options_(o) {}

  void process(otlp::Traces& traces, Batch& batch) override {
    std::size_t dropped = 0;
    for (auto& r : writable(traces.resources)) {
      const std::string_view service = service_name(r.resource);
      attributes(r.resource.attributes, batch);
      for (auto& s : writable(r.scopes)) {
        attributes(s.scope.attributes, batch);
        if (!options_.drop_spans.empty()) dropped += drop_spans(s, service);
        if (options_.storm_spans) fold(s, batch);
        if (options_.drop_attributes.empty()) continue;
        for (otlp::Span& span : writable(s.spans)) {
          attributes(span.attributes, batch);
          for (otlp::Event& e : writable(span.events)) attributes(e.attributes, batch);
          for (otlp::Link& l : writable(span.links)) attributes(l.attributes, batch);
        }
      }
    }
    if (dropped) {
      batch.changed = true;
      count(Anomaly::bounds_spans_dropped, dropped);
    }
  }
  void process(otlp::Logs& logs, Batch& batch) override {
    for (auto& r : writable(logs.resources)) {
      attributes(r.resource.attributes, batch);
      for (auto& s : writable(r.scopes))
        for (otlp::LogRecord& record : writable(s.records)) attributes(record.attributes, batch);
    }
  }
  void process(otlp::Metrics&, Batch&) override {}

 private:
  void attributes(Attributes& list, Batch& batch) {
    if (options_.drop_attributes.empty()) return;
    std::span<KeyValue> all = writable(list);
    const auto end = std::remove_if(all.begin(), all.end(), [&](const KeyValue& kv) {
      return std::ranges::any_of(options_.drop_attributes,
                                 [&](const std::string& glob) { return glob_matches(glob, kv.key); });
    });
    const auto kept = static_cast<std::size_t>(end - all.begin());
    if (kept == all.size()) return;
    count(Anomaly::bounds_attributes_dropped, all.size() - kept);
    list = list.first(kept);
    batch.changed = true;
  }

  bool unwanted(const otlp::Span& span, std::string_view service) const {
    return std::ranges::any_of(options_.drop_spans, [&](const DropRule& rule) {
      // What failed is kept, unless the rule asks for it in so many words.
      if (span.status == otlp::StatusCode::error && !rule.errors) return false;
      return conditions_hold(rule, service, span.name, span.attributes, {});
    });
  }
  std::size_t drop_spans(otlp::ScopeSpans& s, std::string_view service) const {
    std::span<otlp::Span> all = writable(s.spans);
    const auto end = std::remove_if(all.begin(), all.end(),
                                    [&](const otlp::Span& span) { return unwanted(span, service); });
    const auto kept = static_cast<std::size_t>(end - all.begin());
    s.spans = s.spans.first(kept);
    return all.size() - kept;
  }

  static bool alike(const otlp::Span& a, const otlp::Span& b) {
    return a.trace_id == b.trace_id && a.parent_span_id == b.parent_span_id && a.name == b.name &&
           (a.status == otlp::StatusCode::error) == (b.status == otlp::StatusCode::error);
  }
  static std::uint64_t key_of(const otlp::Span& s) {
    std::uint64_t h = XXH3_64bits_withSeed(s.name.data(), s.name.size(), s.parent_span_id);
    h = XXH3_64bits_withSeed(s.trace_id.data(), s.trace_id.size(), h);
    return h ^ (s.status == otlp::StatusCode::error ? 0x9E3779B97F4A7C15ull : 0);
  }

  /// Like spans beyond the first ones of their trace become one of each request, with their number and times.
  void fold(otlp::ScopeSpans& s, Batch& batch) {
    struct Heap {
      std::size_t at;  ///< of the span that stands for them
      std::uint64_t spans = 0, nanos = 0;
    };
    std::span<otlp::Span> all = writable(s.spans);
    std::unordered_map<std::uint64_t, Heap> heaps;
    std::unordered_map<otlp::SpanId, otlp::SpanId> gone;  // to the one that stands for it
    std::vector<bool> folded(all.size());
    {
      const std::lock_guard lock(counts_.mutex);
      for (std::size_t i = 0; i < all.size(); ++i) {
        const std::uint64_t key = key_of(all[i]);
        if (counts_.next(key) <= options_.storm_spans) continue;
        const auto [it, first] = heaps.try_emplace(key, Heap{i});
        Heap& heap = it->second;
        otlp::Span& one = all[heap.at];
        if (!first && !alike(one, all[i])) continue;  // the same hash by accident
        ++heap.spans;
        heap.nanos +=
            all[i].end_unix_nano > all[i].start_unix_nano ? all[i].end_unix_nano - all[i].start_unix_nano : 0;
        if (first) continue;
        one.start_unix_nano = std::min(one.start_unix_nano, all[i].start_unix_nano);
        one.end_unix_nano = std::max(one.end_unix_nano, all[i].end_unix_nano);
        gone[all[i].span_id] = one.span_id;
        folded[i] = true;
      }
    }
    if (gone.empty()) return;
    for (auto& [key, heap] : heaps) {
      if (heap.spans < 2) continue;
      const KeyValue marks[] = {
          number_attribute("turnscope.folded.spans", static_cast<std::int64_t>(heap.spans)),
          number_attribute("turnscope.folded.duration_ns", static_cast<std::int64_t>(heap.nanos))};
      add_attributes(all[heap.at].attributes, marks, batch.arena);
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (folded[i]) continue;
      if (const auto parent = gone.find(all[i].parent_span_id); parent != gone.end())
        all[i].parent_span_id = parent->second;
      if (kept != i) all[kept] = all[i];
      ++kept;
    }
    count(Anomaly::bounds_spans_folded, all.size() - kept);
    s.spans = s.spans.first(kept);
    batch.changed = true;
  }

  const BoundsOptions options_;
  StormCounts counts_;
};

}  // namespace

bool conditions_hold(const DropRule& rule, std::string_view service, std::string_view name,
                     otlp::Attributes own, otlp::Attributes resource) {
  if (!rule.service.empty() && !glob_matches(rule.service, service)) return false;
  if (!rule.name.empty() && !glob_matches(rule.name, name)) return false;
  if (rule.attribute.empty()) return true;
  const otlp::AnyValue* v = find_attribute(own, rule.attribute);
  if (!v) v = find_attribute(resource, rule.attribute);
  if (!v) return false;
  if (v->type == otlp::AnyValue::Type::string) return glob_matches(rule.value, v->text);
  if (v->type == otlp::AnyValue::Type::integer) return glob_matches(rule.value, std::to_string(v->integer));
  if (v->type == otlp::AnyValue::Type::boolean)
    return glob_matches(rule.value, v->boolean ? "true" : "false");
  return rule.value == "*";
}

std::unique_ptr<Processor> make_drop_processor(const BoundsOptions& o) {
  return std::make_unique<DropProcessor>(o);
}

}  // namespace turnscope::pipeline
