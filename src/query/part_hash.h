// What a part of a message says, as a number: who says it again has the same one.
#pragma once
#include <cstddef>

#include "genai/messages.h"

namespace turnscope::query {

std::size_t part_hash(const genai::Part&);

}  // namespace turnscope::query
