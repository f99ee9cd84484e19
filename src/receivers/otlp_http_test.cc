#include "receivers/otlp_http.h"

#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <future>

#include "net/raw_client.h"
#include "receivers/test_support.h"

namespace turnscope::receivers {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

struct Answer {
  long status = 0;
  std::string body;
  std::multimap<std::string, std::string> headers;  // names lower-case
  std::string header(const std::string& name) const {
    const auto it = headers.find(name);
    return it == headers.end() ? "" : it->second;
  }
};

/// libcurl, one connection kept over calls.
class Client {
 public:
  explicit Client(std::uint16_t port)
      : base_("http://127.0.0.1:" + std::to_string(port)), curl_(curl_easy_init()) {}
  ~Client() { curl_easy_cleanup(curl_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Answer send(const std::string& method, const std::string& path, const std::string& body,
              const std::vector<std::string>& headers) {
    Answer answer;
    curl_easy_reset(curl_);
    curl_easy_setopt(curl_, CURLOPT_URL, (base_ + path).c_str());
    curl_easy_setopt(curl_, CURLOPT_PATH_AS_IS, 1L);
    if (method == "POST") {
      curl_easy_setopt(curl_, CURLOPT_POSTFIELDS, body.data());
      curl_easy_setopt(curl_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    } else {
      curl_easy_setopt(curl_, CURLOPT_CUSTOMREQUEST, method.c_str());
    }
    curl_slist* list = nullptr;
    for (const auto& h : headers) list = curl_slist_append(list, h.c_str());
    curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &answer.body);
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, &take_body);
    curl_easy_setopt(curl_, CURLOPT_HEADERDATA, &answer.headers);
    curl_easy_setopt(curl_, CURLOPT_HEADERFUNCTION, &take_header);
    curl_easy_perform(curl_);
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_easy_getinfo(curl_, CURLINFO_NUM_CONNECTS, &connects_);
    curl_slist_free_all(list);
    return answer;
  }
  Answer protobuf(const std::string& path, const std::string& body, std::vector<std::string> more = {}) {
    more.push_back("Content-Type: application/x-protobuf");
    return send("POST", path, body, more);
  }
  Answer json(const std::string& path, const std::string& body, std::vector<std::string> more = {}) {
    more.push_back("Content-Type: application/json");
    return send("POST", path, body, more);
  }
  /// New connections that the last call needed.
  long connects() const { return connects_; }

 private:
  static std::size_t take_body(char* p, std::size_t a, std::size_t n, void* out) {
    static_cast<std::string*>(out)->append(p, a * n);
    return a * n;
  }
  static std::size_t take_header(char* p, std::size_t a, std::size_t n, void* out) {
    const std::string line(p, a * n);
    if (const auto colon = line.find(": "); colon != std::string::npos) {
      std::string name = line.substr(0, colon);
      for (char& c : name) c = static_cast<char>(std::tolower(c));
      static_cast<std::multimap<std::string, std::string>*>(out)->emplace(
          name, line.substr(colon + 2, line.size() - colon - 4));
    }
    return a * n;
  }

  std::string base_;
  CURL* curl_;
  long connects_ = 0;
};

struct Running {
  TestLog log;
  ExportHandler handler;
  std::unique_ptr<HttpReceiver> receiver;
  explicit Running(ExportOptions options = {}, HttpReceiverOptions http = {}, log::Options log_options = {})
      : log(std::move(log_options)), handler(*log, std::move(options)) {
    http.port = 0;
    auto started = start_http(http, handler);
    if (!started) ADD_FAILURE() << started.error().message;
    receiver = std::move(started.value());
  }
  std::uint16_t port() const { return receiver->port(); }
};

TEST(OtlpHttp, protobuf_is_stored_as_it_came_and_answered_in_protobuf) {
  Running server;
  Client client(server.port());
  const std::string request = otlp::read_file(otlp::fixture("seed/agent.pb"));
  const Answer answer = client.protobuf("/v1/traces", request);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-type"), "application/x-protobuf");
  EXPECT_EQ(answer.body, "");
  ASSERT_EQ(server.log.records().size(), 1u);
  EXPECT_EQ(server.log.records()[0].bytes, request);
}

TEST(OtlpHttp, json_is_stored_as_protobuf_and_answered_in_json) {
  Running server;
  Client client(server.port());
  const Answer answer = client.json("/v1/traces", otlp::read_file(otlp::fixture("seed/agent.json")),
                                    {"Content-Type: application/json; charset=utf-8"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-type"), "application/json");
  EXPECT_EQ(answer.body, "{}");
  const auto records = server.log.records();
  ASSERT_EQ(records.size(), 1u);
  otlp::Arena arena;
  otlp::DecodeReport report;
  const std::string sent = otlp::read_file(otlp::fixture("seed/agent.pb"));
  auto model = otlp::decode_traces_protobuf(sent, arena, {}, report);
  std::string canonical;
  otlp::encode_protobuf(model.value(), canonical);
  EXPECT_EQ(records[0].bytes, canonical);
}

TEST(OtlpHttp, logs_and_metrics_have_their_paths) {
  Running server;
  Client client(server.port());
  for (const auto& [path, ending] : {std::pair{"/v1/logs", ".logs"}, std::pair{"/v1/metrics", ".metrics"}}) {
    const auto pb = otlp::fixture_files(std::string(ending) + ".pb");
    const auto json = otlp::fixture_files(std::string(ending) + ".json");
    EXPECT_EQ(client.protobuf(path, otlp::read_file(pb.at(0))).status, 200);
    EXPECT_EQ(client.json(path, otlp::read_file(json.at(0))).status, 200);
  }
  const auto records = server.log.records();
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[1].head.signal, log::Signal::logs);
  EXPECT_EQ(records[3].head.signal, log::Signal::metrics);
}

TEST(OtlpHttp, the_connection_is_kept_over_requests_and_refusals) {
  Running server;
  Client client(server.port());
  EXPECT_EQ(client.protobuf("/v1/traces", trace_request()).status, 200);
  EXPECT_EQ(client.connects(), 1);
  for (const std::string& body : {trace_request(), std::string("garbage"), trace_request(5)}) {
    client.protobuf("/v1/traces", body);
    EXPECT_EQ(client.connects(), 0);
  }
}

TEST(OtlpHttp, gzip_and_zstd_bodies_are_inflated_in_both_encodings) {
  Running server;
  Client client(server.port());
  const std::string request = trace_request(20, 50'000);
  EXPECT_EQ(client.protobuf("/v1/traces", gzip(request), {"Content-Encoding: gzip"}).status, 200);
  EXPECT_EQ(client.protobuf("/v1/traces", zstd(request), {"Content-Encoding: zstd"}).status, 200);
  EXPECT_EQ(client.protobuf("/v1/traces", request, {"Content-Encoding: identity"}).status, 200);
  for (const auto& record : server.log.records()) EXPECT_EQ(record.bytes, request);
  const std::string json = otlp::read_file(otlp::fixture("seed/chat.json"));
  EXPECT_EQ(client.json("/v1/traces", gzip(json), {"Content-Encoding: gzip"}).status, 200);
  EXPECT_EQ(client.json("/v1/traces", zstd(json), {"Content-Encoding: zstd"}).status, 200);
  EXPECT_EQ(server.log.records().size(), 5u);
}

TEST(OtlpHttp, an_empty_request_succeeds) {
  Running server;
  Client client(server.port());
  EXPECT_EQ(client.protobuf("/v1/traces", "").status, 200);
  EXPECT_EQ(client.json("/v1/traces", "{}").status, 200);
  EXPECT_TRUE(server.log.records().empty());
}

TEST(OtlpHttp, partial_success_is_200_with_count_and_reason) {
  Running server;
  Client client(server.port());
  const std::string json =
      R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"11111111111111111111111111111111","spanId":"0000000000000001"},{"traceId":"short","spanId":"0000000000000002"}]}]}]})";
  const Answer answer = client.json("/v1/traces", json);
  EXPECT_EQ(answer.status, 200);
  const auto body = boost::json::parse(answer.body).as_object();
  EXPECT_EQ(body.at("partialSuccess").at("rejectedSpans").as_string(), "1");
  EXPECT_THAT(std::string(body.at("partialSuccess").at("errorMessage").as_string()), HasSubstr("traceId"));
  ASSERT_EQ(server.log.records().size(), 1u);
  EXPECT_EQ(server.log.records()[0].head.items, 1u);
}

TEST(OtlpHttp, bad_data_is_400_with_a_status_in_the_requests_encoding) {
  Running server;
  Client client(server.port());
  const Answer pb = client.protobuf("/v1/traces", "garbage");
  EXPECT_EQ(pb.status, 400);
  EXPECT_EQ(pb.header("content-type"), "application/x-protobuf");
  EXPECT_EQ(RpcStatus::parse(pb.body).code, 3);
  EXPECT_THAT(RpcStatus::parse(pb.body).message, HasSubstr("at byte"));
  const Answer json = client.json("/v1/traces", "{]");
  EXPECT_EQ(json.status, 400);
  EXPECT_EQ(json.header("content-type"), "application/json");
  EXPECT_EQ(boost::json::parse(json.body).at("code").as_int64(), 3);
  EXPECT_EQ(client.protobuf("/v1/traces", "not gzip", {"Content-Encoding: gzip"}).status, 400);
  EXPECT_EQ(client.protobuf("/v1/traces", gzip(trace_request()) + "tail", {"Content-Encoding: gzip"}).status,
            400);
  EXPECT_EQ(
      client.protobuf("/v1/traces", zstd(trace_request(), 27, false), {"Content-Encoding: zstd"}).status,
      400);
  EXPECT_EQ(server.handler.stats().refused_invalid, 5u);
}

TEST(OtlpHttp, the_size_limit_is_exact_before_and_after_inflation) {
  ExportOptions options;
  options.limits.request_bytes = 100'000;
  Running server(options);
  for (const std::size_t size : {99'999u, 100'000u, 100'001u}) {
    const std::string request = trace_request(1, size);
    ASSERT_EQ(request.size(), size);
    for (const auto& [body, coding] : {std::pair{request, "identity"}, std::pair{gzip(request), "gzip"},
                                       std::pair{zstd(request), "zstd"}}) {
      Client client(server.port());
      const Answer answer = client.protobuf("/v1/traces", body, {std::string("Content-Encoding: ") + coding});
      EXPECT_EQ(answer.status, size <= 100'000 ? 200 : 413) << size << coding;
      if (size <= 100'000) continue;
      EXPECT_EQ(RpcStatus::parse(answer.body).code, 8);
      EXPECT_THAT(RpcStatus::parse(answer.body).message, HasSubstr("100000"));
      EXPECT_EQ(RpcStatus::parse(answer.body).retry, -1ms);
      EXPECT_EQ(answer.header("retry-after"), "");
    }
  }
}

TEST(OtlpHttp, bombs_are_refused_with_413) {
  Running server;
  Client client(server.port());
  const std::string zeros(80u << 20, '\0');
  EXPECT_EQ(client.protobuf("/v1/traces", gzip(zeros), {"Content-Encoding: gzip"}).status, 413);
  EXPECT_EQ(client.json("/v1/traces", zstd(zeros, 0, false), {"Content-Encoding: zstd"}).status, 413);
  EXPECT_EQ(client.protobuf("/v1/traces", trace_request()).status, 200);
}

TEST(OtlpHttp, methods_paths_types_and_codings_that_are_not_served_say_so) {
  Running server;
  Client client(server.port());
  const Answer get = client.send("GET", "/v1/traces", "", {});
  EXPECT_EQ(get.status, 405);
  EXPECT_EQ(get.header("allow"), "POST, OPTIONS");
  EXPECT_EQ(client.protobuf("/v1/nothing", "").status, 404);
  EXPECT_EQ(client.protobuf("/", "").status, 404);
  const Answer profiles = client.json("/v1development/profiles", "{}");
  EXPECT_EQ(profiles.status, 404);
  EXPECT_THAT(profiles.body, HasSubstr("profiles"));
  EXPECT_EQ(client.send("POST", "/v1/traces", "x", {"Content-Type: text/plain"}).status, 415);
  EXPECT_EQ(client.send("POST", "/v1/traces", "x", {"Content-Type;"}).status, 415);
  const Answer coding = client.protobuf("/v1/traces", "x", {"Content-Encoding: br"});
  EXPECT_EQ(coding.status, 415);
  EXPECT_EQ(coding.header("accept-encoding"), "gzip, zstd");
  EXPECT_EQ(RpcStatus::parse(coding.body).code, 3);
}

TEST(OtlpHttp, overload_is_503_with_retry_after) {
  log::Options small;
  small.max_bytes = 300'000;
  small.segment_bytes = 100'000;
  ExportOptions options;
  options.hold = 20ms;
  Running server(options, {}, small);
  auto held = server.log->cursor("held");
  ASSERT_TRUE(held.has_value());
  Client client(server.port());
  Answer answer;
  for (int i = 0; i < 100 && answer.status != 503; ++i)
    answer = client.protobuf("/v1/traces", trace_request(1, 20'000));
  EXPECT_EQ(answer.status, 503);
  EXPECT_GE(std::stoi(answer.header("retry-after")), 1);
  EXPECT_EQ(RpcStatus::parse(answer.body).code, 14);
  EXPECT_GT(RpcStatus::parse(answer.body).retry, 0ms);
}

TEST(OtlpHttp, browsers_of_configured_origins_may_send_and_others_may_not) {
  HttpReceiverOptions http;
  http.cors_origins = {"https://app.example"};
  Running server({}, http);
  Client client(server.port());
  const Answer preflight = client.send("OPTIONS", "/v1/traces", "",
                                       {"Origin: https://app.example", "Access-Control-Request-Method: POST",
                                        "Access-Control-Request-Headers: content-type,x-key"});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("access-control-allow-origin"), "https://app.example");
  EXPECT_EQ(preflight.header("access-control-allow-headers"), "content-type,x-key");
  EXPECT_EQ(preflight.header("vary"), "Origin");
  const Answer good = client.json("/v1/traces", "{}", {"Origin: https://app.example"});
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.header("access-control-allow-origin"), "https://app.example");
  const Answer bad_data = client.json("/v1/traces", "{]", {"Origin: https://app.example"});
  EXPECT_EQ(bad_data.header("access-control-allow-origin"), "https://app.example")
      << "a page must be able to read its error";
  for (const char* origin :
       {"https://evil.example", "null", "https://app.example.evil", "http://app.example"}) {
    const std::string header = std::string("Origin: ") + origin;
    const Answer foreign = client.json("/v1/traces", "{}", {header});
    EXPECT_EQ(foreign.status, 403) << origin;
    EXPECT_EQ(foreign.header("access-control-allow-origin"), "");
    EXPECT_EQ(
        client.send("OPTIONS", "/v1/traces", "", {header, "Access-Control-Request-Method: POST"}).status,
        403);
  }
  EXPECT_EQ(
      client.send("POST", "/v1/traces", "{}", {"Content-Type: text/plain", "Origin: https://app.example"})
          .status,
      415);
}

TEST(OtlpHttp, a_foreign_host_is_refused_on_loopback) {
  HttpReceiverOptions http;
  http.allowed_hosts = {"otel.internal"};
  Running server({}, http);
  Client client(server.port());
  const std::string port = std::to_string(server.port());
  for (const std::string& host : {std::string("localhost"), "localhost:" + port, "127.0.0.1:" + port,
                                  "[::1]:" + port, std::string("OTEL.internal:80")})
    EXPECT_EQ(client.json("/v1/traces", "{}", {"Host: " + host}).status, 200) << host;
  for (const char* host :
       {"evil.example", "evil.example:4318", "localhost.evil.example", "127.0.0.1.evil", "localhost:x"})
    EXPECT_EQ(client.json("/v1/traces", "{}", {std::string("Host: ") + host}).status, 403) << host;
}

TEST(OtlpHttp, smuggled_requests_are_refused_in_otlps_words) {
  Running server;
  net::RawClient client(server.port());
  client.send(
      "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
      "2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  const std::string answer = client.rest();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer, HasSubstr("\"code\":3"));
  EXPECT_TRUE(client.closed());
}

TEST(OtlpHttp, a_chunked_body_is_received) {
  Running server;
  Client client(server.port());
  const std::string request = trace_request(3);
  EXPECT_EQ(client.protobuf("/v1/traces", request, {"Transfer-Encoding: chunked"}).status, 200);
  EXPECT_EQ(server.log.records().at(0).bytes, request);
}

std::size_t open_files() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

TEST(OtlpHttp, clients_that_are_cut_at_any_byte_leave_nothing_behind) {
  Running server;
  const std::string body = trace_request(2);
  const std::string request =
      "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
      "application/x-protobuf\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  const std::size_t before = open_files();
  for (std::size_t n = 0; n < request.size(); ++n) {
    net::RawClient client(server.port());
    client.send(std::string_view(request).substr(0, n));
    client.reset();
  }
  EXPECT_TRUE(eventually([&] { return open_files() <= before; }));
  EXPECT_TRUE(server.log.records().empty());
  Client client(server.port());
  EXPECT_EQ(client.protobuf("/v1/traces", body).status, 200);
  EXPECT_EQ(server.log.records().size(), 1u);
}

TEST(OtlpHttp, hundreds_of_slow_connections_do_not_keep_others_out) {
  Running server;
  std::vector<std::unique_ptr<net::RawClient>> slow;
  for (int i = 0; i < 300; ++i) {
    slow.push_back(std::make_unique<net::RawClient>(server.port()));
    slow.back()->send(i % 2 ? "POST /v1/tr"
                            : "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                              "application/json\r\nContent-Length: 1000000\r\n\r\n{");
  }
  Client client(server.port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.protobuf("/v1/traces", trace_request()).status, 200);
}

TEST(OtlpHttp, drain_answers_what_is_under_way) {
  StuckLog log;
  ExportHandler handler(log, {});
  HttpReceiverOptions free_port;
  free_port.port = 0;
  auto receiver = start_http(free_port, handler);
  ASSERT_TRUE(receiver.has_value());
  auto call = std::async(std::launch::async,
                         [&] { return Client((*receiver)->port()).protobuf("/v1/traces", trace_request()); });
  ASSERT_TRUE(eventually([&] { return log.waiting() == 1; }));
  auto drained = std::async(std::launch::async, [&] { (*receiver)->drain(10s); });
  ASSERT_TRUE(eventually([&] { return !net::RawClient((*receiver)->port()).connected(); }));
  log.answer();
  EXPECT_EQ(call.get().status, 200);
  drained.wait();
}

}  // namespace
}  // namespace turnscope::receivers
