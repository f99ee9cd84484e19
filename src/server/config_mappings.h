// The configuration key genai.mappings: rules for a house dialect, as YAML.
#pragma once
#include <string_view>
#include <vector>

#include "base/result.h"
#include "genai/registry.h"

namespace turnscope::server {

/// A YAML list of maps with the members of genai::Mapping. Errors name the rule, the member and what is
/// allowed.
Result<std::vector<genai::Mapping>> parse_mappings(std::string_view yaml);

}  // namespace turnscope::server
