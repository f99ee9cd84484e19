#include "base/memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <utility>

namespace turnscope {
namespace {

bool fits(std::uint64_t resident, std::uint64_t more, std::uint64_t ceiling) {
  const std::uint64_t usable = ceiling - ceiling / 8;
  return resident <= usable && more <= usable - resident;
}

}  // namespace

std::uint64_t resident_bytes() {
  // Kept open: each read gives the figures of that moment.
  static const int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  char text[128];
  const ssize_t n = ::pread(fd, text, sizeof text, 0);
  if (n <= 0) return 0;
  const char* p = text;
  const char* const end = text + n;
  while (p < end && *p != ' ') ++p;
  std::uint64_t pages = 0;
  if (p < end) std::from_chars(p + 1, end, pages);
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

MemoryCeiling::MemoryCeiling(std::uint64_t bytes, std::function<std::uint64_t()> resident)
    : bytes_(bytes), resident_(std::move(resident)) {}

bool MemoryCeiling::room_for(std::uint64_t bytes) {
  if (fits(resident_(), bytes, bytes_)) return true;
  const auto now = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::milliseconds(1);
  auto last = trimmed_at_.load(std::memory_order_relaxed);
  if (last != 0 && now - last < 1'000) return false;
  if (!trimmed_at_.compare_exchange_strong(last, now)) return false;
  ::malloc_trim(0);
  return fits(resident_(), bytes, bytes_);
}

}  // namespace turnscope
