#include "sinks/otlp_exporter/exporter.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/anomaly.h"
#include "far_side.h"
#include "receivers/export_handler.h"
#include "receivers/otlp_grpc.h"
#include "receivers/test_support.h"

namespace turnscope::sinks::testing {
namespace {

net::HttpResponse status(int code, net::Headers headers = {}, std::string body = {}) {
  return {code, std::move(headers), std::move(body)};
}

TEST_F(ExporterTest, spans_arrive_in_every_encoding_and_compression) {
  for (const auto encoding : {Encoding::protobuf, Encoding::json})
    for (const auto compression : {Compression::none, Compression::gzip, Compression::zstd}) {
      FarSide far;
      auto o = options(far.url() + "/base/");
      o.encoding = encoding;
      o.compression = compression;
      o.headers["x-key"] = *Secret::resolve("k1");
      put({{"a"}, {"b"}});
      start(o);
      ASSERT_TRUE(eventually([&] { return caught_up(); }));
      ASSERT_FALSE(far.accepted().empty());
      const auto r = far.accepted().back().request;
      EXPECT_EQ(r.path, "/base/v1/traces");
      EXPECT_EQ(r.header("x-key"), "k1");
      if (encoding == Encoding::json) {
        otlp::Arena arena;
        otlp::DecodeReport report;
        const auto t = otlp::decode_traces_json(r.body, arena, {}, report);
        ASSERT_TRUE(t) << t.error().message;
        EXPECT_EQ(t->resources.back().scopes[0].spans[0].name, "b");
      } else {
        EXPECT_GE(far.taken()["b"], 1u);
      }
      exporter_.reset();
      ASSERT_TRUE(log_->remove_cursor("export-far"));
    }
}

TEST_F(ExporterTest, what_was_taken_is_not_sent_again_after_a_restart) {
  FarSide far;
  put({{"first"}});
  start(options(far.url()));
  ASSERT_TRUE(eventually([&] { return caught_up(); }));
  exporter_.reset();
  put({{"second"}});
  start(options(far.url()));
  ASSERT_TRUE(eventually([&] { return caught_up(); }));
  EXPECT_EQ(far.taken(), (std::map<std::string, std::size_t>{{"first", 1}, {"second", 1}}));
}

TEST_F(ExporterTest, a_busy_far_side_is_asked_again_no_sooner_than_it_said) {
  FarSide far([](const Received&, std::size_t nth) {
    return nth == 0 ? status(503, {{"retry-after", "1"}}) : status(200);
  });
  put({{"a"}});
  start(options(far.url()));
  ASSERT_TRUE(eventually([&] { return caught_up(); }));
  ASSERT_EQ(far.refused().size(), 1u);
  EXPECT_GE(far.accepted()[0].at - far.refused()[0].at, std::chrono::milliseconds(1000));
  EXPECT_EQ(far.taken()["a"], 1u);
  EXPECT_TRUE(exporter_->health().ok);
}

TEST_F(ExporterTest, only_what_is_refused_for_good_becomes_a_dead_letter_and_can_be_replayed) {
  std::atomic<bool> mended{false};
  FarSide far([&](const Received& r, std::size_t) {
    const bool poison = std::ranges::count(r.spans, "poison") != 0;
    return poison && !mended ? status(400, {}, "a span is bad") : status(200);
  });
  for (int i = 0; i < 10; ++i) put({{"good"}, {i == 5 ? "poison" : "good"}, {"good"}});
  auto o = options(far.url());
  o.concurrency = 1;
  auto& e = start(o);
  ASSERT_TRUE(eventually([&] { return caught_up(); }));
  EXPECT_EQ(far.taken(), (std::map<std::string, std::size_t>{{"good", 29}}));
  const auto s = e.status();
  EXPECT_EQ(s.dead, 1u);
  EXPECT_EQ(s.dead_letters, 1u);
  std::size_t seen = 0;
  ASSERT_TRUE(e.dead_letters().for_each(10, [&](const DeadLetter& l) {
    ++seen;
    EXPECT_EQ(names_in(l.body), std::vector<std::string>{"poison"});
    EXPECT_EQ(l.reason, "HTTP 400: a span is bad");
    return true;
  }));
  EXPECT_EQ(seen, 1u);
  // Refused again it stays, and it survives a restart.
  ASSERT_EQ(e.replay().value(), 1u);
  ASSERT_TRUE(eventually([&] { return e.status().dead == 2 && e.status().dead_letters == 1; }));
  exporter_.reset();
  mended = true;
  auto& again = start(o);
  ASSERT_TRUE(eventually([&] { return again.status().dead_letters == 1; }));
  ASSERT_TRUE(again.replay());
  ASSERT_TRUE(eventually([&] { return again.status().dead_letters == 0; }));
  EXPECT_EQ(far.taken()["poison"], 1u);
  EXPECT_EQ(far.taken()["good"], 29u);
}

TEST_F(ExporterTest, a_wrong_key_holds_the_spans_and_is_never_repeated_in_messages) {
  std::atomic<bool> mended{false};
  FarSide far([&](const Received&, std::size_t) {
    return mended ? status(200) : status(401, {}, "bad key hunter22");
  });
  auto o = options(far.url());
  o.headers["authorization"] = *Secret::resolve("Bearer hunter22");
  put({{"a"}});
  auto& e = start(o);
  ASSERT_TRUE(eventually([&] { return !e.health().ok; }));
  EXPECT_EQ(e.health().message, "HTTP 401: bad key ***");
  EXPECT_EQ(e.status().dead_letters, 0u);
  mended = true;
  ASSERT_TRUE(eventually([&] { return caught_up(); }));
  EXPECT_EQ(far.taken()["a"], 1u);
}

TEST_F(ExporterTest, too_large_is_sent_in_pieces) {
  FarSide far([](const Received& r, std::size_t) { return r.spans.size() > 3 ? status(413) : status(200); });
  std::vector<SpanSpec> many;
  for (std::uint64_t i = 0; i < 20; ++i) many.push_back({"s" + std::to_string(i), 1, i + 1});
  put(many);
  start(options(far.url()));
  ASSERT_TRUE(eventually([&] { return caught_up(); }));
  EXPECT_EQ(far.taken().size(), 20u);
  for (const auto& [name, times] : far.taken()) EXPECT_EQ(times, 1u) << name;
  EXPECT_EQ(exporter_->status().dead_letters, 0u);
}

TEST_F(ExporterTest, an_internal_error_is_tried_again_before_it_is_believed) {
  FarSide far([](const Received&, std::size_t nth) { return nth < 3 ? status(500) : status(200); });
  put({{"a"}});
  start(options(far.url()));
  ASSERT_TRUE(eventually([&] { return caught_up(); }));
  EXPECT_EQ(far.taken()["a"], 1u);
  far.answer([](const Received&, std::size_t) { return status(500); });
  put({{"b"}});
  ASSERT_TRUE(eventually([&] { return caught_up(); }));
  EXPECT_EQ(exporter_->status().dead_letters, 1u);
}

TEST_F(ExporterTest, partial_success_is_counted_and_not_sent_again) {
  std::string body;
  {
    std::string part;
    protozero::pbf_writer p(part);
    p.add_int64(1, 1);
    p.add_string(2, "one was odd");
    protozero::pbf_writer(body).add_message(1, part);
  }
  FarSide far([&](const Received&, std::size_t) {
    return status(200, {{"content-type", "application/x-protobuf"}}, body);
  });
  const auto before = counted(Anomaly::exporter_rejected);
  put({{"a"}, {"b"}});
  auto& e = start(options(far.url()));
  ASSERT_TRUE(eventually([&] { return caught_up(); }));
  EXPECT_EQ(e.status().rejected, 1u);
  EXPECT_EQ(e.status().items, 1u);
  EXPECT_EQ(counted(Anomaly::exporter_rejected) - before, 1u);
  EXPECT_EQ(far.accepted().size(), 1u);
}

TEST_F(ExporterTest, what_is_too_old_is_dropped_only_if_told_so) {
  FarSide far([](const Received&, std::size_t) { return status(503); });
  auto o = options(far.url());
  o.drop_after = std::chrono::milliseconds(200);
  put({{"old"}}, system_clock().unix_nanos() - 3'600'000'000'000);
  put({{"a"}});
  auto& e = start(o);
  ASSERT_TRUE(eventually([&] { return caught_up(); }));
  EXPECT_EQ(e.status().dropped, 2u);
  EXPECT_TRUE(far.taken().empty());
  EXPECT_EQ(e.status().items, 0u);
}

TEST_F(ExporterTest, a_dead_far_side_is_waited_for_and_memory_stays_small) {
  auto o = options("http://127.0.0.1:1");
  o.batch_bytes = 4096;
  for (int i = 0; i < 200; ++i) put({{std::string(500, 'x')}});
  auto& e = start(o);
  ASSERT_TRUE(eventually([&] { return e.status().retries > 5; }));
  EXPECT_FALSE(e.health().ok);
  EXPECT_EQ(e.health().position, 0u);
  e.stop();
  FarSide far;
  o.endpoint = far.url();
  start(o);
  ASSERT_TRUE(eventually([&] { return caught_up(); }));
  EXPECT_EQ(far.taken()[std::string(500, 'x')], 200u);
  for (const auto& r : far.accepted()) EXPECT_LE(r.request.body.size(), 4096u + 1024u);
}

TEST_F(ExporterTest, an_answer_that_is_cut_within_its_head_is_none) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&at), size), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size), 0);
  std::atomic<int> requests{0};
  std::thread server([&] {
    for (;;) {
      const int fd = ::accept(listener, nullptr, nullptr);
      if (fd < 0) return;
      char buffer[4096];
      if (::recv(fd, buffer, sizeof buffer, 0) > 0) {
        const std::string_view half = "HTTP/1.1 200 OK\r\ncontent-le",
                               whole = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        const auto answer = requests++ == 0 ? half : whole;
        ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      ::close(fd);
    }
  });
  put({{"a"}});
  auto o = options("http://127.0.0.1:" + std::to_string(ntohs(at.sin_port)));
  auto& e = start(o);
  EXPECT_TRUE(eventually([&] { return caught_up(); }));
  EXPECT_EQ(requests.load(), 2);
  EXPECT_EQ(e.status().retries, 1u);
  exporter_.reset();
  ::shutdown(listener, SHUT_RDWR);
  ::close(listener);
  server.join();
}

TEST_F(ExporterTest, a_redirect_is_not_followed) {
  FarSide elsewhere;
  FarSide far([&](const Received&, std::size_t) {
    return status(307, {{"location", elsewhere.url() + "/v1/traces"}});
  });
  put({{"a"}});
  auto& e = start(options(far.url()));
  ASSERT_TRUE(eventually([&] { return !e.health().ok; }));
  EXPECT_TRUE(elsewhere.accepted().empty());
  EXPECT_EQ(e.status().dead_letters, 0u);
}

TEST_F(ExporterTest, over_grpc_to_a_real_receiver) {
  receivers::TestLog there;
  receivers::ExportHandler handler(*there, {});
  receivers::GrpcOptions go;
  go.port = 0;
  auto server = receivers::start_grpc(go, handler);
  ASSERT_TRUE(server) << server.error().message;
  auto o = options("http://127.0.0.1:" + std::to_string((*server)->port()));
  o.protocol = Protocol::grpc;
  put({{"a"}, {"b"}});
  start(o);
  ASSERT_TRUE(eventually([&] { return caught_up(); }));
  ASSERT_EQ(there.records().size(), 1u);
  EXPECT_EQ(names_in(there.records()[0].bytes), (std::vector<std::string>{"a", "b"}));
  exporter_.reset();
}

TEST_F(ExporterTest, grpc_overload_is_waited_out_as_retry_info_says) {
  receivers::StuckLog there;
  there.refuse(Error(ErrorKind::overloaded, "full", std::chrono::milliseconds(700)));
  receivers::ExportOptions eo;
  eo.hold = std::chrono::milliseconds(0);
  receivers::ExportHandler handler(there, eo);
  receivers::GrpcOptions go;
  go.port = 0;
  auto server = receivers::start_grpc(go, handler);
  ASSERT_TRUE(server);
  auto o = options("http://127.0.0.1:" + std::to_string((*server)->port()));
  o.protocol = Protocol::grpc;
  put({{"a"}});
  auto& e = start(o);
  ASSERT_TRUE(eventually([&] { return !e.health().ok; }));
  EXPECT_NE(e.health().message.find("gRPC code 14"), std::string::npos) << e.health().message;
  const auto refused_at = std::chrono::steady_clock::now();
  there.refuse(std::nullopt);
  ASSERT_TRUE(eventually([&] { return there.waiting() == 1; }));
  EXPECT_GE(std::chrono::steady_clock::now() - refused_at, std::chrono::milliseconds(300));
  there.answer();
  ASSERT_TRUE(eventually([&] { return caught_up(); }));
  exporter_.reset();
}

TEST_F(ExporterTest, conditions_and_changes_hold_for_what_is_sent) {
  FarSide far;
  auto o = options(far.url());
  o.match.service = {"shop*"};
  o.match.error = true;
  o.changes.rename["k"] = "renamed";
  put({{"wrong service", 1, 1, 0, true, "bank"},
       {"no error"},
       {"sent", 2, 1, 0, true, "shop-eu", {{"k", "v"}}}});
  auto& e = start(o);
  ASSERT_TRUE(eventually([&] { return caught_up(); }));
  EXPECT_EQ(far.taken(), (std::map<std::string, std::size_t>{{"sent", 1}}));
  EXPECT_NE(far.accepted()[0].request.body.find("renamed"), std::string::npos);
  EXPECT_EQ(e.status().filtered, 2u);
}

}  // namespace
}  // namespace turnscope::sinks::testing
