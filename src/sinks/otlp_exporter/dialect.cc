#include "sinks/otlp_exporter/dialect.h"

#include <algorithm>

#include "otlp/decode.h"

namespace turnscope::sinks {
namespace {

using genai::Kind;
using otlp::AnyValue;
using otlp::KeyValue;

class Writer {
 public:
  Writer(std::vector<KeyValue>& out, std::deque<std::string>& texts) : out_(out), texts_(texts) {}
  void text(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    KeyValue kv{key, {}};
    kv.value.type = AnyValue::Type::string;
    // The view's made texts live until the next span only.
    kv.value.text = texts_.emplace_back(value);
    out_.push_back(kv);
  }
  void number(std::string_view key, std::optional<std::uint64_t> n) {
    if (!n) return;
    KeyValue kv{key, {}};
    kv.value.type = AnyValue::Type::integer;
    kv.value.integer = static_cast<std::int64_t>(std::min<std::uint64_t>(*n, INT64_MAX));
    out_.push_back(kv);
  }

 private:
  std::vector<KeyValue>& out_;
  std::deque<std::string>& texts_;
};

/// Whole input as providers bill it: cached tokens are part of it. Unknown parts add nothing, all unknown is
/// unknown.
std::optional<std::uint64_t> sum(std::initializer_list<std::optional<std::uint64_t>> parts) {
  std::optional<std::uint64_t> total;
  for (const auto& p : parts)
    if (p) total = total.value_or(0) + *p;
  return total;
}

std::optional<std::uint64_t> all_input(const genai::Usage& u) {
  return sum({u.input, u.cache_read, u.cache_write, u.cache_write_5m, u.cache_write_1h, u.input_audio,
              u.input_image});
}
std::optional<std::uint64_t> all_output(const genai::Usage& u) {
  return sum({u.output, u.reasoning, u.output_audio, u.output_image});
}

std::string content_text(const otlp::Span& s, const genai::Columns& view,
                         genai::ContentRef::Direction direction) {
  for (const auto& ref : view.content) {
    if (ref.direction != direction) continue;
    const auto& attributes =
        ref.event < 0 ? s.attributes : s.events[static_cast<std::size_t>(ref.event)].attributes;
    const AnyValue& v = attributes[ref.attribute].value;
    if (v.type == AnyValue::Type::string) return std::string(v.text);
    std::string json;
    otlp::encode_plain_json(v, json);
    return json;
  }
  return {};
}

std::string_view openinference_kind(Kind k) {
  switch (k) {
    case Kind::agent:
    case Kind::turn:
      return "AGENT";
    case Kind::llm:
      return "LLM";
    case Kind::tool:
      return "TOOL";
    case Kind::retrieval:
      return "RETRIEVER";
    case Kind::embedding:
      return "EMBEDDING";
    case Kind::chain:
      return "CHAIN";
    case Kind::other:
      return {};
  }
  return {};
}

std::string_view semconv_operation(Kind k) {
  switch (k) {
    case Kind::agent:
      return "invoke_agent";
    case Kind::llm:
      return "chat";
    case Kind::tool:
      return "execute_tool";
    case Kind::embedding:
      return "embeddings";
    default:
      return {};
  }
}

void openinference(const otlp::Span& s, const genai::Columns& v, bool content, Writer& w) {
  w.text("openinference.span.kind", openinference_kind(v.kind));
  w.text("llm.model_name", v.response_model.empty() ? v.request_model : v.response_model);
  w.text("llm.provider", v.provider);
  const auto in = all_input(v.usage), out = all_output(v.usage);
  w.number("llm.token_count.prompt", in);
  w.number("llm.token_count.completion", out);
  if (in && out) w.number("llm.token_count.total", *in + *out);
  w.number("llm.token_count.prompt_details.cache_read", v.usage.cache_read);
  w.number("llm.token_count.completion_details.reasoning", v.usage.reasoning);
  w.text("tool.name", v.tool_name);
  w.text("agent.name", v.agent_name);
  w.text("session.id", v.session);
  w.text("user.id", v.user);
  if (!content) return;
  w.text("input.value", content_text(s, v, genai::ContentRef::Direction::input));
  w.text("output.value", content_text(s, v, genai::ContentRef::Direction::output));
}

void semconv(const genai::Columns& v, Writer& w) {
  w.text("gen_ai.operation.name", v.operation.empty() ? semconv_operation(v.kind) : v.operation);
  w.text("gen_ai.provider.name", v.provider);
  w.text("gen_ai.request.model", v.request_model);
  w.text("gen_ai.response.model", v.response_model);
  w.number("gen_ai.usage.input_tokens", all_input(v.usage));
  w.number("gen_ai.usage.output_tokens", all_output(v.usage));
  w.text("gen_ai.tool.name", v.tool_name);
  w.text("gen_ai.agent.name", v.agent_name);
  w.text("gen_ai.conversation.id", v.session);
}

}  // namespace

void add_dialect(const otlp::Span& span, const genai::Columns& view, const SpanChanges& changes,
                 std::vector<KeyValue>& out, std::deque<std::string>& texts) {
  Writer w(out, texts);
  if (changes.dialect == SpanChanges::Dialect::openinference)
    openinference(span, view, !changes.strip_content, w);
  else if (changes.dialect == SpanChanges::Dialect::semconv)
    semconv(view, w);
}

}  // namespace turnscope::sinks
