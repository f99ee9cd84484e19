#include "server/exporters.h"

#include <algorithm>

#include "base/filesystem.h"
#include "base/logger.h"
#include "pipeline/tier.h"
#include "query/cost/price_book.h"
#include "server/pipeline_config.h"
#include "sinks/offload/large_values.h"

namespace turnscope::server {
namespace {
constexpr std::string_view kCursor = "export-";
}

std::optional<std::int64_t> cost_of_call(const genai::Columns& c, std::int64_t start) {
  using B = query::PriceBucket;
  query::BucketTokens tokens;
  const auto set = [&](B b, const std::optional<std::uint64_t>& n) {
    if (n) tokens.set(b, *n);
  };
  const auto& u = c.usage;
  set(B::input, u.input);
  set(B::cache_read, u.cache_read);
  set(B::cache_write, u.cache_write);
  set(B::cache_write_5m, u.cache_write_5m);
  set(B::cache_write_1h, u.cache_write_1h);
  set(B::input_audio, u.input_audio);
  set(B::input_image, u.input_image);
  set(B::output, u.output);
  set(B::reasoning, u.reasoning);
  set(B::output_audio, u.output_audio);
  set(B::output_image, u.output_image);
  const auto model = c.response_model.empty() ? c.request_model : c.response_model;
  const auto call =
      query::prices_in_use()->price(tokens, {model, c.provider, c.service_tier, c.region}, start);
  const bool known = call.state == query::PriceState::priced || call.state == query::PriceState::partly;
  return known ? std::optional(call.nano_usd) : std::nullopt;
}

Status ExporterSet::forget_others() const {
  // A cursor that nobody moves would hold the log for ever.
  const auto directory = config_.data + "/log/cursors";
  if (!posix_filesystem().exists(directory)) return {};
  TS_ASSIGN(const auto names, posix_filesystem().list(directory));
  for (const auto& name : names) {
    if (!name.starts_with(kCursor) || name.ends_with(".tmp")) continue;
    const auto known = std::ranges::any_of(
        config_.exporters, [&](const auto& o) { return name.substr(kCursor.size()) == o.name; });
    if (known) continue;
    log_info("exporter {} is no longer configured: its place in the log is forgotten",
             name.substr(kCursor.size()));
    TS_TRY(log_.remove_cursor(name));
  }
  return {};
}

Result<sinks::SpanSteps> ExporterSet::steps(const sinks::ExporterOptions& o) const {
  sinks::SpanSteps steps;
  if (o.redact) {
    TS_ASSIGN(auto all, pipeline_options(config_));
    pipeline::Options only;
    only.redact = std::move(all.redact);
    only.redact.enabled = true;
    TS_ASSIGN(auto made, pipeline::Pipeline::make(only));
    steps.redact = std::move(made);
  }
  if (o.link_large)
    steps.link_large = [rule = sinks::OffloadRule{config_.offload_above, config_.offload_preview}](
                           otlp::Traces& traces, std::uint32_t project, otlp::Arena& arena) {
      sinks::leave_previews(traces, project, rule, arena);
    };
  return steps;
}

Status ExporterSet::start(const std::vector<OwnAddress>& ours, const sinks::CostOf& cost) {
  const auto loops = find_loops(config_.exporters, ours);
  if (!loops.empty()) return fail(ErrorKind::invalid_argument, loops.front());
  TS_TRY(forget_others());
  for (std::size_t i = 0; i < config_.exporters.size(); ++i) {
    auto options = config_.exporters[i];
    if (config_.restricted_enabled && !options.restricted)
      options.match.without.insert_or_assign(std::string(pipeline::kRestricted), std::string("*"));
    if (!options.enabled) {
      TS_ASSIGN(const auto held, log_.cursor(std::string(kCursor) + options.name));
      continue;
    }
    TS_ASSIGN(auto what, steps(options));
    sinks::ExporterPlace place{config_.data + "/exporters/" + options.name, config_.log_max_bytes,
                               std::move(what)};
    // Dead letters and verdicts need it, and should not find out when they are needed.
    const auto probe = place.directory + "/.writable";
    Status writable = posix_filesystem().make_directories(place.directory);
    if (writable) writable = posix_filesystem().replace_file(probe, "");
    if (writable) writable = posix_filesystem().remove(probe);
    if (!writable) return fail(writable.error().with_context(fmt::format("exporters[{}]", i)));
    auto exporter = std::make_unique<sinks::OtlpExporter>(options, place, log_, system_clock(), cost);
    if (auto ok = exporter->start(); !ok)
      return fail(ok.error().with_context(fmt::format("exporters[{}]", i)));
    exporters_.push_back(std::move(exporter));
  }
  TS_TRY(start_metrics(cost));
  running_ = true;
  return {};
}

Status ExporterSet::start_metrics(const sinks::CostOf& cost) {
  if (!config_.span_metrics) {
    if (posix_filesystem().exists(config_.data + "/log/cursors/span-metrics"))
      return log_.remove_cursor("span-metrics");
    return {};
  }
  sinks::SpanMetricsOptions options;
  options.max_series = config_.span_metrics_max_series;
  options.interval = config_.span_metrics_interval;
  metrics_ = std::make_unique<sinks::SpanMetrics>(options, log_, system_clock(), cost);
  return metrics_->start();
}

void ExporterSet::stop() {
  if (metrics_) metrics_->stop();
  for (auto& e : exporters_) e->stop();
}

void ExporterSet::add_health(api::HealthReport& report) const {
  if (!running_) return;
  for (const auto& e : exporters_) report.sinks.push_back(e->health());
  if (metrics_) report.sinks.push_back(metrics_->health());
}

sinks::OtlpExporter* ExporterSet::find(std::string_view name) const {
  if (!running_) return nullptr;
  for (const auto& e : exporters_)
    if (e->health().name.substr(kCursor.size()) == name) return e.get();
  return nullptr;
}

api::Exporters ExporterSet::functions() const {
  api::Exporters f;
  f.list = [this] {
    std::vector<sinks::ExporterStatus> all;
    if (running_)
      for (const auto& e : exporters_) all.push_back(e->status());
    return all;
  };
  f.span_metrics = [this](std::string& out) {
    if (running_ && metrics_) metrics_->append_prometheus(out);
  };
  const auto unknown = [](std::string_view name) {
    return Error(ErrorKind::not_found,
                 fmt::format("no exporter that runs is named {}; turnscope exporters list shows them",
                             name.substr(0, 60)));
  };
  f.replay = [this, unknown](std::string_view name) -> Result<std::uint64_t> {
    auto* e = find(name);
    return e != nullptr ? e->replay() : Result<std::uint64_t>(fail(unknown(name)));
  };
  f.letters = [this, unknown](std::string_view name,
                              std::size_t limit) -> Result<std::vector<sinks::DeadLetter>> {
    auto* e = find(name);
    if (e == nullptr) return fail(unknown(name));
    std::vector<sinks::DeadLetter> all;
    TS_TRY(e->dead_letters().for_each(limit, [&](const sinks::DeadLetter& l) {
      all.push_back(l);
      return true;
    }));
    return all;
  };
  return f;
}

}  // namespace turnscope::server
