#include "store/derived_facts.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace turnscope::store {
namespace {

constexpr std::size_t kPreview = 200;  // characters

/// The first `characters` characters of valid UTF-8.
std::string_view preview(std::string_view s, std::size_t characters = kPreview) {
  if (s.size() <= characters) return s;
  std::size_t seen = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(s[i]) & 0xc0) != 0x80;
    if (begins && seen++ == characters) return s.substr(0, i);
  }
  return s;
}

std::string_view answer_of(const otlp::Span& span, const genai::Columns& g) {
  if (g.kind != genai::Kind::agent && g.kind != genai::Kind::turn && span.parent_span_id != 0) return {};
  for (auto it = g.content.rbegin(); it != g.content.rend(); ++it) {
    if (it->direction != genai::ContentRef::Direction::output) continue;
    const auto attributes =
        it->event < 0 ? span.attributes : span.events[static_cast<std::size_t>(it->event)].attributes;
    const auto& value = attributes[it->attribute].value;
    // A list of messages is for the reader that knows its dialect, not for a preview.
    if (value.type != otlp::AnyValue::Type::string || value.text.empty() || value.text[0] == '[' ||
        value.text[0] == '{')
      continue;
    return preview(value.text);
  }
  return {};
}

/// The sum of the parts that are told; absent when none is. Saturates.
std::optional<std::uint64_t> whole(std::initializer_list<std::optional<std::uint64_t>> parts) {
  std::optional<std::uint64_t> sum;
  for (const auto& part : parts) {
    std::uint64_t next = 0;
    if (part) sum = __builtin_add_overflow(sum.value_or(0), *part, &next) ? UINT64_MAX : next;
  }
  return sum;
}

void usage(const genai::Columns& g, DerivedFacts& d) {
  const auto& u = g.usage;
  unsigned known = 0;
  const auto bucket = [&](std::uint64_t& column, const std::optional<std::uint64_t>& v, unsigned bit) {
    column = v.value_or(0);
    if (v) known |= 1u << bit;
  };
  // Whole columns, so that lists sum few of them; tok_other says which of their tokens are audio, image or a
  // cache write of a known life.
  bucket(d.tok_input, whole({u.input, u.input_audio, u.input_image}), 0);
  bucket(d.tok_cache_read, u.cache_read, 1);
  bucket(d.tok_cache_write, whole({u.cache_write, u.cache_write_5m, u.cache_write_1h}), 2);
  bucket(d.tok_output, whole({u.output, u.output_audio, u.output_image}), 3);
  bucket(d.tok_reasoning, u.reasoning, 4);
  if (g.reported_cost_nano_usd) known |= 1u << 8;
  if (u.reported_input_excludes_cache) known |= 1u << 9;
  if (u.reported_total) known |= 1u << 10;
  for (const auto& part :
       {u.cache_write_5m, u.cache_write_1h, u.input_audio, u.input_image, u.output_audio, u.output_image})
    if (part.value_or(0) > 0) known |= 1u << 11;
  d.usage_known = static_cast<std::uint16_t>(known);
  const auto other = [&](std::string_view key, const std::optional<std::uint64_t>& v) {
    if (v) d.other[d.others++] = {key, *v};
  };
  other("cache_write_5m", u.cache_write_5m);
  other("cache_write_1h", u.cache_write_1h);
  other("input_audio", u.input_audio);
  other("input_image", u.input_image);
  other("output_audio", u.output_audio);
  other("output_image", u.output_image);
  other("reported_input", u.reported_input);
  other("reported_output", u.reported_output);
  other("reported_total", u.reported_total);
  d.usage_role = static_cast<std::uint8_t>(u.role);
  d.usage_basis = static_cast<std::uint8_t>(u.basis);
  d.reported_cost_nano = g.reported_cost_nano_usd.value_or(0);
}

}  // namespace

DerivedFacts derived_facts(const otlp::Span& span, const genai::Columns& g) {
  DerivedFacts d;
  d.kind = static_cast<std::uint8_t>(g.kind);
  d.is_error = static_cast<std::uint8_t>(g.is_error);
  d.environment = g.environment;
  d.provider = g.provider;
  d.operation = g.operation;
  d.request_model = g.request_model;
  d.response_model = g.response_model;
  d.model = g.response_model.empty() ? g.request_model : g.response_model;
  d.response_id = g.response_id;
  d.service_tier = g.service_tier;
  d.region = g.region;
  d.tool = g.tool_name;
  d.agent = g.agent_name;
  d.session = g.session;
  d.user = g.user;
  d.prompt_name = g.prompt_name;
  d.prompt_version = g.prompt_version;
  d.experiment = g.experiment;
  d.variant = g.variant;
  d.error_type = g.error_type;
  d.error_message = preview(g.error_message);
  d.question = preview(g.question);
  d.answer = answer_of(span, g);
  constexpr std::int64_t kMax = std::numeric_limits<std::int32_t>::max();
  d.turn_number = static_cast<std::int32_t>(std::clamp<std::int64_t>(g.turn_number.value_or(-1), -1, kMax));
  d.first_token_ns = g.time_to_first_token_ns.value_or(0);
  usage(g, d);
  return d;
}

DerivedFacts read_derived(RowReader& in) {
  DerivedFacts d;
  d.kind = in.u8();
  d.is_error = in.u8();
  d.usage_role = in.u8();
  d.usage_basis = in.u8();
  d.usage_known = in.u16();
  d.turn_number = in.i32();
  d.first_token_ns = in.u64();
  for (auto* tokens : {&d.tok_input, &d.tok_cache_read, &d.tok_cache_write, &d.tok_output, &d.tok_reasoning})
    *tokens = in.u64();
  d.reported_cost_nano = in.i64();
  for (auto* text : {&d.environment, &d.provider,    &d.operation,    &d.request_model, &d.response_model,
                     &d.model,       &d.response_id, &d.service_tier, &d.region,        &d.tool,
                     &d.agent,       &d.session,     &d.user,         &d.prompt_name,   &d.prompt_version,
                     &d.experiment,  &d.variant,     &d.error_type,   &d.error_message, &d.question,
                     &d.answer})
    *text = in.string();
  const auto n = in.length();
  for (std::uint64_t i = 0; i < n && in.status(); ++i) {
    const auto key = in.string();
    const auto tokens = in.u64();
    // More than a view can have: the row was written by another program, so it is not what this one makes.
    if (i < d.other.size())
      d.other[d.others++] = {key, tokens};
    else
      d.kind = 0xff;
  }
  return d;
}

}  // namespace turnscope::store
