#include "receivers/export_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "receivers/test_support.h"

namespace turnscope::receivers {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Every kind, with the codes that a client sees. A new kind must be added here.
const std::vector<std::tuple<ErrorKind, int, int, bool>> table = {
    {ErrorKind::invalid_argument, 3, 400, false},  {ErrorKind::too_large, 8, 413, false},
    {ErrorKind::overloaded, 14, 503, true},        {ErrorKind::unavailable, 14, 503, true},
    {ErrorKind::not_found, 5, 404, false},         {ErrorKind::unauthenticated, 16, 401, false},
    {ErrorKind::permission_denied, 7, 403, false}, {ErrorKind::unimplemented, 12, 501, false},
    {ErrorKind::deadline_exceeded, 4, 504, true},  {ErrorKind::cancelled, 1, 503, true},
    {ErrorKind::corrupt, 13, 500, false},          {ErrorKind::io, 14, 503, true},
    {ErrorKind::internal, 13, 500, false},
};

TEST(ExportReply, the_table_is_total) {
  std::set<ErrorKind> kinds;
  for (const auto& [kind, grpc, http, retry] : table) {
    kinds.insert(kind);
    EXPECT_EQ(export_code(kind).grpc, grpc) << name(kind);
    EXPECT_EQ(export_code(kind).http, http) << name(kind);
    EXPECT_EQ(export_code(kind).retry, retry) << name(kind);
  }
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(ErrorKind::internal) + 1);
}

TEST(ExportReply, both_codes_say_the_same_about_retrying) {
  const std::set<int> retryable_grpc = {1, 4, 10, 11, 14, 15}, retryable_http = {429, 502, 503, 504};
  for (const auto& [kind, grpc, http, retry] : table) {
    EXPECT_EQ(retryable_grpc.contains(grpc), retry) << name(kind);
    EXPECT_EQ(retryable_http.contains(http), retry) << name(kind);
    EXPECT_NE(http, 429) << "opentelemetry-python drops batches on 429";
  }
}

TEST(ExportReply, too_large_is_not_retryable) {
  const auto status =
      RpcStatus::parse(status_body(Encoding::protobuf, Error(ErrorKind::too_large, "too large", 5s)));
  EXPECT_EQ(status.code, 8);
  EXPECT_TRUE(status.details.empty());
}

TEST(ExportReply, overload_names_the_delay) {
  const Error error(ErrorKind::overloaded, "full", 1500ms);
  const auto status = RpcStatus::parse(status_body(Encoding::protobuf, error));
  EXPECT_EQ(status.code, 14);
  EXPECT_EQ(status.retry, 1500ms);
  EXPECT_EQ(
      status_body(Encoding::json, error),
      R"({"code":14,"message":"full","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.500s"}]})");
  EXPECT_EQ(RpcStatus::parse(status_body(Encoding::protobuf, Error(ErrorKind::io, "disk"))).retry, 1000ms);
}

TEST(ExportReply, bad_data_carries_bad_request) {
  const auto status =
      RpcStatus::parse(status_body(Encoding::protobuf, Error(ErrorKind::invalid_argument, "no")));
  EXPECT_THAT(status.details, testing::ElementsAre("type.googleapis.com/google.rpc.BadRequest"));
  EXPECT_THAT(status_body(Encoding::json, Error(ErrorKind::invalid_argument, "no")), HasSubstr("BadRequest"));
}

TEST(ExportReply, success_has_no_partial_success) {
  for (const auto signal : {log::Signal::traces, log::Signal::logs, log::Signal::metrics}) {
    EXPECT_EQ(response_body(signal, Encoding::protobuf, {}), "");
    EXPECT_EQ(response_body(signal, Encoding::json, {}), "{}");
  }
}

TEST(ExportReply, partial_success_has_count_and_reason) {
  const ExportReply reply{std::nullopt, 3, "bad ids"};
  const auto partial = Partial::parse(response_body(log::Signal::traces, Encoding::protobuf, reply));
  EXPECT_EQ(partial.rejected, 3);
  EXPECT_EQ(partial.message, "bad ids");
  EXPECT_EQ(response_body(log::Signal::traces, Encoding::json, reply),
            R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"bad ids"}})");
  EXPECT_THAT(response_body(log::Signal::logs, Encoding::json, reply), HasSubstr("rejectedLogRecords"));
  EXPECT_THAT(response_body(log::Signal::metrics, Encoding::json, reply), HasSubstr("rejectedDataPoints"));
}

TEST(ExportReply, long_messages_are_cut_on_a_character) {
  std::string text(4095, 'x');
  text += "ä and more";
  const auto status = RpcStatus::parse(status_body(Encoding::protobuf, Error(ErrorKind::internal, text)));
  EXPECT_EQ(status.message, std::string(4095, 'x'));
}

}  // namespace
}  // namespace turnscope::receivers
