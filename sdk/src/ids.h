// Random ids: xoshiro256** per thread, seeded from the kernel, seeded anew in the child of a fork.
#pragma once
#include "turnscope/sdk/context.h"

namespace turnscope::sdk::detail {

std::uint64_t random_u64();
TraceId random_trace_id();
SpanId random_span_id();
/// Uniform in [0, 1).
double random_unit();

}  // namespace turnscope::sdk::detail
