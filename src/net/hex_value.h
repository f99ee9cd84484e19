// The value of a hexadecimal digit, as requests have them in chunk sizes and percent escapes.
#pragma once

namespace turnscope::net {

/// 0–15, or -1.
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace turnscope::net
