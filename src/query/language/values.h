// Values of the search language: numbers, durations, money, identifiers, wildcards.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "otlp/model.h"

namespace turnscope::query {

/// Finite decimal number, with optional k/M/G suffix ("20k"); nullopt if it is none.
std::optional<double> parse_number(std::string_view);
/// Whole number that fits, exactly.
std::optional<std::int64_t> parse_integer(std::string_view);
/// "500ms", "2s", "1.5m", "3h", "2d", "10us", "7ns", "1m30s" → nanoseconds ≥ 0. A number without unit is
/// refused.
std::optional<std::uint64_t> parse_duration(std::string_view);
/// "0.05", "$0.05", "5c" (cents) → nano-dollars.
std::optional<std::int64_t> parse_money(std::string_view);
std::optional<bool> parse_bool(std::string_view);
/// 1 to 32 hex digits, zero-padded on the left (Jaeger prints 64-bit ids short); not all zero.
std::optional<otlp::TraceId> parse_trace_id(std::string_view);
/// 1 to 16 hex digits; not zero.
std::optional<otlp::SpanId> parse_span_id(std::string_view);

/// A pattern with `*` as a LIKE pattern: %, _ and \ of the text are escaped.
std::string like_pattern(std::string_view with_stars);
/// Why RE2 refuses the expression (bounded in size and memory), or empty.
std::string regex_problem(std::string_view expression);

}  // namespace turnscope::query
