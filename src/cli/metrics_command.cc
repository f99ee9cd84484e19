#include "cli/metrics_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <memory>

#include "base/logger.h"
#include "cli/api_client.h"
#include "cli/exit_code.h"
#include "cli/json_access.h"
#include "cli/terminal.h"

namespace turnscope::cli {
namespace {

namespace json = boost::json;

struct MetricsOptions {
  std::string server = "http://127.0.0.1:16686", from = "now-24h", to, name, function = "sum", by, step;
  std::vector<std::string> where;
  int percentile = 95;
  bool json = false;
};

QueryParams metric_range(const MetricsOptions& o) {
  QueryParams out{{"from", o.from}};
  if (!o.to.empty()) out.emplace_back("to", o.to);
  return out;
}

std::string value_text(const json::value& v) {
  if (v.is_null()) return "-";
  if (v.is_double()) return fmt::format("{:.6g}", v.as_double());
  return printable(v.is_string() ? std::string(v.as_string()) : json::serialize(v));
}

int list_metrics(const MetricsOptions& o) {
  const auto answer = ApiClient(o.server).get("/api/v1/metrics", metric_range(o));
  if (!answer) return say(answer.error());
  if (o.json) {
    std::printf("%s\n", json::serialize(*answer).c_str());
    return ok;
  }
  for (const auto& m : items(*answer, "metrics")) {
    std::string attributes;
    for (const auto& a : items(m, "attributes"))
      if (a.is_string()) attributes += (attributes.empty() ? "" : ", ") + std::string(a.as_string());
    std::printf("%s\n",
                printable(fmt::format("{}  {} {}  {} series, {} points  by {}", pad(text(m, "name"), 40),
                                      text(m, "type"), text(m, "unit"), number(m, "series").value_or(0),
                                      number(m, "points").value_or(0), attributes.empty() ? "-" : attributes))
                    .c_str());
  }
  if (flag(*answer, "more")) std::fprintf(stderr, "There are more metrics than these.\n");
  return ok;
}

/// One line a step: time, then the value of each series.
int show(const MetricsOptions& o) {
  auto params = metric_range(o);
  params.emplace_back("name", o.name);
  params.emplace_back("fn", o.function);
  if (o.function == "quantile") params.emplace_back("q", std::to_string(o.percentile));
  if (!o.by.empty()) params.emplace_back("by", o.by);
  if (!o.step.empty()) params.emplace_back("step", o.step);
  for (const auto& w : o.where) params.emplace_back("where", w);
  const auto answer = ApiClient(o.server).get("/api/v1/metrics/series", params);
  if (!answer) return say(answer.error());
  if (o.json) {
    std::printf("%s\n", json::serialize(*answer).c_str());
    return ok;
  }
  const auto& series = items(*answer, "series");
  const std::int64_t from = number(*answer, "searched_from").value_or(0),
                     step = number(*answer, "step_ns").value_or(1);
  std::size_t steps = 0;
  std::string head = pad("time", 20);
  for (const auto& s : series) {
    std::string key;
    if (const auto* k = field(s, "key"); k != nullptr && k->is_object())
      for (const auto& member : k->as_object()) key += (key.empty() ? "" : " ") + value_text(member.value());
    head += pad_left(printable(key.empty() ? text(*answer, "unit") : key), 16);
    steps = std::max(steps, items(s, "values").size());
  }
  std::printf("%s\n", head.c_str());
  for (std::size_t i = 0; i < steps; ++i) {
    std::string line = pad(format_clock(from + static_cast<std::int64_t>(i) * step), 20);
    bool any = false;
    for (const auto& s : series) {
      const auto& values = items(s, "values");
      const auto shown = i < values.size() ? value_text(values[i]) : "-";
      any = any || shown != "-";
      line += pad_left(shown, 16);
    }
    if (any) std::printf("%s\n", line.c_str());
  }
  if (flag(*answer, "more")) std::fprintf(stderr, "There are more series; narrow them with --where.\n");
  return ok;
}

}  // namespace

void add_metrics_command(Command& app, std::function<int()>& run) {
  auto o = std::make_shared<MetricsOptions>();
  auto* command = app.add_subcommand("metrics", "What agents send as metrics (docs/usage.md)");
  command->require_subcommand();
  const auto common = [&](Command* c) {
    c->add_option("--server", o->server, "Address of the server's UI port")->capture_default_str();
    c->add_option("--from", o->from, "Start of the time range: now-1h, RFC 3339 or unix seconds")
        ->capture_default_str();
    c->add_option("--to", o->to, "End of the time range (default: now)");
    c->add_flag("--json", o->json, "Print the server's JSON instead of text");
  };
  auto* l = command->add_subcommand("list", "The metrics with points in the time range");
  common(l);
  l->callback([o, &run] { run = [o] { return list_metrics(*o); }; });
  auto* s = command->add_subcommand("show", "One metric as series over time");
  s->add_option("name", o->name, "The metric's name")->required();
  common(s);
  s->add_option("--fn", o->function, "What is made of the points of a step")
      ->one_of({"sum", "rate", "count", "avg", "min", "max", "last", "quantile"})
      ->capture_default_str();
  s->add_option("-q,--percentile", o->percentile, "Of --fn quantile")->range(0, 100)->capture_default_str();
  s->add_option("--by", o->by, "Up to four attribute keys, comma separated; service is one");
  s->add_option("--where", o->where, "KEY=VALUE of an attribute, or service=NAME; may be repeated");
  s->add_option("--step", o->step, "30s, 5m, 1h … (default: about a hundred steps)");
  s->callback([o, &run] { run = [o] { return show(*o); }; });
}

}  // namespace turnscope::cli
