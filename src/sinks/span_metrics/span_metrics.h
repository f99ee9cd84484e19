// The sink that counts: reads all spans of the log and keeps span metrics, for /metrics and as OTLP metrics,
// which it puts into the log like any sender's: from there they reach the store and the exporters.
#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "log/log.h"
#include "sinks/sink.h"
#include "sinks/span_metrics/series.h"

namespace turnscope::sinks {

struct SpanMetricsOptions {
  std::size_t max_series = 2'000;
  std::chrono::milliseconds interval{60'000};  ///< of the OTLP metrics; 0: none
};

class SpanMetrics final : public Sink {
 public:
  SpanMetrics(SpanMetricsOptions, log::Log&, const Clock&, SpanSeries::CostOf cost);
  ~SpanMetrics() override;
  Status start() override;
  void stop() override;
  SinkHealth health() const override;
  void append_prometheus(std::string& out) const;

 private:
  void run();
  void take(const log::Record&);
  void put_metrics();

  const SpanMetricsOptions options_;
  log::Log& log_;
  const Clock& clock_;
  std::shared_ptr<log::Cursor> cursor_;
  mutable std::mutex mutex_;
  SpanSeries series_;
  std::string error_;
  std::int64_t oldest_ = 0;
  std::uint64_t started_at_ = 0;
  std::atomic<log::Position> position_{0};
  std::atomic<bool> stop_{false}, started_{false};
  std::thread thread_;
};

}  // namespace turnscope::sinks
