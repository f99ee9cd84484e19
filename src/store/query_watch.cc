#include "store/query_watch.h"

namespace turnscope::store {

namespace {
constexpr std::chrono::milliseconds kPoll{25};
}

QueryWatch::QueryWatch(Kill kill) : kill_(std::move(kill)), thread_([this] { run(); }) {}

QueryWatch::~QueryWatch() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void QueryWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (entries_.empty()) {
      wake_.wait(lock, [this] { return stop_ || !entries_.empty(); });
      continue;
    }
    wake_.wait_for(lock, kPoll, [this] { return stop_; });
    const auto now = std::chrono::steady_clock::now();
    for (auto& entry : entries_) {
      if (!entry.was_cancelled && entry.cancelled != nullptr && *entry.cancelled && (*entry.cancelled)())
        entry.was_cancelled = true;
      if (now > entry.deadline) entry.was_late = true;
      // Under the lock, so that the connection cannot pass to the next query in between; repeated, because a
      // kill that comes before the query has started finds nothing.
      if (entry.was_cancelled || entry.was_late) kill_(entry.name);
    }
  }
}

QueryWatch::Guard::Guard(QueryWatch& watch, Entry entry) : watch_(watch) {
  const std::lock_guard lock(watch_.mutex_);
  const bool first = watch_.entries_.empty();
  entry_ = watch_.entries_.insert(watch_.entries_.end(), std::move(entry));
  if (first) watch_.wake_.notify_all();
}
QueryWatch::Guard::~Guard() {
  const std::lock_guard lock(watch_.mutex_);
  watch_.entries_.erase(entry_);
}
bool QueryWatch::Guard::was_cancelled() const {
  const std::lock_guard lock(watch_.mutex_);
  return entry_->was_cancelled;
}
bool QueryWatch::Guard::was_late() const {
  const std::lock_guard lock(watch_.mutex_);
  return entry_->was_late;
}

}  // namespace turnscope::store
