// How values of the configuration are written and read: 64MiB, 10s, true, lists.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace turnscope::server {

/// "1048576", "64MiB", "1.5GB" (decimal units are powers of ten, binary ones of two).
Result<std::uint64_t> parse_bytes(std::string_view);
std::string format_bytes(std::uint64_t);
/// "500ms", "10s", "5m", "1h", "30d".
Result<std::chrono::milliseconds> parse_duration(std::string_view);
std::string format_duration(std::chrono::milliseconds);
Result<std::uint64_t> parse_count(std::string_view);
Result<bool> parse_flag(std::string_view);
/// Comma-separated; blanks around items are dropped.
std::vector<std::string> split_list(std::string_view);
std::string quote_yaml(std::string_view);

/// The known word that is nearest to `given` by edits.
std::string nearest_of(std::string_view given, const std::vector<std::string_view>& known);
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace turnscope::server
