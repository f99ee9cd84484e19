// What the store writer keeps with its cursor: who it is, the range it is about to insert, and the ranges
// before it.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "log/log.h"

namespace turnscope::sinks {

struct Range {
  log::Position first = 0, end = 0;
  bool operator==(const Range&) const = default;
};

struct StoreIntent {
  /// Random, made with the cursor: tokens of another log's ranges (positions begin at 0 again) are not taken
  /// for ours.
  std::uint64_t writer_id = 0;
  /// The machine's boot when this was written: a changed one means that a power cut may have taken parts that
  /// the store had promised (syncs may be lies).
  std::string boot;
  std::optional<Range> now;  ///< about to be inserted, or inserted and not yet known to be
  std::deque<Range> done;    ///< newest last

  static constexpr std::size_t kKept = 32;
  void finished(Range r);
  std::string encode() const;
  /// Error: corrupt. An empty text is an intent without id.
  static Result<StoreIntent> decode(std::string_view text);
  /// Of the insert of `range` into `table`: the same on every attempt, never the same for anything else.
  std::string token(std::string_view table, Range range) const;
};

/// /proc/sys/kernel/random/boot_id, or empty.
std::string boot_id();

}  // namespace turnscope::sinks
