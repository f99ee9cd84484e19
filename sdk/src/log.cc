#include "log.h"

#include <cstdio>
#include <map>
#include <mutex>

#include "clock.h"

namespace turnscope::sdk {
namespace {

struct Voice {
  std::mutex mutex;
  std::function<void(LogLevel, std::string_view)> handler;
  struct Kind {
    std::int64_t next = 0;
    std::uint64_t silent = 0;
  };
  std::map<std::string, Kind, std::less<>> kinds;
};
Voice& voice() {
  static Voice& v = *new Voice;  // outlives static destructors: they may still have something to say
  return v;
}

}  // namespace

void set_log_handler(std::function<void(LogLevel, std::string_view)> handler) {
  std::lock_guard lock(voice().mutex);
  voice().handler = std::move(handler);
  voice().kinds.clear();
}

void detail::log(LogLevel level, std::string_view kind, const std::string& message) {
  Voice& v = voice();
  std::string line = "turnscope sdk: " + message;
  std::function<void(LogLevel, std::string_view)> handler;
  {
    std::lock_guard lock(v.mutex);
    auto it = v.kinds.find(kind);
    if (it == v.kinds.end()) it = v.kinds.emplace(std::string(kind), Voice::Kind{}).first;
    const std::int64_t now = mono_nanos();
    if (now < it->second.next) {
      ++it->second.silent;
      return;
    }
    if (it->second.silent) line += " (and " + std::to_string(it->second.silent) + " more of this kind)";
    it->second = {now + 1'000'000'000, 0};
    handler = v.handler;
  }
  if (handler)
    handler(level, line);
  else
    std::fprintf(stderr, "%s\n", line.c_str());
}

}  // namespace turnscope::sdk
