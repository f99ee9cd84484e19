// Cursor files: DIRECTORY/cursors/NAME, replaced as a whole (write new, sync, rename, sync directory).
//
//   0 u64 magic "TSCURSOR" · 8 u32 version · 12 u32 note bytes · 16 u64 position · 24 u64 XXH3-64 of the rest
//   · 32 note
//
//            oldest     store-writer      exporter   durable
//   segments   |--- kept ---v---------------v-----------|
//              ^ nothing below the lowest cursor is kept (after keep_after_cursor)
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/filesystem.h"
#include "log/damage.h"
#include "log/log.h"

namespace turnscope::log {

inline constexpr std::size_t kMaxCursorNote = 1u << 16;

struct CursorState {
  Position position = 0;
  std::string note;
};

std::string encode_cursor(const CursorState&);
/// nullopt unless every byte is accounted for and the checksum fits.
std::optional<CursorState> decode_cursor(std::string_view bytes);
/// 1 to 64 of a–z, 0–9, '_', '-' and '.', not beginning with '.', not ending in ".tmp".
bool valid_cursor_name(std::string_view name);

/// All cursors of a log. Thread-safe.
class CursorSet {
 public:
  CursorSet(FileSystem& fs, const std::string& log_directory)
      : fs_(fs), directory_(join_path(log_directory, "cursors")) {}

  /// Reads all cursor files. A damaged one starts again at `oldest`, counted and said.
  Status load(Position oldest, DamageLedger&);
  /// The highest position any cursor claims; 0 without cursors.
  Position highest() const;
  /// The lowest; nullopt without cursors.
  std::optional<Position> lowest() const;
  /// Cursors above `next` point at records this log never had: back to `oldest`, counted and said. Those
  /// below `oldest` go forward to it: records between are gone (`gap` is told the range).
  void repair(Position oldest, Position next, DamageLedger&,
              const std::function<void(Position, Position)>& gap);

  Result<std::shared_ptr<Cursor>> open(std::string_view name, Position oldest);
  Status remove(std::string_view name);
  /// Called after a cursor moved or went away, on the thread that moved it.
  void on_change(std::function<void()> f) { changed_ = std::move(f); }

 private:
  class Impl;
  struct Entry;
  FileSystem& fs_;
  const std::string directory_;
  std::function<void()> changed_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>, std::less<>> entries_;
};

}  // namespace turnscope::log
