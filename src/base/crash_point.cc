#include "base/crash_point.h"

#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>

namespace turnscope {
namespace {

struct State {
  std::mutex mutex;
  std::string name;
  std::uint64_t at = 0;
  std::map<std::string, std::uint64_t, std::less<>> passed;
  void (*action)(std::string_view) = nullptr;
};

State& state() {
  static State* s = new State;  // never destroyed: points may be passed while statics go down
  return *s;
}

[[maybe_unused]] const bool armed_from_environment = [] {
  if (const char* spec = std::getenv("TURNSCOPE_CRASH_POINT")) arm_crash_point(spec);
  return true;
}();

}  // namespace

namespace detail {
constinit std::atomic<bool> crash_points_armed{false};

void pass_crash_point(std::string_view name) {
  State& s = state();
  void (*action)(std::string_view) = nullptr;
  {
    std::lock_guard lock(s.mutex);
    auto it = s.passed.find(name);
    if (it == s.passed.end()) it = s.passed.emplace(std::string(name), 0).first;
    if (++it->second != s.at || name != s.name) return;
    action = s.action;
  }
  if (action) return action(name);
  const std::string line = "crash point " + std::string(name) + " reached\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}
}  // namespace detail

void arm_crash_point(std::string_view spec) {
  State& s = state();
  std::lock_guard lock(s.mutex);
  s.passed.clear();
  s.at = 1;
  const auto colon = spec.rfind(':');
  if (colon != std::string_view::npos) {
    const auto number = spec.substr(colon + 1);
    std::from_chars(number.data(), number.data() + number.size(), s.at);
    if (s.at == 0) s.at = 1;
  }
  s.name = spec.substr(0, colon);
  detail::crash_points_armed.store(!s.name.empty(), std::memory_order_relaxed);
}

void set_crash_action(void (*action)(std::string_view)) {
  State& s = state();
  std::lock_guard lock(s.mutex);
  s.action = action;
}

std::uint64_t crash_point_passed(std::string_view name) {
  State& s = state();
  std::lock_guard lock(s.mutex);
  const auto it = s.passed.find(name);
  return it == s.passed.end() ? 0 : it->second;
}

}  // namespace turnscope
