// Storms: of like spans under one parent the first ones stay, those beyond become one with their number, as
// far as one request reaches. What stands for them says so, so that the store can make one of those of
// several requests (sinks/storm_heaps.h).
#pragma once
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "genai/view.h"
#include "otlp/model.h"

namespace turnscope::pipeline {

inline constexpr std::string_view kFoldedSpans = "turnscope.folded.spans";
inline constexpr std::string_view kFoldedNanos = "turnscope.folded.duration_ns";

/// How many spans one stands for, and how long they took together.
struct Folded {
  std::uint64_t spans = 1, nanos = 0;
};
Folded folded_in(const otlp::Span&);
void mark_folded(otlp::Span&, const Folded&, otlp::Arena&);
/// Belong to one storm: trace, parent, name, and whether they failed. Equal ones have equal keys.
bool alike(const otlp::Span&, const otlp::Span&);
std::uint64_t storm_key(const otlp::Span&);

class Storms {
 public:
  explicit Storms(std::uint64_t kept) : kept_(kept) {}
  /// How many spans went into others; what changed is marked. Thread-safe.
  struct Done {
    std::size_t folded = 0;
    bool changed = false;
  };
  Done fold(otlp::ScopeSpans&, const otlp::Resource&, otlp::Arena&);

 private:
  /// Indexes of the spans beyond the first ones.
  std::vector<std::size_t> beyond(std::span<const otlp::Span>);
  std::uint64_t next(std::uint64_t key);

  const std::uint64_t kept_;
  std::mutex mutex_;
  /// Like spans that came so far. Bounded: the older half is forgotten, then a storm keeps a few more.
  std::unordered_map<std::uint64_t, std::uint64_t> now_, before_;
  /// Spans that had children in earlier requests, one a slot: those are not folded, or their children would
  /// hang nowhere. The newest stay.
  std::vector<std::uint64_t> parents_;
};

}  // namespace turnscope::pipeline
