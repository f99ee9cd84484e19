#include "log/committer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "base/anomaly.h"
#include "base/crash_point.h"
#include "base/logger.h"
#include "log/recovery.h"
#include "log/scanner.h"

namespace turnscope::log {
namespace {

constexpr std::chrono::seconds kRetryAfter{1};
constexpr std::chrono::milliseconds kAttemptEvery{
    200};  // while poisoned: at most so often a new segment is tried
constexpr std::uint64_t kMaxGroupBytes = 16u
                                         << 20;  // a longer group would make its first caller wait too long
constexpr char kZeros[kRecordHeaderBytes] = {};

std::uint64_t random_salt() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

iovec piece(const char* data, std::size_t size) { return {const_cast<char*>(data), size}; }

/// What callers are told: a full disk is `overloaded`, everything else `unavailable`; both may be tried
/// again.
Error retryable(const Error& why) {
  const bool full = why.kind == ErrorKind::overloaded;
  return Error(full ? ErrorKind::overloaded : ErrorKind::unavailable,
               (full ? "the log's disk is full: " : "the log cannot be written: ") + why.message,
               why.retry_after.value_or(kRetryAfter));
}

}  // namespace

void Progress::check() const {
  if (written_ >= synced_ && synced_ >= acknowledged_) return;
  log_error("log: written {} >= synced {} >= acknowledged {} does not hold", written_, synced_,
            acknowledged_);
  std::abort();  // going on could acknowledge what is not on disk
}
void Progress::wrote(Position end) {
  written_ = end;
  check();
}
void Progress::synced(Position end) {
  synced_ = end;
  check();
}
void Progress::acknowledged(Position end) {
  acknowledged_ = end;
  check();
}

Committer::Committer(FileSystem& fs, const Clock& clock, const Options& options, Timeline& timeline,
                     Janitor& janitor, DamageLedger& ledger, Position previous_end, Position next)
    : fs_(fs),
      clock_(clock),
      options_(options),
      timeline_(timeline),
      janitor_(janitor),
      ledger_(ledger),
      progress_(next),
      previous_end_(previous_end) {
  thread_ = std::thread([this] { run(); });
}

Committer::~Committer() { close(); }

std::optional<Error> Committer::admit(std::size_t size) {
  if (closing_) return Error(ErrorKind::unavailable, "the log is closing", kRetryAfter);
  if (pending_bytes_ > 0 && pending_bytes_ + size > options_.max_pending_bytes) {
    return Error(
        ErrorKind::overloaded,
        fmt::format(
            "{} bytes wait for the log's disk, at most {} may (log.max_pending_bytes); send again later",
            pending_bytes_, options_.max_pending_bytes),
        kRetryAfter);
  }
  const std::uint64_t allocated = timeline_.allocated_bytes();
  const std::uint64_t used = allocated - std::min(allocated, unused_.load(std::memory_order_relaxed));
  const std::uint64_t head = timeline_.count() == 0 ? kSegmentDataOffset : 0;
  if (used + head + pending_bytes_ + record_bytes(size) + kRecordHeaderBytes > options_.max_bytes) {
    count(Anomaly::log_disk_cap);
    error_ = fmt::format(
        "the log holds {} bytes that a sink has not taken yet, at most {} may be kept (log.max_bytes); send "
        "again later",
        used, options_.max_bytes);
    return Error(ErrorKind::overloaded, error_, kRetryAfter);
  }
  return std::nullopt;
}

void Committer::append(RecordHead head, Payload payload, Done done) {
  Pending p{head, std::move(payload), std::move(done), 0, 0};
  p.size = p.payload.size();
  if (p.size > options_.max_record_bytes || p.size > UINT32_MAX) {
    p.done(
        fail(ErrorKind::too_large, fmt::format("a record of {} bytes; at most {} fit (log.max_record_bytes)",
                                               p.size, options_.max_record_bytes)));
    return;
  }
  p.checksum = payload_checksum(p.payload);  // on the caller's thread: there are more of them
  bool wake = false;
  {
    std::unique_lock lock(mutex_);
    if (auto refused = admit(p.size)) {
      lock.unlock();
      p.done(fail(std::move(*refused)));
      return;
    }
    pending_bytes_ += record_bytes(p.size);
    pending_.push_back(std::move(p));
    wake = std::exchange(idle_, false);
  }
  if (wake) work_.notify_one();
}

void Committer::run() {
  Group group;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      while (pending_.empty() && !closing_) {
        idle_ = true;
        work_.wait(lock);
      }
      idle_ = false;
      if (pending_.empty()) break;
      group.clear();
      group.swap(pending_);
    }
    commit(group);
  }
  group.clear();
  if (active_) seal(RecordKind::close);
}

void Committer::close() {
  std::lock_guard closing(close_mutex_);
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    idle_ = false;
  }
  work_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Committer::commit(Group& group) {
  for (std::size_t begin = 0; begin < group.size();) {
    const std::uint64_t first = record_bytes(group[begin].size);
    if (auto room = make_room(first); !room) return refuse(std::span(group).subspan(begin), room.error());
    std::size_t end = begin + 1;
    for (std::uint64_t bytes = first; end < group.size(); ++end) {
      bytes += record_bytes(group[end].size);
      if (bytes > kMaxGroupBytes || offset_ + bytes + kRecordHeaderBytes > capacity_) break;
    }
    const auto part = std::span(group).subspan(begin, end - begin);
    const Position position = progress_.written();
    if (auto written = write_and_sync(part); !written) {
      return refuse(std::span(group).subspan(begin), written.error());
    }
    CRASH_POINT("log.before_ack");
    acknowledge(part, position);
    CRASH_POINT("log.after_ack");
    begin = end;
  }
}

Status Committer::write_and_sync(std::span<Pending> group) {
  const Position first = progress_.written();
  headers_.resize(group.size());
  pieces_.clear();
  std::uint64_t end = offset_;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const Pending& p = group[i];
    RecordHeader h;
    h.head = p.head;
    h.position = first + i;
    h.durable_before = first;
    h.payload_bytes = static_cast<std::uint32_t>(p.size);
    h.payload_checksum = p.checksum;
    encode_header(h, active_->salt(), headers_[i]);
    pieces_.push_back(piece(headers_[i].data(), headers_[i].size()));
    for (const auto bytes : p.payload.pieces) {
      if (!bytes.empty()) pieces_.push_back(piece(bytes.data(), bytes.size()));
    }
    const std::uint64_t size = record_bytes(p.size);
    if (const auto padding = size - kRecordHeaderBytes - p.size; padding > 0)
      pieces_.push_back(piece(kZeros, padding));
    end += size;
  }
  // In a file that is used for the second time old bytes follow; zeros say where the new ones end.
  pieces_.push_back(piece(kZeros, sizeof kZeros));

  CRASH_POINT("log.before_write");
  if (auto written = active_->file().write_at(pieces_, offset_); !written) {
    const bool full = written.error().kind == ErrorKind::overloaded;
    abandon(written.error(), !full);
    return written;
  }
  progress_.wrote(first + group.size());
  CRASH_POINT("log.after_write");
  if (options_.sync) {
    if (auto synced = active_->file().sync_data(); !synced) {
      count(Anomaly::log_sync_failed);
      abandon(synced.error(), true);
      return synced;
    }
  }
  CRASH_POINT("log.after_sync");
  progress_.synced(first + group.size());
  active_->note_record(first, offset_);
  offset_ = end;
  previous_end_ = first + group.size();
  unused_.store(capacity_ - std::min(capacity_, offset_), std::memory_order_relaxed);
  timeline_.publish(*active_, first + group.size(), offset_);
  if (offset_ > capacity_ / 2) janitor_.prepare();
  return {};
}

void Committer::settled(std::span<const Pending> group) {
  for (const auto& p : group) pending_bytes_ -= record_bytes(p.size);
}

void Committer::acknowledge(std::span<Pending> group, Position first) {
  {
    std::lock_guard lock(mutex_);
    settled(group);
    appended_records_ += group.size();
    for (const auto& p : group) appended_bytes_ += p.size;
    syncs_ += options_.sync ? 1 : 0;
    error_.clear();
  }
  for (std::size_t i = 0; i < group.size(); ++i) {
    group[i].done(first + i);
    group[i] = Pending{};  // lets the caller's buffers go now, not when the whole group is through
  }
  progress_.acknowledged(first + group.size());
}

void Committer::refuse(std::span<Pending> group, const Error& why) {
  const Error told = retryable(why);
  {
    std::lock_guard lock(mutex_);
    settled(group);
    error_ = told.message;
  }
  for (auto& p : group) {
    p.done(fail(told));
    p = Pending{};
  }
}

void Committer::abandon(const Error& why, bool poison) {
  log_error("log: {}; nothing more is written to this segment and nobody waiting was acknowledged",
            why.message);
  progress_.take_back();
  // What was written of the failed group should not turn up later; if the cut does not succeed, the next
  // segment's first position hides it (recovery ignores records at or beyond that).
  (void)active_->file().truncate(active_->end_offset());
  active_->set_allocated(active_->end_offset());
  unused_.store(0, std::memory_order_relaxed);
  if (active_->end() == active_->first()) {
    timeline_.remove(active_.get());
    (void)fs_.remove(active_->path());
  } else if (poison) {
    poisoned_ = active_;
  }
  active_.reset();
  if (poison) {
    std::lock_guard lock(mutex_);
    is_poisoned_ = true;
  }
}

Status Committer::leave_poison() {
  if (clock_.steady() < next_attempt_) {
    std::lock_guard lock(mutex_);
    return fail(ErrorKind::unavailable, error_);
  }
  next_attempt_ = clock_.steady() + kAttemptEvery;
  if (!poisoned_) return {};
  // What was acknowledged has to be on the disk, not only in the cache of the file that failed.
  poisoned_->file().drop_cache();
  TS_ASSIGN(const auto file, fs_.open(poisoned_->path(), OpenMode::read));
  TS_ASSIGN(const auto header, read_segment_header(*file, poisoned_->path()));
  if (header.salt != poisoned_->salt())
    return fail(ErrorKind::io, poisoned_->path() + ": not the file it was");
  std::vector<FoundDamage> damage;
  TS_ASSIGN(const auto end, scan_segment(*file, header, poisoned_->end_offset(), UINT64_MAX, {},
                                         [&](const FoundDamage& d) { damage.push_back(d); }));
  for (const auto& d : damage) ledger_.damaged(*file, poisoned_->path(), d);
  if (end.end < poisoned_->end()) {
    FoundDamage lost{end.offset,
                     poisoned_->end_offset() - end.offset,
                     end.end,
                     poisoned_->end() - end.end,
                     false,
                     0,
                     "the end of the segment is not on the disk after a failed sync"};
    ledger_.damaged(*file, poisoned_->path(), lost);
  }
  poisoned_.reset();
  return {};
}

Status Committer::make_room(std::uint64_t bytes) {
  if (active_ && offset_ + bytes + kRecordHeaderBytes <= capacity_) return {};
  bool poisoned = false;
  {
    std::lock_guard lock(mutex_);
    poisoned = is_poisoned_;
  }
  if (poisoned) TS_TRY(leave_poison());
  if (active_) seal(RecordKind::seal);
  TS_TRY(begin_segment(bytes));
  if (poisoned) {
    log_info("log: writing again, in {}", active_->path());
    std::lock_guard lock(mutex_);
    is_poisoned_ = false;
  }
  return {};
}

void Committer::seal(RecordKind kind) {
  // Only spares the next start the reading of this segment; if it fails nothing is lost.
  RecordHeader h;
  h.kind = kind;
  h.position = h.durable_before = progress_.written();
  h.payload_checksum = payload_checksum(std::string_view{});
  RecordHeaderBytes bytes;
  encode_header(h, active_->salt(), bytes);
  const std::uint64_t end = offset_ + bytes.size();
  Status status = active_->file().write_at(std::string_view(bytes.data(), bytes.size()), offset_);
  if (status) status = active_->file().truncate(end);
  if (status && kind == RecordKind::close && options_.sync) status = active_->file().sync_data();
  if (!status) log_warn("log: could not seal {}: {}", active_->path(), status.error().message);
  if (status) active_->set_allocated(end);
  active_.reset();
  unused_.store(0, std::memory_order_relaxed);
  janitor_.look();
}

Status Committer::begin_segment(std::uint64_t bytes) {
  const std::uint64_t least = kSegmentDataOffset + bytes + 2 * kRecordHeaderBytes;
  const std::uint64_t held = timeline_.allocated_bytes();
  const std::uint64_t cap = options_.max_bytes > held ? options_.max_bytes - held : 0;
  std::uint64_t capacity =
      std::max<std::uint64_t>(least, std::min<std::uint64_t>(options_.segment_bytes, cap));
  for (;;) {
    auto segment = create_segment(capacity);
    if (segment) {
      active_ = std::move(*segment);
      offset_ = kSegmentDataOffset;
      capacity_ = capacity;
      unused_.store(capacity_ - offset_, std::memory_order_relaxed);
      timeline_.add(active_);
      return {};
    }
    // Almost full: a smaller segment may still find room.
    if (segment.error().kind != ErrorKind::overloaded || capacity == least)
      return fail(std::move(segment).error());
    capacity = std::max(least, capacity / 8);
  }
}

Result<std::shared_ptr<Segment>> Committer::create_segment(std::uint64_t capacity) {
  auto prepared = janitor_.take(capacity);
  if (!prepared) {
    if (options_.keep_free_bytes > 0) {
      TS_ASSIGN(const auto room, fs_.free_bytes(options_.directory));
      if (room < options_.keep_free_bytes + capacity) {
        return fail(Error(ErrorKind::overloaded,
                          fmt::format("{} has {} bytes free, of which {} are kept (log.keep_free_bytes)",
                                      options_.directory, room, options_.keep_free_bytes),
                          kRetryAfter));
      }
    }
    prepared = PreparedFile{join_path(options_.directory, "segment.tmp"), nullptr, capacity};
  }
  SegmentHeader header;
  header.first = progress_.written();
  header.salt = random_salt();
  header.created_unix_nano = clock_.unix_nanos();
  header.capacity = capacity;
  header.previous_end = previous_end_;
  const std::string path = join_path(options_.directory, segment_name(header.first));
  const auto build = [&]() -> Status {
    if (!prepared->file) {
      TS_ASSIGN(prepared->file, fs_.open(prepared->path, OpenMode::create));
      TS_TRY(prepared->file->allocate(capacity));
    }
    // The header is on the disk before the name: a file with a segment's name has always been one.
    TS_TRY(prepared->file->write_at(encode_segment_header(header), 0));
    TS_TRY(prepared->file->sync_data());
    CRASH_POINT("log.before_segment_rename");
    TS_TRY(fs_.rename(prepared->path, path));
    CRASH_POINT("log.after_segment_rename");
    return fs_.sync_directory(options_.directory);
  };
  if (auto built = build(); !built) {
    prepared->file.reset();
    (void)fs_.remove(prepared->path);
    (void)fs_.remove(path);
    return fail(std::move(built).error());
  }
  return std::make_shared<Segment>(path, std::move(prepared->file), header, capacity);
}

void Committer::fill(Stats& stats) const {
  std::lock_guard lock(mutex_);
  stats.appended_records = appended_records_;
  stats.appended_bytes = appended_bytes_;
  stats.syncs = syncs_;
  stats.pending_bytes = pending_bytes_;
  stats.poisoned = is_poisoned_;
  stats.error = error_;
}

}  // namespace turnscope::log
