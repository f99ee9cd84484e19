// The background job of the demo: the agent's answer goes through a queue to another service, which writes a
// report.
#pragma once
#include <string>

#include "examples/agent/job_queue.h"
#include "examples/agent/messages_client.h"
#include "examples/agent/telemetry.h"

namespace turnscope::example {

inline constexpr const char* report_queue = "report-jobs";

/// PRODUCER span `publish report-jobs` below `context`; the message carries its context and the baggage
/// session.id, user.id. False when the queue is full: the span then has error status.
bool publish_report_job(const Telemetry& telemetry, const sdk::Context& context, JobQueue& queue,
                        const std::string& answer, const std::string& session_id, const std::string& user_id);

/// Takes jobs until the queue is closed. For each: CONSUMER span `process report-jobs`, child of the
/// publishing span, a model call that shortens the answer, and a file DIRECTORY/report-ID.md. Returns how
/// many reports were written.
int work_on_reports(const Telemetry& telemetry, JobQueue& queue, const ClientOptions& model,
                    const std::string& directory);

}  // namespace turnscope::example
