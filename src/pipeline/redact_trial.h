// Redaction tried on a text: what `turnscope redact test` and POST /api/v1/redact/test answer. Nothing is
// stored or counted.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/redactor.h"

namespace turnscope::pipeline {

struct Trial {
  bool changed = false;
  std::string text;  ///< after redaction
  FoundCounts found{};
  std::vector<Replaced> replacements;  ///< in order; at most 10,000
};

/// `key`: the attribute that the text would stand under; `service` and `role` choose among the rules.
struct TrialInput {
  std::string_view text;
  std::string_view key, service, role;
};
Trial try_redaction(const Redactor&, const TrialInput&);

/// {"changed", "text", "found": [{"detector", "count"}], "replacements": [{"detector", "pattern",
/// "replacement", "bytes"}]}
std::string trial_json(const Trial&, bool enabled);

}  // namespace turnscope::pipeline
