// Detectors that begin in the middle of what they find: e-mail at its '@', IPv6 at a ':'.
#pragma once
#include <cstddef>
#include <string_view>

#include "pipeline/finding.h"

namespace turnscope::pipeline {

/// `i` is an '@', or the '%' of "%40" (`width` 3).
bool find_email(std::string_view text, std::size_t i, std::size_t width, Finding& out);
/// `i` is a ':'.
bool find_ipv6(std::string_view text, std::size_t i, Finding& out);

}  // namespace turnscope::pipeline
