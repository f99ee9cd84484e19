#include "batch.h"

#include <algorithm>
#include <bit>

#include "log.h"

namespace turnscope::sdk::detail {
namespace {

std::atomic<std::uint32_t> next_shard{0};
constinit thread_local std::uint32_t my_shard = UINT32_MAX;

std::uint32_t u32_at(const char* p) {
  std::uint32_t v;
  std::memcpy(&v, p, 4);
  return v;
}

}  // namespace

BatchProcessor::BatchProcessor(const Config& config, std::string resource,
                               std::function<std::string(std::uint32_t)> scope_of)
    : config_(config),
      resource_(std::move(resource)),
      scope_of_(std::move(scope_of)),
      max_spans_(std::clamp<std::uint64_t>(config.batch.max_queue_size, 1, 1 << 22)),
      max_bytes_(std::clamp<std::uint64_t>(config.batch.max_queue_bytes, 1 << 10, 1ull << 36)),
      wake_spans_(std::max<std::uint64_t>(
          1, std::min<std::uint64_t>(config.batch.max_export_batch_size, max_spans_ / 2))),
      wake_bytes_(std::min(config.batch.max_export_batch_bytes, max_bytes_ / 2)) {
  sem_init(&wake_, 0, 0);
  sender_ = std::make_unique<Sender>(make_transport(Signal::traces, config_), config_.retry,
                                     config_.traces.timeout);
  thread_ = std::thread([this] { run(); });
}

void BatchProcessor::renew(Shard& shard, std::size_t n) {
  if (shard.open.used) shard.full.push_back(std::move(shard.open));
  shard.open = {};
  if (n <= chunk_size && spare_flag_.try_lock()) {
    if (!spare_.empty()) {
      shard.open = std::move(spare_.back());
      spare_.pop_back();
    }
    spare_flag_.unlock();
    if (shard.open.capacity) return;
  }
  shard.open.capacity = std::max(n, chunk_size);
  shard.open.data = std::make_unique_for_overwrite<char[]>(shard.open.capacity);
}

void BatchProcessor::recycle(Chunk chunk) {
  if (chunk.capacity != chunk_size) return;
  chunk.used = 0;
  chunk.spans = 0;
  std::lock_guard lock(spare_flag_);
  if (spare_.size() < max_spare) spare_.push_back(std::move(chunk));
}

BatchProcessor::Shard& BatchProcessor::lock_shard() {
  if (my_shard == UINT32_MAX) my_shard = next_shard.fetch_add(1, std::memory_order_relaxed);
  for (std::uint32_t i = my_shard;; ++i) {
    Shard& shard = shards_[i % shard_count];
    if (shard.mutex.try_lock()) [[likely]]
      return shard;
    if (i - my_shard >= shard_count)
      std::this_thread::yield();  // more threads than shards, all of them in here
  }
}

void BatchProcessor::drop_notice() {
  const std::uint64_t n = dropped_queue_.load(std::memory_order_relaxed);
  if (std::has_single_bit(n))  // 1, 2, 4, 8 …: the caller must not pay for a line each
    log(LogLevel::warning, "queue full",
        "the span queue is full (" + std::to_string(max_spans_) + " spans or " + std::to_string(max_bytes_) +
            " bytes): " + std::to_string(n) +
            " spans dropped so far; raise OTEL_BSP_MAX_QUEUE_SIZE or TURNSCOPE_BSP_MAX_QUEUE_BYTES");
}

void BatchProcessor::collect() {
  for (Shard& shard : shards_) {
    std::vector<Chunk> full;
    Chunk open;
    {
      std::lock_guard lock(shard.mutex);
      full.swap(shard.full);
      std::swap(open, shard.open);
    }
    for (Chunk& c : full) {
      collected_ += c.spans;
      chunks_.push_back(std::move(c));
    }
    if (open.used) {
      collected_ += open.spans;
      chunks_.push_back(std::move(open));
    } else if (open.capacity) {  // untouched: give it back rather than allocate anew
      std::lock_guard lock(shard.mutex);
      if (!shard.open.capacity) shard.open = std::move(open);
    }
  }
}

BatchProcessor::Steady::time_point BatchProcessor::deadline() const {
  std::lock_guard lock(control_);
  return std::min(batch_deadline_, stop_deadline_);
}

void BatchProcessor::wait_until(Steady::time_point when) {
  const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count();
  timespec t{static_cast<time_t>(nanos / 1'000'000'000), static_cast<long>(nanos % 1'000'000'000)};
  sem_clockwait(&wake_, CLOCK_MONOTONIC, &t);
}

void BatchProcessor::run() {
  auto next = Steady::now() + config_.batch.schedule_delay;
  for (;;) {
    bool stop;
    std::uint64_t asked, done;
    {
      std::lock_guard lock(control_);
      stop = stopping_;
      asked = flush_asked_;
      done = flush_done_;
    }
    awake_.store(false, std::memory_order_release);
    collect();
    const bool all = stop || asked != done || Steady::now() >= next;
    while (collected_ && (all || collected_ >= wake_spans_)) export_one();
    if (all) next = Steady::now() + config_.batch.schedule_delay;
    {
      std::lock_guard lock(control_);
      flush_done_ = std::max(flush_done_, asked);
      flushed_.notify_all();
      if (stop) {
        stopped_ = true;
        flushed_.notify_all();
        return;
      }
      if (stopping_ || flush_asked_ != flush_done_) continue;
    }
    // Bytes can call for an export before the number of spans does.
    if (!all && (pending_.load(std::memory_order_relaxed) & byte_mask) >= wake_bytes_ && collected_) {
      export_one();
      continue;
    }
    wait_until(next);
  }
}

void BatchProcessor::export_one() {
  const std::size_t max_spans = std::max<std::uint32_t>(1, config_.batch.max_export_batch_size);
  std::uint64_t spans = 0, bytes = 0, held = 0;
  for (Bytes& b : by_scope_) b.clear();
  while (!chunks_.empty() && spans < max_spans) {
    Chunk& chunk = chunks_.front();
    const char* p = chunk.data.get() + cursor_.offset;
    const std::uint32_t scope = u32_at(p), size = u32_at(p + 4);
    if (spans && bytes + size > config_.batch.max_export_batch_bytes) break;
    if (scope >= by_scope_.size()) by_scope_.resize(scope + 1);
    by_scope_[scope].append({p + entry_header, size});
    ++spans;
    bytes += size;
    held += one_span + size + entry_header;
    cursor_.offset += size + entry_header;
    if (cursor_.offset == chunk.used) {
      recycle(std::move(chunk));
      chunks_.pop_front();
      cursor_ = {};
    }
  }
  collected_ -= spans;

  // ExportTraceServiceRequest{resource_spans: 1} ▸ ResourceSpans{resource: 1, scope_spans: 2} ▸
  // ScopeSpans{scope: 1, spans: 2}
  std::vector<std::string> scopes(by_scope_.size());
  std::size_t inner = resource_.size();
  for (std::size_t i = 0; i < by_scope_.size(); ++i) {
    if (!by_scope_[i].size()) continue;
    scopes[i] = scope_of_(static_cast<std::uint32_t>(i));
    const std::size_t n = scopes[i].size() + by_scope_[i].size();
    inner += 1 + varint_size(n) + n;
  }
  body_.clear();
  char* p = body_.room(inner + 11);
  *p++ = tag_len(1);
  p = put_raw(put_varint(p, inner), resource_);
  for (std::size_t i = 0; i < by_scope_.size(); ++i) {
    if (!by_scope_[i].size()) continue;
    *p++ = tag_len(2);
    p = put_varint(p, scopes[i].size() + by_scope_[i].size());
    p = put_raw(put_raw(p, scopes[i]), by_scope_[i].view());
  }
  body_.advance(p);

  {
    std::lock_guard lock(control_);
    batch_deadline_ = Steady::now() + config_.batch.export_timeout;
  }
  const SendResult result = sender_->send(
      body_.view(), [this] { return deadline(); }, [this](Steady::time_point when) { wait_until(when); });
  pending_.fetch_sub(held, std::memory_order_relaxed);
  if (result.ok) {
    const std::uint64_t rejected = std::min(result.rejected, spans);
    exported_ += spans - rejected;
    rejected_ += rejected;
    if (rejected || !result.message.empty())
      log(LogLevel::warning, "partial success",
          "the collector rejected " + std::to_string(rejected) + " of " + std::to_string(spans) +
              " spans: " + result.message);
  } else {
    dropped_export_ += spans;
    log(LogLevel::error, "export failed", std::to_string(spans) + " spans lost: " + result.message);
    std::lock_guard lock(control_);
    ++failed_batches_;
  }
  // A rare giant must not keep its memory.
  if (body_.capacity() > (1u << 20)) body_.release();
  for (Bytes& b : by_scope_)
    if (b.capacity() > (1u << 20)) b.release();
}

bool BatchProcessor::force_flush(std::chrono::milliseconds timeout) {
  std::unique_lock lock(control_);
  if (stopped_ || stopping_) return stopped_ && failed_batches_ == 0;
  const std::uint64_t mine = ++flush_asked_, failed = failed_batches_;
  sem_post(&wake_);
  return flushed_.wait_for(lock, timeout, [&] { return flush_done_ >= mine || stopped_; }) &&
         failed_batches_ == failed;
}

bool BatchProcessor::shutdown(std::chrono::milliseconds timeout) {
  std::thread thread;
  std::uint64_t failed;
  {
    std::lock_guard lock(control_);
    failed = failed_batches_;
    closed_.store(true, std::memory_order_relaxed);
    stopping_ = true;
    stop_deadline_ = std::min(stop_deadline_, Steady::now() + timeout);
    thread.swap(thread_);
    sem_post(&wake_);
  }
  if (thread.joinable()) {
    thread.join();
    sender_.reset();
    body_.release();
    by_scope_.clear();
  }
  std::lock_guard lock(control_);
  return failed_batches_ == failed;
}

void BatchProcessor::abandon() {
  closed_.store(true, std::memory_order_relaxed);
  if (!control_.try_lock()) return;  // held by a thread that does not exist in this process
  std::lock_guard lock(control_, std::adopt_lock);
  if (thread_.joinable()) thread_.detach();
  stopping_ = stopped_ = true;
}

void BatchProcessor::add_stats(TraceStats& stats) const {
  const std::uint64_t pending = pending_.load(std::memory_order_relaxed);
  stats.exported += exported_;
  stats.dropped_queue += dropped_queue_;
  stats.dropped_export += dropped_export_;
  stats.rejected += rejected_;
  stats.after_shutdown += after_shutdown_;
  stats.queued = pending >> byte_bits;
  stats.queued_bytes = pending & byte_mask;
}

}  // namespace turnscope::sdk::detail
