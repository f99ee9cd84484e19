// One row a key of an exporter: how it is read and shown.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sinks/otlp_exporter/options.h"

namespace turnscope::server {

struct ExporterKey {
  std::string_view path;  ///< "batch.bytes"; ending in ".": a map whose keys follow
  std::string_view help;
  std::function<Status(sinks::ExporterOptions&, std::string_view rest, std::string_view value)> set;
  std::function<std::string(const sinks::ExporterOptions&)> get;  ///< YAML of the value; maps: "{a: b}"
};
const std::vector<ExporterKey>& exporter_keys();

struct PolicyKey {
  std::string_view path, help;
  std::function<Status(sinks::Policy&, std::string_view rest, std::string_view value)> set;
  std::function<std::string(const sinks::Policy&)> get;  ///< empty: not set
};
const std::vector<PolicyKey>& policy_keys();

}  // namespace turnscope::server
