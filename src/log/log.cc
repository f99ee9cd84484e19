#include "log/log.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/logger.h"
#include "log/committer.h"
#include "log/cursor.h"
#include "log/damage.h"
#include "log/janitor.h"
#include "log/reader.h"
#include "log/recovery.h"
#include "log/timeline.h"

namespace turnscope::log {
namespace {

class DurableLog final : public Log {
 public:
  DurableLog(FileSystem& fs, const Clock& clock, Options options, std::unique_ptr<FileLock> lock,
             std::shared_ptr<DamageLedger> ledger, std::shared_ptr<CursorSet> cursors, Recovery recovery)
      : options_(std::move(options)),
        lock_(std::move(lock)),
        ledger_(std::move(ledger)),
        cursors_(std::move(cursors)),
        clean_(recovery.clean),
        timeline_(std::make_shared<Timeline>(std::move(recovery.segments), recovery.next)),
        janitor_(fs, clock, options_, *timeline_, *cursors_),
        committer_(fs, clock, options_, *timeline_, janitor_, *ledger_, recovery.end, recovery.next) {
    cursors_->on_change([this] { janitor_.look(); });
    janitor_.look();
  }
  ~DurableLog() override {
    close();
    cursors_->on_change({});
  }

  void append(RecordHead head, Payload payload, Done done) override {
    committer_.append(head, std::move(payload), std::move(done));
  }
  std::unique_ptr<Reader> read(Position from) override {
    return std::make_unique<TimelineReader>(timeline_, ledger_, std::max(from, timeline_->oldest()));
  }
  Result<std::shared_ptr<Cursor>> cursor(std::string_view name) override {
    return cursors_->open(name, timeline_->oldest());
  }
  Status remove_cursor(std::string_view name) override { return cursors_->remove(name); }
  Stats stats() const override {
    Stats s;
    s.oldest = timeline_->oldest();
    s.durable = timeline_->durable();
    s.bytes_on_disk = timeline_->allocated_bytes() + janitor_.prepared_bytes();
    s.segments = timeline_->count();
    committer_.fill(s);
    s.started_clean = clean_;
    s.repairs = ledger_->messages();
    return s;
  }
  void close() override {
    committer_.close();
    janitor_.close();
    timeline_->close();
    std::lock_guard guard(lock_mutex_);
    lock_.reset();
  }

 private:
  const Options options_;
  std::mutex lock_mutex_;
  std::unique_ptr<FileLock> lock_;
  std::shared_ptr<DamageLedger> ledger_;
  std::shared_ptr<CursorSet> cursors_;
  const bool clean_;
  std::shared_ptr<Timeline> timeline_;
  Janitor janitor_;
  Committer committer_;
};

}  // namespace

std::size_t Payload::size() const {
  std::size_t sum = 0;
  for (const auto piece : pieces) sum += piece.size();
  return sum;
}

Payload Payload::of(std::string bytes) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  Payload p;
  p.pieces.push_back(*owner);
  p.owner = std::move(owner);
  return p;
}

Result<std::unique_ptr<Log>> open_log(FileSystem& fs, const Clock& clock, Options options) {
  if (options.directory.empty())
    return fail(ErrorKind::invalid_argument, "log.directory is empty; name a directory");
  TS_TRY(fs.make_directories(options.directory));
  auto lock = fs.lock(join_path(options.directory, "LOCK"));
  if (!lock) return fail(lock.error().with_context("open log"));

  auto ledger = std::make_shared<DamageLedger>(fs, options.directory);
  auto cursors = std::make_shared<CursorSet>(fs, options.directory);
  TS_ASSIGN(Recovery recovery, recover(fs, options.directory, *ledger));
  TS_TRY(cursors->load(recovery.oldest, *ledger));
  // A gap matters from where somebody still has to read.
  const Position needed = cursors->lowest().value_or(0);
  for (const auto& [from, to] : recovery.gaps) {
    if (to > needed) ledger->missing(std::max(from, needed), to, "a segment is gone or its end was cut off");
  }
  // Positions that a cursor has passed are used up, whatever became of the records.
  const Position next = std::max(recovery.next, cursors->highest());
  cursors->repair(recovery.oldest, recovery.next, *ledger, [&](Position from, Position to) {
    to = recovery.segments.empty() ? to : std::min(to, recovery.previous_end);
    if (from < to) ledger->missing(from, to, "the log begins after the place where a cursor stands");
  });
  recovery.next = next;
  log_info("log: {} with {} segments, records {} to {}, {}", options.directory, recovery.segments.size(),
           recovery.oldest, next, recovery.clean ? "closed in order" : "not closed in order before");
  return std::make_unique<DurableLog>(fs, clock, std::move(options), std::move(*lock), std::move(ledger),
                                      std::move(cursors), std::move(recovery));
}

}  // namespace turnscope::log
