// Who asks, and until when they want the answer. Every query takes a Caller, so that the project has one
// place.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>

namespace turnscope::query {

struct Caller {
  std::uint32_t project = 1;
  /// Asked while a query runs; true stops it. May be empty.
  std::function<bool()> cancelled;
  /// All statements of one request together; none begins after it.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

}  // namespace turnscope::query
