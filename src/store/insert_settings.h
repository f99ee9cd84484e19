// The one place that says how every insert is made, so that a replay is cut as the first attempt was.
#pragma once
#include <string>

#include "store/engine.h"

namespace turnscope::store {

/// "INSERT INTO t (columns) SETTINGS …", without FORMAT. One block makes one part a partition, recognised by
/// its token.
std::string insert_statement(const Insert&);

}  // namespace turnscope::store
