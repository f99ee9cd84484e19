#include "store/trace_block.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

namespace turnscope::store {

// Seeded by the place of a static: ids chosen to collide in one process do not in the next.
std::size_t TraceBlock::Hash::operator()(const Key& k) const {
  static const char place = 0;
  const auto seed = reinterpret_cast<std::uintptr_t>(&place);
  return XXH3_64bits_withSeed(k.id.data(), k.id.size(), seed + k.project);
}

void TraceBlock::add(std::uint32_t project, const otlp::TraceId& id, const SpanTimes& t, bool root,
                     bool error, std::uint64_t version, std::uint32_t spans) {
  const auto end = t.end();
  if (last_ == nullptr || last_->first.id != id || last_->first.project != project) {
    const auto [it, added] =
        bounds_.try_emplace(Key{id, project}, Bounds{t.start, end, t.start, root, error, version, spans});
    last_ = &*it;
    if (added) return;
  }
  auto& b = last_->second;
  b.min_start = std::min(b.min_start, t.start);
  b.max_start = std::max(b.max_start, t.start);
  b.max_end = std::max(b.max_end, end);
  b.root |= root;
  b.error |= error;
  b.max_version = std::max(b.max_version, version);
  b.spans += spans;
}

Arrivals TraceBlock::arrivals(std::size_t most) const {
  Arrivals out;
  out.told = true;
  out.more = bounds_.size() > most;
  out.traces.reserve(std::min(most, bounds_.size()));
  for (const auto& [key, b] : bounds_) {
    if (out.traces.size() == most) break;
    out.traces.push_back({key.project, key.id, b.min_start, b.max_start, b.spans});
  }
  return out;
}

void TraceBlock::build() {
  TableBlock::clear();
  for (const auto& [key, b] : bounds_) {
    project_.add(key.project);
    trace_id_.add(key.id);
    min_start_.add(b.min_start);
    max_end_.add(b.max_end);
    max_start_.add(b.max_start);
    has_root_.add(b.root);
    has_error_.add(b.error);
    max_version_.add(b.max_version);
    ++rows_;
  }
}

}  // namespace turnscope::store
