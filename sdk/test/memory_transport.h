// A collector in memory: keeps every request, answers as told.
#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "otlp_reader.h"
#include "turnscope/sdk/sdk.h"

namespace turnscope::sdk::test {

struct Collector {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> traces, metrics;
  std::deque<SendResult> answers;  ///< for the next requests; then success
  bool hold = false;               ///< requests wait until it is false, or they are cancelled
  int waiting = 0;

  std::vector<SpanSeen> spans() {
    std::lock_guard lock(mutex);
    std::vector<SpanSeen> all;
    for (const auto& r : traces)
      for (auto& s : read_traces(r).spans) all.push_back(s);
    return all;
  }
  SpanSeen span(std::string_view name) {
    for (auto& s : spans())
      if (s.name == name) return s;
    return {};
  }
  std::vector<MetricSeen> metric(std::string_view name) {
    std::lock_guard lock(mutex);
    std::vector<MetricSeen> all;
    for (const auto& r : metrics)
      for (auto& m : read_metrics(r).metrics)
        if (m.name == name) all.push_back(m);
    return all;
  }
  void release() {
    std::lock_guard lock(mutex);
    hold = false;
    changed.notify_all();
  }
  void wait_for_held_request() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return waiting > 0; });
  }
};

class MemoryTransport final : public Transport {
 public:
  MemoryTransport(std::shared_ptr<Collector> collector, Signal signal)
      : c_(std::move(collector)), signal_(signal) {}
  SendResult send(std::string_view request, std::chrono::milliseconds timeout,
                  const std::function<bool()>& cancelled) override {
    std::unique_lock lock(c_->mutex);
    const auto until = std::chrono::steady_clock::now() + timeout;
    ++c_->waiting;
    c_->changed.notify_all();
    while (c_->hold && !cancelled() && std::chrono::steady_clock::now() < until)
      c_->changed.wait_for(lock, std::chrono::milliseconds(5));
    --c_->waiting;
    SendResult result;
    result.ok = true;
    if (c_->hold) {
      result = {};
      result.retryable = true;
      result.message = "held";
    } else if (!c_->answers.empty()) {
      result = c_->answers.front();
      c_->answers.pop_front();
    }
    if (result.ok) (signal_ == Signal::traces ? c_->traces : c_->metrics).emplace_back(request);
    c_->changed.notify_all();
    return result;
  }

 private:
  std::shared_ptr<Collector> c_;
  Signal signal_;
};

/// Defaults without the environment, exporting to `collector`.
inline Config memory_config(const std::shared_ptr<Collector>& collector) {
  Config c;
  c.service_name = "test";
  c.retry.initial = std::chrono::milliseconds(1);
  c.transport = [collector](Signal s, const Config&) {
    return std::make_unique<MemoryTransport>(collector, s);
  };
  return c;
}

}  // namespace turnscope::sdk::test
