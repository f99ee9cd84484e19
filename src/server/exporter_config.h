// The list `exporters:` of the configuration: keys below exporters.N, one table as for the rest. A key is
// read from YAML (exporters: [{name: …}]) and from --set exporters.0.name=… alike.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sinks/otlp_exporter/options.h"

namespace turnscope::server {

/// `path` without "exporters.": "0.endpoint". Problems are told as "exporters[0].endpoint: …".
/// The same for a list of sampling policies elsewhere: `path` is "0.latency_above".
void set_policy_key(std::vector<sinks::Policy>&, std::string_view list, std::string_view path,
                    std::string_view value, std::vector<std::string>& problems);
/// As a list on one line.
std::string policies_yaml(const std::vector<sinks::Policy>&);

void set_exporter_key(std::vector<sinks::ExporterOptions>&, std::string_view path, std::string_view value,
                      std::vector<std::string>& problems);

/// What does not fit together within one exporter, or between two.
std::vector<std::string> validate_exporters(const std::vector<sinks::ExporterOptions>&);

/// The list as YAML with every key; secrets as they were written (${env:…}) or as stars.
std::string exporters_yaml(const std::vector<sinks::ExporterOptions>&);

/// An exporter that would send to one of these addresses ("host:port") of this very server: spans would go
/// round for ever. Names are resolved. `key` of each address is for the message.
struct OwnAddress {
  std::string key, host;
  std::uint16_t port = 0;
};
std::vector<std::string> find_loops(const std::vector<sinks::ExporterOptions>&,
                                    const std::vector<OwnAddress>&);

/// scheme, host and port of a URL; an empty host: it is none.
struct UrlParts {
  std::string scheme, host;
  std::uint16_t port = 0;
  bool user_info = false;
};
UrlParts parse_url(std::string_view);

}  // namespace turnscope::server
