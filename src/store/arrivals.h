// What one insert brought, by trace: for those who follow spans as they come in.
#pragma once
#include <cstdint>
#include <vector>

#include "otlp/model.h"

namespace turnscope::store {

/// A trace that something came in for: when what came began, and how many spans it was.
struct ArrivedTrace {
  std::uint32_t project = 0;
  otlp::TraceId id{};
  std::int64_t from = 0, to = 0;
  std::uint64_t spans = 0;
};
/// `told` is false where nobody looked when it was made.
struct Arrivals {
  std::vector<ArrivedTrace> traces;
  bool told = false, more = false;
};

}  // namespace turnscope::store
