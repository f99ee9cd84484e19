// The stricter tier: spans and log records in which personal data was found, or that match a rule, are marked
// before the log. The store writer keeps marked ones apart (a database of its own, read with a key of its
// own) and leaves in the ordinary tables what has no content; exporters leave them out unless they are told
// otherwise.
#pragma once
#include <memory>
#include <string_view>

#include "pipeline/options.h"
#include "pipeline/processor.h"

namespace turnscope::pipeline {

/// Attribute of a marked span or record; its text says why: "found" or the rule's name.
inline constexpr std::string_view kRestricted = "turnscope.restricted";
/// What stands for the name of a span that is withheld.
inline constexpr std::string_view kWithheldName = "[withheld]";

/// After redaction, whose marks it looks at.
std::unique_ptr<Processor> make_tier_processor(const TierOptions&);

bool is_restricted(otlp::Attributes);

/// Which rows of a request one database takes.
enum class Tier : std::uint8_t {
  all,         ///< there is no stricter tier
  ordinary,    ///< marked spans without content, no marked records
  restricted,  ///< marked ones only, whole
};
void keep_tier(otlp::Traces&, Tier, otlp::Arena&);
void keep_tier(otlp::Logs&, Tier, otlp::Arena&);

}  // namespace turnscope::pipeline
