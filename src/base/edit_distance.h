// How far two words are apart, for "did you mean".
#pragma once
#include <cstddef>
#include <string_view>

namespace turnscope {

/// Letters put in, left out or replaced (Levenshtein), if at most `most`, else most + 1. Words of more than
/// 64 bytes are never near.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most);

}  // namespace turnscope
