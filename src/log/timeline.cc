#include "log/timeline.h"

#include <algorithm>

namespace turnscope::log {

void Timeline::add(std::shared_ptr<Segment> segment) {
  std::lock_guard lock(mutex_);
  segments_.push_back(std::move(segment));
}

void Timeline::remove(const Segment* segment) {
  std::lock_guard lock(mutex_);
  std::erase_if(segments_, [&](const auto& s) { return s.get() == segment; });
}

void Timeline::publish(Segment& segment, Position end, std::uint64_t offset) {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    segment.publish(end, offset);
    durable_.store(end, std::memory_order_release);
    wake = waiting_ > 0;
  }
  if (wake) grown_.notify_all();
}

Position Timeline::oldest() const {
  std::lock_guard lock(mutex_);
  return segments_.empty() ? durable() : segments_.front()->first();
}

std::uint64_t Timeline::allocated_bytes() const {
  std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const auto& s : segments_) sum += s->allocated();
  return sum;
}

std::size_t Timeline::count() const {
  std::lock_guard lock(mutex_);
  return segments_.size();
}

std::shared_ptr<Segment> Timeline::find(Position position) const {
  std::lock_guard lock(mutex_);
  const auto it = std::partition_point(segments_.begin(), segments_.end(),
                                       [&](const auto& s) { return s->end() <= position; });
  return it == segments_.end() ? nullptr : *it;
}

bool Timeline::wait(Position position, std::chrono::milliseconds timeout) const {
  if (durable() > position) return true;
  std::unique_lock lock(mutex_);
  ++waiting_;
  grown_.wait_for(lock, timeout, [&] { return durable() > position || closed_; });
  --waiting_;
  return durable() > position;
}

void Timeline::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  grown_.notify_all();
}

Timeline::Segments Timeline::behind(Position position) const {
  std::lock_guard lock(mutex_);
  Segments done;
  for (std::size_t i = 0; i + 1 < segments_.size() && segments_[i]->end() <= position; ++i)
    done.push_back(segments_[i]);
  return done;
}

void Timeline::pop(const Segment* segment) {
  std::lock_guard lock(mutex_);
  if (!segments_.empty() && segments_.front().get() == segment) segments_.erase(segments_.begin());
}

}  // namespace turnscope::log
