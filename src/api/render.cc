#include "api/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "genai/view.h"
#include "otlp/decode.h"

namespace turnscope::api {

using query::IndexedSpan;
using query::kNone;
using query::TokenCounts;
using query::TraceIndex;

std::string_view kind_name(std::uint8_t kind) {
  return genai::name(static_cast<genai::Kind>(std::min<std::uint8_t>(kind, 7)));
}
std::string_view status_name(std::uint8_t status) {
  return status == 1 ? "ok" : status == 2 ? "error" : "unset";
}
std::string_view span_kind_name(std::uint8_t kind) {
  static constexpr std::string_view names[] = {"unspecified", "internal", "server",
                                               "client",      "producer", "consumer"};
  return names[kind < 6 ? kind : 0];
}
std::string hex_id(std::uint64_t id) { return fmt::format("{:016x}", id); }
std::string revision(const TraceIndex& t) { return fmt::format("{:x}-{:x}", t.version(), t.size()); }

void write(JsonWriter& json, const query::Cost& cost, bool difference) {
  json.begin_object();
  json.field("nano_usd", cost.nano_usd)
      .field("state", name(cost.state))
      .field("reported_nano_usd", cost.reported_nano_usd);
  if (difference && cost.state == query::Cost::State::priced && cost.nano_usd && cost.reported_nano_usd)
    json.field("difference_nano_usd", *cost.nano_usd - *cost.reported_nano_usd);
  json.end_object();
}

namespace {

void write_usage(JsonWriter& json, const IndexedSpan& s,
                 std::span<const std::pair<std::string_view, std::uint64_t>> other = {}) {
  json.key("usage");
  if (s.usage_role == 0 || !s.usage.any()) {
    json.null();
    return;
  }
  json.begin_object();
  static constexpr std::string_view names[] = {"input", "cache_read", "cache_write", "output", "reasoning"};
  for (std::uint8_t b = 0; b < TokenCounts::count; ++b)
    if (s.usage.has(static_cast<TokenCounts::Bucket>(b)))
      json.field(names[b], s.usage.exclusive(static_cast<TokenCounts::Bucket>(b)));
  for (const auto& [bucket, tokens] : other) {
    static constexpr std::string_view buckets[] = {"cache_write_5m", "cache_write_1h", "input_audio",
                                                   "input_image",    "output_audio",   "output_image"};
    if (std::find(std::begin(buckets), std::end(buckets), bucket) != std::end(buckets))
      json.field(bucket, tokens);
  }
  if (s.usage.known & 7) json.field("total_input", s.usage.total_input());
  if (s.usage.known & 24) json.field("total_output", s.usage.total_output());
  json.field("role", s.usage_role == 1 ? "own" : s.usage_role == 2 ? "aggregate" : "duplicate");
  json.field("basis", s.usage_basis == 1 ? "known" : s.usage_basis == 2 ? "proven" : "assumed");
  json.end_object();
}

query::Cost span_cost(const IndexedSpan& s, const query::PricedBy& by) {
  const auto reported = s.has_reported_cost ? std::optional(s.reported_cost) : std::nullopt;
  if (s.usage_role == 1) return query::cost_of(s.usage, by, s.start, reported);
  query::Cost cost;
  cost.reported_nano_usd = reported;
  return cost;
}

void write_turn(JsonWriter& json, const IndexedSpan& s) {
  json.key("turn_number");
  if (s.turn_number >= 0)
    json.value(s.turn_number);
  else
    json.null();
}

/// Distinct texts of a column, the most frequent first, at most 20.
std::vector<std::string_view> distinct(const TraceIndex& t, std::uint32_t IndexedSpan::*column) {
  std::map<std::uint32_t, std::size_t> counts;
  for (const auto& s : t.spans())
    if (s.*column) ++counts[s.*column];
  std::vector<std::pair<std::size_t, std::string_view>> order;
  for (const auto& [id, n] : counts) order.emplace_back(n, t.text(id));
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), 20); ++i) out.push_back(order[i].second);
  return out;
}

/// First text of a column in tree order (so the root's own comes first).
std::string_view first_text(const TraceIndex& t, std::uint32_t IndexedSpan::*column) {
  for (const auto& s : t.spans())
    if (s.*column) return t.text(s.*column);
  return {};
}

}  // namespace

void write_summary(JsonWriter& json, const TraceIndex& t) {
  json.field("trace_id", otlp::hex(t.trace_id()));
  json.key("root");
  if (t.root() == kNone) {
    json.null();
  } else {
    const auto& root = t.spans()[t.root()];
    json.begin_object().field("span_id", hex_id(root.span_id)).field("name", t.text(root.name));
    json.field("service", t.text(root.service)).field("kind", kind_name(root.kind)).end_object();
  }
  json.text_or_null("question", cut_text(first_text(t, &IndexedSpan::question), 800));
  json.key("start_unix_nano").text_of(t.start());
  json.key("end_unix_nano").text_of(t.end());
  json.field("duration_ns", t.duration());
  json.field("spans", std::uint64_t{t.size()}).field("errors", t.total().errors);
  // Kept by retention sampling: of how many of its kind it is the one that is left.
  std::uint32_t weight = 1'000;
  for (const auto& s : t.spans()) weight = std::max(weight, s.weight);
  if (weight != 1'000) json.field("stands_for", static_cast<double>(weight) / 1'000);
  std::uint64_t turns = 0, unfinished = 0;
  for (const auto& s : t.spans()) {
    turns += s.kind == static_cast<std::uint8_t>(genai::Kind::turn);
    unfinished += s.unfinished;
  }
  if (unfinished > 0) json.field("unfinished", unfinished);
  json.field("turns", turns)
      .field("llm_calls", t.total().llm_calls)
      .field("tool_calls", t.total().tool_calls);
  json.key("services").begin_array();
  for (auto text : distinct(t, &IndexedSpan::service)) json.value(text);
  json.end_array().key("models").begin_array();
  for (auto text : distinct(t, &IndexedSpan::model)) json.value(text);
  json.end_array().key("tokens");
  if (t.total().any_tokens) {
    json.begin_object().field("input", t.total().input).field("output", t.total().output);
    json.field("cache_read", t.total().cache_read).end_object();
  } else {
    json.null();
  }
  json.key("cost");
  write(json, t.total().cost);
  json.text_or_null("session", first_text(t, &IndexedSpan::session))
      .text_or_null("user", first_text(t, &IndexedSpan::user));
  json.text_or_null("agent", first_text(t, &IndexedSpan::agent));
  json.text_or_null("environment", first_text(t, &IndexedSpan::environment));
  // The run is as its root says; a run whose root has not arrived is as its errors say.
  std::string_view status = t.total().errors > 0 ? "error" : "unset";
  if (t.root() != kNone) {
    const auto& root = t.spans()[t.root()];
    status = root.is_error ? std::string_view("error") : status_name(root.status);
  }
  json.field("status", status);
  json.key("shape").begin_array();
  for (const auto& bar : query::shape(t)) {
    json.begin_object()
        .field("kind", kind_name(bar.kind))
        .field("offset_ns", bar.start)
        .field("duration_ns", bar.duration);
    json.field("error", bar.error).end_object();
  }
  json.end_array();
}

void write_span(JsonWriter& json, const otlp::TraceId& trace_id, const IndexedSpan& s, const SpanTexts& x,
                bool open) {
  json.begin_object().field("trace_id", otlp::hex(trace_id)).field("span_id", hex_id(s.span_id));
  json.text_or_null("parent_span_id", s.parent_span_id ? hex_id(s.parent_span_id) : std::string());
  json.field("name", x.name).field("service", x.service).field("kind", kind_name(s.kind));
  json.field("span_kind", span_kind_name(s.span_kind)).field("status", status_name(s.status));
  json.text_or_null("status_message", x.status_message);
  json.key("start_unix_nano").text_of(s.start);
  json.field("duration_ns", s.duration);
  if (s.unfinished) json.field("unfinished", true);
  json.text_or_null("provider", x.provider).text_or_null("model", x.model).text_or_null("tool", x.tool);
  json.text_or_null("agent", x.agent).text_or_null("session", x.session).text_or_null("user", x.user);
  write_usage(json, s, x.other_tokens);
  json.key("cost");
  write(json, span_cost(s, {x.model, x.provider, x.service_tier, x.region}), true);
  write_turn(json, s);
  if (!open) json.end_object();
}

SpanTexts texts_of(const TraceIndex& t, std::uint32_t row) {
  const auto& s = t.spans()[row];
  return {t.text(s.name),           t.text(s.service),      t.text(s.provider), t.text(s.model),
          t.text(s.tool),           t.text(s.agent),        t.text(s.session),  t.text(s.user),
          t.text(s.status_message), t.text(s.service_tier), t.text(s.region)};
}

void write_span(JsonWriter& json, const TraceIndex& t, std::uint32_t row) {
  write_span(json, t.trace_id(), t.spans()[row], texts_of(t, row));
}

namespace {

/// Like siblings as one: sums over all of them and what is below them.
void write_group(JsonWriter& json, const TraceIndex& t, const query::WindowRow& line) {
  std::uint64_t sum = 0, tokens = 0;
  std::int64_t end = t.spans()[line.span].end();
  std::uint32_t errors = 0;
  query::Cost cost;
  for (auto r = line.span; r < line.group_end; r = t.nodes()[r].subtree_end) {
    const auto& s = t.spans()[r];
    const auto& rollup = t.nodes()[r].rollup;
    sum += s.duration;
    end = std::max(end, s.end());
    errors += rollup.errors;
    tokens += rollup.input + rollup.output;
    query::add(cost, rollup.cost);
  }
  json.key("group").begin_object().field("count", line.group).field("closed", line.grouped);
  json.field("sum_ns", sum).field("span_ns", end - t.spans()[line.span].start).field("errors", errors);
  json.field("tokens", tokens).key("cost");
  write(json, cost);
  json.end_object();
}

}  // namespace

void write_window(JsonWriter& json, const TraceIndex& t, const query::Window& w,
                  const query::WindowRequest& request, bool with_minimap, const std::vector<bool>& matches) {
  json.begin_object().field("trace_id", otlp::hex(t.trace_id())).field("revision", revision(t));
  json.field("total_rows", std::uint64_t{w.total_rows}).field("total_spans", std::uint64_t{t.size()});
  json.field("first", std::uint64_t{w.first}).key("rows").begin_array();
  for (const auto& line : w.rows) {
    const auto& s = t.spans()[line.span];
    const auto& n = t.nodes()[line.span];
    json.begin_object().field("row", line.row).field("depth", n.depth).field("span_id", hex_id(s.span_id));
    json.text_or_null("parent_span_id", s.parent_span_id ? hex_id(s.parent_span_id) : std::string());
    json.field("parent_unknown", n.parent_unknown)
        .field("name", t.text(s.name))
        .field("service", t.text(s.service));
    json.field("kind", kind_name(s.kind))
        .field("span_kind", span_kind_name(s.span_kind))
        .field("status", status_name(s.status));
    json.key("error");
    if (s.is_error) {
      auto text = t.text(s.error_message    ? s.error_message
                         : s.status_message ? s.status_message
                                            : s.error_type);
      json.value(text.empty() ? std::string_view("error") : cut_text(text, 800));
    } else {
      json.null();
    }
    json.field("offset_ns", s.start - t.start()).field("duration_ns", s.duration).field("self_ns", n.self);
    json.field("end_before_start", (s.time_flags & 1) != 0);
    if (s.unfinished) json.field("unfinished", true);
    json.field("children", n.children).field("descendants", n.subtree_end - line.span - 1);
    json.field("folded", line.folded).field("hidden", line.hidden);
    if (line.group > 1) write_group(json, t, line);
    json.text_or_null("model", t.text(s.model))
        .text_or_null("tool", t.text(s.tool))
        .text_or_null("agent", t.text(s.agent));
    write_turn(json, s);
    write_usage(json, s);
    json.key("rollup").begin_object().field("input", n.rollup.input).field("output", n.rollup.output);
    json.field("cache_read", n.rollup.cache_read).key("cost");
    write(json, n.rollup.cost);
    json.field("errors", n.rollup.errors)
        .field("llm_calls", n.rollup.llm_calls)
        .field("tool_calls", n.rollup.tool_calls);
    json.end_object().key("cost");
    write(json, span_cost(s, t.priced_by(s)));
    json.key("first_token_ns");
    if (s.first_token)
      json.value(s.first_token);
    else
      json.null();
    json.field("critical", n.critical > 0).field("critical_ns", n.critical);
    json.field("match", !matches.empty() && matches[line.span]).end_object();
  }
  json.end_array();
  json.key("start_unix_nano").text_of(t.start());
  json.key("end_unix_nano").text_of(t.end());
  json.key("minimap");
  if (with_minimap) {
    const auto bars = query::minimap(t);
    json.begin_object().field("buckets", std::uint64_t{bars.size()}).key("bars").begin_array();
    for (const auto& b : bars) {
      json.begin_object().field("start_ns", b.start).field("duration_ns", b.duration).field("lane", b.lane);
      json.field("kind", kind_name(b.kind)).field("error", b.error).end_object();
    }
    json.end_array().end_object();
  } else {
    json.null();
  }
  if (request.around && t.find(*request.around) != kNone) {
    std::vector<std::uint32_t> opened;
    for (auto p = t.nodes()[t.find(*request.around)].parent; p != kNone; p = t.nodes()[p].parent)
      opened.push_back(p);
    json.key("opened").begin_array();
    for (auto it = opened.rbegin(); it != opened.rend() && std::distance(opened.rbegin(), it) < 2'000; ++it)
      json.value(hex_id(t.spans()[*it].span_id));
    json.end_array();
    if (!w.ungrouped.empty()) {
      json.key("ungrouped").begin_array();
      for (auto row : w.ungrouped) json.value(hex_id(t.spans()[row].span_id));
      json.end_array();
    }
  }
  json.end_object();
}

void write_header(JsonWriter& json, const TraceIndex& t, std::string_view answer,
                  const std::vector<query::StoredSpan>& with_links) {
  json.begin_object();
  write_summary(json, t);
  json.field("revision", revision(t));
  if (answer.empty()) answer = first_text(t, &IndexedSpan::answer);
  json.text_or_null("answer", cut_text(answer, 2'000));
  json.field("complete", t.complete()).key("findings").begin_array();
  for (const auto& f : query::findings(t)) {
    static constexpr std::string_view types[] = {"slow", "dear", "wrong"},
                                      units[] = {"ns", "nano_usd", "tokens", "errors"};
    const auto& s = t.spans()[f.span];
    json.begin_object().field("type", types[static_cast<int>(f.type)]).field("span_id", hex_id(s.span_id));
    json.field("name", t.text(s.name)).field("kind", kind_name(s.kind)).field("value", f.value);
    json.field("unit", units[static_cast<int>(f.unit)])
        .field("share", f.share)
        .field("text", f.text)
        .text_or_null("detail", f.detail)
        .end_object();
  }
  json.end_array().key("prompt");
  const IndexedSpan* prompt = nullptr;
  for (const auto& s : t.spans())
    if (s.prompt_name && !prompt) prompt = &s;
  if (prompt) {
    json.begin_object()
        .field("name", t.text(prompt->prompt_name))
        .text_or_null("version", t.text(prompt->prompt_version));
    json.end_object();
  } else {
    json.null();
  }
  json.key("links").begin_array();
  for (const auto& stored : with_links) {
    for (const auto& link : stored.span.links) {
      json.begin_object().field("trace_id", otlp::hex(link.trace_id)).field("span_id", hex_id(link.span_id));
      json.field("from_span_id", hex_id(stored.span.span_id)).key("attributes");
      write_attributes(json, link.attributes, 1'024);
      json.end_object();
    }
  }
  json.end_array();
  json.key("critical_path")
      .begin_object()
      .field("llm_ns", t.critical().llm)
      .field("tool_ns", t.critical().tool);
  json.field("other_ns", t.critical().other).end_object().end_object();
}

/// Whether the whole value of a key lies in the object store.
static bool offloaded(otlp::Attributes attributes, std::string_view key) {
  constexpr std::string_view kLink = "turnscope.offloaded.";
  return std::any_of(attributes.begin(), attributes.end(), [&](const otlp::KeyValue& kv) {
    return kv.key.size() == kLink.size() + key.size() && kv.key.starts_with(kLink) && kv.key.ends_with(key);
  });
}

void write_attributes(JsonWriter& json, otlp::Attributes attributes, std::size_t preview) {
  using Type = otlp::AnyValue::Type;
  json.begin_array();
  for (const auto& kv : attributes) {
    const auto& v = kv.value;
    json.begin_object().field("key", kv.key);
    switch (v.type) {
      case Type::none:
        json.field("type", "none").key("value").null();
        break;
      case Type::boolean:
        json.field("type", "bool").field("value", v.boolean);
        break;
      case Type::integer:
        json.field("type", "int").field("value", v.integer);
        break;
      case Type::real:
        json.field("type", "double").field("value", v.real);
        break;
      case Type::string: {
        const auto shown = cut_text(v.text, preview);
        json.field("type", "string").field("value", shown);
        if (shown.size() < v.text.size())
          json.field("bytes", std::uint64_t{v.text.size()}).field("cut", true);
        else if (offloaded(attributes, kv.key))
          json.field("cut", true);  // what stands here is a preview
        break;
      }
      case Type::bytes:
      case Type::array:
      case Type::kvlist: {
        json.field("type", v.type == Type::bytes ? "bytes" : v.type == Type::array ? "array" : "kvlist");
        std::string text;
        otlp::encode_plain_json(v, text);
        if (text.size() <= preview) {
          json.key("value").raw(text);
        } else {
          // A part of JSON is no JSON: the start is shown as text.
          json.field("value", cut_text(text, preview))
              .field("bytes", std::uint64_t{text.size()})
              .field("cut", true);
        }
        break;
      }
    }
    json.end_object();
  }
  json.end_array();
}

void write_log(JsonWriter& json, const query::LogLine& line) {
  json.begin_object().key("time_unix_nano").text_of(line.time);
  json.text_or_null("span_id", line.span_id ? hex_id(line.span_id) : std::string());
  json.key("severity_number");
  if (line.severity > 0)
    json.value(line.severity);
  else
    json.null();
  json.text_or_null("severity_text", line.severity_text).text_or_null("event_name", line.event_name);
  json.field("service", line.service)
      .field("body", line.body)
      .field("body_is_json", line.body_is_json)
      .field("cut", line.cut);
  json.key("attributes").begin_array();
  for (const auto& [key, value] : line.attributes)
    json.begin_object().field("key", key).field("value", cut_text(value, 4'096)).end_object();
  json.end_array().end_object();
}

}  // namespace turnscope::api
