#include "cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <ctime>
#include <cwchar>

namespace turnscope::cli {

Terminal Terminal::detect() {
  const bool tty = isatty(STDOUT_FILENO) != 0;
  winsize size{};
  int columns = 120;
  if (tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) columns = size.ws_col;
  return Terminal(tty && std::getenv("NO_COLOR") == nullptr, columns);
}

std::string Terminal::styled(Style style, std::string_view text) const {
  if (!colours_ || style == Style::plain) return std::string(text);
  constexpr const char* codes[] = {"0", "1", "2", "31", "32", "33", "34", "35", "36"};
  return fmt::format("\x1b[{}m{}\x1b[0m", codes[static_cast<int>(style)], text);
}

std::string format_nanos(std::uint64_t n) {
  // Rounded as the UI rounds, so that one run has one figure.
  const auto in = [&](std::uint64_t unit) { return n / unit + (n % unit >= unit / 2 ? 1 : 0); };
  if (n < 1'000) return fmt::format("{} ns", n);
  if (in(1'000) < 1'000) return fmt::format("{} µs", in(1'000));
  if (in(1'000'000) < 1'000) return fmt::format("{} ms", in(1'000'000));
  if (const auto s = in(10'000'000); s < 6'000) return fmt::format("{}.{:02} s", s / 100, s % 100);
  const std::uint64_t seconds = in(1'000'000'000);
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

std::string format_money(std::int64_t nano) {
  const std::string_view sign = nano < 0 ? "-" : "";
  const std::uint64_t n = nano < 0 ? 0 - static_cast<std::uint64_t>(nano) : static_cast<std::uint64_t>(nano);
  if (n == 0) return "$0";
  if (n < 100'000) return fmt::format("<{}$0.0001", sign);
  if (const auto d = n / 100'000 + (n % 100'000 >= 50'000 ? 1 : 0); d < 100'000)
    return fmt::format("{}${}.{:04}", sign, d / 10'000, d % 10'000);
  const auto cents = n / 10'000'000 + (n % 10'000'000 >= 5'000'000 ? 1 : 0);
  return fmt::format("{}${}.{:02}", sign, cents / 100, cents % 100);
}

std::string format_count(std::uint64_t n) {
  if (n < 10'000) return std::to_string(n);
  if (n < 1'000'000) return fmt::format("{}.{} K", n / 1'000, n / 100 % 10);
  return fmt::format("{}.{} M", n / 1'000'000, n / 100'000 % 10);
}

namespace {

// Length in bytes and width of the character at `text[0]`; broken bytes count as one column each.
std::pair<std::size_t, int> next_character(std::string_view text) {
  static const bool utf8 = std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;
  const auto lead = static_cast<unsigned char>(text[0]);
  std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (length > text.size()) return {1, 1};
  if (length == 1 || !utf8) return {length, 1};
  wchar_t wide = 0;
  std::mbstate_t state{};
  if (std::mbrtowc(&wide, text.data(), length, &state) > length) return {1, 1};
  const int width = wcwidth(wide);
  return {length, width < 0 ? 0 : width};
}

}  // namespace

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const auto [length, w] = next_character(text);
    width += w;
    text.remove_prefix(length);
  }
  return width;
}

std::string fit(std::string_view text, int columns) {
  if (display_width(text) <= columns) return std::string(text);
  std::string out;
  int width = 0;
  while (!text.empty()) {
    const auto [length, w] = next_character(text);
    if (width + w > columns - 1) break;
    out.append(text.substr(0, length));
    width += w;
    text.remove_prefix(length);
  }
  return out + "…";
}

std::string pad(std::string_view text, int columns) {
  std::string out = fit(text, columns);
  out.append(static_cast<std::size_t>(std::max(0, columns - display_width(out))), ' ');
  return out;
}

std::string pad_left(std::string_view text, int columns) {
  return std::string(static_cast<std::size_t>(std::max(0, columns - display_width(text))), ' ') +
         std::string(text);
}

std::string format_clock(std::int64_t unix_nanos) {
  const std::time_t seconds = unix_nanos / 1'000'000'000;
  const std::time_t now = std::time(nullptr);
  std::tm then{}, today{};
  localtime_r(&seconds, &then);
  localtime_r(&now, &today);
  char text[64];
  const bool same_day = then.tm_yday == today.tm_yday && then.tm_year == today.tm_year;
  std::strftime(text, sizeof text, same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &then);
  return text;
}

}  // namespace turnscope::cli
