// Storms over the requests of one range of the log: what stands for like spans in each request
// (bounds.storm_spans, pipeline/storms.h) becomes one row of the range. The same records always make the same
// rows.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "log/log.h"
#include "otlp/model.h"
#include "pipeline/storms.h"

namespace turnscope::sinks {

class StormHeaps {
 public:
  /// Without looking closer: the record has nothing to fold.
  static bool none_in(std::string_view bytes) { return bytes.find(pipeline::kFoldedSpans) == bytes.npos; }

  /// Takes what stands for others. Answers which spans were taken, in their order in the record. `version`:
  /// of the record's first span.
  const std::vector<bool>& take(const otlp::Traces&, const log::RecordHead&, std::uint64_t version);
  /// What would hang under one that went into another hangs under that one.
  void hang(otlp::Span&) const;
  /// What one row is made of.
  struct Folds {
    std::string request;  ///< the first of them with its resource and scope, as a request
    log::RecordHead head;
    /// Its own: one of them may come again by itself, and must not stand in for all.
    otlp::SpanId id = 0;
    std::uint64_t version = 0, start = 0, end = 0;
    pipeline::Folded sum{0, 0};
    std::unordered_set<otlp::SpanId> members;  ///< one that was sent again counts once
  };
  /// In the order they came.
  void each(const std::function<void(const Folds&)>&) const;
  void clear();
  std::size_t size() const { return heaps_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Heap : Folds {
    std::string name;
    otlp::Span first;  ///< without what it points to; its name is above
    std::uint64_t resource = 0, scope = 0;
  };
  /// The heap that the span belongs to, a new one if need be; null when there is no room for another.
  Heap* heap_of(const otlp::Span&, const otlp::ResourceSpans&, const otlp::ScopeSpans&,
                const log::RecordHead&, std::uint64_t resource, std::uint64_t scope, std::uint64_t version);

  std::vector<Heap> heaps_;
  std::unordered_map<std::uint64_t, std::size_t> by_key_;
  std::unordered_map<std::uint64_t, otlp::SpanId> gone_;  ///< to the one that stands for it
  std::vector<bool> taken_;
  std::size_t bytes_ = 0;
};

}  // namespace turnscope::sinks
