// Texts without what was found in them: plain text, and JSON (which stays JSON, however deep one text lies
// inside another).
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pipeline/detectors.h"
#include "pipeline/options.h"

namespace turnscope::pipeline {

/// How often each detector found something; the last: values that a rule for their role replaced as a whole.
using FoundCounts = std::array<std::uint32_t, kDetectors + 1>;
inline constexpr std::size_t kWholeValues = kDetectors;

/// How a text is to be treated: which detectors, and what becomes of their findings.
struct Treatment {
  /// Messages of a role inside JSON text ({"role": "user", "content": …}).
  struct Role {
    std::string role;
    RedactRule::Do what;
    std::array<Action, kDetectors> actions;
    DetectorSet wanted;
  };
  std::array<Action, kDetectors> actions = RedactOptions::all(Action::mask);
  DetectorSet wanted = kAllDetectors;
  std::vector<Role> roles;  ///< the first that matches holds
  static Treatment of(const std::array<Action, kDetectors>& actions);
};

/// One thing that was found, for people who try their configuration: where, what, and what stands there now.
struct Replaced {
  Detector detector = Detector::count;
  std::string pattern;      ///< name of the user's pattern
  std::string replacement;  ///< never the thing itself
  std::size_t bytes = 0;    ///< length of what was found
};

class Redactor {
 public:
  /// Errors name the key of the configuration and the remedy.
  static Result<std::unique_ptr<const Redactor>> make(RedactOptions options);

  /// Puts `text` without what was found into `out` and returns true; false: nothing was found, `out` is
  /// undefined. `key`: the name that the text stands under. Counts are added to `found`; so are entries to
  /// `log`, if given.
  bool redact(std::string_view text, std::string_view key, const Treatment& how, std::string& out,
              FoundCounts& found, std::vector<Replaced>* log = nullptr) const;
  /// Findings in a text that is put together from pieces, which redact() sees one by one; and what stands for
  /// one.
  void find(std::string_view text, std::string_view key, const Treatment& how,
            std::vector<Finding>& out) const {
    detectors_->find(text, key, how.wanted, out);
  }
  std::string stand_in(std::string_view text, const Finding& f, const Treatment& how) const {
    return replacement(text, f.detector, f.pattern, how);
  }
  /// What stands for a whole value that a rule replaces.
  std::string whole(std::string_view text, RedactRule::Do what) const;

  const RedactOptions& options() const { return options_; }
  const Treatment& usual() const { return usual_; }

 private:
  struct Run;
  explicit Redactor(RedactOptions options) : options_(std::move(options)) {}
  std::string replacement(std::string_view text, Detector detector, std::uint16_t pattern,
                          const Treatment& how) const;
  std::string digest(std::string_view normal, bool keyed) const;
  RedactOptions options_;
  Treatment usual_;
  std::unique_ptr<const Detectors> detectors_;
};

}  // namespace turnscope::pipeline
