// List prices of the models the example uses, for llm.cost.usd. Turnscope itself prices spans from its own
// table; what is computed here is the cost as the client reports it.
#pragma once
#include <optional>
#include <string_view>

#include "examples/agent/messages_client.h"

namespace turnscope::example {

/// US dollars, or nothing for a model that the table does not know. Cache writes are priced as 5-minute ones.
std::optional<double> cost_usd(std::string_view model, const ModelUsage& usage);

}  // namespace turnscope::example
