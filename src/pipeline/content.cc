#include "pipeline/content.h"

#include "genai/registry.h"

namespace turnscope::pipeline {
namespace {

constexpr std::string_view kPrefixes[] = {"service.",
                                          "telemetry.",
                                          "deployment.",
                                          "host.name",
                                          "host.arch",
                                          "os.type",
                                          "k8s.",
                                          "container.id",
                                          "cloud.",
                                          "process.runtime.",
                                          "faas.",
                                          "otel.",
                                          "turnscope.",
                                          "network.protocol.",
                                          "network.transport",
                                          "rpc.system"};
constexpr std::string_view kKeys[] = {"http.request.method", "http.method",      "http.route",
                                      "http.scheme",         "url.scheme",       "error.type",
                                      "exception.type",      "db.system",        "db.system.name",
                                      "db.operation.name",   "messaging.system", "rpc.service",
                                      "rpc.method",          "code.function",    "code.namespace",
                                      "thread.name",         "library.language", "openinference.span.kind",
                                      "gen_ai.token.type",   "log.iostream"};

bool structural(genai::Field f) {
  using genai::Field;
  switch (f) {
    case Field::openinference_kind:
    case Field::langfuse_type:
    case Field::traceloop_kind:
    case Field::langsmith_kind:
    case Field::mlflow_type:
    case Field::ai_operation:
    case Field::operation:
    case Field::request_type:
    case Field::kind:
    case Field::provider:
    case Field::request_model:
    case Field::response_model:
    case Field::model:
    case Field::response_id:
    case Field::finish_reasons:
    case Field::streamed:
    case Field::service_tier:
    case Field::region:
    case Field::tool_name:
    case Field::tool_call_id:
    case Field::agent_name:
    case Field::workflow_name:
    case Field::session_id:
    case Field::environment:
    case Field::release:
    case Field::prompt_id:
    case Field::prompt_version:
    case Field::experiment_id:
    case Field::experiment_variant:
    case Field::dataset_id:
    case Field::dataset_item_id:
    case Field::error_type:
    case Field::level:
    case Field::input_mime:
    case Field::output_mime:
    case Field::span_type:
    case Field::announced_parent:
    // Counts that some libraries write as text.
    case Field::input_tokens:
    case Field::output_tokens:
    case Field::total_tokens:
    case Field::cache_read_tokens:
    case Field::cache_write_tokens:
    case Field::reported_cost:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool structural_key(std::string_view key) {
  for (const auto& k : kKeys)
    if (key == k) return true;
  for (const auto& p : kPrefixes)
    if (key.starts_with(p)) return true;
  const genai::KeyEntry* entry = genai::registry().find(key);
  if (!entry) return false;
  // A key that can mean several things is structure only if each of them is.
  for (; entry; entry = genai::registry().next(*entry))
    if (!structural(entry->field)) return false;
  return true;
}

}  // namespace turnscope::pipeline
