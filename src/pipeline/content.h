// What of a span is structure and what is content: decides what the mode without content keeps. Allowed by
// name, so that a key nobody knows is content.
#pragma once
#include <string_view>

namespace turnscope::pipeline {

/// Text under this attribute key names a part of the system (model, operation, service), not what anybody
/// said.
bool structural_key(std::string_view key);

}  // namespace turnscope::pipeline
