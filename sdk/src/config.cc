// The environment: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
#include "turnscope/sdk/config.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "log.h"

namespace turnscope::sdk {
namespace {

/// Nothing for an unset and for an empty variable: the specification treats them alike.
std::optional<std::string> text(const std::string& name) {
  const char* v = std::getenv(name.c_str());
  if (!v) return std::nullopt;
  std::string_view s = v;
  const auto from = s.find_first_not_of(" \t");
  if (from == s.npos) return std::nullopt;
  return std::string(s.substr(from, s.find_last_not_of(" \t") - from + 1));
}

void ignored(const std::string& name, const std::string& value, const char* wanted) {
  detail::log(LogLevel::warning, name, name + "='" + value + "' is ignored: " + wanted);
}

template <class T>
void number(const char* name, T& out, std::uint64_t min, std::uint64_t max) {
  const auto v = text(name);
  if (!v) return;
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(v->data(), v->data() + v->size(), n);
  if (error != std::errc() || end != v->data() + v->size() || n < min || n > max)
    return ignored(
        name, *v,
        ("a whole number from " + std::to_string(min) + " to " + std::to_string(max) + " is wanted").c_str());
  out = T(n);
}
void millis(const std::string& name, std::chrono::milliseconds& out, std::uint64_t min = 0) {
  number(name.c_str(), out, min, 86'400'000);
}
void limit(const char* name, std::uint32_t& out) { number(name, out, 0, no_limit); }

bool truth(const char* name) {
  const auto v = text(name);
  if (!v) return false;
  std::string s = *v;
  std::transform(s.begin(), s.end(), s.begin(), [](unsigned char c) { return std::tolower(c); });
  if (s != "true" && s != "false") ignored(name, *v, "true or false is wanted");
  return s == "true";
}

std::string decoded(std::string_view s) {
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    unsigned v = 0;
    if (s[i] == '%' && i + 2 < s.size() &&
        std::from_chars(s.data() + i + 1, s.data() + i + 3, v, 16).ptr == s.data() + i + 3) {
      out += static_cast<char>(v);
      i += 2;
    } else {
      out += s[i];
    }
  }
  return out;
}

/// "k=v,k=v", values percent-encoded. One bad pair discards all, as the specification asks for resources.
std::optional<Headers> pairs(const std::string& name) {
  const auto v = text(name);
  if (!v) return std::nullopt;
  auto trim = [](std::string_view s) {
    const auto from = s.find_first_not_of(" \t");
    return from == s.npos ? std::string_view() : s.substr(from, s.find_last_not_of(" \t") - from + 1);
  };
  Headers out;
  for (std::string_view rest = *v; !rest.empty();) {
    const auto comma = rest.find(',');
    const std::string_view pair = trim(rest.substr(0, comma));
    rest.remove_prefix(comma == rest.npos ? rest.size() : comma + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    if (equals == pair.npos || trim(pair.substr(0, equals)).empty()) {
      ignored(name, *v, "pairs key=value, separated by commas, are wanted");
      return std::nullopt;
    }
    out.emplace_back(decoded(trim(pair.substr(0, equals))), decoded(trim(pair.substr(equals + 1))));
  }
  return out;
}

void otlp(const std::string& signal, const char* path, OtlpOptions& o) {
  // The signal's own variable wins over the common one.
  auto either = [&](const char* name) {
    auto v = text("OTEL_EXPORTER_OTLP_" + signal + "_" + name);
    return v ? v : text(std::string("OTEL_EXPORTER_OTLP_") + name);
  };
  if (auto v = either("PROTOCOL")) o.protocol = *v;
  if (auto v = text("OTEL_EXPORTER_OTLP_" + signal + "_ENDPOINT")) {
    o.endpoint = *v;  // used as it is
  } else if (auto base = text("OTEL_EXPORTER_OTLP_ENDPOINT")) {
    o.endpoint = *base;
    if (o.protocol != "grpc") {
      while (o.endpoint.ends_with('/')) o.endpoint.pop_back();
      o.endpoint += path;
    }
  }
  if (auto v = pairs("OTEL_EXPORTER_OTLP_" + signal + "_HEADERS"))
    o.headers = *v;
  else if (auto common = pairs("OTEL_EXPORTER_OTLP_HEADERS"))
    o.headers = *common;
  if (auto v = either("COMPRESSION")) {
    if (*v != "gzip" && *v != "none")
      ignored("OTEL_EXPORTER_OTLP_COMPRESSION", *v, "gzip or none is wanted");
    else
      o.gzip = *v == "gzip";
  }
  millis("OTEL_EXPORTER_OTLP_TIMEOUT", o.timeout, 1);
  millis("OTEL_EXPORTER_OTLP_" + signal + "_TIMEOUT", o.timeout, 1);
  if (auto v = either("CERTIFICATE")) o.certificate = *v;
  if (auto v = either("CLIENT_CERTIFICATE")) o.client_certificate = *v;
  if (auto v = either("CLIENT_KEY")) o.client_key = *v;
  const std::string exporter = "OTEL_" + signal + "_EXPORTER";
  if (auto v = text(exporter)) {
    if (*v != "otlp" && *v != "none") ignored(exporter, *v, "otlp or none is wanted");
    o.enabled = *v != "none";
  }
}

void read_sampler(Config& c) {
  if (const auto v = text("OTEL_TRACES_SAMPLER")) {
    static constexpr std::pair<std::string_view, SamplerKind> names[] = {
        {"always_on", SamplerKind::always_on},
        {"always_off", SamplerKind::always_off},
        {"traceidratio", SamplerKind::traceidratio},
        {"parentbased_always_on", SamplerKind::parentbased_always_on},
        {"parentbased_always_off", SamplerKind::parentbased_always_off},
        {"parentbased_traceidratio", SamplerKind::parentbased_traceidratio}};
    const auto it =
        std::find_if(std::begin(names), std::end(names), [&](const auto& n) { return n.first == *v; });
    if (it == std::end(names))
      ignored("OTEL_TRACES_SAMPLER", *v,
              "always_on, always_off, traceidratio, or one of them after parentbased_, is wanted");
    else
      c.sampler = it->second;
  }
  if (const auto v = text("OTEL_TRACES_SAMPLER_ARG")) {
    double ratio = 0;
    const auto [end, error] = std::from_chars(v->data(), v->data() + v->size(), ratio);
    if (error != std::errc() || end != v->data() + v->size() || !(ratio >= 0 && ratio <= 1))
      ignored("OTEL_TRACES_SAMPLER_ARG", *v, "a number from 0 to 1 is wanted");
    else
      c.sampler_ratio = ratio;
  }
}

}  // namespace

Propagators Propagators::from_env() {
  const auto v = text("OTEL_PROPAGATORS");
  if (!v) return {};
  Propagators p{false, false};
  for (std::string_view rest = *v; !rest.empty();) {
    const auto comma = rest.find(',');
    std::string_view name = rest.substr(0, comma);
    rest.remove_prefix(comma == rest.npos ? rest.size() : comma + 1);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (name == "tracecontext")
      p.trace_context = true;
    else if (name == "baggage")
      p.baggage = true;
    else if (name != "none" && !name.empty())
      ignored("OTEL_PROPAGATORS", std::string(name), "tracecontext, baggage or none is wanted");
  }
  return p;
}

Config Config::from_env() {
  Config c;
  c.disabled = truth("OTEL_SDK_DISABLED");
  if (auto v = pairs("OTEL_RESOURCE_ATTRIBUTES")) c.resource = *v;
  if (auto v = text("OTEL_SERVICE_NAME")) c.service_name = *v;
  read_sampler(c);

  limit("OTEL_ATTRIBUTE_COUNT_LIMIT", c.limits.attributes);
  limit("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", c.limits.attributes);
  limit("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", c.limits.attribute_value_length);
  limit("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", c.limits.attribute_value_length);
  limit("OTEL_SPAN_EVENT_COUNT_LIMIT", c.limits.events);
  limit("OTEL_SPAN_LINK_COUNT_LIMIT", c.limits.links);
  limit("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", c.limits.event_attributes);
  limit("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", c.limits.link_attributes);

  millis("OTEL_BSP_SCHEDULE_DELAY", c.batch.schedule_delay);
  millis("OTEL_BSP_EXPORT_TIMEOUT", c.batch.export_timeout, 1);
  number("OTEL_BSP_MAX_QUEUE_SIZE", c.batch.max_queue_size, 1, 1 << 22);
  number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", c.batch.max_export_batch_size, 1, 1 << 20);
  number("TURNSCOPE_BSP_MAX_QUEUE_BYTES", c.batch.max_queue_bytes, 1 << 10, 1ull << 36);
  number("TURNSCOPE_BSP_MAX_EXPORT_BATCH_BYTES", c.batch.max_export_batch_bytes, 1 << 10, 64 << 20);
  if (c.batch.max_export_batch_size > c.batch.max_queue_size)
    c.batch.max_export_batch_size = c.batch.max_queue_size;

  millis("TURNSCOPE_EXIT_TIMEOUT", c.exit_timeout);
  otlp("TRACES", "/v1/traces", c.traces);
  otlp("METRICS", "/v1/metrics", c.metrics);
  millis("OTEL_METRIC_EXPORT_INTERVAL", c.metric.export_interval, 1);
  millis("OTEL_METRIC_EXPORT_TIMEOUT", c.metric.export_timeout, 1);
  if (auto v = text("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE")) {
    std::string s = *v;
    std::transform(s.begin(), s.end(), s.begin(), [](unsigned char ch) { return std::tolower(ch); });
    if (s != "cumulative" && s != "delta" && s != "lowmemory")
      ignored("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", *v,
              "cumulative, delta or lowmemory is wanted");
    c.metric.delta = s == "delta" || s == "lowmemory";
  }
  c.propagators = Propagators::from_env();
  return c;
}

}  // namespace turnscope::sdk
