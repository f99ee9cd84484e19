#include "sinks/otlp_exporter/answer.h"

#include <gtest/gtest.h>

#include <protozero/pbf_writer.hpp>

namespace turnscope::sinks {
namespace {

using std::chrono::milliseconds;

TEST(Answer, http_codes_as_the_specification_has_them) {
  using enum Outcome::Kind;
  for (const int s : {200, 202, 204}) EXPECT_EQ(kind_of_http(s), accepted) << s;
  for (const int s : {429, 502, 503, 504}) EXPECT_EQ(kind_of_http(s), retry) << s;
  for (const int s : {400, 409, 422}) EXPECT_EQ(kind_of_http(s), refused) << s;
  for (const int s : {301, 307, 401, 403, 404}) EXPECT_EQ(kind_of_http(s), not_us) << s;
  EXPECT_EQ(kind_of_http(413), too_large);
  EXPECT_EQ(kind_of_http(500), doubtful);
}

TEST(Answer, grpc_codes_as_the_specification_has_them) {
  using enum Outcome::Kind;
  for (const int c : {1, 4, 10, 11, 14, 15}) EXPECT_EQ(kind_of_grpc(c, false), retry) << c;
  for (const int c : {3, 5, 6, 9}) EXPECT_EQ(kind_of_grpc(c, false), refused) << c;
  for (const int c : {7, 12, 16}) EXPECT_EQ(kind_of_grpc(c, false), not_us) << c;
  EXPECT_EQ(kind_of_grpc(8, true), retry);
  EXPECT_EQ(kind_of_grpc(8, false), too_large);
}

TEST(Answer, retry_after_is_seconds_or_a_date_and_bounded) {
  EXPECT_EQ(parse_retry_after(" 7\r\n", 0), milliseconds(7000));
  EXPECT_EQ(parse_retry_after("0.5", 0), milliseconds(500));
  EXPECT_EQ(parse_retry_after("999999999", 0), std::chrono::hours(1));
  EXPECT_EQ(parse_retry_after("-5", 0), milliseconds(0));
  EXPECT_EQ(parse_retry_after("soon", 0), std::nullopt);
  EXPECT_EQ(parse_retry_after("", 0), std::nullopt);
  EXPECT_EQ(parse_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 0), milliseconds(60'000));
  EXPECT_EQ(parse_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 120'000'000'000), milliseconds(0));
}

std::string status_with_retry(std::int64_t seconds, std::int32_t nanos) {
  std::string duration, info, any, status;
  {
    protozero::pbf_writer w(duration);
    w.add_int64(1, seconds);
    w.add_int32(2, nanos);
  }
  protozero::pbf_writer(info).add_message(1, duration);
  {
    protozero::pbf_writer w(any);
    w.add_string(1, "type.googleapis.com/google.rpc.RetryInfo");
    w.add_bytes(2, info);
  }
  {
    protozero::pbf_writer w(status);
    w.add_int32(1, 14);
    w.add_string(2, "line one\nline two");
    w.add_message(3, any);
  }
  return status;
}

TEST(Answer, retry_info_is_read_from_a_status) {
  const auto s = parse_rpc_status(status_with_retry(2, 500'000'000));
  EXPECT_EQ(s.code, 14);
  EXPECT_EQ(s.retry_after, milliseconds(2500));
  EXPECT_EQ(s.message.find('\n'), std::string::npos);
}

TEST(Answer, cut_and_foreign_bytes_are_taken_as_nothing_said) {
  const auto whole = status_with_retry(2, 0);
  for (std::size_t n = 0; n < whole.size(); ++n) (void)parse_rpc_status(std::string_view(whole).substr(0, n));
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (const unsigned char c : {0x00, 0x7F, 0xFF}) {
      auto bad = whole;
      bad[i] = static_cast<char>(c);
      (void)parse_rpc_status(bad);
      (void)parse_partial_success(bad);
    }
  EXPECT_EQ(parse_partial_success("<html>").rejected, 0u);
  EXPECT_EQ(
      parse_partial_success_json("{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"m\"}}")
          .rejected,
      3u);
  EXPECT_EQ(parse_partial_success_json("{\"partialSuccess\":{\"rejectedSpans\":-3}}").rejected, 0u);
  EXPECT_EQ(parse_partial_success_json("[").rejected, 0u);
}

TEST(Secret, is_replaced_and_shown_without_its_value) {
  ::setenv("TURNSCOPE_ANSWER_TEST", "v4lue", 1);
  const auto s = Secret::resolve("Bearer ${env:TURNSCOPE_ANSWER_TEST}!");
  ASSERT_TRUE(s);
  EXPECT_EQ(s->reveal(), "Bearer v4lue!");
  EXPECT_EQ(s->shown(), "***${env:TURNSCOPE_ANSWER_TEST}***");
  EXPECT_FALSE(Secret::resolve("${env:TURNSCOPE_NO_SUCH}"));
  EXPECT_FALSE(Secret::resolve("${home}"));
  EXPECT_FALSE(Secret::resolve("${env:A"));
  EXPECT_EQ(Secret::resolve("plain")->shown(), "***");
}

}  // namespace
}  // namespace turnscope::sinks
