#include "otlp/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/anomaly.h"

namespace turnscope::otlp {
namespace {

/// Cheap and weak: it only decides whether a closer look is needed.
std::uint32_t quick_hash(std::string_view s) {
  if (s.empty()) return 0;  // may have no address at all
  std::uint64_t head = 0, tail = 0;
  const std::size_t n = std::min<std::size_t>(s.size(), 8);
  std::memcpy(&head, s.data(), n);
  std::memcpy(&tail, s.data() + s.size() - n, n);
  std::uint64_t h =
      (head ^ (tail << 7 | tail >> 57)) * 0x9E3779B97F4A7C15ull + s.size() * 0xC2B2AE3D27D4EB4Full;
  return static_cast<std::uint32_t>(h >> 54);  // 10 bits
}

}  // namespace

std::size_t Context::make_unique(std::span<KeyValue> fields) {
  constexpr std::size_t small = 96;
  if (fields.size() <= small) {
    std::uint64_t seen[16] = {};
    std::size_t kept = 0;
    for (KeyValue& kv : fields) {
      const std::uint32_t h = quick_hash(kv.key);
      std::uint64_t& word = seen[h >> 6];
      const std::uint64_t bit = 1ull << (h & 63);
      if (word & bit) [[unlikely]] {
        auto same = std::find_if(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(kept),
                                 [&](const KeyValue& other) { return other.key == kv.key; });
        if (same != fields.begin() + static_cast<std::ptrdiff_t>(kept)) {
          same->value = kv.value;
          ++duplicates_;
          continue;
        }
      }
      word |= bit;
      if (&fields[kept] != &kv) fields[kept] = kv;
      ++kept;
    }
    if (kept != fields.size()) report.modified = true;
    return kept;
  }
  // Many keys: sort places by key, so that hostile keys cannot make this quadratic.
  std::vector<std::uint32_t> order(fields.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const int c = fields[a].key.compare(fields[b].key);
    return c != 0 ? c < 0 : a < b;
  });
  std::vector<bool> gone(fields.size());
  std::size_t removed = 0;
  for (std::size_t i = 0; i < order.size();) {
    std::size_t j = i + 1;
    while (j < order.size() && fields[order[j]].key == fields[order[i]].key) ++j;
    if (j - i > 1) {
      fields[order[i]].value = fields[order[j - 1]].value;
      for (std::size_t k = i + 1; k < j; ++k) gone[order[k]] = true;
      removed += j - i - 1;
    }
    i = j;
  }
  if (removed == 0) return fields.size();
  duplicates_ += removed;
  report.modified = true;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (!gone[i]) fields[kept++] = fields[i];
  return kept;
}

std::string_view Context::cut(std::string_view s, std::size_t limit) {
  ++cut_;
  report.modified = true;
  return cut_text(s, limit);
}

std::string_view Context::repaired(std::string_view s) {
  ++utf8_;
  report.modified = true;
  std::string fixed;
  repair_utf8(s, fixed);
  char* p = bytes(fixed.size());
  std::memcpy(p, fixed.data(), fixed.size());
  return {p, fixed.size()};
}

void Context::over_limit(std::size_t n) {
  if (n == 0) return;
  if (report.reason.empty())
    report.reason =
        fmt::format("more than {} {} in one request (limits.spans_per_request); send smaller batches",
                    limits.spans_per_request, item_);
  report.rejected += n;
  report.modified = true;
  over_ += n;
}

void Context::bad_id(std::string_view which) {
  if (report.reason.empty())
    report.reason = fmt::format(
        "{} is missing, all zero, or not of its length (trace_id 16 bytes, span_id 8 bytes)", which);
  ++report.rejected;
  report.modified = true;
  ++bad_ids_;
}

void Context::malformed(const char* at, std::string_view what) const {
  throw DecodeFailure{
      ErrorKind::invalid_argument,
      fmt::format("request is not OTLP {} in protobuf: {} at byte {}", signal_, what, at - base_)};
}

void Context::malformed(std::string_view what) const {
  throw DecodeFailure{ErrorKind::invalid_argument, fmt::format("request is not OTLP {}: {}", signal_, what)};
}

void Context::too_much() const {
  throw DecodeFailure{
      ErrorKind::too_large,
      fmt::format("the {} of this request need more than 8 times its size and 16 MiB in memory, or more than "
                  "its share of memory.max: it is made of empty or tiny values; send smaller batches",
                  signal_)};
}

void Context::flush() {
  if (utf8_) count(Anomaly::otlp_utf8_repaired, utf8_);
  if (cut_) count(Anomaly::otlp_string_cut, cut_);
  if (depth_) count(Anomaly::otlp_depth_cut, depth_);
  if (dropped_) count(Anomaly::otlp_attributes_dropped, dropped_);
  if (duplicates_) count(Anomaly::otlp_duplicate_key, duplicates_);
  if (ids_) count(Anomaly::otlp_id_left_out, ids_);
  if (bad_ids_) count(Anomaly::otlp_span_rejected_id, bad_ids_);
  if (parts_) count(Anomaly::otlp_parts_dropped, parts_);
  if (over_) count(Anomaly::otlp_spans_over_limit, over_);
}

}  // namespace turnscope::otlp
