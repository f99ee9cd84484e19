// What was used and what it cost: usage by anything, the dearest and slowest runs, tools, users, sessions,
// and how tokens grow within one run.
#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "api/handlers.h"
#include "api/render.h"
#include "genai/view.h"
#include "otlp/decode.h"
#include "query/cost/price_csv.h"

namespace turnscope::api {
namespace {

using query::QueryAnswer;
using query::QueryError;
using query::UsageRow;

/// Members of UsageSums: tokens, cost and how much of it has no price.
void write_sums(JsonWriter& json, const UsageRow& r) {
  json.field("calls", r.calls).key("tokens").begin_object();
  json.field("input", r.input).field("cache_read", r.cache_read).field("cache_write", r.cache_write);
  json.field("output", r.output).field("reasoning", r.reasoning);
  const auto plus = [](std::uint64_t a, std::uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; };
  json.field("total_input", plus(plus(r.input, r.cache_read), r.cache_write));
  json.field("total_output", plus(r.output, r.reasoning)).end_object();
  json.key("cache_hit_rate");
  if (const auto rate = r.cache_hit_rate())
    json.value(std::round(*rate * 10'000) / 10'000);
  else
    json.null();
  json.key("cost").begin_object();
  const auto states = (r.priced > 0) + (r.partly > 0) + (r.unpriced > 0);
  const auto state = states == 0                  ? query::Cost::State::none
                     : states > 1 || r.partly > 0 ? query::Cost::State::partly
                     : r.priced > 0               ? query::Cost::State::priced
                                                  : query::Cost::State::unpriced;
  json.key("nano_usd");
  if (r.priced + r.partly > 0)
    json.value(r.cost_nano_usd);
  else
    json.null();
  json.field("state", name(state)).field("reported_nano_usd", r.reported_nano_usd);
  json.key("difference_nano_usd");
  if (r.compared > 0)
    json.value(r.difference_nano_usd);
  else
    json.null();
  json.field("compared_calls", r.compared);
  json.field("priced_calls", r.priced)
      .field("partly_priced_calls", r.partly)
      .field("unpriced_calls", r.unpriced);
  json.field("unpriced_tokens", r.unpriced_tokens).end_object();
}

void write_range(JsonWriter& json, query::TimeRange range, const Took& took) {
  json.key("searched_from").text_of(range.from);
  json.key("searched_to").text_of(range.to);
  json.field("took_ms", took.ms()).end_object();
}

QueryAnswer<Answer> usage(Context& context, const ApiRequest& r) {
  const Took took;
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  auto limit = r.number("limit", 1, 10'000, 1'000);
  if (!limit) return std::unexpected(limit.error());
  query::UsageRequest request{*range, {}, *limit, std::string(r.parameter("q"))};
  std::string_view rest = r.parameter("by");
  while (!rest.empty()) {
    const auto end = rest.find(',');
    if (end != 0) request.by.emplace_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  const auto traces = r.flag("traces");
  if (!traces) return std::unexpected(traces.error());
  request.traces = *traces;
  auto report = context.queries->usage(r.caller, request);
  if (!report) return std::unexpected(report.error());
  JsonWriter json;
  json.begin_object().key("by").begin_array();
  for (const auto& by : request.by) json.value(by);
  json.end_array().key("rows").begin_array();
  for (const auto& row : report->rows) {
    json.begin_object().key("key").begin_object();
    for (std::size_t i = 0; i < request.by.size(); ++i) json.text_or_null(request.by[i], row.key[i]);
    json.end_object();
    if (row.traces) json.field("traces", *row.traces);
    json.field("errors", row.errors);
    write_sums(json, row);
    json.end_object();
  }
  json.end_array().field("more", report->more);
  if (report->adjusted) json.field("adjusted", true);
  json.key("total").begin_object();
  json.field("errors", report->total.errors);
  write_sums(json, report->total);
  json.end_object().field("prices_date", query::builtin_prices_date());
  write_range(json, *range, took);
  return answer(json);
}

QueryAnswer<Answer> tools(Context& context, const ApiRequest& r) {
  const Took took;
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  auto limit = r.number("limit", 1, 1'000, 200);
  if (!limit) return std::unexpected(limit.error());
  const auto page = context.queries->tools(r.caller, *range, *limit);
  if (!page) return std::unexpected(QueryError(page.error()));
  JsonWriter json;
  json.begin_object().key("tools").begin_array();
  for (const auto& t : page->items) {
    json.begin_object().field("name", t.name).field("calls", t.calls).field("errors", t.errors);
    json.field("traces", t.traces)
        .field("p50_ns", t.p50_ns)
        .field("p95_ns", t.p95_ns)
        .field("max_ns", t.max_ns);
    json.field("total_ns", t.total_ns).field("repeated_calls", t.repeated);
    json.field("traces_with_repeats", t.traces_with_repeats).key("last_seen_unix_nano").text_of(t.last_seen);
    json.end_object();
  }
  json.end_array();
  write_more(json, *page);
  write_range(json, *range, took);
  return answer(json);
}

QueryAnswer<Answer> users(Context& context, const ApiRequest& r) {
  const Took took;
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  auto limit = r.number("limit", 1, 1'000, 200);
  if (!limit) return std::unexpected(limit.error());
  const auto page = context.queries->users(r.caller, *range, *limit);
  if (!page) return std::unexpected(QueryError(page.error()));
  JsonWriter json;
  json.begin_object().key("users").begin_array();
  for (const auto& u : page->items) {
    json.begin_object().field("user", u.id).key("first_seen_unix_nano").text_of(u.first);
    json.key("last_seen_unix_nano").text_of(u.last);
    json.field("traces", u.traces).field("sessions", u.sessions).field("failed_traces", u.errors);
    write_sums(json, u.usage);
    json.end_object();
  }
  json.end_array();
  write_more(json, *page);
  write_range(json, *range, took);
  return answer(json);
}

QueryAnswer<Answer> runs(Context& context, const ApiRequest& r) {
  const Took took;
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  auto limit = r.number("limit", 1, 200, 20);
  if (!limit) return std::unexpected(limit.error());
  static constexpr std::pair<std::string_view, query::RunOrder> orders[] = {
      {"cost", query::RunOrder::cost},     {"duration", query::RunOrder::duration},
      {"turns", query::RunOrder::turns},   {"tokens", query::RunOrder::tokens},
      {"errors", query::RunOrder::errors}, {"tool_calls", query::RunOrder::tool_calls}};
  const std::string_view sort = r.has("sort") ? r.parameter("sort") : "cost";
  const auto* order =
      std::find_if(std::begin(orders), std::end(orders), [&](const auto& o) { return o.first == sort; });
  if (order == std::end(orders))
    return std::unexpected(QueryError(
        ErrorKind::invalid_argument, "sort= is cost, duration, turns, tokens, tool_calls or errors", "sort"));
  auto page =
      context.queries->runs(r.caller, {std::string(r.parameter("q")), *range, *limit, {}}, order->second);
  if (!page) return std::unexpected(page.error());
  JsonWriter json;
  json.begin_object().field("sort", sort).key("traces").begin_array();
  for (const auto& t : page->items) {
    json.begin_object();
    write_summary(json, *t);
    json.end_object();
  }
  json.end_array();
  write_more(json, *page);
  write_range(json, *range, took);
  return answer(json);
}

QueryAnswer<Answer> sessions(Context& context, const ApiRequest& r) {
  const Took took;
  auto range = r.range();
  if (!range) return std::unexpected(range.error());
  auto limit = r.number("limit", 1, 500, 50);
  if (!limit) return std::unexpected(limit.error());
  auto page = context.queries->sessions(r.caller, {std::string(r.parameter("q")), *range, *limit, {}});
  if (!page) return std::unexpected(page.error());
  JsonWriter json;
  json.begin_object().key("sessions").begin_array();
  for (const auto& s : page->items) {
    json.begin_object()
        .field("session", s.id)
        .text_or_null("user", s.user)
        .text_or_null("service", s.service);
    json.text_or_null("agent", s.agent).text_or_null("first_question", s.first_question);
    json.text_or_null("last_question", s.last_question).key("start_unix_nano").text_of(s.first);
    json.key("end_unix_nano").text_of(s.last);
    json.field("traces", s.traces).field("spans", s.spans).field("turns", s.turns);
    json.field("tool_calls", s.tool_calls).field("errors", s.errors);
    write_sums(json, s.usage);
    json.end_object();
  }
  json.end_array();
  write_more(json, *page);
  write_range(json, *range, took);
  return answer(json);
}

constexpr auto kAgent = static_cast<std::uint8_t>(genai::Kind::agent);
constexpr auto kTurn = static_cast<std::uint8_t>(genai::Kind::turn);
constexpr auto kLlm = static_cast<std::uint8_t>(genai::Kind::llm);

/// The turns of a run in order: its turn spans; without any, its outermost agents; without those, itself.
std::vector<std::uint32_t> turns_of(const query::TraceIndex& t) {
  std::vector<std::uint32_t> rows;
  for (const auto kind : {kTurn, kAgent}) {
    for (std::uint32_t row = 0; row < t.size(); ++row) {
      if (t.spans()[row].kind != kind) continue;
      rows.push_back(row);
      if (kind == kAgent) row = t.nodes()[row].subtree_end - 1;  // agents below it are its own doing
    }
    if (!rows.empty()) break;
  }
  if (rows.empty() && t.size() > 0) rows.push_back(t.root() == query::kNone ? 0 : t.root());
  std::stable_sort(rows.begin(), rows.end(),
                   [&](auto a, auto b) { return t.spans()[a].start < t.spans()[b].start; });
  return rows;
}

/// First text in the subtree of a row, or of the row itself.
std::string_view text_below(const query::TraceIndex& t, std::uint32_t row,
                            std::uint32_t query::IndexedSpan::*column) {
  for (std::uint32_t i = row; i < std::min(t.nodes()[row].subtree_end, row + 100); ++i)
    if (t.spans()[i].*column) return t.text(t.spans()[i].*column);
  return {};
}

void write_turn(JsonWriter& json, const query::TraceIndex& t, std::uint32_t row, std::uint64_t number) {
  const auto& s = t.spans()[row];
  const auto& sum = t.nodes()[row].rollup;
  json.begin_object()
      .field("trace_id", otlp::hex(t.trace_id()))
      .field("span_id", hex_id(s.span_id))
      .field("number", number);
  json.key("turn_number");
  if (s.turn_number >= 0)
    json.value(s.turn_number);
  else
    json.null();
  json.field("name", t.text(s.name)).field("kind", kind_name(s.kind));
  json.text_or_null("question", text_below(t, row, &query::IndexedSpan::question));
  json.text_or_null("answer", t.text(s.answer)).key("start_unix_nano").text_of(s.start);
  json.field("duration_ns", s.duration).field("llm_calls", sum.llm_calls).field("tool_calls", sum.tool_calls);
  json.field("errors", sum.errors).key("tokens");
  if (sum.any_tokens) {
    json.begin_object()
        .field("input", sum.input)
        .field("output", sum.output)
        .field("cache_read", sum.cache_read)
        .end_object();
  } else {
    json.null();
  }
  json.key("cost");
  write(json, sum.cost);
  json.end_object();
}

QueryAnswer<Answer> session(Context& context, const ApiRequest& r) {
  const Took took;
  auto limit = r.number("limit", 1, 200, 100);
  if (!limit) return std::unexpected(limit.error());
  const auto named = r.path.find("session");
  const std::string_view id = named != r.path.end() ? std::string_view(named->second) : r.parameter("id");
  if (id.empty() || id.size() > 1'024)
    return std::unexpected(
        QueryError(ErrorKind::invalid_argument, "id= names a session, at most 1,024 bytes", "id"));
  std::int64_t after = 0;
  if (r.has("after")) {
    auto time = query::parse_time(r.parameter("after"), r.now);
    if (!time) return std::unexpected(QueryError(time.error().kind, time.error().message, "after"));
    after = *time;
  }
  const auto page = context.queries->session(r.caller, id, after, *limit);
  if (!page) return std::unexpected(QueryError(page.error()));
  JsonWriter json;
  json.begin_object().field("session", id).key("traces").begin_array();
  for (const auto& t : page->items) {
    json.begin_object();
    write_summary(json, *t);
    json.end_object();
  }
  json.end_array().key("turns").begin_array();
  std::uint64_t number = 0;
  for (const auto& t : page->items)
    for (const auto row : turns_of(*t)) write_turn(json, *t, row, ++number);
  json.end_array().field("more", page->more).field("took_ms", took.ms()).end_object();
  return answer(json);
}

/// Model calls of one run in order, with what each added to the context.
QueryAnswer<Answer> growth(Context& context, const ApiRequest& r) {
  auto id = r.trace_id("trace_id");
  if (!id) return std::unexpected(id.error());
  const auto found = context.queries->trace(r.caller, *id);
  if (!found) return std::unexpected(QueryError(found.error()));
  const auto& t = **found;
  std::vector<std::uint32_t> calls;
  for (std::uint32_t row = 0; row < t.size(); ++row)
    if (t.spans()[row].kind == kLlm && t.spans()[row].usage_role == 1) calls.push_back(row);
  std::stable_sort(calls.begin(), calls.end(),
                   [&](auto a, auto b) { return t.spans()[a].start < t.spans()[b].start; });
  // Each agent has a context of its own: growth is told from the call before of the same agent.
  const auto agent_of = [&](std::uint32_t row) {
    for (auto at = row; at != query::kNone; at = t.nodes()[at].parent)
      if (t.spans()[at].kind == kAgent) return at;
    return query::kNone;
  };
  const auto turn_of = [&](std::uint32_t row) {
    for (auto at = row; at != query::kNone; at = t.nodes()[at].parent)
      if (t.spans()[at].kind == kTurn) return at;
    return query::kNone;
  };
  std::map<std::uint32_t, std::uint64_t> before;
  JsonWriter json;
  json.begin_object().field("trace_id", otlp::hex(t.trace_id())).key("calls").begin_array();
  std::uint64_t all_input = 0, all_output = 0;
  constexpr std::size_t kMost = 5'000;
  for (std::size_t i = 0; i < std::min(calls.size(), kMost); ++i) {
    const auto row = calls[i];
    const auto& s = t.spans()[row];
    const auto input = s.usage.total_input(), output = s.usage.total_output();
    all_input += input, all_output += output;
    json.begin_object().field("span_id", hex_id(s.span_id)).field("name", t.text(s.name));
    json.text_or_null("model", t.text(s.model)).key("turn_number");
    const auto turn = turn_of(row);
    if (turn != query::kNone && t.spans()[turn].turn_number >= 0)
      json.value(t.spans()[turn].turn_number);
    else if (s.turn_number >= 0)
      json.value(s.turn_number);
    else
      json.null();
    const auto agent = agent_of(row);
    json.text_or_null("agent",
                      agent == query::kNone
                          ? t.text(s.agent)
                          : t.text(t.spans()[agent].agent ? t.spans()[agent].agent : t.spans()[agent].name));
    json.key("start_unix_nano").text_of(s.start);
    json.field("input", input).field("output", output);
    json.field("cache_read", s.usage.tokens[query::TokenCounts::cache_read]).key("grown_by");
    if (const auto it = before.find(agent); it != before.end())
      json.value(static_cast<std::int64_t>(input) - static_cast<std::int64_t>(it->second));
    else
      json.null();
    before[agent] = input;
    json.field("input_so_far", all_input).field("output_so_far", all_output).key("cost");
    write(json, t.nodes()[row].rollup.cost);
    json.end_object();
  }
  json.end_array().field("more", calls.size() > kMost).end_object();
  return answer(json);
}

}  // namespace

void add_usage_routes(Router& router, Context& context) {
  router.get("/api/v1/usage", context, usage);
  router.get("/api/v1/runs", context, runs);
  router.get("/api/v1/tools", context, tools);
  router.get("/api/v1/users", context, users);
  router.get("/api/v1/sessions", context, sessions);
  router.get("/api/v1/sessions/{session}", context, session);
  router.get("/api/v1/session", context, session);
  router.get("/api/v1/traces/{trace_id}/growth", context, growth);
}

}  // namespace turnscope::api
