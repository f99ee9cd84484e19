#include "log/cursor.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "base/crash_point.h"

namespace turnscope::log {
namespace {

constexpr std::uint64_t kCursorMagic = 0x524f535255435354;  // "TSCURSOR"
constexpr std::uint32_t kCursorVersion = 1;
constexpr std::size_t kCursorHeader = 32;

}  // namespace

std::string encode_cursor(const CursorState& state) {
  std::string bytes(kCursorHeader, '\0');
  const std::uint32_t version = kCursorVersion;
  const auto note = static_cast<std::uint32_t>(state.note.size());
  std::memcpy(bytes.data(), &kCursorMagic, 8);
  std::memcpy(bytes.data() + 8, &version, 4);
  std::memcpy(bytes.data() + 12, &note, 4);
  std::memcpy(bytes.data() + 16, &state.position, 8);
  bytes += state.note;
  const std::uint64_t sum = XXH3_64bits(bytes.data(), bytes.size());  // the checksum's own place is zero here
  std::memcpy(bytes.data() + 24, &sum, 8);
  return bytes;
}

std::optional<CursorState> decode_cursor(std::string_view bytes) {
  if (bytes.size() < kCursorHeader || bytes.size() > kCursorHeader + kMaxCursorNote) return std::nullopt;
  CursorState state;
  std::memcpy(&state.position, bytes.data() + 16, 8);
  state.note = bytes.substr(kCursorHeader);
  if (encode_cursor(state) != bytes) return std::nullopt;
  return state;
}

bool valid_cursor_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '.' || name.ends_with(".tmp")) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

/// What is known of one cursor. `written` serialises writers of the file; `mutex` guards the state for
/// everyone else.
struct CursorSet::Entry {
  std::string name, path;
  bool removed = false;
  bool damaged = false;  ///< the file could not be read as a cursor
  std::mutex written;
  mutable std::mutex mutex;
  CursorState state;

  Position position() const {
    std::lock_guard lock(mutex);
    return state.position;
  }
  void set(CursorState s) {
    std::lock_guard lock(mutex);
    state = std::move(s);
  }
};

class CursorSet::Impl final : public Cursor {
 public:
  Impl(CursorSet& set, std::shared_ptr<Entry> entry) : set_(set), entry_(std::move(entry)) {}
  const std::string& name() const override { return entry_->name; }
  Position position() const override { return entry_->position(); }
  std::string note() const override {
    std::lock_guard lock(entry_->mutex);
    return entry_->state.note;
  }
  Status advance(Position to) override { return advance(to, {}); }
  Status advance(Position to, std::string_view note) override {
    if (note.size() > kMaxCursorNote) {
      return fail(ErrorKind::invalid_argument,
                  fmt::format("cursor {}: note of {} bytes; at most {} are allowed", entry_->name,
                              note.size(), kMaxCursorNote));
    }
    {
      std::lock_guard writing(entry_->written);
      if (entry_->removed)
        return fail(ErrorKind::not_found, fmt::format("cursor {} was removed", entry_->name));
      const Position now = entry_->position();
      if (to < now) {
        return fail(ErrorKind::invalid_argument,
                    fmt::format("cursor {}: {} lies before its position {}; cursors never move backwards",
                                entry_->name, to, now));
      }
      CursorState next{to, std::string(note)};
      CRASH_POINT("log.before_cursor");
      if (auto s = set_.fs_.replace_file(entry_->path, encode_cursor(next)); !s) {
        return fail(s.error().with_context("cursor " + entry_->name));
      }
      CRASH_POINT("log.after_cursor");
      entry_->set(std::move(next));
    }
    if (set_.changed_) set_.changed_();
    return {};
  }

 private:
  CursorSet& set_;
  std::shared_ptr<Entry> entry_;
};

Status CursorSet::load(Position oldest, DamageLedger& ledger) {
  TS_TRY(fs_.make_directories(directory_));
  TS_ASSIGN(const auto names, fs_.list(directory_));
  std::lock_guard lock(mutex_);
  for (const auto& name : names) {
    const std::string path = join_path(directory_, name);
    if (name.ends_with(".tmp")) {
      (void)fs_.remove(path);
      continue;
    }
    if (!valid_cursor_name(name)) continue;
    auto entry = std::make_shared<Entry>();
    entry->name = name;
    entry->path = path;
    const auto bytes = fs_.read_file(path);
    auto state = bytes ? decode_cursor(*bytes) : std::nullopt;
    if (!state) {
      entry->damaged = true;
      state = CursorState{oldest, {}};
      ledger.cursor_repaired(fmt::format("cursor {}: {}; it starts again at the oldest kept record, {}", name,
                                         bytes ? "the file is damaged" : bytes.error().message, oldest));
    }
    entry->state = std::move(*state);
    entries_.emplace(name, std::move(entry));
  }
  return {};
}

Position CursorSet::highest() const {
  std::lock_guard lock(mutex_);
  Position p = 0;
  for (const auto& [name, entry] : entries_) p = std::max(p, entry->position());
  return p;
}

std::optional<Position> CursorSet::lowest() const {
  std::lock_guard lock(mutex_);
  std::optional<Position> p;
  for (const auto& [name, entry] : entries_) p = std::min(p.value_or(entry->position()), entry->position());
  return p;
}

void CursorSet::repair(Position oldest, Position next, DamageLedger& ledger,
                       const std::function<void(Position, Position)>& gap) {
  std::lock_guard lock(mutex_);
  for (auto& [name, entry] : entries_) {
    const Position p = entry->position();
    if (p <= next && p >= oldest && !entry->damaged) continue;
    if (p > next) {
      ledger.cursor_repaired(
          fmt::format("cursor {}: its position {} lies beyond the log's end {} (another log's file, or the "
                      "log lost its end); "
                      "it starts again at the oldest kept record, {}",
                      name, p, next, oldest));
      entry->set({oldest, {}});
    } else if (p < oldest) {
      gap(p, oldest);
      std::string note;
      {
        std::lock_guard state(entry->mutex);
        note = entry->state.note;
      }
      entry->set({oldest, std::move(note)});
    }
    entry->damaged = false;
    // So that the next start does not repair it again. If this fails, that is all that happens.
    (void)fs_.replace_file(entry->path, encode_cursor(entry->state));
  }
}

Result<std::shared_ptr<Cursor>> CursorSet::open(std::string_view name, Position oldest) {
  if (!valid_cursor_name(name)) {
    return fail(
        ErrorKind::invalid_argument,
        fmt::format("cursor name '{}': 1 to 64 of a-z, 0-9, '_', '-', '.', not beginning with '.'", name));
  }
  std::lock_guard lock(mutex_);
  auto it = entries_.find(name);
  if (it == entries_.end()) {
    auto entry = std::make_shared<Entry>();
    entry->name = name;
    entry->path = join_path(directory_, name);
    entry->state.position = oldest;
    // On disk before it is used: a sink that never got to its first advance() still holds its records back.
    if (auto s = fs_.replace_file(entry->path, encode_cursor(entry->state)); !s) {
      return fail(s.error().with_context("cursor " + entry->name));
    }
    it = entries_.emplace(entry->name, std::move(entry)).first;
  }
  return std::make_shared<Impl>(*this, it->second);
}

Status CursorSet::remove(std::string_view name) {
  {
    std::lock_guard lock(mutex_);
    const auto it = entries_.find(name);
    if (it == entries_.end()) return fail(ErrorKind::not_found, fmt::format("there is no cursor '{}'", name));
    const auto entry = it->second;  // its lock is held until after it is out of the list
    std::lock_guard writing(entry->written);
    TS_TRY(fs_.remove(entry->path));
    TS_TRY(fs_.sync_directory(directory_));
    entry->removed = true;
    entries_.erase(it);
  }
  if (changed_) changed_();
  return {};
}

}  // namespace turnscope::log
