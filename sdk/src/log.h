// The SDK's own voice: what it drops or ignores is said, at most once a second per kind.
#pragma once
#include <string>
#include <string_view>

#include "turnscope/sdk/sdk.h"

namespace turnscope::sdk::detail {

/// `kind` limits the rate: equal kinds within a second are counted, and the count is told with the next line.
void log(LogLevel level, std::string_view kind, const std::string& message);

}  // namespace turnscope::sdk::detail
