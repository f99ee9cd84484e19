#include "query/language/values.h"

#include <re2/re2.h>

#include <array>
#include <charconv>
#include <cmath>
#include <vector>

namespace turnscope::query {
namespace {

std::optional<double> whole_double(std::string_view text) {
  if (text.empty() || text.size() > 64) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  if (auto plain = whole_double(text)) return plain;
  if (text.size() < 2) return std::nullopt;
  double scale = 0;
  switch (text.back()) {
    case 'k':
    case 'K':
      scale = 1e3;
      break;
    case 'M':
      scale = 1e6;
      break;
    case 'G':
      scale = 1e9;
      break;
    default:
      return std::nullopt;
  }
  auto value = whole_double(text.substr(0, text.size() - 1));
  if (!value || !std::isfinite(*value * scale)) return std::nullopt;
  return *value * scale;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double ns;
  };
  static constexpr std::array<Unit, 9> units = {{{"ns", 1},
                                                 {"us", 1e3},
                                                 {"µs", 1e3},
                                                 {"μs", 1e3},
                                                 {"ms", 1e6},
                                                 {"s", 1e9},
                                                 {"m", 6e10},
                                                 {"h", 3.6e12},
                                                 {"d", 8.64e13}}};
  if (text.empty() || text.size() > 64) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    std::size_t n = 0;
    while (n < text.size() && ((text[n] >= '0' && text[n] <= '9') || text[n] == '.')) ++n;
    auto amount = whole_double(text.substr(0, n));
    if (!amount) return std::nullopt;
    text.remove_prefix(n);
    n = 0;
    while (n < text.size() && !((text[n] >= '0' && text[n] <= '9') || text[n] == '.')) ++n;
    const auto unit = text.substr(0, n);
    text.remove_prefix(n);
    bool found = false;
    for (const auto& u : units) {
      if (u.name != unit) continue;
      total += *amount * u.ns;
      found = true;
      break;
    }
    if (!found) return std::nullopt;
  }
  if (total > 9e18) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(total));
}

std::optional<std::int64_t> parse_money(std::string_view text) {
  double scale = 1e9;
  if (text.starts_with('$')) {
    text.remove_prefix(1);
  } else if (text.ends_with('c')) {
    text.remove_suffix(1);
    scale = 1e7;
  }
  auto value = whole_double(text);
  if (!value || std::abs(*value) > 9e9) return std::nullopt;
  return std::llround(*value * scale);
}

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true" || text == "yes") return true;
  if (text == "false" || text == "no") return false;
  return std::nullopt;
}

std::optional<otlp::TraceId> parse_trace_id(std::string_view text) {
  if (text.empty() || text.size() > 32) return std::nullopt;
  otlp::TraceId id{};
  bool any = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int digit = hex_digit(text[text.size() - 1 - i]);
    if (digit < 0) return std::nullopt;
    any = any || digit != 0;
    id[15 - i / 2] = static_cast<std::uint8_t>(id[15 - i / 2] | (digit << (i % 2 ? 4 : 0)));
  }
  return any ? std::optional(id) : std::nullopt;
}

std::optional<otlp::SpanId> parse_span_id(std::string_view text) {
  if (text.empty() || text.size() > 16) return std::nullopt;
  otlp::SpanId id = 0;
  for (char c : text) {
    const int digit = hex_digit(c);
    if (digit < 0) return std::nullopt;
    id = id << 4 | static_cast<otlp::SpanId>(digit);
  }
  return id != 0 ? std::optional(id) : std::nullopt;
}

std::string like_pattern(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '*') {
      out += '%';
      continue;
    }
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string regex_problem(std::string_view expression) {
  if (expression.size() > 1000) return "it is longer than 1,000 bytes";
  if (expression.find('\0') != std::string_view::npos) return "it holds a zero byte";
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  const RE2 re(re2::StringPiece(expression.data(), expression.size()), options);
  return re.ok() ? std::string() : re.error();
}

}  // namespace turnscope::query
