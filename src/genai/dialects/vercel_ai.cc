// Vercel AI SDK: ai.* keys in scope "ai"; its newer tracer (scope "gen_ai") writes the semantic conventions.
#include "genai/dialect.h"

namespace turnscope::genai {
namespace vercel_ai_tables {
using enum Field;
using enum Convert;
constexpr KeyRule kKeys[] = {
    {"ai.operationId", ai_operation, rank::vercel},
    {"ai.model.id", request_model, rank::vercel},
    {"ai.model.provider", provider, rank::vercel},
    {"ai.response.model", response_model, rank::vercel},
    {"ai.response.id", response_id, rank::vercel},
    {"ai.response.finishReason", finish_reasons, rank::vercel, list},
    {"ai.finishReason", finish_reasons, rank::vercel + 1, list},
    {"ai.response.msToFirstChunk", time_to_first_token, rank::vercel, milliseconds},
    {"ai.usage.inputTokens", input_tokens, rank::vercel, integer},
    {"ai.usage.promptTokens", input_tokens, rank::vercel + 1, integer},
    {"ai.usage.tokens", input_tokens, rank::vercel + 2, integer},
    {"ai.usage.outputTokens", output_tokens, rank::vercel, integer},
    {"ai.usage.completionTokens", output_tokens, rank::vercel + 1, integer},
    {"ai.usage.totalTokens", total_tokens, rank::vercel, integer},
    {"ai.usage.inputTokenDetails.cacheReadTokens", cache_read_tokens, rank::vercel, integer},
    {"ai.usage.cachedInputTokens", cache_read_tokens, rank::vercel + 1, integer},
    {"ai.usage.inputTokenDetails.cacheWriteTokens", cache_write_tokens, rank::vercel, integer},
    {"ai.usage.outputTokenDetails.reasoningTokens", reasoning_tokens, rank::vercel, integer},
    {"ai.usage.reasoningTokens", reasoning_tokens, rank::vercel + 1, integer},
    {"ai.response.providerMetadata", provider_metadata, rank::vercel, structured},
    {"ai.prompt.messages", input_messages, rank::vercel, structured},
    {"ai.prompt", input_messages, rank::vercel + 1, structured},
    {"ai.prompt.tools", tools, rank::vercel, list},
    {"ai.response.text", output_text, rank::vercel},
    {"ai.response.object", output_text, rank::vercel + 1},
    {"ai.result.text", output_text, rank::vercel + 2},
    {"ai.result.object", output_text, rank::vercel + 3},
    {"ai.response.reasoning", output_reasoning, rank::vercel},
    {"ai.response.toolCalls", output_tool_calls, rank::vercel, structured},
    {"ai.result.toolCalls", output_tool_calls, rank::vercel + 1, structured},
    {"ai.toolCall.name", tool_name, rank::vercel},
    {"ai.toolCall.id", tool_call_id, rank::vercel},
    {"ai.toolCall.args", tool_arguments, rank::vercel, structured},
    {"ai.toolCall.result", tool_result, rank::vercel, structured},
    {"ai.telemetry.metadata.sessionId", session_id, rank::vercel},
    {"ai.telemetry.metadata.userId", user_id, rank::vercel},
    {"ai.telemetry.metadata.tags", tags, rank::vercel, list},
};
constexpr PrefixRule kPrefixes[] = {
    {"ai.telemetry.metadata.", Family::metadata},
    {"ai.settings.", Family::ai_settings},
    {"ai.", Family::known},
};
constexpr ScopeRule kScopes[] = {
    {"ai", scope_genai | scope_vercel},
    {"gen_ai", scope_genai | scope_input_includes_cache},
};
}  // namespace vercel_ai_tables
extern const Dialect dialect_vercel_ai{
    "vercel-ai", vercel_ai_tables::kKeys, vercel_ai_tables::kPrefixes, vercel_ai_tables::kScopes, {}};
}  // namespace turnscope::genai
