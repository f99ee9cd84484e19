// The ceiling of the whole process (memory.max). Parts have shares of it (server/memory_shares.h); this is
// the last word: whoever is about to take much from outside asks first, and is told no while what is resident
// leaves no room.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>

namespace turnscope {

/// Resident memory of this process, as the kernel counts it. Costs about a microsecond.
std::uint64_t resident_bytes();

class MemoryCeiling {
 public:
  /// `resident` is the seam for tests.
  explicit MemoryCeiling(std::uint64_t bytes, std::function<std::uint64_t()> resident = resident_bytes);

  /// True if `bytes` more may be taken. An eighth of the ceiling is kept back for those who do not ask
  /// (threads, the engine's own overshoot). When there is no room, free memory is given back to the system,
  /// at most once a second. Thread-safe.
  bool room_for(std::uint64_t bytes);
  std::uint64_t bytes() const { return bytes_; }

 private:
  const std::uint64_t bytes_;
  const std::function<std::uint64_t()> resident_;
  std::atomic<std::int64_t> trimmed_at_{0};
};

}  // namespace turnscope
