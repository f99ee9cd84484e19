// Anthropic's Python SDK tracing itself (on by default when an OpenTelemetry API is installed), scope
// com.anthropic.sdk.*.
#include "genai/dialect.h"

namespace turnscope::genai {
namespace anthropic_sdk_tables {
using enum Field;
using enum Convert;
constexpr KeyRule kKeys[] = {
    {"anthropic.message.stop_reason", finish_reasons, rank::vendor, list},
    {"anthropic.response.service_tier", service_tier, rank::vendor + 3},
    {"anthropic.usage.cache_creation.ephemeral_5m_input_tokens", cache_write_5m_tokens, rank::vendor,
     integer},
    {"anthropic.usage.cache_creation.ephemeral_1h_input_tokens", cache_write_1h_tokens, rank::vendor,
     integer},
    {"anthropic.tool_result.content", tool_result, rank::vendor, structured},
};
constexpr PrefixRule kPrefixes[] = {{"anthropic.", Family::known}};
constexpr ScopeRule kScopes[] = {
    {"com.anthropic.sdk*", scope_genai | scope_sdk | scope_input_includes_cache},
    {"com.openai.sdk*", scope_genai | scope_sdk | scope_input_includes_cache},
};
}  // namespace anthropic_sdk_tables
extern const Dialect dialect_anthropic_sdk{"anthropic-sdk",
                                           anthropic_sdk_tables::kKeys,
                                           anthropic_sdk_tables::kPrefixes,
                                           anthropic_sdk_tables::kScopes,
                                           {}};
}  // namespace turnscope::genai
