// The segments that are kept, in order, and how far the log is durable. The committer adds and publishes,
// readers find and wait, the janitor takes away from the front. Owner of its own lock; never calls out while
// holding it.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "log/segment.h"

namespace turnscope::log {

class Timeline {
 public:
  using Segments = std::vector<std::shared_ptr<Segment>>;

  Timeline(Segments segments, Position durable) : segments_(std::move(segments)), durable_(durable) {}

  void add(std::shared_ptr<Segment>);
  /// Takes an empty segment away again.
  void remove(const Segment*);
  /// Everything below `end` is durable. Wakes readers.
  void publish(Segment&, Position end, std::uint64_t offset);

  Position durable() const { return durable_.load(std::memory_order_acquire); }
  Position oldest() const;
  std::uint64_t allocated_bytes() const;
  std::size_t count() const;

  /// The first segment whose records reach beyond `position`; empty when nothing is durable there.
  std::shared_ptr<Segment> find(Position position) const;

  /// True if something is durable at `position` (at once, or before the timeout or close()).
  bool wait(Position position, std::chrono::milliseconds timeout) const;
  void close();

  /// All segments but the newest whose records all lie below `position`, oldest first.
  Segments behind(Position position) const;
  /// Removes the oldest segment from the list.
  void pop(const Segment*);

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable grown_;
  Segments segments_;
  std::atomic<Position> durable_;
  mutable int waiting_ = 0;
  bool closed_ = false;
};

}  // namespace turnscope::log
