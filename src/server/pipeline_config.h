// The sections redact and bounds of the configuration: their lists and maps, and the pipeline that follows
// from them.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/pipeline.h"

namespace turnscope::server {

struct Config;

/// The lists and maps of the sections. A key is read from YAML (rules: [{service: …}]) and from
/// --set redact.rules.0.service=… alike.
struct PipelineLists {
  std::array<pipeline::Action, pipeline::kDetectors> detectors =
      pipeline::RedactOptions::all(pipeline::Action::mask);
  std::vector<pipeline::Pattern> patterns;
  std::vector<pipeline::RedactRule> rules;
  std::vector<pipeline::DropRule> drop_spans;
  std::vector<pipeline::TierOptions::Rule> tier_rules;
};

/// Takes keys below redact.detectors, redact.patterns, redact.rules and bounds.drop_spans; false: the key is
/// none of them.
bool set_pipeline_key(PipelineLists&, std::string_view path, std::string_view value,
                      std::vector<std::string>& problems);

std::string detectors_yaml(const PipelineLists&);
std::string patterns_yaml(const PipelineLists&);
std::string rules_yaml(const PipelineLists&);
std::string tier_rules_yaml(const PipelineLists&);
std::string drop_spans_yaml(const PipelineLists&);

/// Reads the files that the configuration names. Errors name the key.
Result<pipeline::Options> pipeline_options(const Config&);
Result<std::shared_ptr<pipeline::Pipeline>> make_pipeline(const Config&);

}  // namespace turnscope::server
