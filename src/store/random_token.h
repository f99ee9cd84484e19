// A token for an insert that may be repeated with another one: its rows are idempotent.
#pragma once
#include <fmt/format.h>

#include <random>
#include <string>
#include <string_view>

namespace turnscope::store {

inline std::string random_token(std::string_view prefix) {
  std::random_device random;
  return fmt::format("{}/{:08x}{:08x}{:08x}", prefix, random(), random(), random());
}

}  // namespace turnscope::store
