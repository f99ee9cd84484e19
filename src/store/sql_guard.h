// Second line of defence for read-only queries. The SQL of queries is constant text of ours and their
// connections have neither the grants for table functions that leave the store nor the right to write; two
// doors are not covered by grants in the embedded engine: INTO OUTFILE and the scalar function file(). This
// check closes them, and whatever else a query never needs.
#pragma once
#include <string_view>

#include "base/result.h"

namespace turnscope::store {

/// Accepts one SELECT or WITH without SETTINGS, FORMAT, INTO OUTFILE, `;` and functions that reach files,
/// hosts or programs; else permission_denied. Text in quotes, identifiers in quotes and comments are not
/// looked into.
Status check_read_only(std::string_view sql);

}  // namespace turnscope::store
