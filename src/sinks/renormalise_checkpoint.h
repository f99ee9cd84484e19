// How far a run of the renormaliser came, in a file: a run that was killed, stopped or failed goes on from
// there. It is of use only to a process that reads spans by the same rules and after the same boot (a power
// cut may have taken what the store had promised).
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sinks/renormalise_state.h"
#include "sinks/stored_piece.h"

namespace turnscope::sinks {

struct RenormaliseCheckpoint {
  std::string boot;
  /// Of the program and the mapping rules in use.
  std::uint64_t rules = 0;
  std::int64_t since = 0, started = 0;
  std::uint64_t rows = 0, read = 0, changed = 0, skipped = 0, duplicates_added = 0, duplicates_removed = 0;
  /// The project under way; those with lower numbers are done.
  std::uint32_t project = 0;
  /// The last span of it that was taken.
  PieceCursor cursor;
  /// Days that hold a span more than once and are to be folded at the end.
  std::set<std::int64_t> days;

  std::string encode() const;
  /// Error: corrupt.
  static Result<RenormaliseCheckpoint> decode(std::string_view text);
  void give(RenormaliseState&) const;
};

/// Changes with the program (its file) and with the mapping rules in use.
std::uint64_t rules_in_use();

}  // namespace turnscope::sinks
