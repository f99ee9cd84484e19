// What one exporter is told: where, how, which spans, and what becomes of what the far side refuses.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "genai/view.h"
#include "sinks/tail_sampler/policy.h"

namespace turnscope::sinks {

enum class Protocol { http, grpc };
enum class Encoding { protobuf, json };
enum class Compression { none, gzip, zstd };

/// Spans that an exporter takes: every condition that is given must hold, of a list one entry.
struct SpanMatch {
  std::vector<std::string> service;  ///< resource's service.name; "*" at the end stands for anything
  std::vector<genai::Kind> kind;
  std::optional<bool> error;
  std::optional<bool> sampled;                    ///< the sampled bit of the span's W3C flags
  std::map<std::string, std::string> attributes;  ///< of span or resource; values as above
  std::map<std::string, std::string> without;     ///< spans that have this are left out
  bool empty() const {
    return service.empty() && kind.empty() && !error && !sampled && attributes.empty() && without.empty();
  }
};

/// What is done to a span before it leaves.
struct SpanChanges {
  bool strip_content = false;                       ///< prompts, completions, tool arguments and results
  std::vector<std::string> drop_attributes;         ///< keys; "*" at the end stands for anything
  std::map<std::string, std::string> rename;        ///< key → key
  std::map<std::string, std::string> add_resource;  ///< resource attributes that are set
  enum class Dialect { as_is, openinference, semconv } dialect = Dialect::as_is;
  bool empty() const {
    return !strip_content && drop_attributes.empty() && rename.empty() && add_resource.empty() &&
           dialect == Dialect::as_is;
  }
};

inline constexpr std::uint64_t kLargestPem = 1u << 20;  ///< bytes of one of these files
struct TlsOptions {
  std::string ca, cert, key;  ///< files (PEM); empty: the system's authorities, no client certificate
  std::string server_name;    ///< expected in the certificate, if it is not the endpoint's host
};

struct ExporterOptions {
  std::string name;
  bool enabled = true;
  Protocol protocol = Protocol::http;
  std::string endpoint;  ///< http(s)://host[:port][/path]; /v1/traces and so on are appended for http
  std::string traces_url, logs_url, metrics_url;  ///< whole URLs, instead of endpoint + path
  Encoding encoding = Encoding::protobuf;
  Compression compression = Compression::gzip;
  bool traces = true, logs = false, metrics = false;
  std::map<std::string, Secret> headers;
  TlsOptions tls;
  std::chrono::milliseconds timeout{30'000};
  std::uint64_t concurrency = 2;

  std::uint64_t batch_bytes = 2u << 20;  ///< before compression; gRPC servers refuse above 4 MiB by default
  std::uint64_t batch_items = 8'192;
  std::chrono::milliseconds linger{200};

  std::chrono::milliseconds retry_first{500}, retry_most{30'000};
  /// Records older than this are left out and counted (0: never, then a dead exporter in the end holds the
  /// log full).
  std::chrono::milliseconds drop_after{0};
  /// Above 0: as soon as the log is so full (percent of log.max_bytes), this exporter's oldest records are
  /// left out.
  std::uint64_t drop_above_percent = 0;
  std::uint64_t dead_letter_bytes = 256u << 20;

  bool restricted = false;  ///< also spans and records of the stricter tier
  SpanMatch match;
  SpanChanges changes;
  bool redact = false;      ///< redaction for this exporter alone, also while the receivers do none
  bool link_large = false;  ///< values that are offloaded leave as previews with their link
  SamplingOptions sampling;
};

}  // namespace turnscope::sinks
