// Bounds on what one span may hold, and rules for what is not kept at all. A span that is too large is stored
// without the large part; what was cut says so where it was.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "pipeline/options.h"
#include "pipeline/processor.h"

namespace turnscope::pipeline {

/// Before redaction: attributes and spans that nobody wants, and storms of like spans folded into one.
std::unique_ptr<Processor> make_drop_processor(const BoundsOptions&);
/// After redaction: caps on values and spans.
std::unique_ptr<Processor> make_bounds_processor(const BoundsOptions&);

/// Whether every condition that the rule sets is met (attributes: the item's own or its resource's).
bool conditions_hold(const DropRule&, std::string_view service, std::string_view name, otlp::Attributes own,
                     otlp::Attributes resource);

/// `text` in at most `limit` bytes (a mark of about 60 included), cut between characters; JSON stays JSON:
/// its longest strings are cut, each with a mark. `string_limit`: cap of each string inside JSON, 0: none.
/// False: it fits.
bool cut_value(std::string_view text, std::uint64_t limit, std::uint64_t string_limit, std::string& out);

}  // namespace turnscope::pipeline
