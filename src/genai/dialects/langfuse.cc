// Langfuse's own SDKs over OTLP: langfuse.observation.*, langfuse.trace.*, langfuse.experiment.*.
#include "genai/dialect.h"

namespace turnscope::genai {
namespace langfuse_tables {
using enum Field;
using enum Convert;
constexpr KeyRule kKeys[] = {
    {"langfuse.observation.type", langfuse_type, rank::langfuse},
    {"langfuse.observation.input", input, rank::langfuse, body},
    {"langfuse.observation.output", output, rank::langfuse, body},
    {"langfuse.observation.model.name", model, rank::langfuse},
    {"langfuse.observation.model.parameters", parameters, rank::langfuse, structured},
    {"langfuse.observation.usage_details", usage_details, rank::langfuse, structured},
    {"langfuse.observation.cost_details", cost_details, rank::langfuse, structured},
    {"langfuse.observation.level", level, rank::langfuse},
    {"langfuse.observation.status_message", status_message, rank::langfuse},
    {"langfuse.observation.prompt.name", prompt_id, rank::langfuse},
    {"langfuse.observation.prompt.version", prompt_version, rank::langfuse},
    {"langfuse.environment", environment, rank::langfuse},
    {"langfuse.release", release, rank::langfuse},
    {"langfuse.trace.name", trace_name, rank::langfuse},
    {"langfuse.trace.tags", tags, rank::langfuse, list},
    {"langfuse.user.id", user_id, rank::langfuse},
    {"langfuse.session.id", session_id, rank::langfuse},
    // What callers put in metadata for the trace: JSON encoded in 5.x, bare in 3.x.
    {"langfuse.observation.metadata.langfuse_session_id", session_id, rank::langfuse + 1, json_string},
    {"langfuse.observation.metadata.langfuse_user_id", user_id, rank::langfuse + 1, json_string},
    {"langfuse.observation.metadata.langfuse_tags", tags, rank::langfuse + 1, list},
    {"langfuse.experiment.id", experiment_id, rank::langfuse},
    {"langfuse.experiment.name", experiment_name, rank::langfuse},
    {"langfuse.experiment.dataset.id", dataset_id, rank::langfuse},
    {"langfuse.experiment.item.id", dataset_item_id, rank::langfuse},
};
constexpr PrefixRule kPrefixes[] = {
    {"langfuse.observation.metadata.", Family::metadata},
    {"langfuse.trace.metadata.", Family::metadata},
    {"langfuse.", Family::known},
};
constexpr ScopeRule kScopes[] = {{"langfuse-sdk", scope_genai}, {"langfuse*", scope_genai}};
}  // namespace langfuse_tables
extern const Dialect dialect_langfuse{
    "langfuse", langfuse_tables::kKeys, langfuse_tables::kPrefixes, langfuse_tables::kScopes, {}};
}  // namespace turnscope::genai
