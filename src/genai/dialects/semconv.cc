// OpenTelemetry's semantic conventions for generative AI: the current names and the older ones of the same
// conventions. Source: opentelemetry.io/docs/specs/semconv/gen-ai; older names from its changelog (1.27
// to 1.36).
#include "genai/dialect.h"

namespace turnscope::genai {
namespace semconv_tables {
using enum Field;
using enum Convert;
constexpr KeyRule kKeys[] = {
    {"gen_ai.operation.name", operation, rank::semconv},
    {"gen_ai.provider.name", provider, rank::semconv},
    {"gen_ai.system", provider, rank::semconv_old},
    {"gen_ai.request.model", request_model, rank::semconv},
    {"gen_ai.response.model", response_model, rank::semconv},
    {"gen_ai.response.id", response_id, rank::semconv},
    {"gen_ai.response.finish_reasons", finish_reasons, rank::semconv, list},
    {"gen_ai.request.stream", streamed, rank::semconv, boolean},
    {"gen_ai.response.time_to_first_chunk", time_to_first_token, rank::semconv, seconds},
    {"gen_ai.client.operation.time_to_first_chunk", time_to_first_token, rank::semconv_old, seconds},
    {"gen_ai.request.service_tier", service_tier, rank::semconv_old},
    {"gen_ai.response.service_tier", service_tier, rank::semconv},
    {"openai.response.service_tier", service_tier, rank::vendor},
    {"gen_ai.openai.response.service_tier", service_tier, rank::vendor + 1},
    {"openai.request.service_tier", service_tier, rank::vendor + 2},
    {"cloud.region", region, rank::semconv},
    {"aws.region", region, rank::semconv_old},

    {"gen_ai.usage.input_tokens", input_tokens, rank::semconv, integer},
    {"gen_ai.usage.output_tokens", output_tokens, rank::semconv, integer},
    {"gen_ai.usage.prompt_tokens", input_tokens, rank::semconv_old, integer},
    {"gen_ai.usage.completion_tokens", output_tokens, rank::semconv_old, integer},
    {"gen_ai.usage.total_tokens", total_tokens, rank::semconv, integer},
    {"gen_ai.usage.cache_read.input_tokens", cache_read_tokens, rank::semconv, integer},
    {"gen_ai.usage.cache_read_input_tokens", cache_read_tokens, rank::semconv_old, integer},
    {"gen_ai.usage.cache_creation.input_tokens", cache_write_tokens, rank::semconv, integer},
    {"gen_ai.usage.cache_write.input_tokens", cache_write_tokens, rank::semconv + 1, integer},
    {"gen_ai.usage.cache_creation_input_tokens", cache_write_tokens, rank::semconv_old, integer},
    {"gen_ai.usage.cache_write_input_tokens", cache_write_tokens, rank::semconv_old + 1, integer},
    {"gen_ai.usage.reasoning.output_tokens", reasoning_tokens, rank::semconv, integer},
    {"gen_ai.usage.reasoning_tokens", reasoning_tokens, rank::semconv_old, integer},
    {"gen_ai.usage.audio.input_tokens", input_audio_tokens, rank::semconv, integer},
    {"gen_ai.usage.image.input_tokens", input_image_tokens, rank::semconv, integer},
    {"gen_ai.usage.audio.output_tokens", output_audio_tokens, rank::semconv, integer},
    {"gen_ai.usage.image.output_tokens", output_image_tokens, rank::semconv, integer},
    {"gen_ai.usage.cost", reported_cost, rank::semconv, number},

    {"gen_ai.input.messages", input_messages, rank::semconv, structured},
    {"gen_ai.output.messages", output_messages, rank::semconv, structured},
    {"gen_ai.system_instructions", system_instructions, rank::semconv, structured},
    {"gen_ai.tool.definitions", tools, rank::semconv, structured},
    {"gen_ai.agent.tools", tools, rank::semconv_old, structured},

    // Content uploaded elsewhere, told by reference.
    {"gen_ai.input.messages_ref", input_messages_ref, rank::semconv, structured},
    {"gen_ai.input.messages.ref", input_messages_ref, rank::semconv_old, structured},
    {"gen_ai.output.messages_ref", output_messages_ref, rank::semconv, structured},
    {"gen_ai.output.messages.ref", output_messages_ref, rank::semconv_old, structured},
    {"gen_ai.system_instructions_ref", system_instructions_ref, rank::semconv, structured},
    {"gen_ai.system_instructions.ref", system_instructions_ref, rank::semconv_old, structured},
    {"gen_ai.tool.definitions_ref", tools_ref, rank::semconv, structured},
    {"gen_ai.tool.definitions.ref", tools_ref, rank::semconv_old, structured},
    {"gen_ai.tool.call.arguments_ref", tool_arguments_ref, rank::semconv, structured},
    {"gen_ai.tool.call.arguments.ref", tool_arguments_ref, rank::semconv_old, structured},
    {"gen_ai.tool.call.result_ref", tool_result_ref, rank::semconv, structured},
    {"gen_ai.tool.call.result.ref", tool_result_ref, rank::semconv_old, structured},

    {"gen_ai.tool.name", tool_name, rank::semconv},
    {"gen_ai.tool.call.id", tool_call_id, rank::semconv},
    {"gen_ai.tool.call.arguments", tool_arguments, rank::semconv, structured},
    {"gen_ai.tool.call.result", tool_result, rank::semconv, structured},
    {"gen_ai.tool.description", tool_description, rank::semconv},
    {"gen_ai.retrieval.documents", documents, rank::semconv, structured},

    {"gen_ai.agent.name", agent_name, rank::semconv},
    {"gen_ai.workflow.name", workflow_name, rank::semconv},
    {"session.id", session_id, rank::semconv},
    {"gen_ai.conversation.id", session_id, rank::semconv_old},
    {"user.id", user_id, rank::semconv},
    {"enduser.id", user_id, rank::generic},
    {"gen_ai.prompt.name", prompt_id, rank::semconv_old},
    {"gen_ai.prompt.version", prompt_version, rank::semconv_old},

    {"error.type", error_type, rank::semconv},
    {"url.full", http_url, rank::semconv},
    {"http.url", http_url, rank::semconv_old},
    {"server.address", server_address, rank::semconv},
    {"net.peer.name", server_address, rank::semconv_old},
};
constexpr PrefixRule kPrefixes[] = {
    {"gen_ai.request.", Family::request_parameters},
    {"gen_ai.prompt.", Family::indexed_prompt},
    {"gen_ai.completion.", Family::indexed_completion},
    {"gen_ai.", Family::known},
};
constexpr ScopeRule kScopes[] = {
    {"opentelemetry.util.genai*", scope_genai | scope_input_includes_cache},
    {"opentelemetry.instrumentation.openai_v2*", scope_genai | scope_input_includes_cache},
    {"opentelemetry.instrumentation.openai_agents*", scope_genai | scope_input_includes_cache},
    {"opentelemetry.instrumentation.google_genai*", scope_genai | scope_input_includes_cache},
    {"opentelemetry.instrumentation.vertexai*", scope_genai | scope_input_includes_cache},
};
}  // namespace semconv_tables
extern const Dialect dialect_semconv{
    "semconv", semconv_tables::kKeys, semconv_tables::kPrefixes, semconv_tables::kScopes, {}};
}  // namespace turnscope::genai
