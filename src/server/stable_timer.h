// Calls a function once after a time, unless destroyed before.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace turnscope::server {

class StableTimer {
 public:
  StableTimer(std::chrono::milliseconds after, std::function<void()> call)
      : thread_([this, after, call = std::move(call)] {
          std::unique_lock lock(mutex_);
          if (!changed_.wait_for(lock, after, [this] { return stopped_; })) call();
        }) {}
  ~StableTimer() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  StableTimer(const StableTimer&) = delete;
  StableTimer& operator=(const StableTimer&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace turnscope::server
