#include "sinks/offload/offloader.h"

#include <algorithm>

#include "base/anomaly.h"
#include "base/crash_point.h"
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

Offloader::Offloader(OffloaderOptions options, log::Log& log, const Clock& clock, store::ObjectStore& objects)
    : options_(options), log_(log), clock_(clock), objects_at_(objects) {}

Offloader::~Offloader() { stop(); }

Status Offloader::start() {
  if (started_.exchange(true)) return {};
  TS_ASSIGN(cursor_, log_.cursor("offload"));
  position_ = cursor_->position();
  thread_ = std::thread([this] { run(); });
  return {};
}

void Offloader::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

SinkHealth Offloader::health() const {
  const std::lock_guard lock(mutex_);
  return sink_health("offload", position_, log_, clock_, oldest_, error_);
}

void Offloader::failed(const Error& e) {
  const std::lock_guard lock(mutex_);
  if (error_ != e.message) log_warn("offload waits and tries again: {}", e.message);
  error_ = e.message;
}

bool Offloader::put(const Object& o) {
  for (auto pause = options_.first_retry;; pause = std::min(pause * 2, options_.last_retry)) {
    if (stop_) return false;
    const auto done = objects_at_.put(o.key, o.bytes);
    if (done) {
      ++objects_;
      return true;
    }
    count(Anomaly::offload_retried);
    failed(done.error());
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, pause, [this] { return stop_.load(); })) return false;
  }
}

bool Offloader::put_all(const std::vector<Object>& all) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> whole{true};
  const auto work = [&] {
    for (std::size_t i = next++; i < all.size(); i = next++)
      if (!put(all[i])) {
        whole = false;
        return;
      }
  };
  std::vector<std::thread> more;
  for (std::size_t i = 1; i < std::min(options_.concurrency, all.size()); ++i) more.emplace_back(work);
  work();
  for (auto& t : more) t.join();
  if (!whole) return false;
  const std::lock_guard lock(mutex_);
  error_.clear();
  return true;
}

void Offloader::take(const log::Record& r) {
  // Nearly all records hold nothing large: those are not even decoded.
  if (r.head.signal != log::Signal::traces || r.bytes.size() <= options_.rule.above) return;
  otlp::Arena arena(kArena);
  otlp::DecodeReport report;
  const auto traces = otlp::decode_traces_protobuf(r.bytes, arena, {}, report);
  if (!traces) {
    count(Anomaly::exporter_record_undecodable);
    return;
  }
  std::vector<Object> all;
  each_large_value(*traces, options_.rule, [&](const LargeValue& v) {
    all.push_back({store::object_key(r.head.project, v.span->trace_id, v.span->span_id, v.field),
                   store::pack_object(v.value)});
  });
  if (all.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    oldest_ = r.head.received_unix_nano;
  }
  put_all(all);
  CRASH_POINT("offload.after_put");
}

void Offloader::run() {
  const auto reader = log_.read(position_);
  auto kept = steady_clock::now();
  while (!stop_) {
    auto record = reader->next();
    if (!record) {
      failed(record.error());
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, options_.first_retry, [this] { return stop_.load(); });
      continue;
    }
    if (*record) {
      take(**record);
      if (stop_) break;  // its objects may not all be there
    }
    position_ = reader->position();
    if (const auto now = steady_clock::now(); now - kept > kCursorEvery) {
      if (position_ > cursor_->position())
        if (const auto ok = cursor_->advance(position_); !ok) failed(ok.error());
      kept = now;
    }
    if (!*record) reader->wait(kWait);
  }
  if (position_ > cursor_->position())
    if (const auto ok = cursor_->advance(position_); !ok) failed(ok.error());
}

}  // namespace turnscope::sinks
