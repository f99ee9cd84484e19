#include "server/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>

#include "base/named_file.h"
#include "server/config_mappings.h"
#include "server/config_values.h"
#include "server/exporter_config.h"
#include "server/memory_shares.h"

namespace turnscope::server {
namespace {

constexpr std::uint64_t kLargestConfig = 16u << 20;

// One row a key: path, sentence, and how to read and write the field.
struct Key {
  std::string_view path;
  std::string_view help;
  std::function<Status(Config&, std::string_view)> set;
  std::function<std::string(const Config&)> get;
  bool list = false;
  bool yaml = false;  ///< the value is YAML of its own
};

template <typename Field>
Key text_key(std::string_view path, std::string_view help, Field field) {
  return {path, help,
          [field](Config& c, std::string_view v) -> Status {
            c.*field = std::string(v);
            return {};
          },
          [field](const Config& c) { return quote_yaml(c.*field); }};
}
Key flag_key(std::string_view path, std::string_view help, bool Config::*field) {
  return {path, help,
          [field](Config& c, std::string_view v) -> Status {
            TS_ASSIGN(c.*field, parse_flag(v));
            return {};
          },
          [field](const Config& c) { return std::string(c.*field ? "true" : "false"); }};
}
Key bytes_key(std::string_view path, std::string_view help, std::uint64_t Config::*field) {
  return {path, help,
          [field](Config& c, std::string_view v) -> Status {
            TS_ASSIGN(c.*field, parse_bytes(v));
            return {};
          },
          [field](const Config& c) { return format_bytes(c.*field); }};
}
Key count_key(std::string_view path, std::string_view help, std::uint64_t Config::*field) {
  return {path, help,
          [field](Config& c, std::string_view v) -> Status {
            TS_ASSIGN(c.*field, parse_count(v));
            return {};
          },
          [field](const Config& c) { return std::to_string(c.*field); }};
}
Key time_key(std::string_view path, std::string_view help, std::chrono::milliseconds Config::*field) {
  return {path, help,
          [field](Config& c, std::string_view v) -> Status {
            TS_ASSIGN(c.*field, parse_duration(v));
            return {};
          },
          [field](const Config& c) { return format_duration(c.*field); }};
}
Key list_key(std::string_view path, std::string_view help, std::vector<std::string> Config::*field) {
  return {path, help,
          [field](Config& c, std::string_view v) -> Status {
            c.*field = split_list(v);
            return {};
          },
          [field](const Config& c) {
            std::string out = "[";
            for (const auto& item : c.*field) out += (out.size() > 1 ? ", " : "") + quote_yaml(item);
            return out + "]";
          },
          true};
}

Key secret_key(std::string_view path, std::string_view help, Secret Config::*field) {
  return {path, help,
          [field](Config& c, std::string_view v) -> Status {
            TS_ASSIGN(c.*field, Secret::resolve(v));
            return {};
          },
          [field](const Config& c) { return quote_yaml((c.*field).empty() ? "" : (c.*field).shown()); }};
}

/// A list or map whose entries have keys of their own (pipeline_config.h); as a value it can only be empty.
Key nested_key(std::string_view path, std::string_view help, std::string (*yaml)(const PipelineLists&)) {
  return {path, help,
          [](Config&, std::string_view v) -> Status {
            if (v.empty()) return {};
            return fail(ErrorKind::invalid_argument, "holds entries with keys of their own, not one value");
          },
          [yaml](const Config& c) { return yaml(c.pipeline); }, true};
}

const std::vector<Key>& keys() {
  static const std::vector<Key> table = {
      text_key("data", "Directory of the log and the embedded store.", &Config::data),
      text_key("listen.grpc", "OTLP/gRPC, host:port; port 0 picks a free one; \"off\" closes it.",
               &Config::listen_grpc),
      text_key("listen.http", "OTLP/HTTP (protobuf and JSON); \"off\" closes it.", &Config::listen_http),
      text_key("listen.ui", "Web UI and every query API.", &Config::listen_ui),
      flag_key("listen.allow_remote_without_auth",
               "Listen beyond loopback although nobody has to prove who they are: anyone who reaches the "
               "port reads "
               "every prompt.",
               &Config::allow_remote_without_auth),
      bytes_key("limits.request_bytes", "One OTLP request, on the wire and after decompression.",
                &Config::request_bytes),
      count_key("limits.spans_per_request",
                "Spans, log records or data points in one request; more are rejected and said.",
                &Config::spans_per_request),
      count_key("limits.attributes_per_item", "Attributes of one span, event, link, resource or scope.",
                &Config::attributes_per_item),
      count_key("limits.events_per_span", "Events of one span.", &Config::events_per_span),
      count_key("limits.links_per_span", "Links of one span.", &Config::links_per_span),
      count_key("limits.attribute_depth", "Nesting of attribute values; deeper ones become a marker.",
                &Config::attribute_depth),
      bytes_key("limits.string_bytes", "One string value; longer ones are cut on a character boundary.",
                &Config::string_bytes),
      bytes_key("limits.key_bytes", "Attribute keys, span and event names.", &Config::key_bytes),
      bytes_key("limits.in_flight_bytes",
                "Request bytes being received or waiting for the disk; beyond: 503, UNAVAILABLE.",
                &Config::in_flight_bytes),
      time_key("limits.hold", "How long a request waits for room before it is refused with a delay.",
               &Config::hold),
      bytes_key("bounds.attribute_bytes",
                "One attribute value or log body; longer ones are cut and say so. 0: no bound.",
                &Config::bounds_attribute_bytes),
      bytes_key("bounds.message_bytes",
                "One text of a message: a string inside JSON, or a key that ends in content.",
                &Config::bounds_message_bytes),
      bytes_key("bounds.span_bytes",
                "One span: its largest values are cut until it fits; it is never dropped for its size.",
                &Config::bounds_span_bytes),
      count_key("bounds.storm_spans",
                "Spans of the same name under the same parent that are kept one by one; more become one with "
                "their number.",
                &Config::bounds_storm_spans),
      list_key("bounds.drop_attributes", "Attributes that are not kept, as [\"debug.*\"].",
               &Config::bounds_drop_attributes),
      nested_key("bounds.drop_spans",
                 "Spans that are not kept: {service, name, attribute, value, errors}; failed ones only with "
                 "errors: true.",
                 drop_spans_yaml),
      flag_key(
          "redact.enabled",
          "Redact personal data and secrets before anything is written; the rest of the section says how.",
          &Config::redact_enabled),
      flag_key("redact.content",
               "false: no content at all; only numbers, names of models, tools and the like are kept.",
               &Config::redact_content),
      nested_key("redact.detectors",
                 "What becomes of what each detector finds: keep, mask, drop, hash or pseudonym.",
                 detectors_yaml),
      text_key("redact.key_file",
               "File with the secret of pseudonyms, at least 16 bytes: openssl rand -hex 32.",
               &Config::redact_key_file),
      text_key("redact.names_file", "Names to be found, one a line.", &Config::redact_names_file),
      text_key("redact.streets_file", "Streets to be found besides the built-in shapes, one a line.",
               &Config::redact_streets_file),
      nested_key("redact.patterns", "Your own patterns: {name, regex, action}; RE2 syntax, linear time.",
                 patterns_yaml),
      nested_key("redact.rules",
                 "First match holds: {service, attribute, role, do: "
                 "detect|keep|mask|drop|hash|pseudonym|strip, detectors}.",
                 rules_yaml),
      bytes_key("log.segment_bytes", "Size of one log file.", &Config::log_segment_bytes),
      bytes_key("log.max_bytes",
                "Cap of the log on disk; a sink that lags this far turns into back-pressure.",
                &Config::log_max_bytes),
      bytes_key("log.pending_bytes", "Bytes waiting for the next sync.", &Config::log_pending_bytes),
      flag_key("log.sync",
               "fdatasync before each answer. Off only to measure what it costs: a crash then loses spans.",
               &Config::log_sync),
      flag_key("store.enabled", "Off: receive and log only; queries answer 503.", &Config::store_enabled),
      text_key("store.library", "Path of libchdb.so; empty: beside the binary.", &Config::store_library),
      bytes_key("store.memory", "Ceiling of the embedded engine; it takes less if memory.max leaves less.",
                &Config::store_memory),
      count_key("store.block_rows", "Spans in one insert at most.", &Config::store_block_rows),
      time_key("store.freshness", "A span waits at most this long for its block to be inserted.",
               &Config::store_freshness),
      time_key("retention.spans",
               "Spans are kept this long, as 30d, then go by whole days of receipt; 0: for ever. "
               "docs/retention.md",
               &Config::retention_spans),
      time_key("retention.logs", "The same for log records.", &Config::retention_logs),
      time_key("retention.metrics", "The same for points of metrics.", &Config::retention_metrics),
      flag_key(
          "retention.sampling",
          "Keep all traces for a first period, then only those that a policy keeps; statistics count them "
          "with their weight.",
          &Config::retention_sampling),
      time_key("retention.sample_after", "The first period, from the end of the day of receipt.",
               &Config::retention_sample_after),
      {"retention.policies",
       "What is kept then: conditions and keep_percent as in docs/sampling.md; empty: errors, above 10 s, a "
       "tenth "
       "of the rest.",
       [](Config& c, std::string_view v) -> Status {
         c.retention_policies.clear();
         if (v.empty()) return {};
         return fail(ErrorKind::invalid_argument, "holds policies with keys of their own, not one value");
       },
       [](const Config& c) { return policies_yaml(c.retention_policies); }, true},
      time_key("retention.check_every", "How often it is looked whether something is due.",
               &Config::retention_check_every),
      flag_key("restricted.enabled",
               "A stricter tier: what personal data was found in, or what a rule names, is kept in a "
               "database of its "
               "own. docs/restricted.md",
               &Config::restricted_enabled),
      flag_key("restricted.found", "Whatever redaction found something in goes there.",
               &Config::restricted_found),
      nested_key("restricted.rules", "And what meets a rule: {name, service, span, attribute, value}.",
                 tier_rules_yaml),
      secret_key("restricted.key", "Who has it may read the tier, from ${env:NAME} or ${file:PATH}.",
                 &Config::restricted_key),
      time_key("restricted.retention", "Its spans and log records are kept this long, as 14d; 0: for ever.",
               &Config::restricted_retention),
      bytes_key("offload.above",
                "Values of spans above this size go to the object store, the span keeps a preview; 0: none. "
                "docs/offload.md",
                &Config::offload_above),
      bytes_key("offload.preview", "What of them stays in the span.", &Config::offload_preview),
      count_key("offload.concurrency", "Objects under way at a time.", &Config::offload_concurrency),
      text_key("offload.directory", "A directory as object store.", &Config::offload_directory),
      text_key("offload.s3.endpoint", "Or anything that speaks S3: https://host[:port].",
               &Config::offload_s3_endpoint),
      text_key("offload.s3.bucket", "Its bucket, which must be there.", &Config::offload_s3_bucket),
      text_key("offload.s3.region", "Its region.", &Config::offload_s3_region),
      text_key("offload.s3.prefix", "Begins every key.", &Config::offload_s3_prefix),
      text_key("offload.s3.ca", "Authorities (PEM) instead of the system's.", &Config::offload_s3_ca),
      secret_key("offload.s3.access_key", "From ${env:NAME} or ${file:PATH}.",
                 &Config::offload_s3_access_key),
      secret_key("offload.s3.secret_key", "The same.", &Config::offload_s3_secret_key),
      bytes_key("memory.max",
                "Ceiling of the whole process, engine included: near it requests are refused with a delay. "
                "docs/memory.md",
                &Config::memory_max),
      time_key("query.time", "Time limit of one query.", &Config::query_time),
      bytes_key("query.memory", "Memory limit of one query.", &Config::query_memory),
      count_key("query.workers", "Queries at a time.", &Config::query_workers),
      list_key("http.cors_origins",
               "Origins of web pages that may send OTLP/HTTP, as https://app.example.com.",
               &Config::cors_origins),
      list_key("http.allowed_hosts",
               "Host names, besides loopback's, under which this server may be addressed.",
               &Config::allowed_hosts),
      text_key("ui.dir", "Serve the UI from this folder instead of the built-in one.", &Config::ui_dir),
      text_key("prices.file", "Your own prices, see docs/prices.md; they go before the built-in ones.",
               &Config::prices_file),
      {"genai.mappings", "Rules for a house dialect, a list of {attribute, field, …}: see docs/genai.md.",
       [](Config& c, std::string_view v) -> Status {
         TS_ASSIGN(c.genai_mappings, parse_mappings(v));
         c.genai_mappings_text = std::string(v);
         return {};
       },
       [](const Config& c) { return c.genai_mappings_text; }, true, true},
      flag_key("span_metrics.enabled",
               "Count requests, errors, latency, tokens and cost by service, model and tool for /metrics; "
               "every span is decoded once more for it.",
               &Config::span_metrics),
      count_key("span_metrics.max_series", "Series at most; what comes beyond is counted as other.",
                &Config::span_metrics_max_series),
      time_key("span_metrics.interval",
               "Put them into the log as OTLP metrics so often, for the store and exporters with metrics; "
               "0ms: never.",
               &Config::span_metrics_interval),
      time_key("stop.deadline", "How long a stop may take to finish requests under way.",
               &Config::stop_deadline),
      text_key("log_level", "debug, info, warn or error.", &Config::log_level),
  };
  return table;
}

std::string no_such_path(std::string_view path) {
  std::vector<std::string_view> all, beside;
  const auto section = path.substr(0, path.find('.') + 1);
  for (const Key& key : keys()) {
    all.push_back(key.path);
    if (!section.empty() && key.path.starts_with(section)) beside.push_back(key.path);
  }
  if (nearest_of(path, all).empty() && beside.empty())
    return "no such key; turnscope config print shows all there are";
  return no_such_key(path, nearest_of(path, all).empty() ? beside : all);
}

void set_key(Config& config, std::string_view path, std::string_view value,
             std::vector<std::string>& problems) {
  if (path.starts_with("exporters."))
    return set_exporter_key(config.exporters, path.substr(10), value, problems);
  if (path == "exporters" && value.empty()) return;
  if (path.starts_with("retention.policies."))
    return set_policy_key(config.retention_policies, "retention.policies", path.substr(19), value, problems);
  if (set_pipeline_key(config.pipeline, path, value, problems)) return;
  const auto key = std::ranges::find(keys(), path, &Key::path);
  if (key == keys().end()) {
    problems.push_back(fmt::format("{}: {}", path, no_such_path(path)));
    return;
  }
  if (auto ok = key->set(config, value); !ok)
    problems.push_back(fmt::format("{}: {}", path, ok.error().message));
}

/// Lists and maps in brackets, so that the whole is one line.
void on_one_line(YAML::Node node) {
  if (!node.IsMap() && !node.IsSequence()) return;
  node.SetStyle(YAML::EmitterStyle::Flow);
  for (auto entry : node) on_one_line(node.IsMap() ? entry.second : YAML::Node(entry));
}

void walk(Config& config, const YAML::Node& node, const std::string& path,
          std::vector<std::string>& problems) {
  const auto own = std::ranges::find(keys(), path, &Key::path);
  if (own != keys().end() && own->yaml) {
    YAML::Node flow = YAML::Clone(node);
    on_one_line(flow);
    YAML::Emitter text;
    text << flow;
    std::string value = text.c_str();
    std::ranges::replace(value, '\n', ' ');
    set_key(config, path, value, problems);
  } else if (node.IsMap()) {
    for (const auto& entry : node) {
      const auto name = entry.first.as<std::string>();
      walk(config, entry.second, path.empty() ? name : path + "." + name, problems);
    }
  } else if (node.IsSequence() && node.size() != 0 && node[0].IsMap()) {
    for (std::size_t i = 0; i < node.size(); ++i)
      walk(config, node[i], fmt::format("{}.{}", path, i), problems);
  } else if (node.IsSequence()) {
    if (own != keys().end() && !own->list) {
      problems.push_back(fmt::format("{}: is a list; one value is expected", path));
      return;
    }
    std::string joined;
    for (const auto& item : node) joined += (joined.empty() ? "" : ",") + item.as<std::string>();
    set_key(config, path, joined, problems);
  } else {
    set_key(config, path, node.IsNull() ? "" : node.as<std::string>(), problems);
  }
}

Error joined(const std::vector<std::string>& problems) {
  std::string text;
  for (const auto& p : problems) text += (text.empty() ? "" : "\n") + p;
  return Error(ErrorKind::invalid_argument, text);
}

}  // namespace

Result<Config> load_config(const std::string& file, const std::vector<std::string>& overrides) {
  Config config;
  std::vector<std::string> problems;
  if (!file.empty()) {
    try {
      TS_ASSIGN(const auto text, read_named_file(file, kLargestConfig));
      const YAML::Node root = YAML::Load(text);
      if (root.IsMap()) {
        walk(config, root, "", problems);
      } else if (!root.IsNull()) {
        problems.push_back(
            fmt::format("{}: the file must hold keys and values, as \"listen: {{ui: …}}\"", file));
      }
    } catch (const YAML::Exception& e) {
      return fail(ErrorKind::invalid_argument, fmt::format("{}: {}", file, e.what()));
    }
  }
  for (const std::string& text : overrides) {
    const auto equals = text.find('=');
    if (equals == text.npos) {
      problems.push_back(fmt::format("--set {}: expected key.path=value", text));
      continue;
    }
    set_key(config, std::string_view(text).substr(0, equals), std::string_view(text).substr(equals + 1),
            problems);
  }
  for (auto& problem : validate(config)) problems.push_back(std::move(problem));
  if (!problems.empty()) return fail(joined(problems));
  return config;
}

std::vector<std::string> validate(const Config& c) {
  std::vector<std::string> problems;
  const std::pair<std::string_view, const std::string*> addresses[] = {
      {"listen.grpc", &c.listen_grpc}, {"listen.http", &c.listen_http}, {"listen.ui", &c.listen_ui}};
  for (const auto& [key, text] : addresses) {
    if (*text == "off" && key != "listen.ui") continue;
    const auto address = parse_address(key, *text);
    if (!address) {
      problems.push_back(address.error().message);
    } else if (!is_loopback(address->host) && !c.allow_remote_without_auth) {
      problems.push_back(
          fmt::format("{}: {} is reachable from other machines and there is no authentication yet; listen on "
                      "127.0.0.1, or say "
                      "--set listen.allow_remote_without_auth=true if the network itself keeps strangers out",
                      key, *text));
    }
  }
  const auto at_least = [&](std::string_view key, std::uint64_t value, std::uint64_t least) {
    if (value < least)
      problems.push_back(fmt::format("{}: {} is too small; at least {} is needed", key, value, least));
  };
  at_least("limits.request_bytes", c.request_bytes, 1024);
  at_least("limits.attribute_depth", c.attribute_depth, 1);
  at_least("limits.string_bytes", c.string_bytes, 64);
  at_least("limits.key_bytes", c.key_bytes, 16);
  at_least("log.segment_bytes", c.log_segment_bytes, 64u << 10);
  at_least("store.block_rows", c.store_block_rows, 100);
  at_least("store.memory", c.store_memory, 200'000'000);
  at_least("query.memory", c.query_memory, 10'000'000);
  at_least("query.workers", c.query_workers, 1);
  if (c.log_max_bytes < 2 * c.log_segment_bytes) {
    problems.push_back(fmt::format("log.max_bytes: {} holds less than two segments of log.segment_bytes ({})",
                                   format_bytes(c.log_max_bytes), format_bytes(c.log_segment_bytes)));
  }
  if (const auto least = least_memory(c); c.memory_max < least) {
    problems.push_back(fmt::format("memory.max: {} is too small; at least {} is needed {}",
                                   format_bytes(c.memory_max), format_bytes(least),
                                   c.store_enabled ? "with the store" : "without the store"));
    if (const auto exporters = exporter_memory(c); exporters > c.memory_max / 4)
      problems.back() +=
          fmt::format(", of which {} for exporters (batch.bytes, concurrency, sampling.max_traces)",
                      format_bytes(exporters));
  }
  if (c.query_memory > c.store_memory) {
    problems.push_back(fmt::format("query.memory: {} is above store.memory ({})",
                                   format_bytes(c.query_memory), format_bytes(c.store_memory)));
  }
  if (c.retention_check_every < std::chrono::seconds(1))
    problems.push_back("retention.check_every: at least 1s is needed");
  if (c.retention_sampling && !c.store_enabled)
    problems.push_back("retention.sampling: there is no store to sample; set store.enabled to true");
  if (c.retention_sampling && c.retention_spans.count() != 0 && c.retention_spans <= c.retention_sample_after)
    problems.push_back(fmt::format(
        "retention.sample_after: {} is not below retention.spans ({}), so nothing would ever be sampled",
        format_duration(c.retention_sample_after), format_duration(c.retention_spans)));
  for (std::size_t i = 0; i < c.retention_policies.size(); ++i)
    if (c.retention_policies[i].budget_per_second != 0)
      problems.push_back(fmt::format(
          "retention.policies[{}].budget_per_second: is for exporters; keep_percent takes a share here", i));
  if (c.restricted_enabled) {
    if (!c.store_enabled)
      problems.push_back("restricted.enabled: the tier is part of the store, which is off");
    if (c.restricted_key.reveal().size() < 16)
      problems.push_back(
          "restricted.key: a secret of at least 16 bytes is needed, from ${env:NAME} or ${file:PATH}; "
          "openssl rand -hex 32 makes one");
    if (c.restricted_found && !c.redact_enabled && c.pipeline.tier_rules.empty())
      problems.push_back(
          "restricted.found: finds nothing while redact.enabled is false; turn it on or give "
          "restricted.rules");
  }
  for (std::size_t i = 0; i < c.exporters.size(); ++i)
    if (c.exporters[i].link_large && c.offload_above == 0)
      problems.push_back(
          fmt::format("exporters[{}].large_values: linked needs offload.above and where values go", i));
  if (c.offload_above != 0) {
    at_least("offload.above", c.offload_above, 1'024);
    at_least("offload.preview", c.offload_preview, 256);
    at_least("offload.concurrency", c.offload_concurrency, 1);
    if (c.offload_preview >= c.offload_above)
      problems.push_back("offload.preview: is not below offload.above, so nothing would become smaller");
    if (c.offload_directory.empty() == c.offload_s3_endpoint.empty())
      problems.push_back("offload: give either offload.directory or offload.s3.endpoint");
    if (!c.offload_s3_endpoint.empty()) {
      const auto u = parse_url(c.offload_s3_endpoint);
      if (u.host.empty() || (u.scheme != "http" && u.scheme != "https") || u.user_info)
        problems.push_back("offload.s3.endpoint: is not a URL as https://host:9000, without a user name");
      const auto plain = [](const std::string& s, std::string_view more) {
        return std::ranges::all_of(s, [&](char k) {
          return (k >= 'a' && k <= 'z') || (k >= 'A' && k <= 'Z') || (k >= '0' && k <= '9') ||
                 more.find(k) != more.npos;
        });
      };
      if (c.offload_s3_bucket.empty() || !plain(c.offload_s3_bucket, "-."))
        problems.push_back("offload.s3.bucket: is not a bucket's name");
      if (!plain(c.offload_s3_prefix, "-._/") || c.offload_s3_prefix.starts_with('/') ||
          c.offload_s3_prefix.ends_with('/'))
        problems.push_back("offload.s3.prefix: takes letters, digits, '-', '.', '_' and '/' between them");
      if (c.offload_s3_region.empty() || !plain(c.offload_s3_region, "-"))
        problems.push_back("offload.s3.region: is not a region's name");
      if (c.offload_s3_access_key.empty() || c.offload_s3_secret_key.empty())
        problems.push_back(
            "offload.s3: access_key and secret_key are needed, from ${env:NAME} or ${file:PATH}");
    }
  }
  if (c.log_level != "debug" && c.log_level != "info" && c.log_level != "warn" && c.log_level != "error") {
    problems.push_back(fmt::format("log_level: {} is not one of debug, info, warn, error", c.log_level));
  }
  for (auto& problem : validate_exporters(c.exporters)) problems.push_back(std::move(problem));
  std::vector<OwnAddress> ours;
  for (const auto& [key, text] : addresses) {
    const auto at = parse_address(key, *text);
    if (at && at->port != 0) ours.push_back({std::string(key), at->host, at->port});
  }
  for (auto& problem : find_loops(c.exporters, ours)) problems.push_back(std::move(problem));
  for (const auto& [key, value] :
       {std::pair<std::string_view, std::uint64_t>{"bounds.attribute_bytes", c.bounds_attribute_bytes},
        {"bounds.message_bytes", c.bounds_message_bytes},
        {"bounds.span_bytes", c.bounds_span_bytes}})
    if (value != 0) at_least(key, value, key == "bounds.span_bytes" ? 2'048 : 256);
  if (const auto made = make_pipeline(c); !made) problems.push_back(made.error().message);
  if (c.data.empty()) problems.push_back("data: a directory is needed");
  return problems;
}

std::string effective_yaml(const Config& config) {
  std::string out, section;
  for (const Key& key : keys()) {
    const auto dot = key.path.find('.');
    const std::string_view head = dot == key.path.npos ? std::string_view{} : key.path.substr(0, dot);
    if (!head.empty() && head != section) out += fmt::format("{}:\n", head);
    section = head;
    const std::string_view indent = head.empty() ? "" : "  ";
    const std::string_view name = head.empty() ? key.path : key.path.substr(dot + 1);
    out += fmt::format("{}# {}\n{}{}: {}\n", indent, key.help, indent, name, key.get(config));
  }
  out += exporters_yaml(config.exporters);
  return out;
}

Result<Config::Address> parse_address(std::string_view key, std::string_view text) {
  const auto colon = text.rfind(':');
  Config::Address address;
  if (colon == text.npos || colon == 0) {
    return fail(ErrorKind::invalid_argument,
                fmt::format("{}: \"{}\" is not host:port, as in 127.0.0.1:4317", key, text));
  }
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size()) {
    return fail(ErrorKind::invalid_argument,
                fmt::format("{}: port \"{}\" is not a number from 0 to 65535", key, port));
  }
  address.host = host == "localhost" ? "127.0.0.1" : std::string(host);
  return address;
}

bool is_loopback(std::string_view host) {
  return host.starts_with("127.") || host == "::1" || host == "localhost";
}

}  // namespace turnscope::server
