// /healthz, /readyz, /metrics and /api/v1/health: the true state of the parts.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>

#include "api/exporters.h"
#include "api/handlers.h"
#include "api/json_writer.h"
#include "base/anomaly.h"
#include "base/memory.h"

namespace turnscope::api {
namespace {

double cpu_seconds() {
  struct timespec t {};
  return ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0
             ? static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9
             : 0;
}

std::string_view severity(Severity s) {
  return s == Severity::info ? "info" : s == Severity::warn ? "warn" : "error";
}

/// The size of the store, asked at most every five seconds.
class StoreSize {
 public:
  struct Seen {
    std::optional<query::Queries::StoreSize> size;
    std::string problem;
  };
  Seen get(Context& context) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (!context.queries) return {};
    if (at_ && now - *at_ < std::chrono::seconds(5)) return seen_;
    at_ = now;
    auto size = context.queries->store_size();
    seen_ = size ? Seen{*size, {}} : Seen{std::nullopt, size.error().message};
    return seen_;
  }

 private:
  std::mutex mutex_;
  std::optional<std::chrono::steady_clock::time_point> at_;
  Seen seen_;
};

std::string health_json(Context& context, StoreSize& sizes) {
  const auto report = context.dependencies.health();
  const auto store = sizes.get(context);
  const bool store_ok = context.queries && report.store.ok && store.problem.empty();
  bool sinks_ok = true;
  for (const auto& sink : report.sinks) sinks_ok = sinks_ok && sink.ok;
  JsonWriter json;
  json.begin_object();
  json.field("status", !report.log.ok ? "failing" : store_ok && sinks_ok && report.ready ? "ok" : "degraded");
  json.field("version", context.options.version);
  json.field("uptime_seconds", std::chrono::duration_cast<std::chrono::seconds>(
                                   std::chrono::steady_clock::now() - context.started)
                                   .count());
  json.key("now_unix_nano").text_of(context.dependencies.clock->unix_nanos());
  json.key("log").begin_object().field("ok", report.log.ok).field("message", report.log.message);
  json.field("oldest", report.log.oldest)
      .field("durable", report.log.durable)
      .field("bytes_on_disk", report.log.bytes_on_disk);
  json.field("max_bytes", report.log.max_bytes).field("pending_bytes", report.log.pending_bytes).end_object();
  json.key("store").begin_object().field("ok", store_ok);
  json.field("message", !context.queries                ? "the store is left out; spans are only logged"
                        : !report.store.message.empty() ? report.store.message
                                                        : store.problem);
  json.field("engine",
             context.dependencies.engine ? context.dependencies.engine->version() : std::string("none"));
  json.key("spans");
  if (store.size)
    json.value(store.size->spans);
  else
    json.null();
  json.key("bytes");
  if (store.size)
    json.value(store.size->bytes);
  else
    json.null();
  json.end_object().key("sinks").begin_array();
  for (const auto& s : report.sinks) {
    json.begin_object()
        .field("name", s.name)
        .field("ok", s.ok)
        .field("message", s.message)
        .field("position", s.position);
    json.field("lag_records", s.lag_records).field("freshness_seconds", s.freshness_seconds).end_object();
  }
  json.end_array().key("ingest").begin_object().field("spans_per_second", report.ingest.spans_per_second);
  json.field("accepted_spans", report.ingest.accepted_spans)
      .field("refused_requests", report.ingest.refused_requests)
      .end_object();
  json.key("memory")
      .begin_object()
      .field("rss_bytes", resident_bytes())
      .field("max_bytes", report.max_memory_bytes)
      .end_object();
  json.key("anomalies").begin_array();
  for (std::size_t i = 0; i < anomaly_table().size(); ++i) {
    const auto& a = anomaly_table()[i];
    json.begin_object()
        .field("name", a.name)
        .field("severity", severity(a.severity))
        .field("unit", a.unit)
        .field("help", a.help);
    json.field("count", counted(static_cast<Anomaly>(i))).end_object();
  }
  json.end_array();
  if (!report.ready) json.field("not_ready", report.not_ready);
  json.end_object();
  return json.take();
}

/// Prometheus' text format: a label's value may hold anything but must escape these three.
std::string label(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

std::string metrics_text(Context& context, StoreSize& sizes) {
  const auto report = context.dependencies.health();
  const auto store = sizes.get(context);
  std::string out;
  const auto metric = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    fmt::format_to(std::back_inserter(out),
                   "# HELP turnscope_{0} {1}\n# TYPE turnscope_{0} {2}\nturnscope_{0} {3}\n", name, help,
                   type, value);
  };
  metric("accepted_spans_total", "counter", "Spans acknowledged since the start.",
         report.ingest.accepted_spans);
  metric("refused_requests_total", "counter", "Export requests refused since the start.",
         report.ingest.refused_requests);
  metric("log_ok", "gauge", "1 while the log takes and syncs records.", report.log.ok ? 1 : 0);
  metric("log_durable_position", "gauge", "First position of the log that is not durable yet.",
         report.log.durable);
  metric("log_oldest_position", "gauge", "First position that the log still keeps.", report.log.oldest);
  metric("log_bytes", "gauge", "Bytes of the log on disk.", report.log.bytes_on_disk);
  metric("log_max_bytes", "gauge", "Cap on the bytes of the log.", report.log.max_bytes);
  metric("log_pending_bytes", "gauge", "Bytes appended but not yet durable.", report.log.pending_bytes);
  metric("store_ok", "gauge", "1 while the store can be asked and filled.",
         context.queries && report.store.ok && store.problem.empty() ? 1 : 0);
  if (store.size) {
    metric("store_spans", "gauge", "Rows of spans in the store, repeats included until they are merged.",
           store.size->spans);
    metric("store_bytes", "gauge", "Bytes of the store on disk.", store.size->bytes);
  }
  metric("ready", "gauge", "1 when spans can be accepted and asked for.", report.ready ? 1 : 0);
  if (context.live) {
    metric("live_viewers", "gauge", "Pages that follow the live feed.", context.live->viewers());
    metric("live_viewer_summaries_total", "counter", "Times that a page lagged and was told in sum.",
           context.live->summaries());
  }
  metric("memory_max_bytes", "gauge", "Configured ceiling on memory.", report.max_memory_bytes);
  const auto per_sink = [&](std::string_view name, std::string_view help, auto&& value) {
    if (report.sinks.empty()) return;
    fmt::format_to(std::back_inserter(out),
                   "# HELP turnscope_sink_{0} {1}\n# TYPE turnscope_sink_{0} gauge\n", name, help);
    for (const auto& s : report.sinks)
      fmt::format_to(std::back_inserter(out), "turnscope_sink_{}{{sink=\"{}\"}} {}\n", name, label(s.name),
                     value(s));
  };
  per_sink("ok", "1 while the sink works.", [](const auto& s) { return s.ok ? 1 : 0; });
  per_sink("position", "Position of the sink's cursor in the log.", [](const auto& s) { return s.position; });
  per_sink("lag_records", "Records of the log that the sink has not passed on.",
           [](const auto& s) { return s.lag_records; });
  per_sink("freshness_seconds", "Age of the oldest record that the sink has not passed on.",
           [](const auto& s) { return s.freshness_seconds; });
  append_exporter_metrics(context.dependencies.exporters, out);
  if (context.dependencies.exporters.span_metrics) context.dependencies.exporters.span_metrics(out);
  out +=
      "# HELP turnscope_anomalies_total What was discarded, cut, refused, repaired or skipped.\n# TYPE "
      "turnscope_anomalies_total counter\n";
  for (std::size_t i = 0; i < anomaly_table().size(); ++i) {
    const auto& a = anomaly_table()[i];
    fmt::format_to(std::back_inserter(out),
                   "turnscope_anomalies_total{{name=\"{}\",severity=\"{}\",unit=\"{}\"}} {}\n", a.name,
                   severity(a.severity), a.unit, counted(static_cast<Anomaly>(i)));
  }
  fmt::format_to(
      std::back_inserter(out),
      "# HELP process_resident_memory_bytes Resident memory size in bytes.\n# TYPE "
      "process_resident_memory_bytes gauge\n"
      "process_resident_memory_bytes {}\n# HELP process_cpu_seconds_total User and system CPU time.\n"
      "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total {}\n",
      resident_bytes(), cpu_seconds());
  return out;
}

}  // namespace

void add_health_routes(Router& router, Context& context) {
  auto sizes = std::make_shared<StoreSize>();
  router.add({"GET", "/healthz",
              [](const ApiRequest&) -> query::QueryAnswer<Answer> {
                return Answer{200, "alive\n", "text/plain; charset=utf-8", {}, false};
              },
              false});
  router.add(
      {"GET", "/readyz",
       [&context](const ApiRequest&) -> query::QueryAnswer<Answer> {
         const auto report = context.dependencies.health();
         if (report.ready && report.log.ok && context.queries)
           return Answer{200, "ready\n", "text/plain; charset=utf-8", {}, false};
         const auto why = !report.not_ready.empty() ? report.not_ready
                          : !report.log.ok          ? "the log: " + report.log.message
                                                    : std::string("the store is left out");
         return Answer{
             503, "not ready: " + why + "\n", "text/plain; charset=utf-8", {{"retry-after", "1"}}, false};
       },
       false});
  router.add(
      {"GET", "/metrics",
       [&context, sizes](const ApiRequest&) -> query::QueryAnswer<Answer> {
         return Answer{
             200, metrics_text(context, *sizes), "text/plain; version=0.0.4; charset=utf-8", {}, false};
       },
       false});
  router.add({"GET", "/api/v1/health",
              [&context, sizes](const ApiRequest&) -> query::QueryAnswer<Answer> {
                return Answer{200, health_json(context, *sizes), "application/json", {}, false};
              },
              false});
}

}  // namespace turnscope::api
