// OpenLLMetry / Traceloop: the decorators' traceloop.* keys, the flags of today's instrumentations and the
// indexed messages of versions up to 0.40 (gen_ai.prompt.N.*, llm.request.type, llm.usage.*).
#include "genai/dialect.h"

namespace turnscope::genai {
namespace traceloop_tables {
using enum Field;
using enum Convert;
constexpr KeyRule kKeys[] = {
    {"traceloop.span.kind", traceloop_kind, rank::traceloop_old},
    {"llm.request.type", request_type, rank::traceloop_old},
    {"llm.usage.total_tokens", total_tokens, rank::traceloop_old, integer},
    {"llm.usage.prompt_tokens", input_tokens, rank::traceloop_old, integer},
    {"llm.usage.completion_tokens", output_tokens, rank::traceloop_old, integer},
    {"llm.is_streaming", streamed, rank::traceloop_old, boolean},
    {"gen_ai.is_streaming", streamed, rank::semconv_old, boolean},
    {"traceloop.entity.name", entity_name, rank::traceloop_old},
    {"traceloop.entity.input", input, rank::traceloop_old, json},
    {"traceloop.entity.output", output, rank::traceloop_old, json},
    {"traceloop.workflow.name", workflow_name, rank::traceloop_old},
    {"traceloop.prompt.key", prompt_id, rank::traceloop_old},
    {"traceloop.prompt.version", prompt_version, rank::traceloop_old},
    {"traceloop.prompt.template", prompt_template, rank::traceloop_old},
    {"traceloop.prompt.template_variables", prompt_variables, rank::traceloop_old, structured},
    {"traceloop.association.properties.session_id", session_id, rank::traceloop_old},
    {"traceloop.association.properties.user_id", user_id, rank::traceloop_old},
};
constexpr PrefixRule kPrefixes[] = {
    {"traceloop.association.properties.", Family::metadata},
    {"traceloop.", Family::known},
    {"llm.request.functions.", Family::request_functions},
};
constexpr ScopeRule kScopes[] = {
    {"opentelemetry.instrumentation.anthropic*", scope_genai | scope_input_includes_cache},
    {"opentelemetry.instrumentation.openai.*", scope_genai | scope_input_includes_cache},
    {"opentelemetry.instrumentation.openai", scope_genai | scope_input_includes_cache},
    {"opentelemetry.instrumentation.bedrock*", scope_genai},
    {"opentelemetry.instrumentation.cohere*", scope_genai},
    {"opentelemetry.instrumentation.google_generativeai*", scope_genai | scope_input_includes_cache},
    {"opentelemetry.instrumentation.groq*", scope_genai | scope_input_includes_cache},
    {"opentelemetry.instrumentation.langchain*", scope_genai},
    {"opentelemetry.instrumentation.llamaindex*", scope_genai},
    {"opentelemetry.instrumentation.mistralai*", scope_genai},
    {"opentelemetry.instrumentation.ollama*", scope_genai},
    {"opentelemetry.instrumentation.crewai*", scope_genai},
    {"opentelemetry.instrumentation.haystack*", scope_genai},
    {"traceloop.tracer", scope_genai},
};
}  // namespace traceloop_tables
extern const Dialect dialect_traceloop{
    "traceloop", traceloop_tables::kKeys, traceloop_tables::kPrefixes, traceloop_tables::kScopes, {}};
}  // namespace turnscope::genai
