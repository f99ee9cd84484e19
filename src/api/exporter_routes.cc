// /api/v1/exporters: where spans are forwarded to, how that goes, and what was refused.
#include <fmt/format.h>

#include "api/exporters.h"
#include "api/handlers.h"
#include "api/json_writer.h"
#include "api/render.h"

namespace turnscope::api {
namespace {

using query::QueryAnswer;
using query::QueryError;

std::string_view name_of(const sinks::ExporterStatus& s) {
  std::string_view n = s.health.name;
  if (n.starts_with("export-")) n.remove_prefix(7);
  return n;
}

std::string_view signal_name(log::Signal s) {
  return s == log::Signal::logs ? "logs" : s == log::Signal::metrics ? "metrics" : "traces";
}

QueryAnswer<Answer> list(const Context& context) {
  JsonWriter json;
  json.begin_object().key("exporters").begin_array();
  const auto& source = context.dependencies.exporters.list;
  for (const auto& s : source ? source() : std::vector<sinks::ExporterStatus>{}) {
    json.begin_object().field("name", name_of(s)).field("ok", s.health.ok).field("message", s.health.message);
    json.field("endpoint", s.endpoint).field("protocol", s.protocol);
    json.field("position", s.health.position).field("lag_records", s.health.lag_records);
    json.field("freshness_seconds", s.health.freshness_seconds);
    json.field("requests", s.requests)
        .field("retries", s.retries)
        .field("items", s.items)
        .field("bytes", s.bytes);
    json.field("filtered_items", s.filtered)
        .field("rejected_items", s.rejected)
        .field("dropped_items", s.dropped);
    json.field("dead_items", s.dead)
        .field("dead_letters", s.dead_letters)
        .field("dead_letter_bytes", s.dead_letter_bytes);
    json.key("sampling");
    if (s.sampling)
      json.begin_object()
          .field("undecided_traces", s.undecided_traces)
          .field("kept_traces", s.kept_traces)
          .field("dropped_traces", s.dropped_traces)
          .field("memory_bytes", s.sampler_bytes)
          .end_object();
    else
      json.null();
    json.end_object();
  }
  json.end_array().end_object();
  return Answer{200, json.take(), "application/json", {}, false};
}

QueryAnswer<Answer> letters(const Context& context, const ApiRequest& r) {
  const auto limit = r.number("limit", 1, 1000, 100);
  if (!limit) return std::unexpected(limit.error());
  const auto& source = context.dependencies.exporters.letters;
  if (!source) return std::unexpected(QueryError(ErrorKind::not_found, "no exporter is configured"));
  const auto found = source(r.path.at("name"), *limit);
  if (!found) return std::unexpected(QueryError(found.error()));
  JsonWriter json;
  json.begin_object().key("dead_letters").begin_array();
  for (const auto& l : *found) {
    json.begin_object()
        .field("position", l.position)
        .field("signal", signal_name(l.signal))
        .field("items", l.items);
    json.field("bytes", std::uint64_t{l.body.size()}).field("reason", l.reason);
    json.key("refused_unix_nano").text_of(l.refused_unix_nano);
    json.field("log_first", l.first).field("log_end", l.end).end_object();
  }
  json.end_array().end_object();
  return Answer{200, json.take(), "application/json", {}, false};
}

QueryAnswer<Answer> replay(const Context& context, const ApiRequest& r) {
  // A form of another page could send text/plain without asking; it cannot send JSON.
  if (!r.http->header("content-type").starts_with("application/json"))
    return std::unexpected(
        QueryError(ErrorKind::invalid_argument, "send content-type: application/json (the body may be {})"));
  const auto& source = context.dependencies.exporters.replay;
  if (!source) return std::unexpected(QueryError(ErrorKind::not_found, "no exporter is configured"));
  const auto n = source(r.path.at("name"));
  if (!n) return std::unexpected(QueryError(n.error()));
  JsonWriter json;
  json.begin_object().field("dead_letters", *n).end_object();
  return Answer{202, json.take(), "application/json", {}, false};
}

}  // namespace

void append_exporter_metrics(const Exporters& exporters, std::string& out) {
  const auto all = exporters.list ? exporters.list() : std::vector<sinks::ExporterStatus>{};
  if (all.empty()) return;
  const auto metric = [&](std::string_view name, std::string_view type, std::string_view help, auto&& value) {
    fmt::format_to(std::back_inserter(out),
                   "# HELP turnscope_exporter_{0} {1}\n# TYPE turnscope_exporter_{0} {2}\n", name, help,
                   type);
    for (const auto& s : all)
      fmt::format_to(std::back_inserter(out), "turnscope_exporter_{}{{exporter=\"{}\"}} {}\n", name,
                     name_of(s), value(s));
  };
  metric("requests_total", "counter", "Requests sent.", [](const auto& s) { return s.requests; });
  metric("retries_total", "counter", "Requests that had to be sent again.",
         [](const auto& s) { return s.retries; });
  metric("items_total", "counter", "Spans, log records and points that the far side took.",
         [](const auto& s) { return s.items; });
  metric("bytes_total", "counter", "Bytes of the same before compression.",
         [](const auto& s) { return s.bytes; });
  metric("rejected_items_total", "counter", "Items left out by the far side (partial success).",
         [](const auto& s) { return s.rejected; });
  metric("dropped_items_total", "counter", "Items left out because the configuration says so.",
         [](const auto& s) { return s.dropped; });
  metric("dead_letters", "gauge", "Refused batches that wait for a replay.",
         [](const auto& s) { return s.dead_letters; });
  metric("undecided_traces", "gauge", "Traces that tail sampling has not decided.",
         [](const auto& s) { return s.undecided_traces; });
  metric("kept_traces_total", "counter", "Traces that tail sampling kept.",
         [](const auto& s) { return s.kept_traces; });
  metric("dropped_traces_total", "counter", "Traces that tail sampling dropped.",
         [](const auto& s) { return s.dropped_traces; });
}

void add_exporter_routes(Router& router, Context& context) {
  router.add({"GET", "/api/v1/exporters", [&context](const ApiRequest&) { return list(context); }, false});
  router.add({"GET", "/api/v1/exporters/{name}/dead-letters",
              [&context](const ApiRequest& r) { return letters(context, r); }, false});
  router.add({"POST", "/api/v1/exporters/{name}/replay",
              [&context](const ApiRequest& r) { return replay(context, r); }, false});
}

}  // namespace turnscope::api
