#include "pipeline/redact_trial.h"

#include <fmt/format.h>

#include "pipeline/content.h"
#include "pipeline/json_escape.h"

namespace turnscope::pipeline {
namespace {

std::string json_string(std::string_view text) {
  std::string out = "\"";
  json_escape(text, out);
  return out + "\"";
}

}  // namespace

Trial try_redaction(const Redactor& redactor, const TrialInput& in) {
  Trial trial;
  const RedactOptions& o = redactor.options();
  RedactRule::Do what = o.content ? RedactRule::Do::detect : RedactRule::Do::strip;
  Treatment how = redactor.usual();
  for (const RedactRule& r : o.rules) {
    if (!r.service.empty() && !glob_matches(r.service, in.service)) continue;
    if (!r.attribute.empty() && !glob_matches(r.attribute, in.key)) continue;
    if (!r.role.empty() && in.role.empty()) {
      how.roles.push_back({r.role, r.what, r.actions, Treatment::of(r.actions).wanted});
      continue;
    }
    if (!r.role.empty() && !glob_matches(r.role, in.role)) continue;
    what = r.what;
    if (what == RedactRule::Do::detect) {
      auto roles = std::move(how.roles);
      how = Treatment::of(r.actions);
      how.roles = std::move(roles);
    }
    break;
  }
  if (what == RedactRule::Do::strip && structural_key(in.key)) what = RedactRule::Do::detect;
  switch (what) {
    case RedactRule::Do::keep:
      break;
    case RedactRule::Do::detect:
      trial.changed = redactor.redact(in.text, in.key, how, trial.text, trial.found, &trial.replacements);
      break;
    default:
      trial.changed = !in.text.empty();
      trial.found[kWholeValues] = trial.changed;
      if (what != RedactRule::Do::drop && what != RedactRule::Do::strip)
        trial.text = redactor.whole(in.text, what);
  }
  if (!trial.changed) trial.text = std::string(in.text);
  return trial;
}

std::string trial_json(const Trial& t, bool enabled) {
  std::string out = fmt::format(R"({{"enabled":{},"changed":{},"text":{},"found":[)", enabled, t.changed,
                                json_string(t.text));
  bool first = true;
  for (std::size_t d = 0; d <= kDetectors; ++d) {
    if (!t.found[d]) continue;
    out += fmt::format(R"({}{{"detector":"{}","count":{}}})", first ? "" : ",",
                       d == kWholeValues ? "whole_value" : kDetectorTable[d].name, t.found[d]);
    first = false;
  }
  out += R"(],"replacements":[)";
  first = true;
  for (const Replaced& r : t.replacements) {
    out += fmt::format(R"({}{{"detector":"{}","pattern":{},"replacement":{},"bytes":{}}})", first ? "" : ",",
                       name(r.detector), r.pattern.empty() ? "null" : json_string(r.pattern),
                       json_string(r.replacement), r.bytes);
    first = false;
  }
  return out + "]}";
}

}  // namespace turnscope::pipeline
