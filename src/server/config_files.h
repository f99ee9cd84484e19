// The files that a configuration names, looked at before a server needs them.
#pragma once
#include <string>
#include <vector>

#include "server/config.h"

namespace turnscope::server {

/// What is wrong with them, a line each that begins with the key's path. Those of `redact` are not here:
/// load_config() reads them.
std::vector<std::string> check_files(const Config&);

}  // namespace turnscope::server
