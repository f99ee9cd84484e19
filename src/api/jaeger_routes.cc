// Jaeger's classic query API, so that Grafana's Jaeger data source and old clients work.
#include <fmt/format.h>

#include <algorithm>

#include "api/handlers.h"
#include "api/jaeger.h"
#include "api/render.h"
#include "query/language/values.h"

namespace turnscope::api {
namespace {

using query::QueryAnswer;
using query::QueryError;

constexpr std::size_t kMaxAnswer = 64u << 20;
constexpr std::size_t kPiece = 1'000;

JsonWriter begin() {
  JsonWriter json;
  json.begin_object().key("data");
  return json;
}
Answer end(JsonWriter& json, std::size_t total, std::size_t limit = 0) {
  json.field("total", std::uint64_t{total})
      .field("limit", std::uint64_t{limit})
      .field("offset", 0)
      .key("errors")
      .null();
  json.end_object();
  return {200, json.take(), "application/json", {}, false};
}

QueryAnswer<bool> write_trace(Context& context, const ApiRequest& r, const query::TraceIndex& trace,
                              JsonWriter& json) {
  JaegerTrace out(json, trace.trace_id());
  for (std::size_t first = 0; first < trace.size(); first += kPiece) {
    auto piece = context.queries->whole_spans(r.caller, trace, first, kPiece);
    if (!piece) return std::unexpected(QueryError(piece.error()));
    out.add(**piece);
    if (json.size() > kMaxAnswer)
      return std::unexpected(QueryError(ErrorKind::too_large,
                                        "the answer is larger than 64 MiB; ask for fewer traces with limit=, "
                                        "or read a large one at /api/v1/traces/{id}/window"));
  }
  out.finish();
  return true;
}

QueryAnswer<Answer> write_traces(Context& context, const ApiRequest& r,
                                 const std::vector<std::shared_ptr<const query::TraceIndex>>& traces,
                                 std::size_t limit) {
  auto json = begin();
  json.begin_array();
  for (const auto& trace : traces) {
    auto written = write_trace(context, r, *trace, json);
    if (!written) return std::unexpected(written.error());
  }
  json.end_array();
  return end(json, traces.size(), limit);
}

QueryAnswer<Answer> search(Context& context, const ApiRequest& r) {
  auto search = parse_jaeger_search(r.parameters, r.now);
  if (!search) return std::unexpected(search.error());
  if (!search->trace_ids.empty()) {
    auto traces = context.queries->traces_by_id(r.caller, search->trace_ids);
    if (!traces) return std::unexpected(QueryError(traces.error()));
    return write_traces(context, r, *traces, 0);
  }
  if (r.parameter("service").empty())
    return std::unexpected(
        QueryError(ErrorKind::invalid_argument, "parameter 'service' is required", "service"));
  auto list = context.queries->traces(r.caller, search->request);
  if (!list) return std::unexpected(list.error());
  return write_traces(context, r, list->traces, search->request.limit);
}

QueryAnswer<Answer> one_trace(Context& context, const ApiRequest& r) {
  auto id = r.trace_id("trace_id");
  if (!id) return std::unexpected(id.error());
  auto trace = context.queries->trace(r.caller, *id);
  if (!trace) {
    if (trace.error().kind == ErrorKind::not_found)
      return std::unexpected(QueryError(ErrorKind::not_found, "trace not found"));
    return std::unexpected(QueryError(trace.error()));
  }
  return write_traces(context, r, {*trace}, 0);
}

QueryAnswer<Answer> jaeger_services(Context& context, const ApiRequest& r) {
  auto names = context.queries->service_names(r.caller);
  if (!names) return std::unexpected(QueryError(names.error()));
  auto json = begin();
  json.begin_array();
  for (const auto& name : names->items) json.value(name);
  json.end_array();
  return end(json, names->items.size());
}

QueryAnswer<Answer> operation_names(Context& context, const ApiRequest& r) {
  auto operations = context.queries->operation_names(r.caller, r.path.find("service")->second);
  if (!operations) return std::unexpected(QueryError(operations.error()));
  std::vector<std::string> names;
  for (const auto& o : operations->items) names.push_back(o.name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  auto json = begin();
  json.begin_array();
  for (const auto& name : names) json.value(name);
  json.end_array();
  return end(json, names.size());
}

QueryAnswer<Answer> jaeger_operations(Context& context, const ApiRequest& r) {
  const auto service = r.parameter("service");
  if (service.empty())
    return std::unexpected(
        QueryError(ErrorKind::invalid_argument, "parameter 'service' is required", "service"));
  auto found = context.queries->operation_names(r.caller, service);
  if (!found) return std::unexpected(QueryError(found.error()));
  const auto kind = r.parameter("spanKind");
  std::size_t total = 0;
  auto json = begin();
  json.begin_array();
  for (const auto& o : found->items) {
    const auto name = o.span_kind == 0 ? std::string_view() : span_kind_name(o.span_kind);
    if (!kind.empty() && kind != name) continue;
    json.begin_object().field("name", o.name).field("spanKind", name).end_object();
    ++total;
  }
  json.end_array();
  return end(json, total);
}

QueryAnswer<Answer> jaeger_dependencies(Context& context, const ApiRequest& r) {
  const auto millis = [&](std::string_view name, std::int64_t otherwise) -> QueryAnswer<std::int64_t> {
    const auto text = r.parameter(name);
    if (text.empty()) return otherwise;
    const auto value = query::parse_integer(text);
    if (!value || *value < 0 || *value > INT64_MAX / 1'000'000)
      return std::unexpected(QueryError(ErrorKind::invalid_argument,
                                        fmt::format("{}= takes milliseconds", name), std::string(name)));
    return *value * 1'000'000;
  };
  auto to = millis("endTs", r.now + 60'000'000'000);
  if (!to) return std::unexpected(to.error());
  auto lookback = millis("lookback", 86'400'000'000'000);
  if (!lookback) return std::unexpected(lookback.error());
  auto found = context.queries->dependencies(r.caller, {std::max<std::int64_t>(0, *to - *lookback), *to + 1});
  if (!found) return std::unexpected(QueryError(found.error()));
  auto json = begin();
  json.begin_array();
  for (const auto& d : found->items)
    json.begin_object()
        .field("parent", d.parent)
        .field("child", d.child)
        .field("callCount", d.calls)
        .end_object();
  json.end_array();
  return end(json, found->items.size());
}

}  // namespace

void add_jaeger_routes(Router& router, Context& context) {
  const auto add = [&](std::string_view pattern, auto handler) {
    router.add(
        {"GET", pattern, [&context, handler](const ApiRequest& r) { return handler(context, r); }, true});
  };
  add("/api/services", jaeger_services);
  add("/api/services/{service}/operations", operation_names);
  add("/api/operations", jaeger_operations);
  add("/api/traces", search);
  add("/api/traces/{trace_id}", one_trace);
  add("/api/dependencies", jaeger_dependencies);
}

}  // namespace turnscope::api
