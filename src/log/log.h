// The durable log: what was acknowledged is here. Appends are committed in groups (write, fdatasync, then
// answer); sinks read it at their own pace through cursors. Format and invariants: src/log/README.md.
//
//   position 0 1 2 3 ...............................................  next
//            |<- deleted ->|<- kept: some cursor is behind ->|<- new ->|
//                          ^ oldest                ^ cursor           ^ durable
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/filesystem.h"
#include "base/result.h"

namespace turnscope::log {

enum class Signal : std::uint8_t { traces = 1, logs = 2, metrics = 3 };

/// The place of a record: its sequence number. Grows by one a record, never reused, never derived from a
/// clock.
using Position = std::uint64_t;

struct RecordHead {
  Signal signal = Signal::traces;
  std::uint32_t project = 1;
  std::int64_t received_unix_nano = 0;  ///< our clock at the receiver; informative only
  std::uint32_t items = 0;              ///< spans, log records or data points
  std::uint16_t hops = 0;               ///< servers of this kind that it was forwarded by
};

/// Bytes to append, with whatever keeps them alive (a gRPC buffer, a string): they are written from where
/// they lie.
struct Payload {
  std::vector<std::string_view> pieces;
  std::shared_ptr<const void> owner;
  std::size_t size() const;
  static Payload of(std::string bytes);
};

struct Record {
  Position position = 0;
  RecordHead head;
  std::string_view bytes;  ///< valid until the reader's next call
};

struct Options {
  std::string directory;
  std::size_t segment_bytes = 64u << 20;
  std::uint64_t max_bytes = 8ull << 30;        ///< cap on disk; beyond: overloaded
  std::size_t max_pending_bytes = 128u << 20;  ///< appended but not yet durable; beyond: overloaded
  std::size_t max_record_bytes = 80u << 20;
  std::chrono::milliseconds keep_after_cursor{
      0};                             ///< segments stay this long after every cursor has passed them
  std::uint64_t keep_free_bytes = 0;  ///< new segments leave this much of the disk free; beyond: overloaded
  bool sync = true;                   ///< false only for the benchmark pair that shows what fdatasync costs
};

/// Called once: the position when the record is durable, else why it is not (it never will be). On the
/// committer's thread, or, when the append is refused at once, inside append(). Everyone's next group waits
/// for it: hand work on, do none here, never block, never call close() from it.
using Done = std::function<void(Result<Position>)>;

struct Stats {
  Position oldest = 0, durable = 0;  ///< first kept position; first position not yet durable
  std::uint64_t bytes_on_disk = 0, segments = 0, appended_records = 0, appended_bytes = 0, syncs = 0;
  std::uint64_t pending_bytes = 0;
  bool poisoned = false;      ///< a sync failed and no new segment could be opened yet
  std::string error;          ///< why, if poisoned or full; empty again once an append has succeeded
  bool started_clean = true;  ///< the log had been closed in order before this start (or is new); else replay
  std::vector<std::string> repairs;  ///< what recovery and readers found damaged in this run, a sentence each
};

class Reader {
 public:
  virtual ~Reader() = default;
  /// The next durable record; nullopt when there is none yet. Damaged records are skipped and counted, never
  /// returned. Positions grow, but not always by one (damage, and the end of a run that did not stop in
  /// order). An `io` error may pass: call again after a pause; a place that stays unreadable is skipped as
  /// damage after the third call.
  virtual Result<std::optional<Record>> next() = 0;
  /// Position that next() will look at.
  virtual Position position() const = 0;
  /// Blocks until something is durable at position(), the timeout passed, or the log is closed. True if there
  /// is.
  virtual bool wait(std::chrono::milliseconds timeout) = 0;
};

/// A named, persisted position: everything before it is done with. Segments stay until all cursors have
/// passed them.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual const std::string& name() const = 0;
  virtual Position position() const = 0;
  /// Durable when it returns (write new, sync, rename, sync directory). Never moves backwards. Clears the
  /// note.
  virtual Status advance(Position) = 0;
  /// A small blob stored with the cursor atomically (the store writer's intent: the range it is about to
  /// insert).
  virtual std::string note() const = 0;
  /// Position and note (at most 64 KB) together; the position may stay the same.
  virtual Status advance(Position, std::string_view note) = 0;
};

class Log {
 public:
  virtual ~Log() = default;
  /// Never blocks on the disk, from any thread. `done` gets `overloaded` (with retry_after) when a cap is
  /// reached, `unavailable` when closing.
  virtual void append(RecordHead, Payload, Done done) = 0;
  /// A reader from `from` (clamped to the oldest kept).
  virtual std::unique_ptr<Reader> read(Position from) = 0;
  /// Opens or creates a cursor; a new one starts at the oldest kept record.
  virtual Result<std::shared_ptr<Cursor>> cursor(std::string_view name) = 0;
  virtual Status remove_cursor(std::string_view name) = 0;
  virtual Stats stats() const = 0;
  /// Commits what is pending, then refuses appends. Safe to call twice.
  virtual void close() = 0;
};

/// Opens or creates the log in options.directory and repairs what a crash left (see recovery.h). Damage never
/// makes it fail; it fails when the directory cannot be read or written, another process has it
/// (`unavailable`, naming the process), or a later version wrote it (`unimplemented`). `fs` and `clock` must
/// outlive the log; readers and cursors must not.
Result<std::unique_ptr<Log>> open_log(FileSystem& fs, const Clock& clock, Options options);

struct VerifyDamage {
  std::string file;
  std::uint64_t offset = 0, bytes = 0;
  std::uint64_t records = 0;  ///< lost, as far as the positions around tell
  std::string message;
};

/// What `turnscope log verify` prints.
struct VerifyReport {
  std::uint64_t segments = 0, records = 0, items = 0, bytes = 0;  ///< bytes: files on disk
  Position first = 0, next = 0;
  std::vector<VerifyDamage> damage;
  std::uint64_t torn_bytes =
      0;                ///< after the newest record; a write under way, or one that a crash cut: no damage
  bool in_use = false;  ///< a process holds the log now
  struct CursorInfo {
    std::string name;
    Position position = 0;
    bool damaged = false;
  };
  std::vector<CursorInfo> cursors;
  bool ok() const { return damage.empty(); }
};

/// Reads every byte of every segment and checks it. Changes nothing; works while another process holds the
/// log.
Result<VerifyReport> verify(FileSystem& fs, const std::string& directory);

}  // namespace turnscope::log
