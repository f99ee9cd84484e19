// Attributes in the words that the far side understands, made from the canonical view of a span.
#pragma once
#include <deque>
#include <string>
#include <vector>

#include "genai/view.h"
#include "otlp/model.h"
#include "sinks/otlp_exporter/options.h"

namespace turnscope::sinks {

/// Appends to `out` what `changes.dialect` calls the facts in `view`; facts that are not known are left out,
/// content is left out when it is stripped. `texts` keeps what has to be made.
void add_dialect(const otlp::Span&, const genai::Columns& view, const SpanChanges& changes,
                 std::vector<otlp::KeyValue>& out, std::deque<std::string>& texts);

}  // namespace turnscope::sinks
