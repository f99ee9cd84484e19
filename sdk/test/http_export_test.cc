// The exporter against a real HTTP server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <boost/asio/ip/tcp.hpp>

#include "http_receiver.h"
#include "memory_transport.h"

namespace turnscope::sdk::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using namespace std::chrono_literals;
using Reply = HttpReceiver::Reply;

std::string gunzip(const std::string& in) {
  z_stream z{};
  inflateInit2(&z, 15 + 16);
  std::string out(1 << 20, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  z.avail_in = static_cast<uInt>(in.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const int code = inflate(&z, Z_FINISH);
  out.resize(z.total_out);
  inflateEnd(&z);
  return code == Z_STREAM_END ? out : "";
}

struct HttpExport : testing::Test {
  HttpReceiver receiver;
  Config config;
  std::vector<std::string> lines;
  std::mutex mutex;
  HttpExport() {
    config.service_name = "http";
    config.traces.endpoint = receiver.url("/v1/traces");
    config.retry.initial = 1ms;
    config.retry.max = 5ms;
    set_log_handler([this](LogLevel, std::string_view line) {
      std::lock_guard lock(mutex);
      lines.emplace_back(line);
    });
  }
  ~HttpExport() override { set_log_handler(nullptr); }
  /// Sends one span; whether the flush succeeded.
  bool send(TracerProvider& p) {
    p.tracer("s").start("span").set_attribute("k", "v");
    return p.force_flush();
  }
};

TEST_F(HttpExport, posts_protobuf_with_the_headers_that_were_asked_for) {
  config.traces.headers = {{"x-api-key", "secret"}, {"x-two", "2"}};
  TracerProvider p(config);
  EXPECT_TRUE(send(p));
  const auto got = receiver.wait(1);
  ASSERT_THAT(got, SizeIs(1));
  EXPECT_EQ(got[0].target, "/v1/traces");
  EXPECT_EQ(got[0].header("content-type"), "application/x-protobuf");
  EXPECT_EQ(got[0].header("x-api-key"), "secret");
  EXPECT_EQ(got[0].header("x-two"), "2");
  EXPECT_THAT(got[0].header("user-agent"), HasSubstr("turnscope-sdk-cpp/"));
  EXPECT_EQ(got[0].header("content-encoding"), "");
  const auto seen = read_traces(got[0].body);
  EXPECT_EQ(seen.resource.at("service.name"), "s:http");
  EXPECT_EQ(seen.spans.at(0).attributes.at("k"), "s:v");
}

TEST_F(HttpExport, gzip_is_used_when_asked_for) {
  config.traces.gzip = true;
  TracerProvider p(config);
  EXPECT_TRUE(send(p));
  EXPECT_TRUE(send(p));
  const auto got = receiver.wait(2);
  ASSERT_THAT(got, SizeIs(2));
  for (const auto& r : got) {
    EXPECT_EQ(r.header("content-encoding"), "gzip");
    EXPECT_THAT(read_traces(gunzip(r.body)).spans, SizeIs(1));
  }
}

TEST_F(HttpExport, retryable_codes_are_tried_again_with_the_same_bytes) {
  receiver.answer_next({Reply{.status = 429}, Reply{.status = 502}, Reply{.status = 503},
                        Reply{.status = 504}, Reply{.hang_up = true}, Reply{}});
  TracerProvider p(config);
  EXPECT_TRUE(send(p));
  const auto got = receiver.wait(6);
  ASSERT_THAT(got, SizeIs(6));
  for (const auto& r : got) EXPECT_EQ(r.body, got[0].body);
  EXPECT_EQ(p.stats().exported, 1u);
}

TEST_F(HttpExport, retry_after_in_seconds_is_honoured) {
  receiver.answer_next({Reply{.status = 503, .headers = {{"Retry-After", "1"}}}});
  TracerProvider p(config);
  EXPECT_TRUE(send(p));
  const auto got = receiver.wait(2);
  ASSERT_THAT(got, SizeIs(2));
  EXPECT_GE(got[1].at - got[0].at, 990ms);
}

TEST_F(HttpExport, retry_after_as_a_date_is_honoured) {
  const time_t when = time(nullptr) + 2;  // whole seconds: between one and two from now
  char date[64];
  tm utc{};
  strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&when, &utc));
  receiver.answer_next({Reply{.status = 429, .headers = {{"retry-after", date}}}});
  TracerProvider p(config);
  EXPECT_TRUE(send(p));
  const auto got = receiver.wait(2);
  ASSERT_THAT(got, SizeIs(2));
  EXPECT_GE(got[1].at - got[0].at, 900ms);
}

TEST_F(HttpExport, a_delay_beyond_the_deadline_gives_up_at_once) {
  config.batch.export_timeout = 500ms;
  receiver.answer_next({Reply{.status = 503, .headers = {{"Retry-After", "3600"}}}});
  TracerProvider p(config);
  EXPECT_FALSE(send(p));
  EXPECT_EQ(p.stats().dropped_export, 1u);
}

TEST_F(HttpExport, other_codes_are_final_and_the_servers_words_are_logged) {
  const std::string status = std::string("\x08\x03\x12\x12", 4) + "no span name given";  // google.rpc.Status
  for (const unsigned code : {400u, 401u, 403u, 404u, 413u, 500u, 501u}) {
    receiver.answer_next({Reply{.status = code, .body = status}});
    TracerProvider p(config);
    EXPECT_FALSE(send(p)) << code;
    EXPECT_EQ(p.stats().dropped_export, 1u) << code;
  }
  EXPECT_THAT(receiver.wait(7), SizeIs(7));
  std::lock_guard lock(mutex);
  EXPECT_THAT(lines, testing::Contains(HasSubstr("HTTP 400: no span name given")));
}

TEST_F(HttpExport, partial_success_is_read) {
  const std::string partial = std::string("\x0A\x0B\x08\x01\x12\x07", 6) + "too old";
  receiver.answer_next({Reply{.body = partial}});
  TracerProvider p(config);
  p.tracer("s").start("a");
  p.tracer("s").start("b");
  EXPECT_TRUE(p.force_flush());
  EXPECT_EQ(p.stats().rejected, 1u);
  EXPECT_EQ(p.stats().exported, 1u);
  std::lock_guard lock(mutex);
  EXPECT_THAT(lines, testing::Contains(HasSubstr("rejected 1 of 2 spans: too old")));
}

TEST_F(HttpExport, an_answer_that_is_no_protobuf_does_no_harm) {
  receiver.answer_next(
      {Reply{.body = "<html>hello</html>"}, Reply{.body = std::string("\x0A\xFF\xFF\xFF\xFF\x7F", 6)}});
  TracerProvider p(config);
  EXPECT_TRUE(send(p));
  EXPECT_TRUE(send(p));
  EXPECT_EQ(p.stats().exported, 2u);
}

TEST_F(HttpExport, spans_wait_for_a_collector_that_is_away) {
  config.retry.max = 20ms;
  {
    const HttpReceiver gone;
    config.traces.endpoint = gone.url("/v1/traces");
  }
  TracerProvider p(config);
  p.tracer("s").start("early");
  EXPECT_FALSE(p.force_flush(100ms));  // nobody listens
  EXPECT_EQ(p.stats().queued, 1u);
  EXPECT_FALSE(p.shutdown(20ms));
  EXPECT_EQ(p.stats().dropped_export, 1u);
}

TEST_F(HttpExport, slow_server_runs_into_the_timeout_and_shutdown_does_not_wait_for_it) {
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor silent(
      io, {boost::asio::ip::address_v4::loopback(), 0});  // accepts, never answers
  config.traces.endpoint =
      "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/v1/traces";
  config.traces.timeout = 50ms;
  TracerProvider p(config);
  p.tracer("s").start("s");
  EXPECT_FALSE(p.shutdown(200ms));
  EXPECT_EQ(p.stats().dropped_export, 1u);
  std::lock_guard lock(mutex);
  EXPECT_THAT(lines, testing::Contains(HasSubstr("127.0.0.1")));
}

}  // namespace
}  // namespace turnscope::sdk::test
