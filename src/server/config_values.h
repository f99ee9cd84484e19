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

/// The known word that is a few edits from `given`, compared whole and by the last part, so that a key under
/// the wrong section is still found; "": none is.
std::string nearest_of(std::string_view given, const std::vector<std::string_view>& known);
/// "no such key; did you mean …?", or what there is where none is near.
std::string no_such_key(std::string_view given, const std::vector<std::string_view>& known);

}  // namespace turnscope::server
