// OpenLIT: the semantic conventions with Anthropic's raw counts (input without cached tokens) under the same
// names.
#include "genai/dialect.h"

namespace turnscope::genai {
namespace openlit_tables {
using enum Field;
using enum Convert;
constexpr KeyRule kKeys[] = {
    {"gen_ai.client.token.usage", total_tokens, rank::vendor, integer},
    {"gen_ai.server.time_to_first_token", time_to_first_token, rank::vendor, seconds},
    {"gen_ai.tool.args", tool_arguments, rank::semconv_old + 1, structured},
};
constexpr PrefixRule kPrefixes[] = {{"openlit.", Family::known}};
constexpr ScopeRule kScopes[] = {{"openlit.*", scope_genai | scope_input_excludes_cache}};
}  // namespace openlit_tables
extern const Dialect dialect_openlit{
    "openlit", openlit_tables::kKeys, openlit_tables::kPrefixes, openlit_tables::kScopes, {}};
}  // namespace turnscope::genai
