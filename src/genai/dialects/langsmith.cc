// LangSmith's OpenTelemetry mode (LangChain, LangGraph): langsmith.*, gen_ai.prompt and gen_ai.completion as
// whole JSON.
#include "genai/dialect.h"

namespace turnscope::genai {
namespace langsmith_tables {
using enum Field;
using enum Convert;
constexpr KeyRule kKeys[] = {
    {"langsmith.span.kind", langsmith_kind, rank::langsmith},
    {"gen_ai.prompt", input, rank::langsmith, body},
    {"gen_ai.completion", output, rank::langsmith, body},
    {"langsmith.metadata.session_id", session_id, rank::langsmith},
    {"langsmith.metadata.user_id", user_id, rank::langsmith},
    {"langsmith.metadata.usage_metadata", usage_metadata, rank::langsmith, structured},
    {"langsmith.span.tags", tags, rank::langsmith, comma_list},
};
constexpr PrefixRule kPrefixes[] = {
    {"langsmith.metadata.", Family::metadata},
    {"langsmith.", Family::known},
};
constexpr ScopeRule kScopes[] = {{"langsmith*", scope_genai | scope_input_includes_cache}};
}  // namespace langsmith_tables
extern const Dialect dialect_langsmith{
    "langsmith", langsmith_tables::kKeys, langsmith_tables::kPrefixes, langsmith_tables::kScopes, {}};
}  // namespace turnscope::genai
