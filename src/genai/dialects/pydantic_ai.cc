// Pydantic AI (all its instrumentation formats) and Logfire's own instrumentations of model SDKs.
#include "genai/dialect.h"
#include "genai/view.h"

namespace turnscope::genai {
namespace pydantic_ai_tables {
using enum Field;
using enum Convert;
constexpr KeyRule kKeys[] = {
    {"model_name", request_model, rank::generic},
    {"agent_name", agent_name, rank::generic},
    {"final_result", output, rank::semconv, structured},
    {"pydantic_ai.all_messages", input_messages, rank::semconv + 1, structured},
    {"all_messages_events", input_messages, rank::generic, structured},
    {"tool_arguments", tool_arguments, rank::vendor, structured},
    {"tool_response", tool_result, rank::vendor, structured},
    {"operation.cost", reported_cost, rank::vendor, number},
    {"gen_ai.usage.details.cache_read_input_tokens", cache_read_tokens, rank::vendor, integer},
    {"gen_ai.usage.details.cache_read_tokens", cache_read_tokens, rank::vendor + 1, integer},
    {"gen_ai.usage.details.cache_creation_input_tokens", cache_write_tokens, rank::vendor, integer},
    {"gen_ai.usage.details.cache_write_tokens", cache_write_tokens, rank::vendor + 1, integer},
    {"gen_ai.usage.details.reasoning_tokens", reasoning_tokens, rank::vendor, integer},
    {"gen_ai.aggregated_usage.input_tokens", input_tokens, rank::aggregate, integer},
    {"gen_ai.aggregated_usage.output_tokens", output_tokens, rank::aggregate, integer},
    {"gen_ai.aggregated_usage.cache_read.input_tokens", cache_read_tokens, rank::aggregate, integer},
    {"gen_ai.aggregated_usage.cache_creation.input_tokens", cache_write_tokens, rank::aggregate, integer},
    {"gen_ai.aggregated_usage.details.cache_read_input_tokens", cache_read_tokens, rank::aggregate + 1,
     integer},
    {"gen_ai.aggregated_usage.details.cache_read_tokens", cache_read_tokens, rank::aggregate + 2, integer},
    {"gen_ai.aggregated_usage.details.cache_creation_input_tokens", cache_write_tokens, rank::aggregate + 1,
     integer},
    {"gen_ai.aggregated_usage.details.cache_write_tokens", cache_write_tokens, rank::aggregate + 2, integer},
    {"gen_ai.aggregated_usage.details.reasoning_tokens", reasoning_tokens, rank::aggregate + 1, integer},
    {"gen_ai.usage.raw", usage_raw, rank::vendor, structured},
    {"logfire.span_type", span_type, rank::vendor},
    {"logfire.pending_parent_id", announced_parent, rank::vendor},
    {"request_data", request_data, rank::generic, structured},
    {"response_data", response_data, rank::generic, structured},
};
constexpr PrefixRule kPrefixes[] = {
    {"pydantic_ai.", Family::known},
    {"logfire.", Family::known},
    {"model_request_parameters", Family::known},
};
constexpr ScopeRule kScopes[] = {
    {"pydantic-ai", scope_genai | scope_pydantic | scope_input_includes_cache},
    {"logfire.openai*", scope_genai | scope_logfire},
    {"logfire.anthropic*", scope_genai | scope_logfire},
    {"logfire*", scope_logfire},
};
constexpr auto k(Kind kind) { return static_cast<std::uint8_t>(kind); }
constexpr NameRule kNames[] = {
    {"agent run", k(Kind::agent), scope_pydantic},
    {"running tool", k(Kind::tool), scope_pydantic},
};
}  // namespace pydantic_ai_tables
extern const Dialect dialect_pydantic_ai{"pydantic-ai", pydantic_ai_tables::kKeys,
                                         pydantic_ai_tables::kPrefixes, pydantic_ai_tables::kScopes,
                                         pydantic_ai_tables::kNames};
}  // namespace turnscope::genai
