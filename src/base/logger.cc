#include "base/logger.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace turnscope {
namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto l = spdlog::stderr_logger_mt("turnscope");
    l->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    l->flush_on(spdlog::level::info);
    return l;
  }();
  return *instance;
}

}  // namespace

void set_log_level(LogLevel level) {
  constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info,
                                                  spdlog::level::warn, spdlog::level::err};
  logger().set_level(levels[static_cast<int>(level)]);
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  // C1 controls (U+0080 to U+009F) drive terminals too.
  for (std::size_t i = 0; i + 1 < out.size(); ++i) {
    if (static_cast<unsigned char>(out[i]) == 0xC2 && static_cast<unsigned char>(out[i + 1]) < 0xA0 &&
        static_cast<unsigned char>(out[i + 1]) >= 0x80) {
      out.replace(i, 2, fmt::format("\\x{:02x}", static_cast<unsigned char>(out[i + 1])));
    }
  }
  return out;
}

void log_line(LogLevel level, std::string_view message) {
  const std::string safe = printable(message);
  switch (level) {
    case LogLevel::debug:
      logger().debug("{}", safe);
      break;
    case LogLevel::info:
      logger().info("{}", safe);
      break;
    case LogLevel::warn:
      logger().warn("{}", safe);
      break;
    case LogLevel::error:
      logger().error("{}", safe);
      break;
  }
}

}  // namespace turnscope
