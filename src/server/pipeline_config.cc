#include "server/pipeline_config.h"

#include <fmt/format.h>

#include <charconv>

#include "base/named_file.h"
#include "server/config.h"
#include "server/config_values.h"

namespace turnscope::server {
namespace {

using pipeline::Action;
using pipeline::kDetectors;
using Do = pipeline::RedactRule::Do;

constexpr std::size_t kMostEntries = 256;
constexpr std::size_t kMostFileBytes = 16u << 20;

constexpr std::pair<std::string_view, Do> kDo[] = {
    {"detect", Do::detect}, {"keep", Do::keep},           {"mask", Do::mask},  {"drop", Do::drop},
    {"hash", Do::hash},     {"pseudonym", Do::pseudonym}, {"strip", Do::strip}};

Status set_action(std::array<Action, kDetectors>& actions, std::string_view detector,
                  std::string_view value) {
  std::size_t d = 0;
  while (d < kDetectors && pipeline::kDetectorTable[d].name != detector) ++d;
  if (d == kDetectors) {
    std::vector<std::string_view> known;
    for (const auto& info : pipeline::kDetectorTable) known.push_back(info.name);
    return fail(ErrorKind::invalid_argument, no_such_key(detector, known));
  }
  for (std::size_t a = 0; a < std::size(pipeline::kActionNames); ++a)
    if (pipeline::kActionNames[a] == value) {
      actions[d] = static_cast<Action>(a);
      return {};
    }
  return fail(ErrorKind::invalid_argument,
              fmt::format("\"{}\" is not one of keep, mask, drop, hash, pseudonym", value));
}

/// "3.regex" → 3 and "regex"; grows the list by at most one.
template <typename Entry>
Entry* entry_of(std::vector<Entry>& list, std::string_view& path, std::string_view full,
                std::vector<std::string>& problems) {
  std::size_t n = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), n);
  if (error != std::errc{} || n >= kMostEntries || n > list.size()) {
    problems.push_back(fmt::format("{}: expected the place in the list, from 0 to {}", full,
                                   std::min(list.size(), kMostEntries - 1)));
    return nullptr;
  }
  if (n == list.size()) list.emplace_back();
  path.remove_prefix(static_cast<std::size_t>(end - path.data()));
  if (path.starts_with('.')) path.remove_prefix(1);
  return &list[n];
}

void unknown(std::string_view path, std::string_view name, const std::vector<std::string_view>& known,
             std::vector<std::string>& problems) {
  problems.push_back(fmt::format("{}: {}", path, no_such_key(name, known)));
}

void set_pattern(PipelineLists& lists, std::string_view path, std::string_view value, std::string_view full,
                 std::vector<std::string>& problems) {
  auto* p = entry_of(lists.patterns, path, full, problems);
  if (!p) return;
  if (path == "name") {
    p->name = std::string(value);
  } else if (path == "regex") {
    p->regex = std::string(value);
  } else if (path == "action") {
    for (std::size_t a = 1; a < std::size(pipeline::kActionNames); ++a)
      if (pipeline::kActionNames[a] == value) {
        p->action = static_cast<Action>(a);
        return;
      }
    problems.push_back(fmt::format("{}: \"{}\" is not one of mask, drop, hash, pseudonym", full, value));
  } else {
    unknown(full, path, {"name", "regex", "action"}, problems);
  }
}

void set_rule(PipelineLists& lists, std::string_view path, std::string_view value, std::string_view full,
              std::vector<std::string>& problems) {
  auto* r = entry_of(lists.rules, path, full, problems);
  if (!r) return;
  if (path == "service") {
    r->service = std::string(value);
  } else if (path == "attribute") {
    r->attribute = std::string(value);
  } else if (path == "role") {
    r->role = std::string(value);
  } else if (path == "do") {
    for (const auto& [name, what] : kDo)
      if (name == value) {
        r->what = what;
        return;
      }
    problems.push_back(fmt::format(
        "{}: \"{}\" is not one of detect, keep, mask, drop, hash, pseudonym, strip", full, value));
  } else if (path.starts_with("detectors.")) {
    if (auto ok = set_action(r->actions, path.substr(10), value); !ok)
      problems.push_back(fmt::format("{}: {}", full, ok.error().message));
  } else {
    unknown(full, path, {"service", "attribute", "role", "do", "detectors"}, problems);
  }
}

void set_drop_rule(PipelineLists& lists, std::string_view path, std::string_view value, std::string_view full,
                   std::vector<std::string>& problems) {
  auto* r = entry_of(lists.drop_spans, path, full, problems);
  if (!r) return;
  if (path == "service") {
    r->service = std::string(value);
  } else if (path == "name") {
    r->name = std::string(value);
  } else if (path == "attribute") {
    r->attribute = std::string(value);
  } else if (path == "value") {
    r->value = std::string(value);
  } else if (path == "errors") {
    if (auto flag = parse_flag(value))
      r->errors = *flag;
    else
      problems.push_back(fmt::format("{}: {}", full, flag.error().message));
  } else {
    unknown(full, path, {"service", "name", "attribute", "value", "errors"}, problems);
  }
}

void set_tier_rule(PipelineLists& lists, std::string_view path, std::string_view value, std::string_view full,
                   std::vector<std::string>& problems) {
  auto* r = entry_of(lists.tier_rules, path, full, problems);
  if (!r) return;
  for (const auto& [key, field] : {std::pair<std::string_view, std::string*>{"name", &r->name},
                                   {"service", &r->when.service},
                                   {"span", &r->when.name},
                                   {"attribute", &r->when.attribute},
                                   {"value", &r->when.value}})
    if (path == key) {
      *field = std::string(value);
      return;
    }
  unknown(full, path, {"name", "service", "span", "attribute", "value"}, problems);
}

std::string actions_yaml(const std::array<Action, kDetectors>& actions) {
  std::string out = "{";
  for (std::size_t d = 0; d < kDetectors; ++d)
    if (actions[d] != Action::usual)
      out += fmt::format("{}{}: {}", out.size() > 1 ? ", " : "", pipeline::kDetectorTable[d].name,
                         pipeline::kActionNames[static_cast<std::size_t>(actions[d])]);
  return out + "}";
}

/// What is wrong with a file is one line more of `problems`.
std::string file_text(std::string_view key, const std::string& path, std::string& problems) {
  if (path.empty()) return {};
  const auto text = read_named_file(path, kMostFileBytes);
  if (!text) problems.append(problems.empty() ? "" : "\n").append(text.error().with_context(key).message);
  return text.value_or("");
}

}  // namespace

bool set_pipeline_key(PipelineLists& lists, std::string_view path, std::string_view value,
                      std::vector<std::string>& problems) {
  const std::string_view full = path;
  const auto below = [&](std::string_view section) {
    if (!path.starts_with(section)) return false;
    path.remove_prefix(section.size());
    return true;
  };
  if (below("redact.detectors.")) {
    if (auto ok = set_action(lists.detectors, path, value); !ok)
      problems.push_back(fmt::format("{}: {}", full, ok.error().message));
    return true;
  }
  if (below("redact.patterns.")) {
    set_pattern(lists, path, value, full, problems);
    return true;
  }
  if (below("bounds.drop_spans.")) {
    set_drop_rule(lists, path, value, full, problems);
    return true;
  }
  if (below("restricted.rules.")) {
    set_tier_rule(lists, path, value, full, problems);
    return true;
  }
  if (below("redact.rules.")) {
    set_rule(lists, path, value, full, problems);
    return true;
  }
  return false;
}

std::string detectors_yaml(const PipelineLists& lists) { return actions_yaml(lists.detectors); }

std::string patterns_yaml(const PipelineLists& lists) {
  std::string out = "[";
  for (const auto& p : lists.patterns)
    out +=
        fmt::format("{}{{name: {}, regex: {}, action: {}}}", out.size() > 1 ? ", " : "", quote_yaml(p.name),
                    quote_yaml(p.regex), pipeline::kActionNames[static_cast<std::size_t>(p.action)]);
  return out + "]";
}

std::string rules_yaml(const PipelineLists& lists) {
  std::string out = "[";
  for (const auto& r : lists.rules) {
    out += out.size() > 1 ? ", {" : "{";
    if (!r.service.empty()) out += fmt::format("service: {}, ", quote_yaml(r.service));
    if (!r.attribute.empty()) out += fmt::format("attribute: {}, ", quote_yaml(r.attribute));
    if (!r.role.empty()) out += fmt::format("role: {}, ", quote_yaml(r.role));
    for (const auto& [name, what] : kDo)
      if (what == r.what) out += fmt::format("do: {}", name);
    if (r.what == Do::detect) out += fmt::format(", detectors: {}", actions_yaml(r.actions));
    out += "}";
  }
  return out + "]";
}

std::string drop_spans_yaml(const PipelineLists& lists) {
  std::string out = "[";
  for (const auto& r : lists.drop_spans) {
    out += out.size() > 1 ? ", {" : "{";
    for (const auto& [key, value] : {std::pair<std::string_view, const std::string&>{"service", r.service},
                                     {"name", r.name},
                                     {"attribute", r.attribute},
                                     {"value", r.value}})
      if (!value.empty()) out += fmt::format("{}: {}, ", key, quote_yaml(value));
    out += fmt::format("errors: {}}}", r.errors);
  }
  return out + "]";
}

std::string tier_rules_yaml(const PipelineLists& lists) {
  std::string out = "[";
  for (const auto& r : lists.tier_rules) {
    out += out.size() > 1 ? ", {" : "{";
    bool first = true;
    for (const auto& [key, value] : {std::pair<std::string_view, const std::string&>{"name", r.name},
                                     {"service", r.when.service},
                                     {"span", r.when.name},
                                     {"attribute", r.when.attribute},
                                     {"value", r.when.value}})
      if (!value.empty()) {
        out += fmt::format("{}{}: {}", first ? "" : ", ", key, quote_yaml(value));
        first = false;
      }
    out += "}";
  }
  return out + "]";
}

Result<pipeline::Options> pipeline_options(const Config& c) {
  pipeline::Options out;
  out.bounds.attribute_bytes = c.bounds_attribute_bytes;
  out.bounds.message_bytes = c.bounds_message_bytes;
  out.bounds.span_bytes = c.bounds_span_bytes;
  out.bounds.storm_spans = c.bounds_storm_spans;
  out.bounds.drop_attributes = c.bounds_drop_attributes;
  out.bounds.drop_spans = c.pipeline.drop_spans;
  for (std::size_t k = 0; k < out.bounds.drop_spans.size(); ++k) {
    auto& rule = out.bounds.drop_spans[k];
    if (rule.service.empty() && rule.name.empty() && rule.attribute.empty())
      return fail(ErrorKind::invalid_argument,
                  fmt::format("bounds.drop_spans[{}]: has no condition and would drop every span; give "
                              "service, name or attribute",
                              k));
    if (!rule.attribute.empty() && rule.value.empty()) rule.value = "*";
  }
  out.tier.enabled = c.restricted_enabled;
  out.tier.found = c.restricted_found;
  out.tier.rules = c.pipeline.tier_rules;
  for (std::size_t k = 0; k < out.tier.rules.size(); ++k) {
    auto& rule = out.tier.rules[k];
    if (rule.when.service.empty() && rule.when.name.empty() && rule.when.attribute.empty())
      return fail(
          ErrorKind::invalid_argument,
          fmt::format("restricted.rules[{}]: has no condition and would restrict everything; give service, "
                      "span or attribute",
                      k));
    if (!rule.when.attribute.empty() && rule.when.value.empty()) rule.when.value = "*";
    if (rule.name.empty()) rule.name = fmt::format("rule{}", k);
  }
  out.redact.enabled = c.redact_enabled;
  out.redact.content = c.redact_content;
  out.redact.actions = c.pipeline.detectors;
  out.redact.patterns = c.pipeline.patterns;
  out.redact.rules = c.pipeline.rules;
  std::string problems;
  out.redact.key = file_text("redact.key_file", c.redact_key_file, problems);
  while (out.redact.key.ends_with('\n') || out.redact.key.ends_with('\r')) out.redact.key.pop_back();
  out.redact.names = file_text("redact.names_file", c.redact_names_file, problems);
  out.redact.streets = file_text("redact.streets_file", c.redact_streets_file, problems);
  if (!problems.empty()) return fail(ErrorKind::invalid_argument, std::move(problems));
  for (std::size_t k = 0; k < out.redact.patterns.size(); ++k)
    if (out.redact.patterns[k].name.empty()) out.redact.patterns[k].name = fmt::format("pattern{}", k);
  return out;
}

Result<std::shared_ptr<pipeline::Pipeline>> make_pipeline(const Config& config) {
  TS_ASSIGN(const auto options, pipeline_options(config));
  TS_ASSIGN(auto made, pipeline::Pipeline::make(options));
  return std::shared_ptr<pipeline::Pipeline>(std::move(made));
}

}  // namespace turnscope::server
