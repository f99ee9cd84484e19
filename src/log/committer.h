// Group commit. One thread takes all appends that are waiting, writes them with one writev straight from the
// callers' buffers, syncs once, makes them visible to readers, then answers each caller.
//
//   appended ─▶ written ─▶ synced ─▶ acknowledged        written ≥ synced ≥ acknowledged, checked at each
//   step
//
// After a failed write or sync nothing more is written to that segment (H6: a sync that failed once may say
// yes later and mean nothing). Everyone in the group is told `unavailable` (`overloaded` if the disk was
// full), the segment is cut at its last durable record, what it holds is read back from the disk and checked,
// and only then a new segment is begun, at the next append. Positions of the failed group were seen by nobody
// and are given out again in the new segment.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/filesystem.h"
#include "log/damage.h"
#include "log/janitor.h"
#include "log/log.h"
#include "log/record.h"
#include "log/timeline.h"

namespace turnscope::log {

/// Positions up to which (exclusive) records are written, synced, acknowledged.
class Progress {
 public:
  explicit Progress(Position start) : written_(start), synced_(start), acknowledged_(start) {}
  void wrote(Position end);
  void synced(Position end);
  void acknowledged(Position end);
  /// A group failed: as if it had never been written.
  void take_back() { written_ = synced_; }
  Position written() const { return written_; }

 private:
  void check() const;
  Position written_, synced_, acknowledged_;
};

class Committer {
 public:
  Committer(FileSystem&, const Clock&, const Options&, Timeline&, Janitor&, DamageLedger&,
            Position previous_end, Position next);
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  void append(RecordHead, Payload, Done);
  /// Commits what is pending, seals the segment as closed in order, ends the thread.
  void close();
  void fill(Stats&) const;

 private:
  struct Pending {
    RecordHead head;
    Payload payload;
    Done done;
    std::size_t size = 0;
    std::uint64_t checksum = 0;
  };
  using Group = std::vector<Pending>;

  std::optional<Error> admit(std::size_t size);
  void run();
  void commit(Group&);
  Status write_and_sync(std::span<Pending> group);
  Status make_room(std::uint64_t bytes);
  Status leave_poison();
  Status begin_segment(std::uint64_t bytes);
  Result<std::shared_ptr<Segment>> create_segment(std::uint64_t capacity);
  void seal(RecordKind kind);
  void abandon(const Error& why, bool poison);
  void refuse(std::span<Pending> group, const Error& why);
  void acknowledge(std::span<Pending> group, Position first);
  void settled(std::span<const Pending> group);

  FileSystem& fs_;
  const Clock& clock_;
  const Options& options_;
  Timeline& timeline_;
  Janitor& janitor_;
  DamageLedger& ledger_;

  // The committer's thread only.
  Progress progress_;
  Position previous_end_;  ///< after the last record; below progress_ only before the first one of a run
  std::shared_ptr<Segment> active_;
  std::uint64_t offset_ = 0;              ///< where the next record goes in active_
  std::uint64_t capacity_ = 0;            ///< of active_
  std::atomic<std::uint64_t> unused_{0};  ///< allocated for active_ and not yet written; read by admit()
  std::shared_ptr<Segment> poisoned_;
  std::chrono::steady_clock::time_point next_attempt_{};
  std::vector<RecordHeaderBytes> headers_;
  std::vector<iovec> pieces_;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::vector<Pending> pending_;
  std::uint64_t pending_bytes_ = 0;  ///< appended, not yet answered
  bool idle_ = false, closing_ = false;
  std::uint64_t appended_records_ = 0, appended_bytes_ = 0, syncs_ = 0;
  std::string error_;
  bool is_poisoned_ = false;
  std::mutex close_mutex_;
  std::thread thread_;
};

}  // namespace turnscope::log
