// MLflow Tracing: every value is JSON text, strings with their quotes; inputs and outputs are the vendor's
// raw bodies.
#include "genai/dialect.h"

namespace turnscope::genai {
namespace mlflow_tables {
using enum Field;
using enum Convert;
constexpr KeyRule kKeys[] = {
    {"mlflow.spanType", mlflow_type, rank::mlflow, json_string},
    {"mlflow.llm.provider", provider, rank::mlflow, json_string},
    {"mlflow.llm.model", model, rank::mlflow, json_string},
    {"mlflow.chat.tokenUsage", token_usage, rank::mlflow, structured},
    {"mlflow.llm.cost", cost_details, rank::mlflow, structured},
    {"mlflow.spanInputs", input, rank::mlflow, json_body},
    {"mlflow.spanOutputs", output, rank::mlflow, json_body},
    {"mlflow.chat.tools", tools, rank::mlflow, structured},
    {"mlflow.trace.session", session_id, rank::mlflow, json_string},
    {"mlflow.trace.user", user_id, rank::mlflow, json_string},
};
constexpr PrefixRule kPrefixes[] = {
    {"mlflow.traceTag.", Family::metadata},
    {"mlflow.", Family::known},
};
constexpr ScopeRule kScopes[] = {{"mlflow*", scope_genai | scope_input_includes_cache}};
}  // namespace mlflow_tables
extern const Dialect dialect_mlflow{
    "mlflow", mlflow_tables::kKeys, mlflow_tables::kPrefixes, mlflow_tables::kScopes, {}};
}  // namespace turnscope::genai
