// Time ranges of requests: RFC 3339, unix seconds, or "now-15m".
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace turnscope::query {

/// Nanoseconds since 1970 UTC; `from` is inside, `to` is not.
struct TimeRange {
  std::int64_t from = 0;
  std::int64_t to = 0;
};

/// "now", "now-15m", "now+1h", "2026-11-22T10:00:00.5Z" (or with +02:00), seconds since 1970, and
/// nanoseconds since 1970 as answers give them (from 10^15 on)
/// ("1795360772.25"). Error: invalid_argument that names the forms.
Result<std::int64_t> parse_time(std::string_view text, std::int64_t now);

/// Both ends may be empty: `to` is then now (and a little, for clocks that run ahead), `from` 24 hours before
/// `to`.
Result<TimeRange> parse_range(std::string_view from, std::string_view to, std::int64_t now);

/// "2026-11-22T10:00:00.000000000Z"
std::string format_time(std::int64_t unix_nano);

}  // namespace turnscope::query
