#include "receivers/otlp_grpc.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "net/raw_client.h"
#include "receivers/otlp_grpc_client.h"
#include "receivers/test_support.h"

namespace turnscope::receivers {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Running {
  TestLog log;
  ExportHandler handler;
  std::unique_ptr<GrpcReceiver> receiver;
  explicit Running(ExportOptions options = {}, GrpcOptions grpc = {}, log::Options log_options = {})
      : log(std::move(log_options)), handler(*log, std::move(options)) {
    grpc.port = 0;
    auto started = start_grpc(grpc, handler);
    if (!started) ADD_FAILURE() << started.error().message;
    receiver = std::move(started.value());
  }
  GrpcClient client() const { return GrpcClient(receiver->port()); }
};

TEST(OtlpGrpc, an_export_is_in_the_log_as_it_came_when_it_is_answered) {
  Running server;
  auto client = server.client();
  const std::string request = otlp::read_file(otlp::fixture("seed/agent.pb"));
  const auto answer = client.call(GrpcClient::traces, request);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.body, "");
  const auto records = server.log.records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].bytes, request);
  EXPECT_EQ(records[0].head.signal, log::Signal::traces);
  EXPECT_GT(records[0].head.items, 0u);
  EXPECT_GT(records[0].head.received_unix_nano, 0);
  EXPECT_EQ(server.handler.stats().spans, records[0].head.items);
}

TEST(OtlpGrpc, logs_and_metrics_have_their_own_records) {
  Running server;
  auto client = server.client();
  const auto logs = otlp::fixture_files(".logs.pb"), metrics = otlp::fixture_files(".metrics.pb");
  ASSERT_FALSE(logs.empty());
  ASSERT_FALSE(metrics.empty());
  EXPECT_TRUE(client.call(GrpcClient::logs, otlp::read_file(logs[0])).status.ok());
  EXPECT_TRUE(client.call(GrpcClient::metrics, otlp::read_file(metrics[0])).status.ok());
  const auto records = server.log.records();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].head.signal, log::Signal::logs);
  EXPECT_EQ(records[1].head.signal, log::Signal::metrics);
  EXPECT_GT(server.handler.stats().log_records, 0u);
  EXPECT_GT(server.handler.stats().data_points, 0u);
}

TEST(OtlpGrpc, an_empty_request_succeeds_and_stores_nothing) {
  Running server;
  auto client = server.client();
  EXPECT_TRUE(client.call(GrpcClient::traces, "").status.ok());
  EXPECT_TRUE(server.log.records().empty());
}

TEST(OtlpGrpc, gzip_and_zstd_messages_are_inflated) {
  Running server;
  auto client = server.client();
  const std::string request = trace_request(100, 100'000);
  EXPECT_TRUE(client.call(GrpcClient::traces, request, true).status.ok());
  EXPECT_TRUE(client.call(GrpcClient::traces, zstd(request)).status.ok());
  const auto records = server.log.records();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].bytes, request);
  EXPECT_EQ(records[1].bytes, request);
}

/// The bytes of an HTTP/2 frame.
std::string frame(char type, char flags, std::uint32_t stream, const std::string& payload) {
  std::string out;
  for (const int shift : {16, 8, 0}) out.push_back(static_cast<char>(payload.size() >> shift & 0xFF));
  out.push_back(type);
  out.push_back(flags);
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<char>(stream >> shift & 0xFF));
  return out + payload;
}
/// A header as HPACK literal without indexing.
std::string literal(std::string_view name, std::string_view value) {
  std::string out(1, '\0');
  out.push_back(static_cast<char>(name.size()));
  out.append(name);
  out.push_back(static_cast<char>(value.size()));
  return out.append(value);
}

TEST(OtlpGrpc, a_client_that_says_grpc_encoding_zstd_is_understood) {
  // grpc++ cannot send zstd, grpc-go and others can: here are the frames that they send.
  Running server;
  const std::string request = trace_request(10, 5'000);
  std::string message = zstd(request);
  std::string prefix("\1\0\0\0\0", 5);
  for (int i = 0; i < 4; ++i)
    prefix[static_cast<std::size_t>(4 - i)] = static_cast<char>(message.size() >> (8 * i) & 0xFF);
  net::RawClient client(server.receiver->port());
  client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, ""));
  client.send(frame(1, 4, 1,
                    literal(":method", "POST") + literal(":scheme", "http") +
                        literal(":path", GrpcClient::traces) + literal(":authority", "localhost") +
                        literal("content-type", "application/grpc") + literal("te", "trailers") +
                        literal("grpc-encoding", "zstd")));
  client.send(frame(0, 1, 1, prefix + message));
  ASSERT_TRUE(eventually([&] { return server.log.records().size() == 1; }));
  EXPECT_EQ(server.log.records()[0].bytes, request);
  // The answer: a DATA frame with an empty uncompressed message on stream 1.
  const std::string data = frame(0, 0, 1, std::string(5, '\0'));
  EXPECT_THAT(client.read_until(data), testing::EndsWith(data));
}

TEST(OtlpGrpc, spans_with_bad_ids_are_told_in_partial_success_and_the_rest_kept) {
  Running server;
  auto client = server.client();
  std::string request = trace_request(2);
  request += request;
  request[request.find(std::string(16, '\x11')) + 3] = '\x11';  // still valid
  const std::size_t last = request.rfind(std::string(16, '\x11'));
  request.replace(last, 16, std::string(16, '\0'));
  const auto answer = client.call(GrpcClient::traces, request);
  ASSERT_TRUE(answer.status.ok());
  const Partial partial = Partial::parse(answer.body);
  EXPECT_EQ(partial.rejected, 1);
  EXPECT_THAT(partial.message, HasSubstr("trace_id"));
  const auto records = server.log.records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].head.items, 3u);
  EXPECT_EQ(records[0].bytes.find(std::string(16, '\0')), std::string::npos)
      << "what was rejected is not stored";
}

TEST(OtlpGrpc, bytes_that_are_no_otlp_are_invalid_argument_with_bad_request) {
  Running server;
  auto client = server.client();
  for (const std::string& bytes :
       {std::string("garbage"), trace_request().substr(0, 20), gzip("garbage") + "x", zstd("garbage")}) {
    const auto answer = client.call(GrpcClient::traces, bytes);
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT)
        << answer.status.error_message();
    EXPECT_EQ(answer.details().code, 3);
    EXPECT_THAT(answer.details().details, testing::ElementsAre(HasSubstr("BadRequest")));
    EXPECT_THAT(answer.details().message, testing::Not(testing::IsEmpty()));
  }
  EXPECT_EQ(server.handler.stats().refused_invalid, 4u);
}

TEST(OtlpGrpc, the_size_limit_is_exact_and_too_large_is_not_retryable) {
  ExportOptions options;
  options.limits.request_bytes = 100'000;
  Running server(options);
  auto client = server.client();
  for (const std::size_t size : {99'999u, 100'000u}) {
    EXPECT_TRUE(client.call(GrpcClient::traces, trace_request(1, size)).status.ok()) << size;
    EXPECT_TRUE(client.call(GrpcClient::traces, trace_request(1, size), true).status.ok()) << size;
    EXPECT_TRUE(client.call(GrpcClient::traces, zstd(trace_request(1, size))).status.ok()) << size;
  }
  const std::string over = trace_request(1, 100'001);
  ASSERT_EQ(over.size(), 100'001u);
  for (const auto& answer :
       {client.call(GrpcClient::traces, over), client.call(GrpcClient::traces, over, true),
        client.call(GrpcClient::traces, zstd(over))}) {
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_THAT(answer.status.error_message(), HasSubstr("100000"));
    EXPECT_EQ(answer.details().retry, -1ms) << "a size error must not ask for a retry";
  }
}

TEST(OtlpGrpc, bombs_are_refused_and_the_next_request_is_served) {
  Running server;
  auto client = server.client();
  const std::string zeros(80u << 20, '\0');
  for (const std::string& bomb : {gzip(zeros), zstd(zeros), zstd(zeros, 0, false)}) {
    const auto answer = client.call(GrpcClient::traces, bomb);
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_THAT(answer.status.error_message(), HasSubstr("67108864"));
  }
  const auto window = client.call(GrpcClient::traces, zstd(trace_request(), 27, false));
  EXPECT_EQ(window.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(client.call(GrpcClient::traces, trace_request()).status.ok());
}

TEST(OtlpGrpc, other_methods_are_unimplemented) {
  Running server;
  auto client = server.client();
  for (const char* method : {"/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
                             "/opentelemetry.proto.collector.trace.v1.TraceService/Other", "/x/y"})
    EXPECT_EQ(client.call(method, trace_request()).status.error_code(), grpc::StatusCode::UNIMPLEMENTED)
        << method;
}

TEST(OtlpGrpc, metadata_beyond_its_limit_is_refused) {
  Running server;
  auto client = server.client();
  EXPECT_TRUE(
      client.call(GrpcClient::traces, trace_request(), false, {{"x", std::string(8'000, 'a')}}).status.ok());
  const auto answer =
      client.call(GrpcClient::traces, trace_request(), false, {{"x", std::string(20'000, 'a')}});
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST(OtlpGrpc, a_full_log_answers_unavailable_with_a_delay_after_holding) {
  log::Options small;
  small.max_bytes = 300'000;
  small.segment_bytes = 100'000;
  ExportOptions options;
  options.hold = 20ms;
  Running server(options, {}, small);
  auto held = server.log->cursor("held");
  ASSERT_TRUE(held.has_value());
  auto client = server.client();
  GrpcClient::Answer answer;
  for (int i = 0; i < 100; ++i)
    if (answer = client.call(GrpcClient::traces, trace_request(1, 20'000)); !answer.status.ok()) break;
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_GT(answer.details().retry, 0ms);
  EXPECT_FALSE(answer.status.error_message().empty());
  EXPECT_GE(server.handler.stats().refused_overload, 1u);
}

TEST(OtlpGrpc, drain_answers_what_is_under_way_and_refuses_the_rest) {
  StuckLog log;
  ExportHandler handler(log, {});
  GrpcOptions free_port;
  free_port.port = 0;
  auto receiver = start_grpc(free_port, handler);
  ASSERT_TRUE(receiver.has_value());
  const auto port = (*receiver)->port();
  auto call = std::async(std::launch::async,
                         [&] { return GrpcClient(port).call(GrpcClient::traces, trace_request()); });
  ASSERT_TRUE(eventually([&] { return log.waiting() == 1; }));
  auto drained = std::async(std::launch::async, [&] { (*receiver)->drain(10s); });
  ASSERT_TRUE(eventually([&] { return !net::RawClient(port).connected(); }));
  log.answer();
  EXPECT_TRUE(call.get().status.ok());
  drained.wait();
  EXPECT_FALSE(net::RawClient(port).connected());
}

TEST(OtlpGrpc, drain_under_load_loses_nothing_that_was_acknowledged) {
  Running server;
  std::atomic<std::uint64_t> acknowledged{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i)
    clients.emplace_back([&] {
      auto client = server.client();
      while (!stop) {
        const auto answer = client.call(GrpcClient::traces, trace_request(10));
        if (answer.status.ok())
          ++acknowledged;
        else
          break;
      }
    });
  ASSERT_TRUE(eventually([&] { return acknowledged > 50; }));
  server.receiver->drain(5s);
  stop = true;
  for (auto& c : clients) c.join();
  EXPECT_GE(server.log.records().size(), acknowledged.load());
}

TEST(OtlpGrpc, a_call_that_never_sends_its_message_is_ended) {
  GrpcOptions options;
  options.read_timeout = 100ms;
  Running server({}, options);
  net::RawClient client(server.receiver->port());
  client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, ""));
  client.send(frame(1, 4, 1,
                    literal(":method", "POST") + literal(":scheme", "http") +
                        literal(":path", GrpcClient::traces) + literal(":authority", "localhost") +
                        literal("content-type", "application/grpc") + literal("te", "trailers")));
  client.send(frame(0, 0, 1, std::string("\0\0\0\1\0half", 9)));
  // RST_STREAM (type 3) for stream 1, or trailers that end it.
  const std::string seen = client.read_until(std::string("\0\0\4\3\0\0\0\0\1", 9));
  EXPECT_THAT(seen,
              testing::AnyOf(HasSubstr(std::string("\0\0\4\3\0\0\0\0\1", 9)), HasSubstr("grpc-status")));
}

TEST(OtlpGrpc, a_port_in_use_is_named) {
  Running first;
  GrpcOptions same_port;
  same_port.port = first.receiver->port();
  auto second = start_grpc(same_port, first.handler);
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().message, HasSubstr(std::to_string(first.receiver->port())));
}

}  // namespace
}  // namespace turnscope::receivers
