#include "server/config_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/edit_distance.h"

namespace turnscope::server {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

Result<double> parse_with_unit(std::string_view text, std::span<const Unit> units, std::string_view example) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto bad = [&] {
    return fail(ErrorKind::invalid_argument,
                fmt::format("\"{}\" is not understood; write it as {}", text, example));
  };
  if (error != std::errc{} || number < 0 || !std::isfinite(number)) return bad();
  std::string_view unit(end, text.data() + text.size());
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const Unit& u : units) {
    if (u.name == unit) return number * u.factor;
  }
  return bad();
}

}  // namespace

Result<std::uint64_t> parse_bytes(std::string_view text) {
  static constexpr Unit units[] = {
      {"", 1},     {"B", 1},    {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824.0},
      {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9},   {"TB", 1e12}};
  TS_ASSIGN(const double value, parse_with_unit(text, units, "67108864, 64MiB or 1.5GB"));
  if (value > 9e18) return fail(ErrorKind::invalid_argument, fmt::format("\"{}\" is too large", text));
  return static_cast<std::uint64_t>(value);
}

std::string format_bytes(std::uint64_t n) {
  if (n != 0 && n % (1u << 30) == 0) return fmt::format("{}GiB", n >> 30);
  if (n != 0 && n % (1u << 20) == 0) return fmt::format("{}MiB", n >> 20);
  if (n != 0 && n % (1u << 10) == 0) return fmt::format("{}KiB", n >> 10);
  return std::to_string(n);
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  static constexpr Unit units[] = {{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}};
  TS_ASSIGN(const double value, parse_with_unit(text, units, "500ms, 10s, 5m, 1h or 30d"));
  if (value > 1e15) return fail(ErrorKind::invalid_argument, fmt::format("\"{}\" is too long", text));
  return std::chrono::milliseconds(static_cast<std::int64_t>(value));
}

std::string format_duration(std::chrono::milliseconds t) {
  const auto n = t.count();
  if (n != 0 && n % 86'400'000 == 0) return fmt::format("{}d", n / 86'400'000);
  if (n != 0 && n % 3'600'000 == 0) return fmt::format("{}h", n / 3'600'000);
  if (n != 0 && n % 60'000 == 0) return fmt::format("{}m", n / 60'000);
  if (n != 0 && n % 1'000 == 0) return fmt::format("{}s", n / 1'000);
  return fmt::format("{}ms", n);
}

Result<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return fail(ErrorKind::invalid_argument, fmt::format("\"{}\" is not a whole number", text));
  }
  return value;
}

Result<bool> parse_flag(std::string_view text) {
  if (text == "true" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "no" || text == "off") return false;
  return fail(ErrorKind::invalid_argument, fmt::format("\"{}\" is neither true nor false", text));
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    text = comma == text.npos ? std::string_view{} : text.substr(comma + 1);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) out.emplace_back(item);
  }
  return out;
}

std::string quote_yaml(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string nearest_of(std::string_view given, const std::vector<std::string_view>& known) {
  const auto last = [](std::string_view p) {
    return p.substr(p.rfind('.') == p.npos ? 0 : p.rfind('.') + 1);
  };
  constexpr std::size_t kFar = 1'000;
  const auto near = [](std::string_view a, std::string_view b, std::size_t most) {
    const std::size_t d = edit_distance(a, b, most);
    return d <= most && d < a.size() ? d : kFar;
  };
  std::string_view best;
  std::size_t least = kFar;
  for (const auto word : known) {
    // The right word under the wrong section is as good as two slips of a finger.
    const std::size_t d = std::min(near(given, word, std::max<std::size_t>(2, given.size() / 4)),
                                   near(last(given), last(word), last(given).size() / 4) + 2);
    if (d < least) least = d, best = word;
  }
  return std::string(best);
}

std::string no_such_key(std::string_view given, const std::vector<std::string_view>& known) {
  if (const auto meant = nearest_of(given, known); !meant.empty())
    return fmt::format("no such key; did you mean {}?", meant);
  return fmt::format("no such key; there are {}", fmt::join(known, ", "));
}

}  // namespace turnscope::server
