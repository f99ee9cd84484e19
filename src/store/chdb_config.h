// The engine's configuration files: server settings, and the one user with its grants.
#pragma once
#include <filesystem>

#include "base/result.h"
#include "store/chdb_engine.h"

namespace turnscope::store {

/// Writes config/engine.xml and config/users.xml below the options' directory; returns the path of the first.
/// Given explicitly at connect, it also keeps the engine from reading a config.xml of the working directory.
Result<std::filesystem::path> write_chdb_config(const ChdbOptions&);

}  // namespace turnscope::store
