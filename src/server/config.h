// What a user writes: one YAML file, every key with its default and a sentence. `--set key.path=value`
// overrides. Unknown keys are refused with the nearest known one; all problems are reported at once, each
// with its path.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "genai/registry.h"
#include "server/pipeline_config.h"
#include "sinks/otlp_exporter/options.h"

namespace turnscope::server {

struct Config {
  std::string data = "turnscope-data";

  std::string listen_grpc = "127.0.0.1:4317";
  std::string listen_http = "127.0.0.1:4318";
  std::string listen_ui = "127.0.0.1:16686";
  bool allow_remote_without_auth = false;

  std::uint64_t request_bytes = 64u << 20;
  std::uint64_t spans_per_request = 100'000;
  std::uint64_t attributes_per_item = 1'024;
  std::uint64_t events_per_span = 4'096;
  std::uint64_t links_per_span = 1'024;
  std::uint64_t attribute_depth = 32;
  std::uint64_t string_bytes = 16u << 20;
  std::uint64_t key_bytes = 1'024;
  std::uint64_t in_flight_bytes = 256u << 20;
  std::chrono::milliseconds hold{2'000};

  std::uint64_t bounds_attribute_bytes = 0;
  std::uint64_t bounds_message_bytes = 0;
  std::uint64_t bounds_span_bytes = 0;
  std::uint64_t bounds_storm_spans = 0;
  std::vector<std::string> bounds_drop_attributes;

  bool redact_enabled = false;
  bool redact_content = true;
  std::string redact_key_file;
  std::string redact_names_file;
  std::string redact_streets_file;
  PipelineLists pipeline;

  std::uint64_t log_segment_bytes = 64u << 20;
  std::uint64_t log_max_bytes = 8ull << 30;
  std::uint64_t log_pending_bytes = 128u << 20;
  bool log_sync = true;

  bool store_enabled = true;
  std::string store_library;
  std::uint64_t store_memory = 700'000'000;
  std::uint64_t store_block_rows = 100'000;
  std::chrono::milliseconds store_freshness{700};

  std::chrono::milliseconds retention_spans{0};
  std::chrono::milliseconds retention_logs{0};
  std::chrono::milliseconds retention_metrics{0};
  bool retention_sampling = false;
  std::chrono::milliseconds retention_sample_after{std::chrono::hours(72)};
  std::vector<sinks::Policy> retention_policies;
  std::chrono::milliseconds retention_check_every{600'000};

  bool restricted_enabled = false;
  bool restricted_found = true;
  Secret restricted_key;
  std::chrono::milliseconds restricted_retention{0};

  std::uint64_t offload_above = 0;
  std::uint64_t offload_preview = 2'048;
  std::uint64_t offload_concurrency = 4;
  std::string offload_directory;
  std::string offload_s3_endpoint;
  std::string offload_s3_bucket;
  std::string offload_s3_region = "us-east-1";
  std::string offload_s3_prefix = "turnscope";
  std::string offload_s3_ca;
  Secret offload_s3_access_key;
  Secret offload_s3_secret_key;

  std::uint64_t memory_max = 1'500'000'000;

  std::chrono::milliseconds query_time{10'000};
  std::uint64_t query_memory = 400'000'000;
  std::uint64_t query_workers = 4;

  std::vector<std::string> cors_origins;
  std::vector<std::string> allowed_hosts;
  std::string ui_dir;
  std::string prices_file;
  std::vector<genai::Mapping> genai_mappings;
  std::string genai_mappings_text = "[]";  ///< as written

  bool span_metrics = false;
  std::uint64_t span_metrics_max_series = 2'000;
  std::chrono::milliseconds span_metrics_interval{0};

  std::vector<sinks::ExporterOptions> exporters;

  std::chrono::milliseconds stop_deadline{10'000};
  std::string log_level = "info";

  /// "host:port" split; host may be in brackets. Errors name the key.
  struct Address {
    std::string host;
    std::uint16_t port = 0;
  };
};

/// Reads `file` (if not empty), then applies each "key.path=value". Errors hold one line a problem.
Result<Config> load_config(const std::string& file, const std::vector<std::string>& overrides);

/// Everything that is wrong with the values together (addresses, limits that contradict each other).
std::vector<std::string> validate(const Config&);

/// The configuration as YAML with every key, its value and its sentence as a comment.
std::string effective_yaml(const Config&);

Result<Config::Address> parse_address(std::string_view key, std::string_view text);

/// True for 127.0.0.0/8, ::1 and localhost.
bool is_loopback(std::string_view host);

}  // namespace turnscope::server
