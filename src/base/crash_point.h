// Named places where a test may kill the process: CRASH_POINT("log.after_sync") does nothing unless the
// environment says TURNSCOPE_CRASH_POINT=log.after_sync or =log.after_sync:3 (die at the third passage). The
// process then ends by SIGKILL, as from outside: no destructor, no flush. Before it dies it prints "crash
// point NAME reached" to standard error, so that a test can prove that the place was reached and not merely
// that something died.
//
// Cost when unset: one relaxed load. Names are "part.moment"; the whole list: `grep -rn CRASH_POINT src/`.
#pragma once
#include <atomic>
#include <cstdint>
#include <string_view>

namespace turnscope {

namespace detail {
extern std::atomic<bool> crash_points_armed;
void pass_crash_point(std::string_view name);
}  // namespace detail

/// Arms a point from a test or from the configuration, as the environment does at start: "name" or "name:n";
/// "" disarms.
void arm_crash_point(std::string_view spec);

/// Tests only: called instead of SIGKILL (it may throw or record); nullptr restores. Set before threads
/// start.
void set_crash_action(void (*action)(std::string_view name));

/// How often `name` was passed since something was armed (0 while nothing is armed: nothing is counted then).
std::uint64_t crash_point_passed(std::string_view name);

}  // namespace turnscope

#define CRASH_POINT(name)                                                                     \
  do {                                                                                        \
    if (::turnscope::detail::crash_points_armed.load(std::memory_order_relaxed)) [[unlikely]] \
      ::turnscope::detail::pass_crash_point(name);                                            \
  } while (0)
