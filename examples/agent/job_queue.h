// A queue between two services of one program: bounded, with attributes on each message, as real queues have
// them. The trace crosses it in those attributes (traceparent, tracestate, baggage) and in nothing else.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace turnscope::example {

struct QueueMessage {
  std::string id, body;
  std::map<std::string, std::string> attributes;
};

class JobQueue {
 public:
  explicit JobQueue(std::size_t capacity = 64) : capacity_(capacity) {}

  /// False when the queue is full or closed.
  bool push(QueueMessage message) {
    {
      std::lock_guard lock(mutex_);
      if (closed_ || messages_.size() >= capacity_) return false;
      messages_.push_back(std::move(message));
    }
    ready_.notify_one();
    return true;
  }
  /// Waits for a message; nothing once the queue is closed and empty.
  std::optional<QueueMessage> pop() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return closed_ || !messages_.empty(); });
    if (messages_.empty()) return std::nullopt;
    QueueMessage message = std::move(messages_.front());
    messages_.pop_front();
    return message;
  }
  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
  }

 private:
  std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<QueueMessage> messages_;
  bool closed_ = false;
};

}  // namespace turnscope::example
