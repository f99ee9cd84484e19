// What the pipeline can be told, as the configuration has it (sections bounds, redact). Plain data; checked
// when the pipeline is made.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/finding.h"

namespace turnscope::pipeline {

/// What becomes of something that was found.
enum class Action : std::uint8_t {
  keep,       ///< not looked for
  mask,       ///< [redacted:email]
  drop,       ///< cut out
  hash,       ///< [email#9f86d081884c7d65], SHA-256
  pseudonym,  ///< [email-1b4f0e9851971998], HMAC-SHA-256 with redact.key_file: the same person, the same
              ///< token
  usual,      ///< in a rule: as redact.detectors has it
};
inline constexpr std::string_view kActionNames[] = {"keep", "mask", "drop", "hash", "pseudonym"};

constexpr std::array<Action, kDetectors> all_actions(Action a) {
  std::array<Action, kDetectors> out{};
  out.fill(a);
  return out;
}

/// "checkout*", "http.request.header.*": '*' stands for any characters. Linear in practice: no backtracking
/// beyond one star.
bool glob_matches(std::string_view pattern, std::string_view text);

/// A regular expression of the user's (RE2's syntax: linear time).
struct Pattern {
  std::string name;
  std::string regex;
  Action action = Action::mask;
};

/// Where other rules hold. Every condition that is set must be met; '*' stands for any characters.
struct RedactRule {
  std::string service;    ///< service.name of the resource
  std::string attribute;  ///< attribute key
  std::string role;       ///< of the message that the text is part of: user, assistant, system, tool …
  enum class Do : std::uint8_t {
    detect,     ///< the detectors, with the actions given here
    keep,       ///< leave as it is
    mask,       ///< the whole value
    drop,       ///< the whole attribute or text
    hash,       ///< the whole value
    pseudonym,  ///< the whole value
    strip,      ///< no content at all: only numbers and names of structure stay
  } what = Do::detect;
  std::array<Action, kDetectors> actions = all_actions(Action::usual);  ///< for `detect`
};

struct RedactOptions {
  bool enabled = false;
  bool content = true;  ///< false: no content at all, everywhere
  std::array<Action, kDetectors> actions = all(Action::mask);
  std::string key;             ///< secret of pseudonyms; at least 16 bytes where a pseudonym is asked for
  std::string names, streets;  ///< lists, one entry a line
  std::vector<Pattern> patterns;
  std::vector<RedactRule> rules;

  static constexpr std::array<Action, kDetectors> all(Action a) { return all_actions(a); }
};

/// Spans that are not kept: every condition that is set must be met.
struct DropRule {
  std::string service, name;     ///< patterns with '*'
  std::string attribute, value;  ///< this attribute has a value that matches
  bool errors = false;           ///< also spans that failed
};

/// Zero: no bound.
struct BoundsOptions {
  std::uint64_t attribute_bytes = 0;  ///< one value
  std::uint64_t message_bytes = 0;    ///< one string inside JSON, or under a key "content"
  std::uint64_t span_bytes = 0;       ///< one span
  std::uint64_t storm_spans = 0;  ///< like spans of a trace that are kept one by one; those beyond are folded
  std::vector<std::string> drop_attributes;  ///< patterns of keys
  std::vector<DropRule> drop_spans;
  bool cuts() const { return attribute_bytes || message_bytes || span_bytes; }
  bool drops() const { return storm_spans || !drop_attributes.empty() || !drop_spans.empty(); }
};

/// What goes to the stricter tier.
struct TierOptions {
  bool enabled = false;
  bool found = true;  ///< whatever redaction found something in
  struct Rule {
    std::string name;
    DropRule when;  ///< `errors` is not looked at
  };
  std::vector<Rule> rules;
};

struct Options {
  BoundsOptions bounds;
  RedactOptions redact;
  TierOptions tier;
};

}  // namespace turnscope::pipeline
