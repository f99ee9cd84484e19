#include "sinks/span_metrics/series.h"

#include <fmt/format.h>

#include <array>
#include <deque>
#include <limits>

#include "base/anomaly.h"
#include "otlp/decode.h"

namespace turnscope::sinks {
namespace {

constexpr std::size_t kLabelBytes = 120;
/// What does not find room stands under this name.
constexpr std::string_view kOther = "other";

std::string_view cut(std::string_view text) {
  if (text.size() <= kLabelBytes) return text;
  std::size_t n = kLabelBytes;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) --n;
  return text.substr(0, n);
}

std::string_view service_name(const otlp::Resource& r) {
  for (const auto& kv : r.attributes)
    if (kv.key == "service.name" && kv.value.type == otlp::AnyValue::Type::string) return kv.value.text;
  return "unknown_service";
}

template <typename T>
void add_to(T& total, T n) {
  if (__builtin_add_overflow(total, n, &total)) total = std::numeric_limits<T>::max();
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

std::string labels(const SeriesKey& k) {
  return fmt::format("service=\"{}\",kind=\"{}\",model=\"{}\",tool=\"{}\"", escaped(k.service), k.kind,
                     escaped(k.model), escaped(k.tool));
}

otlp::KeyValue attribute(std::string_view key, std::string_view value) {
  otlp::KeyValue kv{key, {}};
  kv.value.type = otlp::AnyValue::Type::string;
  kv.value.text = value;
  return kv;
}

}  // namespace

void SpanSeries::add(const otlp::Span& s, const otlp::Resource& r, const otlp::Scope& scope) {
  genai::columns(s, r, scope, view_);
  key_.service = cut(service_name(r));
  key_.kind = genai::name(view_.kind);
  const bool call = view_.kind == genai::Kind::llm || view_.kind == genai::Kind::embedding;
  key_.model = call ? cut(view_.response_model.empty() ? view_.request_model : view_.response_model)
                    : std::string_view{};
  key_.tool = cut(view_.tool_name);
  auto at = series_.find(key_);
  if (at == series_.end()) {
    if (series_.size() >= max_) {
      count(Anomaly::span_metrics_overflow);
      key_ = {std::string(kOther), std::string(kOther), std::string(kOther), std::string(kOther)};
    }
    at = series_.try_emplace(key_).first;
  }
  Series& series = at->second;
  ++series.requests;
  if (view_.is_error) ++series.errors;
  const auto nanos = s.end_unix_nano > s.start_unix_nano ? s.end_unix_nano - s.start_unix_nano : 0;
  series.duration.add(static_cast<double>(nanos) / 1e9);
  if (!call) return;
  const auto& u = view_.usage;
  if (u.role != genai::UsageRole::own) {
    if (u.role == genai::UsageRole::none) ++series.calls_without_tokens;
    return;
  }
  for (const auto& n :
       {u.input, u.input_audio, u.input_image, u.cache_write, u.cache_write_5m, u.cache_write_1h})
    if (n) add_to(series.input_tokens, *n);
  if (u.cache_read) add_to(series.cached_tokens, *u.cache_read);
  for (const auto& n : {u.output, u.reasoning, u.output_audio, u.output_image})
    if (n) add_to(series.output_tokens, *n);
  auto cost = cost_of_ ? cost_of_(view_, static_cast<std::int64_t>(s.start_unix_nano)) : std::nullopt;
  if (!cost) cost = view_.reported_cost_nano_usd;
  if (cost)
    add_to(series.cost_nano_usd, *cost);
  else
    ++series.calls_without_price;
}

void SpanSeries::append_prometheus(std::string& out) const {
  if (series_.empty()) return;
  const auto to = std::back_inserter(out);
  const auto counter = [&](std::string_view name, std::string_view help, auto&& value) {
    fmt::format_to(to, "# HELP turnscope_span_{0} {1}\n# TYPE turnscope_span_{0} counter\n", name, help);
    for (const auto& [k, s] : series_)
      fmt::format_to(to, "turnscope_span_{}{{{}}} {}\n", name, labels(k), value(s));
  };
  counter("requests_total", "Spans.", [](const Series& s) { return s.requests; });
  counter("errors_total", "Spans that failed.", [](const Series& s) { return s.errors; });
  counter("input_tokens_total", "Input tokens of model calls, without those read from a cache.",
          [](const Series& s) { return s.input_tokens; });
  counter("cached_tokens_total", "Input tokens read from a cache.",
          [](const Series& s) { return s.cached_tokens; });
  counter("output_tokens_total", "Output tokens of model calls.",
          [](const Series& s) { return s.output_tokens; });
  counter("calls_without_tokens_total", "Model calls that told no tokens.",
          [](const Series& s) { return s.calls_without_tokens; });
  counter("cost_nano_usd_total", "Cost of model calls in nano-dollars.",
          [](const Series& s) { return s.cost_nano_usd; });
  counter("calls_without_price_total", "Model calls whose cost is not known.",
          [](const Series& s) { return s.calls_without_price; });
  out +=
      "# HELP turnscope_span_duration_seconds Duration of spans.\n# TYPE turnscope_span_duration_seconds "
      "histogram\n";
  for (const auto& [k, s] : series_) {
    const auto l = labels(k);
    for (const auto& [le, n] : s.duration.at_powers_of_two())
      fmt::format_to(to, "turnscope_span_duration_seconds_bucket{{{},le=\"{}\"}} {}\n", l, le, n);
    fmt::format_to(to,
                   "turnscope_span_duration_seconds_bucket{{{0},le=\"+Inf\"}} "
                   "{1}\nturnscope_span_duration_seconds_sum{{{0}}} {2}\n"
                   "turnscope_span_duration_seconds_count{{{0}}} {1}\n",
                   l, s.duration.count(), s.duration.sum());
  }
}

std::string SpanSeries::otlp_metrics(std::uint64_t start, std::uint64_t now) const {
  std::deque<std::array<otlp::KeyValue, 4>> attributes;
  std::vector<otlp::NumberPoint> requests, errors, input, output, cost;
  std::vector<otlp::ExponentialPoint> durations;
  for (const auto& [k, s] : series_) {
    const auto& a = attributes.emplace_back(
        std::array{attribute("service.name", k.service), attribute("turnscope.span.kind", k.kind),
                   attribute("gen_ai.response.model", k.model), attribute("gen_ai.tool.name", k.tool)});
    const auto number = [&, &series_attributes = a](std::vector<otlp::NumberPoint>& list,
                                                    std::uint64_t value) {
      otlp::NumberPoint p;
      p.attributes = series_attributes;
      p.start_unix_nano = start;
      p.time_unix_nano = now;
      p.value.type = otlp::AnyValue::Type::integer;
      p.value.integer = static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX));
      list.push_back(p);
    };
    number(requests, s.requests);
    number(errors, s.errors);
    number(input, s.input_tokens + s.cached_tokens);
    number(output, s.output_tokens);
    number(cost, static_cast<std::uint64_t>(std::max<std::int64_t>(0, s.cost_nano_usd)));
    otlp::ExponentialPoint p;
    p.attributes = a;
    p.start_unix_nano = start;
    p.time_unix_nano = now;
    p.count = s.duration.count();
    p.zero_count = s.duration.zero_count();
    p.sum = s.duration.sum();
    p.min = s.duration.min();
    p.max = s.duration.max();
    p.has_sum = p.has_min = p.has_max = true;
    p.scale = s.duration.scale();
    p.positive_offset = s.duration.offset();
    p.positive_counts = s.duration.buckets();
    durations.push_back(p);
  }
  std::vector<otlp::Metric> metrics;
  const auto sum = [&](std::string_view name, std::string_view unit, std::string_view description,
                       const std::vector<otlp::NumberPoint>& points) {
    otlp::Metric m;
    m.name = name;
    m.unit = unit;
    m.description = description;
    m.type = otlp::MetricType::sum;
    m.temporality = otlp::Temporality::cumulative;
    m.monotonic = true;
    m.numbers = points;
    metrics.push_back(m);
  };
  sum("traces.span.metrics.calls", "{span}", "Spans.", requests);
  sum("traces.span.metrics.errors", "{span}", "Spans that failed.", errors);
  sum("traces.span.metrics.input_tokens", "{token}", "Input tokens of model calls, cached ones included.",
      input);
  sum("traces.span.metrics.output_tokens", "{token}", "Output tokens of model calls.", output);
  sum("traces.span.metrics.cost", "nUSD", "Cost of model calls in nano-dollars.", cost);
  otlp::Metric duration;
  duration.name = "traces.span.metrics.duration";
  duration.unit = "s";
  duration.description = "Duration of spans.";
  duration.type = otlp::MetricType::exponential_histogram;
  duration.temporality = otlp::Temporality::cumulative;
  duration.exponentials = durations;
  metrics.push_back(duration);
  otlp::ScopeMetrics scope;
  scope.scope.name = "turnscope.span_metrics";
  scope.metrics = metrics;
  const std::array resource_attributes{attribute("service.name", "turnscope")};
  otlp::ResourceMetrics resource;
  resource.resource.attributes = resource_attributes;
  resource.scopes = std::span(&scope, 1);
  std::string out;
  otlp::encode_protobuf(otlp::Metrics{std::span(&resource, 1)}, out);
  return out;
}

}  // namespace turnscope::sinks
