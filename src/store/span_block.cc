#include "store/span_block.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "base/json_text.h"
#include "otlp/decode.h"
#include "otlp/text.h"
#include "store/span_payload.h"

namespace turnscope::store {
namespace {

using Type = otlp::AnyValue::Type;

constexpr std::int64_t kYear = 366ll * 24 * 3600 * 1'000'000'000;
constexpr std::int64_t kLastTime = std::numeric_limits<std::int64_t>::max() - kYear;  // 2261

}  // namespace

std::int64_t sane_received(std::int64_t t) { return std::clamp<std::int64_t>(t, 0, kLastTime); }

std::int64_t SpanTimes::end() const {
  const auto room = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() - start);
  return start + static_cast<std::int64_t>(std::min(duration, room));
}

SpanTimes span_times(std::uint64_t start, std::uint64_t end, std::int64_t received_unix_nano) {
  const auto received = sane_received(received_unix_nano);
  SpanTimes t;
  const bool sane = start != 0 && start <= static_cast<std::uint64_t>(kLastTime) &&
                    std::abs(static_cast<std::int64_t>(start) - received) <= 10 * kYear;
  if (sane) {
    t.start = static_cast<std::int64_t>(start);
  } else {
    t.start = received;
    t.flags |= SpanTimes::kStartClamped;
    t.raw_start = start;
    t.raw_end = end;
  }
  if (end == 0) {
    t.flags |= SpanTimes::kEndMissing;
  } else if (end < start) {
    t.flags |= SpanTimes::kEndBeforeStart;
    t.raw_end = end;
  } else {
    // With a start that is no time, a span of decades is no duration either; both are kept as sent.
    t.duration =
        !sane && (start == 0 || end - start > 10 * static_cast<std::uint64_t>(kYear)) ? 0 : end - start;
  }
  return t;
}

std::uint64_t SpanBlock::put(unsigned column, std::string_view text) {
  auto& to = text_[column];
  // A line break between texts, so that no search matches across two of them.
  const std::size_t offset = to.empty() ? 0 : to.size() + 1;
  if (offset + text.size() > PayloadRef::kMax) return kNoRef;
  if (!to.empty()) to += '\n';
  to += text;
  return PayloadRef{static_cast<PayloadRef::Column>(column), static_cast<std::uint32_t>(offset),
                    static_cast<std::uint32_t>(text.size())}
      .packed();
}

void SpanBlock::place_content(const otlp::Span& span, const genai::Columns& g) {
  event_base_.clear();
  std::size_t n = span.attributes.size();
  for (const auto& e : span.events) {
    event_base_.push_back(static_cast<std::uint32_t>(n));
    n += e.attributes.size();
  }
  refs_.assign(n, kNoRef);
  for (const auto& c : g.content) {
    const bool own = c.event < 0;
    if (!own && static_cast<std::size_t>(c.event) >= span.events.size()) continue;
    const auto attributes = own ? span.attributes : span.events[static_cast<std::size_t>(c.event)].attributes;
    if (c.attribute >= attributes.size()) continue;
    auto& ref = refs_[(own ? 0 : event_base_[static_cast<std::size_t>(c.event)]) + c.attribute];
    if (ref != kNoRef) continue;
    const auto& value = attributes[c.attribute].value;
    const unsigned column = c.direction == genai::ContentRef::Direction::input ? 0 : 1;
    if (value.type == Type::string) {
      ref = put(column, value.text);
    } else if (value.type == Type::array || value.type == Type::kvlist) {
      scratch_.clear();
      append_json_value(scratch_, value);
      ref = put(column, scratch_);
    }
  }
}

void SpanBlock::add_attributes(const otlp::Span& span) {
  for (std::size_t i = 0; i < span.attributes.size(); ++i) {
    const auto& kv = span.attributes[i];
    auto ref = refs_[i];
    const bool text = kv.value.type == Type::string;
    if (ref == kNoRef && text && kv.value.text.size() > kInline) {
      ref = put(2, kv.value.text);
    } else if (ref == kNoRef && (kv.value.type == Type::array || kv.value.type == Type::kvlist ||
                                 (kv.value.type == Type::bytes && kv.value.text.size() > kInline / 2))) {
      scratch_.clear();
      append_json_value(scratch_, kv.value);
      if (scratch_.size() > kInline) {
        ref = put(2, scratch_);
      } else {
        attributes_.json.add(kv.key, scratch_);
        continue;
      }
    }
    if (ref == kNoRef) {
      attributes_.add(kv);
      continue;
    }
    attrs_ref_.add(kv.key, ref);
    if (!text) attributes_.json.add(kv.key, std::string_view{});
  }
  attributes_.end_row();
  attrs_ref_.end_row();
}

void SpanBlock::add_events(const otlp::Span& span) {
  for (std::size_t e = 0; e < span.events.size(); ++e) {
    const auto& event = span.events[e];
    ev_time_.items.add(event.time_unix_nano);
    ev_name_.items.add(event.name);
    auto& json = scratch_;
    json.assign("[");
    if (event.dropped_attributes != 0)
      fmt::format_to(std::back_inserter(json), "{{\"dropped\":{}}}", event.dropped_attributes);
    for (std::size_t i = 0; i < event.attributes.size(); ++i) {
      const auto& kv = event.attributes[i];
      auto ref = refs_[event_base_[e] + i];
      const bool text = kv.value.type == Type::string;
      if (ref == kNoRef && text && kv.value.text.size() > kInline) ref = put(2, kv.value.text);
      json += json.size() > 1 ? ",{\"key\":" : "{\"key\":";
      append_json_string(json, kv.key);
      if (ref == kNoRef) {
        json += ",\"value\":";
        append_json_value(json, kv.value);
        json += '}';
      } else {
        fmt::format_to(std::back_inserter(json), ",\"{}\":\"{}\"}}", text ? "ref" : "jsonRef", ref);
      }
    }
    json += ']';
    ev_attrs_.items.add(json);
  }
  ev_time_.end_row();
  ev_name_.end_row();
  ev_attrs_.end_row();
}

void SpanBlock::add_links(const otlp::Span& span) {
  for (const auto& link : span.links) {
    link_trace_ids_.items.add(link.trace_id);
    auto& json = scratch_;
    json.assign("{\"traceId\":\"");
    json += otlp::hex(link.trace_id);
    json += "\",\"spanId\":\"";
    json += otlp::hex(link.span_id);
    json += '"';
    if (!link.trace_state.empty()) {
      json += ",\"traceState\":";
      append_json_string(json, link.trace_state);
    }
    if (!link.attributes.empty()) {
      json += ",\"attributes\":";
      append_json_attributes(json, link.attributes);
    }
    if (link.dropped_attributes != 0)
      fmt::format_to(std::back_inserter(json), ",\"droppedAttributesCount\":{}", link.dropped_attributes);
    if (link.flags != 0) fmt::format_to(std::back_inserter(json), ",\"flags\":{}", link.flags);
    json += '}';
    links_.items.add(json);
  }
  links_.end_row();
  link_trace_ids_.end_row();
}

void SpanTimes::give(otlp::Span& span) const {
  // 0 says "as start", but for a start that was clamped it is what was sent.
  span.start_unix_nano =
      raw_start != 0 || (flags & kStartClamped) != 0 ? raw_start : static_cast<std::uint64_t>(start);
  span.end_unix_nano = raw_end != 0 ? raw_end : static_cast<std::uint64_t>(start) + duration;
  if ((flags & kEndMissing) != 0 && raw_end == 0) span.end_unix_nano = 0;
}

void SpanBlock::build_texts(const otlp::Span& s, const genai::Columns& g) {
  for (auto& text : text_) text.clear();
  place_content(s, g);
  add_attributes(s);
  add_events(s);
}

bool SpanBlock::same_content(const otlp::Span& s, const genai::Columns& g, std::string_view input,
                             std::string_view output) {
  for (auto& text : text_) text.clear();
  place_content(s, g);
  return text_[0] == input && text_[1] == output;
}

void SpanBlock::share_texts(const RowContext& c) {
  if (shared_texts_ == nullptr) return;
  const auto received_ms = sane_received(c.received_unix_nano) / 1'000'000;
  bool resent = false;
  for (unsigned i = 0; i < 3; ++i) {
    const auto column = static_cast<PayloadRef::Column>(i);
    if (text_[i].size() >= SharedTexts::kFrom &&
        shared_texts_->share(c.project, column, received_ms, text_[i], *parts_, ids_, layout_)) {
      resent |= i == 0;
    } else if (i == 1 && text_[1].size() >= SharedTexts::kPart &&
               (resent || shared_texts_->knows_answers())) {
      output_values();
      shared_texts_->share_answer(c.project, column, received_ms, text_[1], values_, resent, *parts_, ids_,
                                  layout_);
    }
  }
}

void SpanBlock::output_values() {
  values_.clear();
  for (const auto packed : refs_) {
    const auto ref = PayloadRef::unpack(packed);
    if (packed != kNoRef && ref.column == PayloadRef::Column::output)
      values_.push_back({ref.offset, ref.length});
  }
  std::sort(values_.begin(), values_.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
}

void SpanBlock::add(const otlp::Span& s, const RowContext& c, const SpanTimes& t, const genai::Columns& g,
                    std::uint64_t version, const StoredTexts* stored) {
  const auto d = derived_facts(s, g);
  project_.add(c.project);
  weight_.add(c.weight);
  trace_id_.add(s.trace_id);
  span_id_.add(s.span_id);
  parent_span_id_.add(s.parent_span_id);
  start_.add(t.start);
  duration_ns_.add(t.duration);
  const auto times = t.flags & ~SpanTimes::kPlaceholder;
  time_flags_.add(static_cast<std::uint8_t>(times | (g.placeholder ? SpanTimes::kPlaceholder : 0)));
  raw_start_.add(t.raw_start);
  raw_end_.add(t.raw_end);
  version_.add(version);
  received_.add(sane_received(c.received_unix_nano) / 1'000'000);
  span_kind_.add(static_cast<std::uint8_t>(s.kind));
  status_.add(static_cast<std::uint8_t>(s.status));
  flags_.add(s.flags);
  trace_state_.add(s.trace_state);
  status_message_.add(s.status_message);
  name_.add(s.name);
  service_.add(c.service);
  add_derived(d);
  // A row that replaces another one is told in any case: the other may have had usage.
  if (calls_ != nullptr && (has_call_row(d) || stored != nullptr))
    calls_->add(s,
                {.project = c.project,
                 .weight = c.weight,
                 .start = t.start,
                 .received_ms = sane_received(c.received_unix_nano) / 1'000'000,
                 .version = version,
                 .service = c.service},
                d);
  scope_.add(c.scope != nullptr ? c.scope->name : std::string_view{});
  scope_version_.add(c.scope != nullptr ? c.scope->version : std::string_view{});
  scope_id_.add(c.scope_id);
  resource_id_.add(c.resource_id);
  if (s.dropped_attributes != 0 || s.dropped_events != 0 || s.dropped_links != 0) {
    dropped_.items.add(s.dropped_attributes);
    dropped_.items.add(s.dropped_events);
    dropped_.items.add(s.dropped_links);
  }
  dropped_.end_row();
  build_texts(s, g);
  add_links(s);
  // Before texts are shared: whoever refers to a text has it, too.
  if (grams_ != nullptr)
    grams_->add(c.project, version, t.start, sane_received(c.received_unix_nano) / 1'000'000,
                {text_[0], text_[1], text_[2], s.name, d.tool, d.agent, d.question, d.answer, d.error_message,
                 s.status_message});
  if (stored != nullptr && stored->whole == std::array<std::string_view, 3>{text_[0], text_[1], text_[2]}) {
    // The same texts at the same places: what is shared already stays shared.
    for (unsigned i = 0; i < 3; ++i) text_[i] = stored->own[i];
    ids_.assign(stored->shared.begin(), stored->shared.end());
    layout_.assign(stored->shared_at.begin(), stored->shared_at.end());
  } else {
    share_texts(c);
  }
  for (const auto& id : ids_) shared_.items.add(id);
  for (const auto at : layout_) shared_at_.items.add(at);
  ids_.clear();
  layout_.clear();
  shared_.end_row();
  shared_at_.end_row();
  for (std::size_t i = 0; i < 3; ++i) payload_[i].add(text_[i]);
  ++rows_;
}

void SpanBlock::add_derived(const DerivedFacts& d) {
  kind_.add(d.kind);
  is_error_.add(d.is_error);
  environment_.add(d.environment);
  provider_.add(d.provider);
  operation_.add(d.operation);
  request_model_.add(d.request_model);
  response_model_.add(d.response_model);
  model_.add(d.model);
  response_id_.add(d.response_id);
  service_tier_.add(d.service_tier);
  region_.add(d.region);
  tool_.add(d.tool);
  agent_.add(d.agent);
  session_.add(d.session);
  user_.add(d.user);
  prompt_name_.add(d.prompt_name);
  prompt_version_.add(d.prompt_version);
  experiment_.add(d.experiment);
  variant_.add(d.variant);
  error_type_.add(d.error_type);
  error_message_.add(d.error_message);
  question_.add(d.question);
  answer_.add(d.answer);
  turn_number_.add(d.turn_number);
  first_token_ns_.add(d.first_token_ns);
  usage_role_.add(d.usage_role);
  usage_basis_.add(d.usage_basis);
  usage_known_.add(d.usage_known);
  tok_input_.add(d.tok_input);
  tok_cache_read_.add(d.tok_cache_read);
  tok_cache_write_.add(d.tok_cache_write);
  tok_output_.add(d.tok_output);
  tok_reasoning_.add(d.tok_reasoning);
  for (std::size_t i = 0; i < d.others; ++i) tok_other_.add(d.other[i].first, d.other[i].second);
  tok_other_.end_row();
  reported_cost_nano_.add(d.reported_cost_nano);
}

}  // namespace turnscope::store
