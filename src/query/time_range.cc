#include "query/time_range.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>

#include "query/language/values.h"

namespace turnscope::query {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMax = INT64_MAX - 1'000 * kSecond;

std::optional<int> digits(std::string_view& text, std::size_t n) {
  if (text.size() < n) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(n);
  return value;
}

bool skip(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> rfc3339(std::string_view t) {
  const auto year = digits(t, 4);
  if (!year || !skip(t, '-')) return std::nullopt;
  const auto month = digits(t, 2);
  if (!month || !skip(t, '-')) return std::nullopt;
  const auto day = digits(t, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1970 || *year > 2261) return std::nullopt;
  std::int64_t seconds = std::chrono::sys_days(date).time_since_epoch().count() * 86'400LL;
  std::int64_t nanos = 0;
  if (t.empty()) return seconds * kSecond;  // a date alone: midnight UTC
  if (!skip(t, 'T') && !skip(t, 't') && !skip(t, ' ')) return std::nullopt;
  const auto hour = digits(t, 2);
  if (!hour || *hour > 23 || !skip(t, ':')) return std::nullopt;
  const auto minute = digits(t, 2);
  if (!minute || *minute > 59) return std::nullopt;
  seconds += *hour * 3600 + *minute * 60;
  if (skip(t, ':')) {
    const auto second = digits(t, 2);
    if (!second || *second > 60) return std::nullopt;
    seconds += *second;
    if (skip(t, '.')) {
      std::int64_t unit = kSecond / 10;
      std::size_t n = 0;
      for (; !t.empty() && t.front() >= '0' && t.front() <= '9'; t.remove_prefix(1), unit /= 10, ++n)
        nanos += (t.front() - '0') * unit;
      if (n == 0) return std::nullopt;
    }
  }
  if (skip(t, 'Z') || skip(t, 'z'))
    return t.empty() ? std::optional(seconds * kSecond + nanos) : std::nullopt;
  const bool east = !t.empty() && t.front() == '+';
  if (!east && (t.empty() || t.front() != '-')) return std::nullopt;
  t.remove_prefix(1);
  const auto zone_hour = digits(t, 2);
  skip(t, ':');
  const auto zone_minute = digits(t, 2);
  if (!zone_hour || !zone_minute || !t.empty()) return std::nullopt;
  const auto offset = *zone_hour * 3600LL + *zone_minute * 60LL;
  return (seconds - (east ? offset : -offset)) * kSecond + nanos;
}

}  // namespace

Result<std::int64_t> parse_time(std::string_view text, std::int64_t now) {
  const auto bad = [&]() -> Result<std::int64_t> {
    return fail(
        ErrorKind::invalid_argument,
        fmt::format(
            "`{}` is no time; write RFC 3339 (2026-11-22T10:00:00Z), seconds or nanoseconds since 1970, or "
            "now-15m",
            text.substr(0, 64)));
  };
  if (text.starts_with("now")) {
    auto rest = text.substr(3);
    if (rest.empty()) return now;
    const bool ahead = rest.front() == '+' || rest.front() == ' ';  // "+" in a query string reads as a space
    if (!ahead && rest.front() != '-') return bad();
    auto amount = rest.substr(1);
    const auto duration = parse_duration(amount);
    if (!duration || *duration > static_cast<std::uint64_t>(kMax)) return bad();
    const auto d = static_cast<std::int64_t>(*duration);
    if (ahead) return now > kMax - d ? kMax : now + d;
    return d > now ? 0 : now - d;
  }
  if (const auto time = rfc3339(text)) return *time;
  if (const auto whole = parse_integer(text)) {
    if (*whole < 0 || *whole > kMax) return bad();
    // Nanoseconds are what answers give; no time of interest is in both ranges (10^15 ns are twelve days of
    // 1970).
    constexpr std::int64_t kLeastNanos = 1'000'000'000'000'000;
    if (*whole >= kLeastNanos) return *whole;
    if (*whole > kMax / kSecond) return bad();
    return *whole * kSecond;
  }
  if (const auto seconds = parse_number(text); seconds && *seconds >= 0 && *seconds < 9e9)
    return std::llround(*seconds * 1e6) * 1'000;
  return bad();
}

Result<TimeRange> parse_range(std::string_view from, std::string_view to, std::int64_t now) {
  TimeRange range;
  // Clients' clocks run ahead of ours now and then: what they sent just now belongs to "until now".
  range.to = now + 60 * kSecond;
  if (!to.empty() && to != "now") {
    TS_ASSIGN(range.to, parse_time(to, now));
  }
  range.from = std::max<std::int64_t>(0, range.to - 86'400 * kSecond);
  if (to.empty() || to == "now") range.from = std::max<std::int64_t>(0, now - 86'400 * kSecond);
  if (!from.empty()) {
    TS_ASSIGN(range.from, parse_time(from, now));
  }
  if (range.from >= range.to)
    return fail(ErrorKind::invalid_argument, "from= lies behind to=; swap them, or leave one out");
  return range;
}

std::string format_time(std::int64_t unix_nano) {
  const auto seconds = unix_nano / kSecond - (unix_nano % kSecond < 0);
  const auto nanos = unix_nano - seconds * kSecond;
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto of_day = (time - day).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), of_day / 3600,
                     of_day / 60 % 60, of_day % 60, nanos);
}

}  // namespace turnscope::query
