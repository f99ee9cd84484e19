#include "clock.h"

#if defined(__x86_64__) && !defined(TURNSCOPE_SDK_SYSTEM_CLOCK)
#include <cpuid.h>

#include <fstream>
#include <mutex>
#include <string>

namespace turnscope::sdk::detail {
namespace {

constexpr std::int64_t anchor_nanos = 5'000'000;  // an anchor serves so long
constexpr std::int64_t first_baseline =
    100'000'000;                             // of the scale; then measured anew each time it has doubled
constexpr std::uint64_t widest_pair = 3000;  // ticks between the two readings around the clock's

/// The counter runs at one rate on all processors (CPUID 80000007h, EDX bit 8), and the kernel trusts it.
bool counter_is_trusted() {
#if defined(__SANITIZE_THREAD__)
  return false;
#endif
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(0x80000007, &a, &b, &c, &d) || !(d & (1u << 8))) return false;
  std::ifstream in("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::string name;
  return static_cast<bool>(in >> name) && name == "tsc";
}

struct Pair {
  std::uint64_t ticks = 0;
  std::int64_t nanos = 0;
  bool close = false;  // the readings belong together: nothing came between them
};
Pair read_pair() {
  const std::uint64_t before = __rdtsc();
  const std::int64_t nanos = read_clock(CLOCK_MONOTONIC);
  const std::uint64_t after = __rdtsc();
  return {before + (after - before) / 2, nanos, after - before < widest_pair};
}

std::mutex calibration;
Pair first;  // where the baseline of the scale begins
std::int64_t next_baseline = first_baseline;
std::atomic<std::uint64_t> scale{0};      // 0: not known
std::atomic<std::int64_t> measure_at{0};  // when it is to be measured (anew)

void calibrate(const Pair& now) {
  const std::unique_lock lock(calibration, std::try_to_lock);
  if (!lock || !now.close) return;
  if (!first.close) {
    first = now;
    measure_at = now.nanos + next_baseline;
    return;
  }
  const std::uint64_t ticks = now.ticks - first.ticks;
  const std::int64_t nanos = now.nanos - first.nanos;
  // A counter that was reset (suspend, migration of the machine) shows as an impossible rate: start over.
  const double rate = static_cast<double>(nanos) / static_cast<double>(ticks);
  const std::uint64_t known = scale.load(std::memory_order_relaxed);
  const double known_rate = static_cast<double>(known) / 4294967296.0;
  if (!(rate > 0.05 && rate < 10) || (known && (rate < known_rate * 0.999 || rate > known_rate * 1.001))) {
    scale = 0;
    first = now;
    next_baseline = first_baseline;
  } else {
    scale = static_cast<std::uint64_t>(rate * 4294967296.0);
    next_baseline = nanos * 2;
  }
  measure_at = first.nanos + next_baseline;
}

}  // namespace

std::int64_t mono_nanos_anew() {
  static const bool trusted = counter_is_trusted();
  if (!trusted) return read_clock(CLOCK_MONOTONIC);
  const Pair now = read_pair();
  if (now.nanos >= measure_at.load(std::memory_order_relaxed)) calibrate(now);
  const std::uint64_t s = scale.load(std::memory_order_relaxed);
  if (s && now.close)
    tick_anchor = {now.ticks, (static_cast<std::uint64_t>(anchor_nanos) << 32) / s, s, now.nanos};
  else
    tick_anchor.valid = 0;
  return now.nanos;
}

}  // namespace turnscope::sdk::detail
#endif
