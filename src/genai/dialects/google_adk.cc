// Google's Agent Development Kit: the semantic conventions and gcp.vertex.agent.* (JSON of its own requests
// and results).
#include "genai/dialect.h"

namespace turnscope::genai {
namespace google_adk_tables {
using enum Field;
using enum Convert;
constexpr KeyRule kKeys[] = {
    {"gcp.vertex.agent.tool_call_args", tool_arguments, rank::vendor + 1, structured},
    {"gcp.vertex.agent.tool_response", tool_result, rank::vendor + 1, structured},
};
constexpr PrefixRule kPrefixes[] = {{"gcp.vertex.agent.", Family::known}};
constexpr ScopeRule kScopes[] = {{"gcp.vertex.agent*", scope_genai | scope_input_includes_cache}};
}  // namespace google_adk_tables
extern const Dialect dialect_google_adk{
    "google-adk", google_adk_tables::kKeys, google_adk_tables::kPrefixes, google_adk_tables::kScopes, {}};
}  // namespace turnscope::genai
