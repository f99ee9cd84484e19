// OpenInference (Arize Phoenix): openinference.span.kind, llm.*, input.value, output.value, retrieval.*,
// embedding.*.
#include "genai/dialect.h"

namespace turnscope::genai {
namespace openinference_tables {
using enum Field;
using enum Convert;
constexpr KeyRule kKeys[] = {
    {"openinference.span.kind", openinference_kind, rank::openinference},
    {"llm.provider", provider, rank::openinference},
    {"llm.system", provider, rank::openinference + 1},
    {"llm.request.model_name", request_model, rank::openinference},
    {"llm.response.model_name", response_model, rank::openinference},
    {"llm.model_name", model, rank::openinference},
    {"embedding.model_name", model, rank::openinference + 1},
    {"reranker.model_name", model, rank::openinference + 2},
    {"llm.token_count.prompt", input_tokens, rank::openinference, integer},
    {"llm.token_count.completion", output_tokens, rank::openinference, integer},
    {"llm.token_count.total", total_tokens, rank::openinference, integer},
    {"llm.token_count.prompt_details.cache_read", cache_read_tokens, rank::openinference, integer},
    {"llm.token_count.prompt_details.cache_write", cache_write_tokens, rank::openinference, integer},
    {"llm.token_count.prompt_details.audio", input_audio_tokens, rank::openinference, integer},
    {"llm.token_count.completion_details.reasoning", reasoning_tokens, rank::openinference, integer},
    {"llm.token_count.completion_details.audio", output_audio_tokens, rank::openinference, integer},
    {"llm.cost.total", reported_cost, rank::openinference, number},
    {"llm.finish_reason", finish_reasons, rank::openinference, list},
    {"llm.invocation_parameters", parameters, rank::openinference, structured},
    {"embedding.invocation_parameters", parameters, rank::openinference + 1, structured},
    {"input.value", input, rank::openinference + 9, structured},
    {"output.value", output, rank::openinference + 9, structured},
    {"input.mime_type", input_mime, rank::openinference},
    {"output.mime_type", output_mime, rank::openinference},
    {"tool.description", tool_description, rank::openinference},
    {"tag.tags", tags, rank::openinference, list},
    {"metadata", metadata, rank::openinference, structured},
    {"llm.prompt_template.template", prompt_template, rank::openinference},
    {"llm.prompt_template.version", prompt_version, rank::openinference},
    {"llm.prompt_template.variables", prompt_variables, rank::openinference, structured},
};
constexpr PrefixRule kPrefixes[] = {
    {"llm.input_messages.", Family::openinference_input},
    {"llm.output_messages.", Family::openinference_output},
    {"llm.tools.", Family::openinference_tools},
    {"retrieval.documents.", Family::openinference_documents},
    {"embedding.embeddings.", Family::openinference_embeddings},
    {"llm.", Family::known},
    {"graph.node.", Family::known},
    {"tool.", Family::known},
};
constexpr ScopeRule kScopes[] = {{"openinference.*", scope_genai | scope_input_includes_cache}};
}  // namespace openinference_tables
extern const Dialect dialect_openinference{"openinference",
                                           openinference_tables::kKeys,
                                           openinference_tables::kPrefixes,
                                           openinference_tables::kScopes,
                                           {}};
}  // namespace turnscope::genai
