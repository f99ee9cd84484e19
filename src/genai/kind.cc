// The kind of a span in the agent view: the first rule that matches wins (docs/genai.md, "Kinds").
#include "genai/gather.h"
#include "genai/http_call.h"

namespace turnscope::genai {
namespace {

struct Word {
  std::string_view word;
  Kind kind;
};

std::optional<Kind> look(std::span<const Word> words, std::string_view w) {
  for (const Word& x : words)
    if (x.word == w) return x.kind;
  return std::nullopt;
}

constexpr Word kOpenInference[] = {{"LLM", Kind::llm},
                                   {"TOOL", Kind::tool},
                                   {"AGENT", Kind::agent},
                                   {"CHAIN", Kind::chain},
                                   {"RETRIEVER", Kind::retrieval},
                                   {"RERANKER", Kind::retrieval},
                                   {"EMBEDDING", Kind::embedding},
                                   {"GUARDRAIL", Kind::other},
                                   {"EVALUATOR", Kind::other},
                                   {"PROMPT", Kind::other}};
constexpr Word kLangfuse[] = {{"generation", Kind::llm},      {"agent", Kind::agent},
                              {"tool", Kind::tool},           {"chain", Kind::chain},
                              {"retriever", Kind::retrieval}, {"embedding", Kind::embedding},
                              {"span", Kind::other},          {"event", Kind::other},
                              {"evaluator", Kind::other},     {"guardrail", Kind::other}};
constexpr Word kTraceloop[] = {
    {"workflow", Kind::chain}, {"task", Kind::chain}, {"agent", Kind::agent}, {"tool", Kind::tool}};
constexpr Word kLangsmith[] = {{"llm", Kind::llm},
                               {"chain", Kind::chain},
                               {"tool", Kind::tool},
                               {"retriever", Kind::retrieval},
                               {"embedding", Kind::embedding},
                               {"prompt", Kind::other},
                               {"parser", Kind::other}};
constexpr Word kMlflow[] = {{"CHAT_MODEL", Kind::llm},     {"LLM", Kind::llm},
                            {"AGENT", Kind::agent},        {"TOOL", Kind::tool},
                            {"CHAIN", Kind::chain},        {"RETRIEVER", Kind::retrieval},
                            {"EMBEDDING", Kind::embedding}};
constexpr Word kOperations[] = {{"chat", Kind::llm},
                                {"text_completion", Kind::llm},
                                {"generate_content", Kind::llm},
                                {"embeddings", Kind::embedding},
                                {"execute_tool", Kind::tool},
                                {"invoke_agent", Kind::agent},
                                {"create_agent", Kind::agent},
                                {"invoke_workflow", Kind::chain},
                                {"retrieval", Kind::retrieval},
                                {"agent_step", Kind::turn},
                                {"execute_event_loop_cycle", Kind::turn}};

std::string_view unquoted(std::string_view s) {
  return s.size() >= 2 && s.front() == '"' && s.back() == '"' ? s.substr(1, s.size() - 2) : s;
}

std::optional<Kind> vercel(std::string_view op) {
  if (!op.starts_with("ai.")) return std::nullopt;
  if (op == "ai.toolCall") return Kind::tool;
  if (op.ends_with(".doGenerate") || op.ends_with(".doStream")) return Kind::llm;
  if (op.ends_with(".doEmbed")) return Kind::embedding;
  if (op.starts_with("ai.embed") || op.starts_with("ai.rerank")) return Kind::chain;
  if (op == "ai.generateText" || op == "ai.streamText" || op == "ai.generateObject" ||
      op == "ai.streamObject")
    return Kind::agent;
  return std::nullopt;
}

constexpr Word kNames[] = {
    {"agent", Kind::agent}, {"turn", Kind::turn},           {"llm", Kind::llm},
    {"tool", Kind::tool},   {"retrieval", Kind::retrieval}, {"embedding", Kind::embedding},
    {"chain", Kind::chain}, {"other", Kind::other}};

std::optional<Kind> by_field(const Gathered& g, Field f) {
  const otlp::AnyValue* v = g[f].value;
  if (!v) return std::nullopt;
  const std::string_view s = text_of(*v);
  switch (f) {
    case Field::kind:
      if (const auto k = g.tables->kind_word(s)) return k;
      return look(kNames, s);
    case Field::openinference_kind:
      return look(kOpenInference, s);
    case Field::langfuse_type:
      return look(kLangfuse, s);
    case Field::traceloop_kind:
      return look(kTraceloop, s);
    case Field::langsmith_kind:
      return look(kLangsmith, s);
    case Field::mlflow_type:
      return look(kMlflow, unquoted(s));
    case Field::ai_operation:
      return vercel(s);
    case Field::operation:
      return look(kOperations, s);
    case Field::request_type:
      return s == "embedding" ? Kind::embedding : Kind::llm;
    default:
      return std::nullopt;
  }
}
}  // namespace

KindFound kind_of(const Gathered& g) {
  // Logfire sends a placeholder when a span begins; the real span follows with the same facts.
  if (g.has(Field::span_type) && text_of(*g[Field::span_type].value) == "pending_span")
    return {Kind::other, Field::span_type, false};
  constexpr Field kOrder[] = {Field::kind,           Field::openinference_kind, Field::langfuse_type,
                              Field::traceloop_kind, Field::langsmith_kind,     Field::mlflow_type,
                              Field::ai_operation,   Field::operation,          Field::request_type};
  for (const Field f : kOrder)
    if (const auto k = by_field(g, f)) return {*k, f, false};
  const std::string_view n = g.span->name;
  for (const NameRule& r : g.tables->names()) {
    if (r.scope_traits && !(g.traits & r.scope_traits)) continue;
    if (scope_matches(r.name, n)) return {static_cast<Kind>(r.kind), Field::count, true};
  }
  if (g.trait(scope_genai)) {
    const std::size_t space = n.find(' ');
    if (const auto k = look(kOperations, n.substr(0, space))) return {*k, Field::count, true};
  }
  if (const auto call = http_call(g)) return {call->kind, call->by, false};
  return {};
}

Kind kind_of_operation(std::string_view operation) {
  return look(kOperations, operation).value_or(Kind::other);
}

std::string_view name(Kind k) {
  switch (k) {
    case Kind::agent:
      return "agent";
    case Kind::turn:
      return "turn";
    case Kind::llm:
      return "llm";
    case Kind::tool:
      return "tool";
    case Kind::retrieval:
      return "retrieval";
    case Kind::embedding:
      return "embedding";
    case Kind::chain:
      return "chain";
    case Kind::other:
      break;
  }
  return "other";
}

}  // namespace turnscope::genai
