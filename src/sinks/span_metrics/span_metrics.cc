#include "sinks/span_metrics/span_metrics.h"

#include <algorithm>

#include "base/anomaly.h"
#include "base/logger.h"
#include "otlp/decode.h"
#include "sinks/sink_health.h"

namespace turnscope::sinks {
namespace {
using std::chrono::milliseconds;
using std::chrono::steady_clock;
constexpr milliseconds kWait{100}, kCursorEvery{1'000};
constexpr std::size_t kArena = 1u << 20;
}  // namespace

SpanMetrics::SpanMetrics(SpanMetricsOptions options, log::Log& log, const Clock& clock,
                         SpanSeries::CostOf cost)
    : options_(options), log_(log), clock_(clock), series_(options.max_series, std::move(cost)) {}

SpanMetrics::~SpanMetrics() { stop(); }

Status SpanMetrics::start() {
  if (started_.exchange(true)) return {};
  TS_ASSIGN(cursor_, log_.cursor("span-metrics"));
  position_ = cursor_->position();
  started_at_ = static_cast<std::uint64_t>(clock_.unix_nanos());
  thread_ = std::thread([this] { run(); });
  return {};
}

void SpanMetrics::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

SinkHealth SpanMetrics::health() const {
  const std::lock_guard lock(mutex_);
  return sink_health("span-metrics", position_, log_, clock_, oldest_, error_);
}

void SpanMetrics::append_prometheus(std::string& out) const {
  const std::lock_guard lock(mutex_);
  series_.append_prometheus(out);
}

void SpanMetrics::take(const log::Record& r) {
  if (r.head.signal != log::Signal::traces) return;
  otlp::Arena arena(kArena);
  otlp::DecodeReport report;
  const auto traces = otlp::decode_traces_protobuf(r.bytes, arena, {}, report);
  if (!traces) {
    count(Anomaly::exporter_record_undecodable);
    return;
  }
  const std::lock_guard lock(mutex_);
  oldest_ = r.head.received_unix_nano;
  for (const auto& rs : traces->resources)
    for (const auto& ss : rs.scopes)
      for (const auto& span : ss.spans) series_.add(span, rs.resource, ss.scope);
}

void SpanMetrics::put_metrics() {
  std::string bytes;
  std::size_t points;
  {
    const std::lock_guard lock(mutex_);
    points = series_.points();
    if (points == 0) return;
    bytes = series_.otlp_metrics(started_at_, static_cast<std::uint64_t>(clock_.unix_nanos()));
  }
  // Sums since the start: one that finds no room is told again by the next.
  log_.append({log::Signal::metrics, 1, clock_.unix_nanos(), static_cast<std::uint32_t>(points)},
              log::Payload::of(std::move(bytes)), [](const Result<log::Position>& r) {
                if (!r) count(Anomaly::span_metrics_left_out);
              });
}

void SpanMetrics::run() {
  const auto reader = log_.read(position_);
  auto cursor_kept = steady_clock::now(), told = cursor_kept;
  const auto keep = [&] {
    if (position_ <= cursor_->position()) return;
    const auto ok = cursor_->advance(position_);
    const std::lock_guard lock(mutex_);
    error_ = ok ? std::string() : ok.error().message;
  };
  while (!stop_) {
    auto record = reader->next();
    if (!record) {
      {
        const std::lock_guard lock(mutex_);
        error_ = record.error().message;
      }
      std::this_thread::sleep_for(kWait);
      continue;
    }
    if (*record) take(**record);
    position_ = reader->position();
    const auto now = steady_clock::now();
    if (now - cursor_kept > kCursorEvery) {
      keep();
      cursor_kept = now;
    }
    if (options_.interval.count() != 0 && now - told > options_.interval) {
      put_metrics();
      told = now;
    }
    if (!*record) reader->wait(kWait);
  }
  keep();
}

}  // namespace turnscope::sinks
