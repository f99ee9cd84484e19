// Reading answers of the API without trusting their shape: a missing or differently typed field is "not
// known".
#pragma once
#include <boost/json/value.hpp>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turnscope::cli {

inline const boost::json::value* field(const boost::json::value& from, std::string_view name) {
  const auto* object = from.if_object();
  const auto* found = object ? object->if_contains(name) : nullptr;
  return found && !found->is_null() ? found : nullptr;
}

inline std::string text(const boost::json::value& from, std::string_view name) {
  const auto* found = field(from, name);
  return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

/// A number, or a decimal string (times).
inline std::optional<std::int64_t> number(const boost::json::value& from, std::string_view name) {
  const auto* found = field(from, name);
  if (!found) return std::nullopt;
  if (found->is_int64()) return found->as_int64();
  if (found->is_uint64()) return static_cast<std::int64_t>(found->as_uint64());
  if (found->is_double()) return static_cast<std::int64_t>(found->as_double());
  if (found->is_string()) {
    const std::string_view s = found->as_string();
    std::int64_t value = 0;
    if (std::from_chars(s.data(), s.data() + s.size(), value).ec == std::errc{}) return value;
  }
  return std::nullopt;
}

inline bool flag(const boost::json::value& from, std::string_view name) {
  const auto* found = field(from, name);
  return found && found->is_bool() && found->as_bool();
}

inline const boost::json::array& items(const boost::json::value& from, std::string_view name) {
  static const boost::json::array none;
  const auto* found = field(from, name);
  return found && found->is_array() ? found->as_array() : none;
}

}  // namespace turnscope::cli
