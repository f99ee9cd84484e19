// All detectors over one text: one pass finds where one could begin, and only there they look.
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pipeline/finding.h"
#include "pipeline/options.h"
#include "pipeline/pattern_filter.h"
#include "pipeline/secrets.h"
#include "pipeline/words.h"

namespace re2 {
class RE2;
}

namespace turnscope::pipeline {

class Detectors {
 public:
  /// Errors name the key ("redact.patterns[2].regex").
  static Result<std::unique_ptr<const Detectors>> make(const RedactOptions&);
  ~Detectors();

  /// Findings in order, none over another. `key`: the name that the text stands under, "" if none.
  void find(std::string_view text, std::string_view key, DetectorSet wanted, std::vector<Finding>& out) const;

  const std::vector<Pattern>& patterns() const { return patterns_; }

 private:
  Detectors() = default;
  void look(std::string_view text, std::string_view key, DetectorSet wanted, std::vector<Finding>& out,
            std::vector<Finding>* phrases, PatternSet* patterns) const;
  void phrase_at(std::string_view text, std::size_t i, unsigned length, DetectorSet wanted,
                 std::vector<Finding>& out) const;
  Secrets secrets_;
  PhraseList names_, streets_;
  std::vector<Pattern> patterns_;
  std::vector<std::unique_ptr<re2::RE2>> compiled_;
  PatternFilter filter_;
};

/// Why a regular expression is refused: a sentence; empty when it is good.
std::string regex_problem(std::string_view regex);

}  // namespace turnscope::pipeline
