#include "log/janitor.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crash_point.h"
#include "base/logger.h"

namespace turnscope::log {

Janitor::Janitor(FileSystem& fs, const Clock& clock, const Options& options, Timeline& timeline,
                 CursorSet& cursors)
    : fs_(fs), clock_(clock), options_(options), timeline_(timeline), cursors_(cursors) {
  thread_ = std::thread([this] { run(); });
}

Janitor::~Janitor() { close(); }

void Janitor::close() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  told_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (prepared_) {
    prepared_->file.reset();
    (void)fs_.remove(prepared_->path);
    prepared_.reset();
  }
}

void Janitor::look() {
  {
    std::lock_guard lock(mutex_);
    look_ = true;
  }
  told_.notify_all();
}

void Janitor::prepare() {
  {
    std::lock_guard lock(mutex_);
    if (prepared_) return;
    prepare_ = true;
  }
  told_.notify_all();
}

std::optional<PreparedFile> Janitor::take(std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  prepare_ = false;
  if (!prepared_ || prepared_->bytes < bytes) return std::nullopt;
  return std::exchange(prepared_, std::nullopt);
}

std::uint64_t Janitor::prepared_bytes() const {
  std::lock_guard lock(mutex_);
  return prepared_ ? prepared_->bytes : 0;
}

void Janitor::run() {
  std::optional<std::chrono::steady_clock::time_point> next;
  for (;;) {
    bool want_file = false;
    {
      std::unique_lock lock(mutex_);
      const auto told = [&] { return closing_ || look_ || prepare_; };
      if (next) {
        const auto pause = std::max(*next - clock_.steady(), std::chrono::steady_clock::duration::zero());
        told_.wait_for(lock, pause + std::chrono::milliseconds(1), told);
      } else {
        told_.wait(lock, told);
      }
      if (closing_) return;
      look_ = false;
      want_file = std::exchange(prepare_, false);
    }
    next = tidy();
    if (want_file) make_prepared();
  }
}

std::optional<std::chrono::steady_clock::time_point> Janitor::tidy() {
  const auto lowest = cursors_.lowest();
  if (!lowest) return std::nullopt;  // nobody has read anything yet
  const auto now = clock_.steady();
  for (auto& segment : timeline_.behind(*lowest)) {
    if (options_.keep_after_cursor.count() > 0) {
      std::erase_if(passed_, [](const auto& p) { return p.first.expired(); });
      auto it = std::find_if(passed_.begin(), passed_.end(),
                             [&](const auto& p) { return p.first.lock() == segment; });
      if (it == passed_.end()) it = passed_.emplace(passed_.end(), segment, now);
      const auto due = it->second + options_.keep_after_cursor;
      if (due > now) {
        // The others behind it become due later; note when they were passed.
        for (const auto& later : timeline_.behind(*lowest)) {
          const bool known = std::any_of(passed_.begin(), passed_.end(),
                                         [&](const auto& p) { return p.first.lock() == later; });
          if (!known) passed_.emplace_back(later, now);
        }
        return due;
      }
    }
    timeline_.pop(segment.get());
    remove_or_recycle(std::move(segment));
  }
  return std::nullopt;
}

void Janitor::remove_or_recycle(std::shared_ptr<Segment> segment) {
  CRASH_POINT("log.before_segment_delete");
  // Only a file that no reader has open may be overwritten, and the rename has to be durable first: after a
  // power cut the old name must not lead to new content.
  bool recycle = segment.use_count() == 1 && segment->allocated() >= options_.segment_bytes / 2;
  if (recycle) {
    std::lock_guard lock(mutex_);
    recycle = !prepared_ && !closing_;
  }
  if (recycle) {
    const std::string path = join_path(options_.directory, fmt::format("prepared-{}.tmp", number_++));
    auto status = fs_.rename(segment->path(), path);
    if (status) {
      segment.reset();
      status = fs_.sync_directory(options_.directory);
      auto file = fs_.open(path, OpenMode::write);
      if (status && file && (*file)->allocate(options_.segment_bytes)) {
        if (const auto size = (*file)->size(); size && (*file)->sync_data()) {
          std::lock_guard lock(mutex_);
          prepared_ =
              PreparedFile{path, std::move(*file), std::max<std::uint64_t>(*size, options_.segment_bytes)};
        }
      } else {
        (void)fs_.remove(path);
      }
      CRASH_POINT("log.after_segment_delete");
      return;
    }
  }
  const std::string path = segment->path();
  segment.reset();
  if (auto s = fs_.remove(path); !s && s.error().kind != ErrorKind::not_found) {
    log_warn("log: a segment that is done with could not be removed: {}", s.error().message);
  }
  CRASH_POINT("log.after_segment_delete");
}

void Janitor::make_prepared() {
  {
    std::lock_guard lock(mutex_);
    if (prepared_) return;
  }
  if (timeline_.allocated_bytes() + options_.segment_bytes > options_.max_bytes) return;
  if (options_.keep_free_bytes > 0) {
    const auto room = fs_.free_bytes(options_.directory);
    if (!room || *room < options_.keep_free_bytes + options_.segment_bytes) return;
  }
  const std::string path = join_path(options_.directory, fmt::format("prepared-{}.tmp", number_++));
  auto file = fs_.open(path, OpenMode::create);
  if (!file) return;
  if (!(*file)->allocate(options_.segment_bytes) || !(*file)->sync_data()) {
    (void)fs_.remove(path);  // no room: the committer will find that out too, and say it
    return;
  }
  const auto size = (*file)->size();
  if (!size) return;
  std::lock_guard lock(mutex_);
  prepared_ = PreparedFile{path, std::move(*file), std::max<std::uint64_t>(*size, options_.segment_bytes)};
}

}  // namespace turnscope::log
