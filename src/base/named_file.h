// Files that a person names: on a command line, in the configuration, in a price list.
#pragma once
#include <cstdint>
#include <string>

#include "base/result.h"

namespace turnscope {

/// The whole of a file or a pipe. Errors name it: not_found, invalid_argument (a directory), too_large (more
/// than `most` bytes), else io.
Result<std::string> read_named_file(const std::string& path, std::uint64_t most);

}  // namespace turnscope
