// What the readings of a trace and of a search need beside rows: context of model calls, logs, points,
// differences.
#include <fmt/format.h>

#include "api/handlers.h"
#include "api/render.h"
#include "otlp/decode.h"

namespace turnscope::api {
namespace {

using query::QueryAnswer;
using query::QueryError;

QueryAnswer<std::shared_ptr<const query::TraceIndex>> load(Context& context, const ApiRequest& r) {
  auto id = r.trace_id("trace_id");
  if (!id) return std::unexpected(id.error());
  auto trace = context.queries->trace(r.caller, *id);
  if (!trace) return std::unexpected(QueryError(trace.error()));
  return *trace;
}

Answer json_answer(JsonWriter& json) { return Answer{200, json.take(), "application/json", {}, false}; }

std::string_view type_name(query::ContextPart::Type type) {
  static constexpr std::string_view names[] = {"system",    "tools",       "user",
                                               "assistant", "tool_result", "other"};
  return names[static_cast<std::size_t>(type)];
}

QueryAnswer<Answer> trace_context(Context& context, const ApiRequest& r) {
  auto trace = load(context, r);
  if (!trace) return std::unexpected(trace.error());
  const auto& t = **trace;
  auto found = context.queries->context(r.caller, t);
  if (!found) return std::unexpected(QueryError(found.error()));
  JsonWriter json;
  json.begin_object().key("calls").begin_array();
  for (const auto& call : found->calls) {
    const auto& s = t.spans()[call.row];
    // The turn is the nearest one above.
    std::int32_t turn = s.turn_number;
    for (auto p = t.nodes()[call.row].parent; turn < 0 && p != query::kNone; p = t.nodes()[p].parent)
      turn = t.spans()[p].turn_number;
    json.begin_object()
        .field("span_id", hex_id(s.span_id))
        .field("name", t.text(s.name))
        .text_or_null("model", t.text(s.model));
    json.text_or_null("agent", t.text(s.agent)).key("turn_number");
    if (turn >= 0)
      json.value(turn);
    else
      json.null();
    json.field("offset_ns", s.start - t.start()).key("input_tokens");
    if ((s.usage.known & 7) != 0)
      json.value(s.usage.total_input());
    else
      json.null();
    json.field("input_nano_usd", call.input_nano_usd);
    json.field("messages", call.messages)
        .field("resent_messages", call.resent_messages)
        .key("parts")
        .begin_array();
    for (const auto& p : call.parts) {
      json.begin_object()
          .field("type", type_name(p.type))
          .text_or_null("name", p.name)
          .field("count", p.count);
      json.field("bytes", p.bytes).field("new_bytes", p.new_bytes).end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().field("more", found->more).end_object();
  return json_answer(json);
}

QueryAnswer<Answer> trace_logs(Context& context, const ApiRequest& r) {
  auto id = r.trace_id("trace_id");
  if (!id) return std::unexpected(id.error());
  auto limit = r.number("limit", 1, 5'000, 1'000);
  if (!limit) return std::unexpected(limit.error());
  auto found = context.queries->logs(r.caller, *id, *limit);
  if (!found) return std::unexpected(QueryError(found.error()));
  JsonWriter json;
  json.begin_object().key("logs").begin_array();
  for (const auto& line : found->lines) write_log(json, line);
  json.end_array().field("more", found->more).end_object();
  return json_answer(json);
}

struct Question {
  query::SearchRequest request;
  bool traces = true;
};

QueryAnswer<Question> question(const ApiRequest& r, std::size_t most) {
  Question out;
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  const auto row = r.parameter("row");
  if (!row.empty() && row != "traces" && row != "spans")
    return std::unexpected(QueryError(ErrorKind::invalid_argument, "row= is traces or spans", "row"));
  out.traces = row != "spans";
  auto limit = r.number("limit", 1, most, std::min<std::size_t>(most, 2'000));
  if (!limit) return std::unexpected(limit.error());
  out.request = {std::string(r.parameter("q")), *range, *limit, {}};
  return out;
}

QueryAnswer<Answer> scatter(Context& context, const ApiRequest& r) {
  auto asked = question(r, 5'000);
  if (!asked) return std::unexpected(asked.error());
  auto found = context.queries->scatter(r.caller, asked->request, asked->traces);
  if (!found) return std::unexpected(found.error());
  JsonWriter json;
  json.begin_object().key("points").begin_array();
  for (const auto& p : found->points) {
    json.begin_object().field("trace_id", otlp::hex(p.trace_id));
    if (p.span_id) json.field("span_id", hex_id(p.span_id));
    json.key("t").text_of(p.start);
    json.field("duration_ns", p.duration)
        .field("tokens", p.tokens)
        .field("cost_nano_usd", p.cost_nano_usd)
        .field("error", p.error);
    json.end_object();
  }
  json.end_array().field("more", found->more).end_object();
  return json_answer(json);
}

QueryAnswer<Answer> difference(Context& context, const ApiRequest& r) {
  auto asked = question(r, 1);
  if (!asked) return std::unexpected(asked.error());
  query::Cloud cloud;
  for (auto [name, time] :
       {std::pair("cloud_from", &cloud.time.from), std::pair("cloud_to", &cloud.time.to)}) {
    auto at = query::parse_time(r.parameter(name), r.now);
    if (!at) return std::unexpected(QueryError(at.error().kind, at.error().message, name));
    *time = *at;
  }
  const auto figure = r.parameter("figure");
  if (figure == "tokens")
    cloud.figure = query::Cloud::Figure::tokens;
  else if (figure == "cost")
    cloud.figure = query::Cloud::Figure::cost;
  else if (!figure.empty() && figure != "duration")
    return std::unexpected(QueryError(ErrorKind::invalid_argument,
                                      "figure= is duration (nanoseconds), tokens or cost (nano-dollars)",
                                      "figure"));
  constexpr std::size_t kMost = std::size_t{1} << 62;
  auto least = r.number("least", 0, kMost, 0);
  if (!least) return std::unexpected(least.error());
  auto most = r.number("most", 0, kMost, kMost);
  if (!most) return std::unexpected(most.error());
  cloud.least = static_cast<std::int64_t>(*least);
  cloud.most = static_cast<std::int64_t>(*most);
  auto found = context.queries->difference(r.caller, asked->request, asked->traces, cloud);
  if (!found) return std::unexpected(found.error());
  JsonWriter json;
  json.begin_object()
      .field("inside", found->inside)
      .field("outside", found->outside)
      .field("compared", found->compared);
  json.key("rows").begin_array();
  for (const auto& row : found->rows) {
    json.begin_object().field("key", row.key).field("value", row.value).field("inside", row.inside);
    json.field("outside", row.outside).end_object();
  }
  json.end_array().end_object();
  return json_answer(json);
}

}  // namespace

void add_reading_routes(Router& router, Context& context) {
  router.get("/api/v1/traces/{trace_id}/context", context, trace_context);
  router.get("/api/v1/traces/{trace_id}/logs", context, trace_logs);
  router.get("/api/v1/scatter", context, scatter);
  router.get("/api/v1/difference", context, difference);
}

}  // namespace turnscope::api
