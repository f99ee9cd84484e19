// Lists and one trace: /api/v1/traces, /api/v1/spans, header, spans, window, find, OTLP.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "api/handlers.h"
#include "api/render.h"
#include "base/logger.h"
#include "genai/explain.h"
#include "otlp/decode.h"
#include "query/language/values.h"

namespace turnscope::api {
namespace {

using query::QueryAnswer;
using query::QueryError;

QueryAnswer<query::SearchRequest> search_request(const ApiRequest& r) {
  query::SearchRequest request;
  request.q = r.parameter("q");
  request.cursor = r.parameter("cursor");
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  request.range = *range;
  auto limit = r.number("limit", 1, 500, 50);
  if (!limit) return std::unexpected(limit.error());
  request.limit = *limit;
  return request;
}

void write_list_end(JsonWriter& json, std::string_view cursor, query::TimeRange searched,
                    const std::vector<std::string>& hints, const Took& took) {
  json.text_or_null("next_cursor", cursor);
  json.key("searched_from").text_of(searched.from);
  json.key("searched_to").text_of(searched.to);
  json.field("took_ms", std::round(took.ms() * 100) / 100);
  if (!hints.empty()) {
    json.key("hints").begin_array();
    for (const auto& hint : hints) json.value(hint);
    json.end_array();
  }
  json.end_object();
}

QueryAnswer<std::shared_ptr<const query::TraceIndex>> load(Context& context, const ApiRequest& r) {
  auto id = r.trace_id("trace_id");
  if (!id) return std::unexpected(id.error());
  auto trace = context.queries->trace(r.caller, *id);
  if (!trace) return std::unexpected(QueryError(trace.error()));
  return *trace;
}

QueryAnswer<Answer> list_traces(Context& context, const ApiRequest& r) {
  const Took took;
  auto request = search_request(r);
  if (!request) return std::unexpected(request.error());
  auto list = context.queries->traces(r.caller, *request);
  if (!list) return std::unexpected(list.error());
  JsonWriter json;
  json.begin_object().key("traces").begin_array();
  for (const auto& t : list->traces) {
    json.begin_object();
    write_summary(json, *t);
    json.end_object();
  }
  json.end_array();
  write_list_end(json, list->next_cursor, list->searched, list->hints, took);
  return Answer{200, json.take(), "application/json", {}, false};
}

QueryAnswer<Answer> list_spans(Context& context, const ApiRequest& r) {
  const Took took;
  auto request = search_request(r);
  if (!request) return std::unexpected(request.error());
  auto list = context.queries->spans(r.caller, *request);
  if (!list) return std::unexpected(list.error());
  JsonWriter json;
  json.begin_object().key("spans").begin_array();
  for (const auto& [trace_id, s] : list->spans) {
    const auto& p = list->pool;
    write_span(json, trace_id, s,
               {p[s.name], p[s.service], p[s.provider], p[s.model], p[s.tool], p[s.agent], p[s.session],
                p[s.user], p[s.status_message], p[s.service_tier], p[s.region]});
  }
  json.end_array();
  write_list_end(json, list->next_cursor, list->searched, list->hints, took);
  return Answer{200, json.take(), "application/json", {}, false};
}

/// The list keeps the start of an answer; a header shows more of a long one. Empty: the list's is whole.
std::string whole_answer(Context& context, const ApiRequest& r, const query::TraceIndex& t) {
  for (std::uint32_t row = 0; row < t.size(); ++row) {
    const auto known = t.text(t.spans()[row].answer);
    if (known.empty()) continue;
    if (known.size() < 190) return {};
    auto found = context.queries->span(r.caller, t, t.spans()[row].span_id);
    if (!found || (*found)->spans.front().resource == nullptr || (*found)->spans.front().scope == nullptr)
      return {};
    const auto& s = (*found)->spans.front();
    const auto messages = genai::detail_output(genai::view(s.span, *s.resource, *s.scope));
    for (auto it = messages.rbegin(); it != messages.rend(); ++it) {
      auto text = genai::text_of(it->message);
      if (text.starts_with(known.substr(0, 100))) return text;
    }
    return {};
  }
  return {};
}

QueryAnswer<Answer> trace_header(Context& context, const ApiRequest& r) {
  auto trace = load(context, r);
  if (!trace) return std::unexpected(trace.error());
  const auto& t = **trace;
  // Links are shown with the trace; of a huge one, those of the first spans that have any.
  std::vector<query::StoredSpan> with_links;
  std::vector<std::shared_ptr<const query::StoredSpans>> keep;
  for (std::uint32_t row = 0; row < t.size() && with_links.size() < 20; ++row) {
    if (!t.spans()[row].has_links) continue;
    auto span = context.queries->span(r.caller, t, t.spans()[row].span_id);
    if (!span) continue;  // the header is worth more than one span's links
    with_links.push_back((*span)->spans.front());
    keep.push_back(*span);
  }
  JsonWriter json;
  write_header(json, t, whole_answer(context, r, t), with_links);
  return Answer{200, json.take(), "application/json", {}, false};
}

QueryAnswer<Answer> trace_spans(Context& context, const ApiRequest& r) {
  auto limit = r.number("limit", 1, 10'000, 2'000);
  if (!limit) return std::unexpected(limit.error());
  auto first = r.number("cursor", 0, 1'000'000'000, 0);
  if (!first) return std::unexpected(first.error());
  auto trace = load(context, r);
  if (!trace) return std::unexpected(trace.error());
  const auto& t = **trace;
  std::vector<std::uint32_t> order(t.size());
  for (std::uint32_t i = 0; i < t.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](auto a, auto b) {
    const auto &x = t.spans()[a], &y = t.spans()[b];
    return x.start != y.start ? x.start < y.start : x.span_id < y.span_id;
  });
  JsonWriter json;
  json.begin_object().key("spans").begin_array();
  const auto end = std::min(*first + *limit, t.size());
  for (auto i = std::min(*first, t.size()); i < end; ++i) write_span(json, t, order[i]);
  json.end_array();
  json.text_or_null("next_cursor", end < t.size() ? std::to_string(end) : std::string());
  json.field("revision", revision(t)).end_object();
  return Answer{200, json.take(), "application/json", {}, false};
}

QueryAnswer<std::unordered_set<std::uint64_t>> span_set(const ApiRequest& r, std::string_view name) {
  std::unordered_set<std::uint64_t> out;
  auto rest = r.parameter(name);
  while (!rest.empty()) {
    const auto end = rest.find(',');
    const auto id = query::parse_span_id(rest.substr(0, end));
    if (!id)
      return std::unexpected(
          QueryError(ErrorKind::invalid_argument,
                     fmt::format("{}= takes span ids of up to 16 hex digits, joined by commas", name),
                     std::string(name)));
    out.insert(*id);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return out;
}

QueryAnswer<Answer> trace_window(Context& context, const ApiRequest& r) {
  query::WindowRequest request;
  auto first = r.number("first", 0, 1'000'000'000, 0);
  if (!first) return std::unexpected(first.error());
  auto count = r.number("count", 1, query::kMaxWindowRows, 200);
  if (!count) return std::unexpected(count.error());
  request.first = *first;
  request.count = *count;
  for (auto [name, set] : {std::pair("folded", &request.folded), std::pair("unfolded", &request.unfolded),
                           std::pair("ungrouped", &request.ungrouped)}) {
    auto ids = span_set(r, name);
    if (!ids) return std::unexpected(ids.error());
    *set = std::move(*ids);
  }
  if (r.has("depth")) {
    auto depth = r.number("depth", 0, 1'000'000, 0);
    if (!depth) return std::unexpected(depth.error());
    request.depth = static_cast<std::uint32_t>(*depth);
  }
  if (!r.parameter("around").empty()) {
    request.around = query::parse_span_id(r.parameter("around"));
    if (!request.around)
      return std::unexpected(QueryError(ErrorKind::invalid_argument,
                                        "around= takes a span id of up to 16 hex digits", "around"));
  }
  const auto plumbing = r.parameter("plumbing");
  if (!plumbing.empty() && plumbing != "hide")
    return std::unexpected(
        QueryError(ErrorKind::invalid_argument, "plumbing= is hide or left out", "plumbing"));
  request.hide_plumbing = !plumbing.empty();
  const auto group = r.flag("group"), minimap = r.flag("minimap");
  for (const auto* flag : {&group, &minimap})
    if (!*flag) return std::unexpected(flag->error());
  request.group = *group;
  auto trace = load(context, r);
  if (!trace) return std::unexpected(trace.error());
  const auto& t = **trace;
  std::vector<bool> matches;
  if (const auto text = r.parameter("find"); !text.empty()) {
    auto found = context.queries->find(r.caller, t, text);
    if (!found) return std::unexpected(QueryError(found.error()));
    matches.assign(t.size(), false);
    for (auto id : found->span_ids) matches[t.find(id)] = true;
  }
  JsonWriter json;
  write_window(json, t, query::window(t, request), request, *minimap, matches);
  return Answer{200, json.take(), "application/json", {}, false};
}

QueryAnswer<Answer> trace_find(Context& context, const ApiRequest& r) {
  auto trace = load(context, r);
  if (!trace) return std::unexpected(trace.error());
  auto found = context.queries->find(r.caller, **trace, r.parameter("q"));
  if (!found) return std::unexpected(QueryError(found.error()));
  JsonWriter json;
  json.begin_object().key("span_ids").begin_array();
  for (auto id : found->span_ids) json.value(hex_id(id));
  json.end_array().field("more", found->more).end_object();
  return Answer{200, json.take(), "application/json", {}, false};
}

/// Spans of one piece, grouped by resource and scope, as OTLP/JSON ResourceSpans without the brackets around
/// them.
std::string resource_spans(const query::StoredSpans& piece) {
  std::map<std::pair<const otlp::Resource*, const otlp::Scope*>, std::vector<otlp::Span>> groups;
  for (const auto& s : piece.spans) groups[{s.resource, s.scope}].push_back(s.span);
  std::vector<otlp::ScopeSpans> scopes;
  std::vector<otlp::ResourceSpans> resources;
  scopes.reserve(groups.size());
  for (const auto& [where, spans] : groups) {
    scopes.push_back({*where.second, spans});
    resources.push_back({*where.first, std::span<const otlp::ScopeSpans>(&scopes.back(), 1)});
  }
  std::string text;
  otlp::encode_json(otlp::Traces{resources}, text);
  const auto open = text.find('['), close = text.rfind(']');
  if (open == std::string::npos || close == std::string::npos) return {};
  return text.substr(open + 1, close - open - 1);
}

QueryAnswer<Answer> trace_otlp(Context& context, const ApiRequest& r) {
  auto trace = load(context, r);
  if (!trace) return std::unexpected(trace.error());
  constexpr std::size_t kPiece = 500;
  auto piece = context.queries->whole_spans(r.caller, **trace, 0, kPiece);
  if (!piece) return std::unexpected(QueryError(piece.error()));
  const auto name =
      fmt::format("attachment; filename=\"trace-{}.otlp.json\"", otlp::hex((*trace)->trace_id()));
  std::string text = "{\"resourceSpans\":[";
  text += resource_spans(**piece);
  if ((*trace)->size() <= kPiece) {
    text += "]}";
    return Answer{200, std::move(text), "application/json", {{"content-disposition", name}}, false};
  }
  net::HttpResponse head{200,
                         {{"content-type", "application/json"},
                          {"content-disposition", name},
                          {"x-content-type-options", "nosniff"},
                          {"cache-control", "no-store"}},
                         {}};
  auto stream = r.responder->stream(std::move(head), 64u << 20);
  // If a later piece cannot be read the connection is cut without the last chunk (the stream is dropped
  // unclosed), so that half a trace is never taken for a whole one.
  if (!stream->write(text)) return Answer::already_sent();
  for (std::size_t first = kPiece; first < (*trace)->size(); first += kPiece) {
    piece = context.queries->whole_spans(r.caller, **trace, first, kPiece);
    if (!piece) {
      log_warn("the download of trace {} broke off: {}", otlp::hex((*trace)->trace_id()),
               piece.error().message);
      return Answer::already_sent();
    }
    text = ",";
    text += resource_spans(**piece);
    if (text.size() > 1 && !stream->write(text)) return Answer::already_sent();
  }
  stream->write("]}");
  stream->close();
  return Answer::already_sent();
}

}  // namespace

void add_trace_routes(Router& router, Context& context) {
  router.get("/api/v1/traces", context, list_traces);
  router.get("/api/v1/spans", context, list_spans);
  router.get("/api/v1/traces/{trace_id}", context, trace_header);
  router.get("/api/v1/traces/{trace_id}/spans", context, trace_spans);
  router.get("/api/v1/traces/{trace_id}/window", context, trace_window);
  router.get("/api/v1/traces/{trace_id}/find", context, trace_find);
  router.get("/api/v1/traces/{trace_id}/otlp", context, trace_otlp);
}

}  // namespace turnscope::api
