#include "examples/agent/report_job.h"

#include <fmt/format.h>

#include <fstream>

#include "examples/agent/agent_loop.h"

namespace turnscope::example {
namespace {

namespace json = boost::json;

void report(const Telemetry& telemetry, const QueueMessage& message, MessagesClient& client,
            const std::string& directory, int& written) {
  const sdk::Context arrived = sdk::extract(sdk::reader(message.attributes));
  sdk::Span span =
      telemetry.tracer().start(fmt::format("process {}", report_queue),
                               {.parent = arrived,
                                .kind = sdk::SpanKind::consumer,
                                .attributes = {{"messaging.system", "in_process"},
                                               {"messaging.operation.type", "process"},
                                               {"messaging.destination.name", report_queue},
                                               {"messaging.message.id", message.id},
                                               {"messaging.message.body.size", message.body.size()}}});
  for (const char* key : {"session.id", "user.id"})
    if (const auto value = arrived.baggage().get(key)) span.set_attribute(key, *value);
  const auto scope = span.activate();

  ModelRequest request{.model = "claude-haiku-4-5"};
  request.max_tokens = 256;
  request.stream = false;
  request.messages.push_back(
      json::object{{"role", "user"}, {"content", "Summarise for the report: " + message.body}});
  const TracedCall call = call_model(client, request,
                                     [&](sdk::genai::CompletionRequest r) {
                                       r.parent = span.context();
                                       return telemetry.agent().completion(r);
                                     },
                                     {});
  if (!call.reply) {
    span.set_status(sdk::StatusCode::error, call.reply.error().message);
    return;
  }
  sdk::Span file_span = telemetry.tracer().start("write report", {.parent = span.context()});
  const std::string file = fmt::format("{}/report-{}.md", directory, message.id);
  std::ofstream out(file, std::ios::trunc);
  const std::string text =
      fmt::format("# Report\n\n{}\n\nThe agent's answer:\n\n> {}\n", call.reply->text(), message.body);
  out << text;
  if (!out.flush()) {
    file_span.record_exception({.type = "ReportWriteError", .message = "the report cannot be written"});
    file_span.set_status(sdk::StatusCode::error, "the report cannot be written");
    return;
  }
  file_span.set_attribute("file.size", text.size());
  ++written;
}

}  // namespace

bool publish_report_job(const Telemetry& telemetry, const sdk::Context& context, JobQueue& queue,
                        const std::string& answer, const std::string& session_id,
                        const std::string& user_id) {
  sdk::Span span = telemetry.tracer().start(fmt::format("publish {}", report_queue),
                                            {.parent = context,
                                             .kind = sdk::SpanKind::producer,
                                             .attributes = {{"messaging.system", "in_process"},
                                                            {"messaging.operation.type", "send"},
                                                            {"messaging.destination.name", report_queue}}});
  // The message's id is the publishing span's: unique, and it leads back to it.
  QueueMessage message{.id = span.span_context().span_id.hex(), .body = answer, .attributes = {}};
  span.set_attribute("messaging.message.id", message.id);
  sdk::Baggage baggage = span.context().baggage();
  if (!session_id.empty()) baggage = baggage.set("session.id", session_id);
  if (!user_id.empty()) baggage = baggage.set("user.id", user_id);
  sdk::SpanContext travelling = span.span_context();
  travelling.trace_state = travelling.trace_state.set("turnscope", "queue");
  sdk::inject(span.context().with_span(travelling).with_baggage(baggage), sdk::writer(message.attributes));
  if (queue.push(std::move(message))) return true;
  span.set_status(sdk::StatusCode::error, "the queue is full");
  return false;
}

int work_on_reports(const Telemetry& telemetry, JobQueue& queue, const ClientOptions& model,
                    const std::string& directory) {
  MessagesClient client(model);
  int written = 0;
  while (const auto message = queue.pop()) report(telemetry, *message, client, directory, written);
  return written;
}

}  // namespace turnscope::example
