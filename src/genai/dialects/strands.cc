// AWS Strands Agents: the semantic conventions; content in span events, Bedrock's shape of blocks.
#include "genai/dialect.h"
#include "genai/view.h"

namespace turnscope::genai {
namespace strands_tables {
constexpr PrefixRule kPrefixes[] = {{"event_loop.", Family::known}};
constexpr ScopeRule kScopes[] = {{"strands.*", scope_genai | scope_input_includes_cache}};
constexpr NameRule kNames[] = {
    {"execute_event_loop_cycle*", static_cast<std::uint8_t>(Kind::turn), scope_genai},
};
}  // namespace strands_tables
extern const Dialect dialect_strands{
    "strands", {}, strands_tables::kPrefixes, strands_tables::kScopes, strands_tables::kNames};
}  // namespace turnscope::genai
