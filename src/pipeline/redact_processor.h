// Redaction of a whole request: every text of it, wherever it stands, by the rules of its service.
#pragma once
#include <memory>

#include "pipeline/processor.h"
#include "pipeline/redactor.h"

namespace turnscope::pipeline {

/// Spans and log records in which something was found carry turnscope.redacted.DETECTOR = how often; so do
/// resources.
std::unique_ptr<Processor> make_redact_processor(std::shared_ptr<const Redactor>);

inline constexpr std::string_view kRedactedPrefix = "turnscope.redacted.";

}  // namespace turnscope::pipeline
