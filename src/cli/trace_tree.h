// One trace as a tree of turns, model calls and tool calls in the terminal.
#pragma once
#include <boost/json/value.hpp>
#include <string>

#include "cli/terminal.h"

namespace turnscope::cli {

/// `header` is GET /api/v1/traces/{id}, `window` GET /api/v1/traces/{id}/window; shapes in
/// src/api/openapi.yaml. Lines end with a newline. Never throws on a shape it does not know: what is missing
/// is shown as "—".
std::string render_trace(const boost::json::value& header, const boost::json::value& window, const Terminal&);

/// The list of GET /api/v1/traces, one line a trace.
std::string render_trace_list(const boost::json::value& list, const Terminal&);

}  // namespace turnscope::cli
