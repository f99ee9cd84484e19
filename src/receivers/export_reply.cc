#include "receivers/export_reply.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <protozero/pbf_writer.hpp>

#include "otlp/text.h"

namespace turnscope::receivers {
namespace {

using protozero::pbf_writer;
namespace json = boost::json;

constexpr std::size_t max_message = 4096;
constexpr std::string_view retry_type = "type.googleapis.com/google.rpc.RetryInfo";
constexpr std::string_view bad_request_type = "type.googleapis.com/google.rpc.BadRequest";

std::string message_of(std::string_view text) {
  std::string out;
  otlp::repair_utf8(otlp::cut_text(text, max_message), out);
  return out;
}

void any(pbf_writer& status, std::string_view type, const std::string& value) {
  pbf_writer detail(status, 3);
  detail.add_string(1, type.data(), type.size());
  detail.add_bytes(2, value);
}

std::string protobuf_status(int code, const std::string& message,
                            std::optional<std::chrono::milliseconds> delay) {
  std::string out;
  pbf_writer status(out);
  status.add_int32(1, code);
  status.add_string(2, message);
  if (delay) {
    std::string info;
    {
      pbf_writer retry(info);
      pbf_writer duration(retry, 1);
      duration.add_int64(1, delay->count() / 1000);
      duration.add_int32(2, static_cast<std::int32_t>(delay->count() % 1000) * 1'000'000);
    }
    any(status, retry_type, info);
  }
  if (code == 3) {
    std::string bad;
    {
      pbf_writer request(bad);
      pbf_writer violation(request, 1);
      violation.add_string(1, "request");
      violation.add_string(2, message);
    }
    any(status, bad_request_type, bad);
  }
  return out;
}

std::string json_status(int code, const std::string& message,
                        std::optional<std::chrono::milliseconds> delay) {
  json::object out{{"code", code}, {"message", message}};
  json::array details;
  if (delay)
    details.push_back(
        {{"@type", retry_type},
         {"retryDelay", fmt::format("{}.{:03}s", delay->count() / 1000, delay->count() % 1000)}});
  if (code == 3)
    details.push_back({{"@type", bad_request_type},
                       {"fieldViolations", json::array{{{"field", "request"}, {"description", message}}}}});
  if (!details.empty()) out["details"] = std::move(details);
  return json::serialize(out);
}

std::string_view rejected_name(log::Signal signal) {
  switch (signal) {
    case log::Signal::traces:
      return "rejectedSpans";
    case log::Signal::logs:
      return "rejectedLogRecords";
    case log::Signal::metrics:
      return "rejectedDataPoints";
  }
  return "rejectedSpans";
}

}  // namespace

std::optional<std::chrono::milliseconds> retry_delay(const Error& error) {
  if (!export_code(error.kind).retry) return std::nullopt;
  return error.retry_after.value_or(std::chrono::milliseconds(1000));
}

std::string status_body(Encoding encoding, int grpc_code, const Error& error) {
  const std::string message = message_of(error.message);
  return encoding == Encoding::json ? json_status(grpc_code, message, retry_delay(error))
                                    : protobuf_status(grpc_code, message, retry_delay(error));
}

std::string status_body(Encoding encoding, const Error& error) {
  return status_body(encoding, export_code(error.kind).grpc, error);
}

std::string response_body(log::Signal signal, Encoding encoding, const ExportReply& reply) {
  const bool partial = reply.rejected > 0 || !reply.reason.empty();
  const std::string message = message_of(reply.reason);
  if (encoding == Encoding::json) {
    json::object out;
    if (partial) {
      json::object part;
      if (reply.rejected) part[rejected_name(signal)] = std::to_string(reply.rejected);
      if (!message.empty()) part["errorMessage"] = message;
      out["partialSuccess"] = std::move(part);
    }
    return json::serialize(out);
  }
  std::string out;
  if (partial) {
    pbf_writer response(out);
    pbf_writer part(response, 1);
    if (reply.rejected) part.add_int64(1, static_cast<std::int64_t>(reply.rejected));
    if (!message.empty()) part.add_string(2, message);
  }
  return out;
}

}  // namespace turnscope::receivers
