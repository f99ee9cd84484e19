// The queue between the threads that end spans and the thread that exports them.
//
//   end() ──encode──▶ shard (of 8, picked by thread) ──chunks──▶ exporter thread ──batches──▶ Sender
//
// - A caller takes the lock of its own shard, or of any that is free; the exporter holds one only to swap a
// pointer.
// - Bound: encoded bytes and spans that are queued or in flight. One atomic word counts both; what does not
// fit is
//   dropped and counted, at once.
// - Chunks hold entries {scope u32, size u32, bytes}; the bytes are a field 2 of ScopeSpans: tag, length,
// Span.
#pragma once
#include <semaphore.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "bytes.h"
#include "sender.h"
#include "turnscope/sdk/tracer.h"

namespace turnscope::sdk::detail {

class BatchProcessor {
 public:
  /// `resource`: encoded field 1 of ResourceSpans. `scope_of(i)`: encoded field 1 of ScopeSpans of scope i.
  /// Lives as long as the process: a thread may be in submit() while another shuts it down.
  BatchProcessor(const Config& config, std::string resource,
                 std::function<std::string(std::uint32_t)> scope_of);
  ~BatchProcessor() = delete;
  BatchProcessor(const BatchProcessor&) = delete;
  BatchProcessor& operator=(const BatchProcessor&) = delete;

  /// Room for one encoded span of exactly `size` bytes, which `write(char*)` fills and returns the end of.
  template <class Write>
  void submit(std::uint32_t scope, std::size_t size, Write&& write) {
    const std::size_t need = size + entry_header;
    const std::uint64_t unit = one_span + need;
    if (closed_.load(std::memory_order_relaxed)) [[unlikely]] {
      after_shutdown_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    if (need > max_entry) {
      dropped_queue_.fetch_add(1, std::memory_order_relaxed);
      return drop_notice();
    }
    const std::uint64_t total = pending_.fetch_add(unit, std::memory_order_relaxed) + unit;
    if ((total >> byte_bits) > max_spans_ || (total & byte_mask) > max_bytes_) [[unlikely]] {
      pending_.fetch_sub(unit, std::memory_order_relaxed);
      dropped_queue_.fetch_add(1, std::memory_order_relaxed);
      return drop_notice();
    }
    {
      Shard& shard = lock_shard();
      std::lock_guard lock(shard.mutex, std::adopt_lock);
      char* p = shard.room(need, *this);
      p = put_fixed32(put_fixed32(p, scope), static_cast<std::uint32_t>(size));
      shard.open.used += need;
      ++shard.open.spans;
      write(p);
    }
    if (((total >> byte_bits) >= wake_spans_ || (total & byte_mask) >= wake_bytes_) &&
        !awake_.load(std::memory_order_relaxed) && !awake_.exchange(true, std::memory_order_acq_rel))
      sem_post(&wake_);
  }

  bool force_flush(std::chrono::milliseconds timeout);
  bool shutdown(std::chrono::milliseconds timeout);
  /// In the child of a fork: its exporter thread does not exist.
  void abandon();
  void add_stats(TraceStats& stats) const;

 private:
  using Steady = std::chrono::steady_clock;
  static constexpr int byte_bits = 40;
  static constexpr std::uint64_t one_span = 1ull << byte_bits, byte_mask = one_span - 1;
  static constexpr std::size_t entry_header = 8, chunk_size = 32 << 10, max_spare = 16, max_entry = 1u << 30;
  static constexpr std::size_t shard_count = 8;

  struct Chunk {
    std::unique_ptr<char[]> data;
    std::size_t used = 0, capacity = 0;
    std::uint32_t spans = 0;
  };
  /// Held for some ten nanoseconds at a time; whoever finds it taken goes to another shard.
  class Flag {
   public:
    bool try_lock() {
      return !taken_.load(std::memory_order_relaxed) && !taken_.exchange(true, std::memory_order_acquire);
    }
    void lock() {
      while (!try_lock()) std::this_thread::yield();
    }
    void unlock() { taken_.store(false, std::memory_order_release); }

   private:
    std::atomic<bool> taken_{false};
  };
  struct alignas(64) Shard {
    Flag mutex;
    Chunk open;
    std::vector<Chunk> full;
    char* room(std::size_t n, BatchProcessor& owner) {
      if (open.capacity - open.used < n) [[unlikely]]
        owner.renew(*this, n);
      return open.data.get() + open.used;
    }
  };
  struct Cursor {  // where the exporter is in the oldest chunk
    std::size_t offset = 0;
    std::uint32_t spans = 0;
  };

  Shard& lock_shard();
  void renew(Shard& shard, std::size_t n);
  void recycle(Chunk chunk);
  void drop_notice();
  void run();
  void collect();
  /// Sends one batch of what was collected.
  void export_one();
  Steady::time_point deadline() const;
  void wait_until(Steady::time_point when);

  const Config config_;
  const std::string resource_;
  const std::function<std::string(std::uint32_t)> scope_of_;
  const std::uint64_t max_spans_, max_bytes_, wake_spans_, wake_bytes_;
  Shard shards_[shard_count];
  Flag spare_flag_;
  std::vector<Chunk> spare_;  ///< emptied chunks: fresh memory would cost the caller its page faults
  alignas(64) std::atomic<std::uint64_t> pending_{0};
  alignas(64) std::atomic<std::uint64_t> dropped_queue_{0};
  std::atomic<bool> awake_{false}, closed_{false};
  std::atomic<std::uint64_t> after_shutdown_{0};
  sem_t wake_;

  // Of the exporter thread.
  std::unique_ptr<Sender> sender_;
  std::deque<Chunk> chunks_;
  Cursor cursor_;
  std::size_t collected_ = 0;
  std::vector<Bytes> by_scope_;
  Bytes body_;
  Steady::time_point batch_deadline_{};

  std::atomic<std::uint64_t> exported_{0}, dropped_export_{0}, rejected_{0};
  mutable std::mutex control_;  // guards what follows
  std::condition_variable flushed_;
  std::uint64_t flush_asked_ = 0, flush_done_ = 0;
  std::uint64_t failed_batches_ = 0;
  bool stopping_ = false, stopped_ = false;
  Steady::time_point stop_deadline_ = Steady::time_point::max();
  std::thread thread_;
};

}  // namespace turnscope::sdk::detail
