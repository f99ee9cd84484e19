// Spans a second, from a counter that only grows: computed between two questions at least a second apart, so
// that nothing has to run while nobody asks.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>

namespace turnscope::server {

class IngestRate {
 public:
  explicit IngestRate(std::function<std::uint64_t()> counter) : counter_(std::move(counter)) {}

  double per_second() {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - then_).count();
    if (seconds >= 1.0) {
      const std::uint64_t count = counter_();
      // After a long silence the mean would hide what happens now: it is then measured over the next second.
      rate_ = seconds <= 30.0 ? static_cast<double>(count - count_) / seconds : 0.0;
      count_ = count;
      then_ = now;
    }
    return rate_;
  }

 private:
  std::function<std::uint64_t()> counter_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point then_ = std::chrono::steady_clock::now();
  std::uint64_t count_ = 0;
  double rate_ = 0;
};

}  // namespace turnscope::server
