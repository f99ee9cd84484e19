#include "genai/usage.h"

#include <simdjson.h>

#include <cmath>

namespace turnscope::genai {
namespace {
using Type = otlp::AnyValue::Type;

/// Reads counts from a JSON object that comes as text or as a kvlist. Text beyond 64 KiB is not usage: not
/// parsed.
class Details {
 public:
  explicit Details(const otlp::AnyValue* v) {
    if (!v) return;
    if (v->type == Type::kvlist) {
      list_ = v;
      return;
    }
    if (v->type != Type::string || v->text.size() > 65536 || v->text.size() < 2) return;
    thread_local simdjson::dom::parser parser(1 << 17);
    simdjson::dom::element root;
    if (parser.parse(v->text.data(), v->text.size()).get(root) || !root.is_object()) return;
    root_ = root;
    parsed_ = true;
  }
  bool has(std::string_view path) const {
    simdjson::dom::element e;
    if (parsed_) return at(path, e);
    return list_ && at_list(path) != nullptr;
  }
  std::optional<double> number(std::string_view path) const {
    if (parsed_) {
      simdjson::dom::element e;
      if (!at(path, e)) return std::nullopt;
      double d = 0;
      std::string_view s;
      if (!e.get(d)) return std::isfinite(d) ? std::optional(d) : std::nullopt;
      if (!e.get(s)) return number_in(s);
      return std::nullopt;
    }
    const otlp::AnyValue* v = list_ ? at_list(path) : nullptr;
    return v ? as_number(*v) : std::nullopt;
  }
  std::optional<std::uint64_t> count(std::string_view path) const {
    const auto d = number(path);
    if (!d || *d < 0 || *d != std::floor(*d) || *d > 9e15) return std::nullopt;
    return static_cast<std::uint64_t>(*d);
  }
  explicit operator bool() const { return parsed_ || list_; }

 private:
  bool at(std::string_view path, simdjson::dom::element& out) const {
    simdjson::dom::element e = root_;
    while (!path.empty()) {
      const std::size_t dot = path.find('/');
      simdjson::dom::object o;
      if (e.get(o) || o.at_key(path.substr(0, dot)).get(e)) return false;
      path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    }
    out = e;
    return true;
  }
  const otlp::AnyValue* at_list(std::string_view path) const {
    const otlp::AnyValue* v = list_;
    while (!path.empty()) {
      const std::size_t dot = path.find('/');
      const otlp::AnyValue* found = nullptr;
      for (const auto& kv : v->fields)
        if (kv.key == path.substr(0, dot)) found = &kv.value;
      if (!found) return nullptr;
      v = found;
      path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    }
    return v;
  }
  bool parsed_ = false;
  simdjson::dom::element root_;
  const otlp::AnyValue* list_ = nullptr;
};

Count plain(const Gathered& g, Field f) {
  Count c;
  if (const otlp::AnyValue* v = g[f].value) {
    c.value = as_count(*v);
    c.field = f;
  }
  return c;
}

/// Takes the first path that has a count, if nothing better is known yet: the plain key of a better rank
/// stays.
void fill(const Gathered& g, Count& c, Field plain_field, const Details& d, Field f, std::uint8_t json_rank,
          std::initializer_list<std::string_view> paths) {
  if (c && (c.field != plain_field || g[plain_field].rule->rank <= json_rank)) return;
  for (const auto p : paths)
    if (const auto n = d.count(p)) {
      c = {n, f, p};
      return;
    }
}

bool raw_anthropic(std::string_view provider) {
  return provider == "anthropic" || provider == "aws.bedrock" || provider == "aws_bedrock" ||
         provider == "bedrock";
}

void decide_basis(const Gathered& g, std::string_view provider, bool langfuse_raw, Count raw_input,
                  bool vercel_old, Reported& r) {
  if (!r.input) return;
  const std::uint64_t in = *r.input.value, cached = r.cache_read.or_zero() + r.cache_write.or_zero();
  if (cached == 0) {
    r.basis = UsageBasis::known;
    r.reason = "no cached tokens: both readings agree";
    return;
  }
  if (cached > in) {
    r.input_excludes_cache = true, r.basis = UsageBasis::proven,
    r.reason = "cache_read + cache_write > input";
    return;
  }
  if (r.total && r.output && *r.total.value == in + cached + *r.output.value) {
    r.input_excludes_cache = true, r.basis = UsageBasis::proven,
    r.reason = "total = input + cache_read + cache_write + output";
    return;
  }
  if (raw_input) {  // the vendor's own numbers are there to compare with
    r.input_excludes_cache = *raw_input.value == in, r.basis = UsageBasis::proven;
    r.reason = r.input_excludes_cache ? "input equals the vendor's raw input_tokens"
                                      : "input is more than the vendor's raw input_tokens";
    return;
  }
  if (vercel_old && raw_anthropic(provider)) {
    r.input_excludes_cache = true, r.basis = UsageBasis::known,
    r.reason = "ai.usage.promptTokens of Anthropic are the vendor's raw numbers";
    return;
  }
  if (langfuse_raw) {
    r.input_excludes_cache = true, r.basis = UsageBasis::known,
    r.reason = "Langfuse usage under Anthropic's raw names";
    return;
  }
  if (g.trait(scope_input_excludes_cache) && raw_anthropic(provider)) {
    r.input_excludes_cache = true, r.basis = UsageBasis::known,
    r.reason = "this library sends Anthropic's raw numbers";
    return;
  }
  if (g.trait(scope_input_includes_cache) || g.trait(scope_input_excludes_cache)) {
    r.basis = UsageBasis::known, r.reason = "this library counts cached tokens as input";
    return;
  }
  if (r.total && r.output && *r.total.value == in + *r.output.value) {
    r.basis = UsageBasis::proven, r.reason = "total = input + output";
    return;
  }
  r.basis = UsageBasis::assumed, r.reason = "the conventions count cached tokens as input";
}
}  // namespace

Reported reported_usage(const Gathered& g, std::string_view provider) {
  Reported r;
  r.input = plain(g, Field::input_tokens);
  r.output = plain(g, Field::output_tokens);
  r.total = plain(g, Field::total_tokens);
  r.cache_read = plain(g, Field::cache_read_tokens);
  r.cache_write = plain(g, Field::cache_write_tokens);
  r.cache_write_5m = plain(g, Field::cache_write_5m_tokens);
  r.cache_write_1h = plain(g, Field::cache_write_1h_tokens);
  r.reasoning = plain(g, Field::reasoning_tokens);
  r.input_audio = plain(g, Field::input_audio_tokens);
  r.input_image = plain(g, Field::input_image_tokens);
  r.output_audio = plain(g, Field::output_audio_tokens);
  r.output_image = plain(g, Field::output_image_tokens);

  bool langfuse_raw = false, vercel_old = false;
  Count raw_input;
  if (g.has(Field::usage_details)) {
    const Details d(g[Field::usage_details].value);
    const Field f = Field::usage_details;
    const std::uint8_t rk = g[f].rule->rank;
    fill(g, r.input, Field::input_tokens, d, f, rk,
         {"input", "input_tokens", "prompt_tokens", "promptTokens", "inputTokens"});
    fill(g, r.output, Field::output_tokens, d, f, rk,
         {"output", "output_tokens", "completion_tokens", "completionTokens", "outputTokens"});
    fill(g, r.total, Field::total_tokens, d, f, rk, {"total", "total_tokens", "totalTokens"});
    fill(g, r.cache_read, Field::cache_read_tokens, d, f, rk,
         {"cache_read_input_tokens", "input_cached_tokens", "input_cache_read",
          "prompt_tokens_details/cached_tokens", "input_tokens_details/cached_tokens",
          "input_token_details/cache_read"});
    fill(g, r.cache_write, Field::cache_write_tokens, d, f, rk,
         {"cache_creation_input_tokens", "input_cache_creation", "input_tokens_details/cache_write_tokens",
          "prompt_tokens_details/cache_write_tokens", "input_token_details/cache_creation"});
    fill(g, r.cache_write_5m, Field::cache_write_5m_tokens, d, f, rk,
         {"input_cache_creation_5m", "cache_creation/ephemeral_5m_input_tokens"});
    fill(g, r.cache_write_1h, Field::cache_write_1h_tokens, d, f, rk,
         {"input_cache_creation_1h", "cache_creation/ephemeral_1h_input_tokens"});
    fill(g, r.reasoning, Field::reasoning_tokens, d, f, rk,
         {"completion_tokens_details/reasoning_tokens", "output_tokens_details/reasoning_tokens",
          "output_reasoning_tokens", "reasoning_tokens", "output_reasoning",
          "output_token_details/reasoning"});
    langfuse_raw =
        r.input.field == f && (d.has("cache_read_input_tokens") || d.has("cache_creation_input_tokens"));
  }
  if (g.has(Field::provider_metadata)) {
    const Details d(g[Field::provider_metadata].value);
    const Field f = Field::provider_metadata;
    const std::uint8_t rk = g[f].rule->rank;
    fill(g, r.cache_read, Field::cache_read_tokens, d, f, rk,
         {"anthropic/cacheReadInputTokens", "anthropic/usage/cache_read_input_tokens",
          "openai/cachedPromptTokens", "bedrock/usage/cacheReadInputTokens"});
    fill(g, r.cache_write, Field::cache_write_tokens, d, f, rk,
         {"anthropic/cacheCreationInputTokens", "anthropic/usage/cache_creation_input_tokens",
          "bedrock/usage/cacheWriteInputTokens"});
    fill(g, r.cache_write_5m, Field::cache_write_5m_tokens, d, f, rk,
         {"anthropic/usage/cache_creation/ephemeral_5m_input_tokens"});
    fill(g, r.cache_write_1h, Field::cache_write_1h_tokens, d, f, rk,
         {"anthropic/usage/cache_creation/ephemeral_1h_input_tokens"});
    fill(g, r.reasoning, Field::reasoning_tokens, d, f, rk, {"openai/reasoningTokens"});
    if (const auto n = d.count("anthropic/usage/input_tokens");
        n && d.count("anthropic/usage/output_tokens") == r.output.value)
      raw_input = {n, f, "anthropic/usage/input_tokens"};
    else
      vercel_old = d.has("anthropic/cacheReadInputTokens") || d.has("anthropic/cacheCreationInputTokens");
  }
  if (g.has(Field::token_usage)) {
    const Details d(g[Field::token_usage].value);
    const Field f = Field::token_usage;
    const std::uint8_t rk = g[f].rule->rank;
    fill(g, r.input, Field::input_tokens, d, f, rk, {"input_tokens"});
    fill(g, r.output, Field::output_tokens, d, f, rk, {"output_tokens"});
    fill(g, r.total, Field::total_tokens, d, f, rk, {"total_tokens"});
    fill(g, r.cache_read, Field::cache_read_tokens, d, f, rk, {"cache_read_input_tokens"});
    fill(g, r.cache_write, Field::cache_write_tokens, d, f, rk, {"cache_creation_input_tokens"});
  }
  if (g.has(Field::usage_metadata)) {
    const Details d(g[Field::usage_metadata].value);
    const Field f = Field::usage_metadata;
    const std::uint8_t rk = g[f].rule->rank;
    fill(g, r.input, Field::input_tokens, d, f, rk, {"input_tokens"});
    fill(g, r.output, Field::output_tokens, d, f, rk, {"output_tokens"});
    fill(g, r.total, Field::total_tokens, d, f, rk, {"total_tokens"});
    fill(g, r.cache_read, Field::cache_read_tokens, d, f, rk, {"input_token_details/cache_read"});
    fill(g, r.cache_write_5m, Field::cache_write_5m_tokens, d, f, rk,
         {"input_token_details/ephemeral_5m_input_tokens"});
    fill(g, r.cache_write_1h, Field::cache_write_1h_tokens, d, f, rk,
         {"input_token_details/ephemeral_1h_input_tokens"});
    fill(g, r.reasoning, Field::reasoning_tokens, d, f, rk, {"output_token_details/reasoning"});
    // LangChain splits one count in three members; the first is 0 when the others are set.
    if (!r.cache_write && d.has("input_token_details"))
      r.cache_write = {d.count("input_token_details/cache_creation").value_or(0) +
                           r.cache_write_5m.or_zero() + r.cache_write_1h.or_zero(),
                       f, "input_token_details"};
  }
  if (g.has(Field::usage_raw)) {
    // Logfire keeps the vendor's own usage beside the converted counts: parts come from there.
    const Details d(g[Field::usage_raw].value);
    const Field f = Field::usage_raw;
    const std::uint8_t rk = g[f].rule->rank;
    fill(g, r.cache_read, Field::cache_read_tokens, d, f, rk,
         {"cache_read_input_tokens", "prompt_tokens_details/cached_tokens",
          "input_tokens_details/cached_tokens"});
    fill(g, r.cache_write, Field::cache_write_tokens, d, f, rk, {"cache_creation_input_tokens"});
    fill(g, r.cache_write_5m, Field::cache_write_5m_tokens, d, f, rk,
         {"cache_creation/ephemeral_5m_input_tokens"});
    fill(g, r.cache_write_1h, Field::cache_write_1h_tokens, d, f, rk,
         {"cache_creation/ephemeral_1h_input_tokens"});
    fill(g, r.reasoning, Field::reasoning_tokens, d, f, rk,
         {"completion_tokens_details/reasoning_tokens", "output_tokens_details/reasoning_tokens"});
    if (d.has("cache_read_input_tokens"))
      if (const auto n = d.count("input_tokens")) raw_input = {n, f, "input_tokens"};
  }
  // The parts of the cache write say it when the whole is not told.
  if (!r.cache_write && (r.cache_write_5m || r.cache_write_1h))
    r.cache_write = {r.cache_write_5m.or_zero() + r.cache_write_1h.or_zero(),
                     r.cache_write_5m ? r.cache_write_5m.field : r.cache_write_1h.field, "5m + 1h"};
  r.any = r.input || r.output || r.total || r.cache_read || r.cache_write || r.reasoning;
  decide_basis(g, provider, langfuse_raw, raw_input, vercel_old, r);
  return r;
}

void buckets(const Reported& r, Kind kind, Usage& u) {
  u = {};
  if (!r.any) return;
  u.role = kind == Kind::llm || kind == Kind::embedding ? UsageRole::own : UsageRole::aggregate;
  u.basis = r.basis;
  u.reported_input = r.input.value;
  u.reported_output = r.output.value;
  u.reported_total = r.total.value;
  u.reported_input_excludes_cache = r.input_excludes_cache;
  u.cache_read = r.cache_read.value;
  u.cache_write_5m = r.cache_write_5m.value;
  u.cache_write_1h = r.cache_write_1h.value;
  const std::uint64_t split = r.cache_write_5m.or_zero() + r.cache_write_1h.or_zero();
  if (r.cache_write) {
    if (!r.cache_write_5m && !r.cache_write_1h)
      u.cache_write = r.cache_write.value;
    else if (*r.cache_write.value > split)
      u.cache_write = *r.cache_write.value - split;
  }
  if (r.input) {
    std::uint64_t rest = *r.input.value;
    const std::uint64_t cached = r.cache_read.or_zero() + std::max(r.cache_write.or_zero(), split);
    if (!r.input_excludes_cache && cached <= rest) rest -= cached;
    // Audio and image tokens are parts of input; a part that is larger than the rest is not one of it.
    for (const auto& [part, bucket] :
         {std::pair{&r.input_audio, &u.input_audio}, std::pair{&r.input_image, &u.input_image}}) {
      if (!*part) continue;
      *bucket = part->value;
      if (*part->value <= rest) rest -= *part->value;
    }
    u.input = rest;
  }
  if (r.output) {
    std::uint64_t rest = *r.output.value;
    const bool beside =
        r.total && r.input && r.reasoning && *r.reasoning.value > 0 &&
        *r.total.value == *r.input.value + *r.output.value +
                              *r.reasoning.value;  // Gemini: thoughts are not in the candidates
    if (r.reasoning) {
      u.reasoning = r.reasoning.value;
      if (!beside && *r.reasoning.value <= rest) rest -= *r.reasoning.value;
    }
    for (const auto& [part, bucket] :
         {std::pair{&r.output_audio, &u.output_audio}, std::pair{&r.output_image, &u.output_image}}) {
      if (!*part) continue;
      *bucket = part->value;
      if (*part->value <= rest) rest -= *part->value;
    }
    u.output = rest;
  } else if (r.reasoning) {
    u.reasoning = r.reasoning.value;
  }
}

std::optional<double> reported_cost(const Gathered& g, Field& from) {
  if (const otlp::AnyValue* v = g[Field::reported_cost].value) {
    from = Field::reported_cost;
    if (const auto d = as_number(*v); d && *d >= 0) return d;
  }
  if (g.has(Field::cost_details)) {
    const Details d(g[Field::cost_details].value);
    from = Field::cost_details;
    for (const auto p : {"total", "total_cost"})
      if (const auto n = d.number(p); n && *n >= 0) return n;
  }
  return std::nullopt;
}

std::optional<std::int64_t> nano_usd(double dollars) {
  if (!std::isfinite(dollars) || dollars < 0 || dollars > 9e9) return std::nullopt;
  return std::llround(dollars * 1e9);
}

}  // namespace turnscope::genai
