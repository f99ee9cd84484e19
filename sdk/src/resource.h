// The resource: who sends.
#pragma once
#include <string>

#include "turnscope/sdk/config.h"

namespace turnscope::sdk::detail {

/// Field 1 of ResourceSpans / ResourceMetrics, encoded. Precedence: configuration and environment over
/// detection.
std::string encode_resource(const Config& config);

}  // namespace turnscope::sdk::detail
