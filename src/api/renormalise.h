// What the routes of /api/v1/renormalise ask of the server; functions, so that the API needs no sink.
#pragma once
#include <cstdint>
#include <functional>

#include "base/result.h"
#include "sinks/renormalise_state.h"

namespace turnscope::api {

struct Renormalise {
  /// `fresh`: not from where a run before that was cut off came to.
  std::function<Status(std::int64_t since_unix_nano, bool fresh)> start;
  std::function<void()> stop;
  std::function<sinks::RenormaliseState()> state;
};

}  // namespace turnscope::api
