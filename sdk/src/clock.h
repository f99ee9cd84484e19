// Time stamps of spans: one reading of a monotonic clock each, plus an offset to wall time that every thread
// refreshes once a second. A span keeps the offset it started with, so a jump of the wall clock cannot bend
// its duration.
//
// On x86-64, where the kernel itself keeps time by an invariant time stamp counter, the counter is read
// directly (12 ns instead of 30 ns): nanoseconds are extrapolated from the thread's last reading of the
// system clock, which is never older than 5 ms, so that an error of the scale cannot grow. Everywhere else,
// and until the scale is known, it is clock_gettime.
#pragma once
#include <time.h>

#include <atomic>
#include <cstdint>
#if defined(__x86_64__) && !defined(TURNSCOPE_SDK_SYSTEM_CLOCK)
#include <x86intrin.h>
#endif

namespace turnscope::sdk::detail {

inline std::int64_t read_clock(clockid_t id) {
  timespec t;
  clock_gettime(id, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

#if defined(__x86_64__) && !defined(TURNSCOPE_SDK_SYSTEM_CLOCK)
struct TickAnchor {
  std::uint64_t ticks = 0;
  std::uint64_t valid = 0;  ///< for so many ticks; 0: not at all
  std::uint64_t scale = 0;  ///< nanoseconds a tick, times 2^32
  std::int64_t nanos = 0;
};
inline constinit thread_local TickAnchor tick_anchor;
/// Reads the system clock, and anchors the thread's counter there when it may be used.
std::int64_t mono_nanos_anew();
inline std::int64_t mono_nanos() {
  const TickAnchor& a = tick_anchor;
  const std::uint64_t passed = __rdtsc() - a.ticks;
  if (passed < a.valid) [[likely]]
    return a.nanos + static_cast<std::int64_t>((passed * a.scale) >> 32);
  return mono_nanos_anew();
}
#else
inline std::int64_t mono_nanos() { return read_clock(CLOCK_MONOTONIC); }
#endif

struct WallOffset {
  std::int64_t offset = 0;
  std::int64_t valid_until = 0;
};
inline constinit thread_local WallOffset wall_offset;

/// Add it to a reading of mono_nanos() for nanoseconds since 1970 UTC.
inline std::int64_t offset_at(std::int64_t mono) {
  if (mono >= wall_offset.valid_until) [[unlikely]]
    wall_offset = {read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC), mono + 1'000'000'000};
  return wall_offset.offset;
}
inline std::int64_t wall_nanos() {
  const std::int64_t mono = mono_nanos();
  return mono + offset_at(mono);
}

}  // namespace turnscope::sdk::detail
