// The program's own log: one event, one line, on standard error (spdlog). Text from outside is escaped, so
// that a service name cannot forge a line. INFO: what happened; WARN: nothing lost; ERROR: data lost or a
// person needed.
#pragma once
#include <fmt/format.h>

#include <string>
#include <string_view>

namespace turnscope {

enum class LogLevel { debug, info, warn, error };

void set_log_level(LogLevel level);
void log_line(LogLevel level, std::string_view message);

/// Control characters, escape sequences and line breaks as \xNN: safe to print on a terminal.
std::string printable(std::string_view text);

template <typename... Args>
void log_info(fmt::format_string<Args...> f, Args&&... args) {
  log_line(LogLevel::info, fmt::format(f, std::forward<Args>(args)...));
}
template <typename... Args>
void log_warn(fmt::format_string<Args...> f, Args&&... args) {
  log_line(LogLevel::warn, fmt::format(f, std::forward<Args>(args)...));
}
template <typename... Args>
void log_error(fmt::format_string<Args...> f, Args&&... args) {
  log_line(LogLevel::error, fmt::format(f, std::forward<Args>(args)...));
}

}  // namespace turnscope
