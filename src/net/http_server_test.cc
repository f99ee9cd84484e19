#include "net/http_server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <thread>

#include "net/chunked.h"
#include "net/http_head.h"
#include "net/raw_client.h"

namespace turnscope::net {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

std::unique_ptr<HttpServer> serve(Handler handler, HttpOptions options = {}) {
  auto server = HttpServer::listen(std::move(options), std::move(handler));
  if (!server) ADD_FAILURE() << server.error().message;
  return std::move(server.value());
}

/// Answers with what it saw.
void echo(HttpRequest request, std::shared_ptr<Responder> responder) {
  responder->send({200,
                   {{"Content-Type", "text/plain"}},
                   fmt::format("{} {} ?{} [{}]", request.method, request.path, request.query, request.body)});
}

template <typename Condition>
bool eventually(Condition condition) {
  for (const auto end = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < end;) {
    if (condition()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return false;
}

const std::string host = "Host: localhost\r\n";

TEST(HttpServer, answers_and_keeps_the_connection) {
  auto server = serve(echo);
  RawClient client(server->port());
  for (int i = 0; i < 3; ++i) {
    client.send("GET /a%20b?x=1 HTTP/1.1\r\n" + host + "\r\n");
    const std::string answer = client.response();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("GET /a b ?x=1 []"));
    EXPECT_THAT(answer, testing::Not(HasSubstr("Connection: close")));
  }
}

TEST(HttpServer, pipelined_requests_are_answered_in_order) {
  auto server = serve(echo);
  RawClient client(server->port());
  client.send("POST /1 HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\n" + host +
              "\r\n");
  EXPECT_THAT(client.response(), HasSubstr("POST /1 ? [abc]"));
  EXPECT_THAT(client.response(), HasSubstr("GET /2 ? []"));
}

TEST(HttpServer, a_request_that_comes_byte_by_byte_is_understood) {
  auto server = serve(echo);
  RawClient client(server->port());
  for (const char c :
       "POST /slow HTTP/1.1\r\n" + host +
           "Transfer-Encoding: chunked\r\n\r\n4;x=y\r\nwiki\r\n5\r\npedia\r\n0\r\nT: 1\r\n\r\n")
    client.send({&c, 1});
  EXPECT_THAT(client.response(), HasSubstr("[wikipedia]"));
}

TEST(HttpServer, a_large_body_arrives_whole) {
  auto server = serve([](HttpRequest r, std::shared_ptr<Responder> out) {
    out->send({200, {}, fmt::format("{} {}", r.body.size(), r.body == std::string(r.body.size(), 'x'))});
  });
  RawClient client(server->port());
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{65535}, std::size_t{65536}, std::size_t{9'000'001}}) {
    client.send(fmt::format("POST / HTTP/1.1\r\n{}Content-Length: {}\r\n\r\n", host, size) +
                std::string(size, 'x'));
    EXPECT_THAT(client.response(), HasSubstr(fmt::format("{} true", size)));
  }
}

TEST(HttpServer, head_has_the_length_and_no_body) {
  auto server = serve(echo);
  RawClient client(server->port());
  client.send("HEAD /x HTTP/1.1\r\n" + host + "\r\nGET /y HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("Content-Length: 12"));
  EXPECT_THAT(client.response(), HasSubstr("GET /y"));
}

TEST(HttpServer, expect_100_continue_is_answered_before_the_body) {
  auto server = serve(echo);
  RawClient client(server->port());
  client.send("POST /e HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_THAT(client.response(), HasSubstr("[ok]"));
}

TEST(HttpServer, a_body_that_is_too_large_is_refused_before_it_is_sent) {
  HttpOptions options;
  options.max_body_bytes = 10;
  auto server = serve(echo, options);
  for (const int size : {9, 10, 11}) {
    RawClient client(server->port());
    client.send(fmt::format("POST / HTTP/1.1\r\n{}Content-Length: {}\r\n\r\n", host, size));
    if (size <= 10) client.send(std::string(static_cast<std::size_t>(size), 'x'));
    const std::string answer = client.response();
    if (size <= 10) {
      EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
      continue;
    }
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 413"));
    EXPECT_THAT(answer, HasSubstr("at most 10"));
    EXPECT_THAT(answer, HasSubstr("Connection: close"));
    client.hang_up();
  }
  for (const int size : {10, 11}) {
    RawClient client(server->port());
    client.send(fmt::format("POST / HTTP/1.1\r\n{}Transfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n{:x}\r\n",
                            host, size - 6));
    client.send(std::string(static_cast<std::size_t>(size) - 6, 'y') + "\r\n0\r\n\r\n");
    EXPECT_THAT(client.response(), StartsWith(size == 10 ? "HTTP/1.1 200" : "HTTP/1.1 413"));
  }
}

TEST(HttpServer, the_head_check_refuses_before_the_body_is_sent) {
  HttpOptions options;
  options.head_check = [](const HttpRequest& head, std::size_t length) -> std::optional<HttpResponse> {
    if (head.header("authorization").empty())
      return HttpResponse{401, {{"X", "a\r\nInjected: 1"}}, fmt::format("no key, {} bytes", length)};
    return std::nullopt;
  };
  std::atomic<int> handled{0};
  auto server = serve(
      [&](HttpRequest r, std::shared_ptr<Responder> out) {
        ++handled;
        echo(std::move(r), out);
      },
      options);
  RawClient client(server->port());
  client.send("POST / HTTP/1.1\r\n" + host + "Content-Length: 1000000\r\n\r\n");
  const std::string answer = client.response();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(answer, HasSubstr("no key, 1000000 bytes"));
  EXPECT_THAT(answer, testing::Not(HasSubstr("\r\nInjected")));
  EXPECT_EQ(handled, 0);
  RawClient keyed(server->port());
  keyed.send("GET / HTTP/1.1\r\n" + host + "Authorization: x\r\n\r\n");
  EXPECT_THAT(keyed.response(), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, whatever_two_parsers_could_read_differently_is_refused_and_closed) {
  auto server = serve([](HttpRequest, std::shared_ptr<Responder> out) { out->send({200, {}, "HANDLED"}); });
  const std::string get = "GET / HTTP/1.1\r\n" + host;
  const std::string post = "POST / HTTP/1.1\r\n" + host;
  const std::vector<std::pair<std::string, std::string>> table = {
      {"both length headers", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"both, other order", post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
      {"two lengths", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"},
      {"two equal lengths", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
      {"list of lengths", post + "Content-Length: 3, 3\r\n\r\nabc"},
      {"signed length", post + "Content-Length: +3\r\n\r\nabc"},
      {"negative length", post + "Content-Length: -1\r\n\r\n"},
      {"hex length", post + "Content-Length: 0x3\r\n\r\nabc"},
      {"length beyond 64 bits", post + "Content-Length: 99999999999999999999\r\n\r\n"},
      {"unknown encoding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n"},
      {"encoding twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"hidden encoding", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
      {"encoding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"chunk size not hex", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"},
      {"chunk size empty", post + "Transfer-Encoding: chunked\r\n\r\n\r\n"},
      {"chunk size negative", post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n"},
      {"chunk size of 16 digits", post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"},
      {"chunk longer than said", post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"},
      {"chunk line with bare LF", post + "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n"},
      {"chunk data with bare LF", post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n"},
      {"folded header", get + "X: a\r\n b\r\n\r\n"},
      {"folded by tab", get + "X: a\r\n\tb\r\n\r\n"},
      {"bare LF", "GET / HTTP/1.1\nHost: x\n\n"},
      {"bare LF in one header", get + "A: b\nC: d\r\n\r\n"},
      {"bare CR", get + "A: b\rC: d\r\n\r\n"},
      {"NUL", get + std::string("A: b\0c\r\n\r\n", 10)},
      {"space before colon", get + "Content-Length : 3\r\n\r\nabc"},
      {"no colon", get + "garbage\r\n\r\n"},
      {"no host", "GET / HTTP/1.1\r\n\r\n"},
      {"two hosts", get + host + "\r\n"},
      {"absolute form", "GET http://other/ HTTP/1.1\r\n" + host + "\r\n"},
      {"dots", "GET /a/../b HTTP/1.1\r\n" + host + "\r\n"},
      {"encoded dots", "GET /a/%2e%2E/b HTTP/1.1\r\n" + host + "\r\n"},
      {"encoded NUL", "GET /%00 HTTP/1.1\r\n" + host + "\r\n"},
      {"bad escape", "GET /%zz HTTP/1.1\r\n" + host + "\r\n"},
      {"cut escape", "GET /%4 HTTP/1.1\r\n" + host + "\r\n"},
      {"space in target", "GET /a b HTTP/1.1\r\n" + host + "\r\n"},
      {"not http", "hello there\r\n\r\n"},
  };
  for (const auto& [what, bytes] : table) {
    RawClient client(server->port());
    client.send(bytes);
    const std::string answer = client.rest();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request")) << what;
    EXPECT_THAT(answer, testing::Not(HasSubstr("HANDLED"))) << what;
    EXPECT_TRUE(client.closed()) << what;
  }
}

TEST(HttpServer, a_head_that_is_too_large_gets_431) {
  HttpOptions options;
  options.max_header_bytes = 1000;
  auto server = serve(echo, options);
  const std::string start = "GET / HTTP/1.1\r\n" + host + "X: ";
  for (const std::size_t size : {999u, 1000u, 1001u}) {
    RawClient client(server->port());
    client.send(start + std::string(size - start.size() - 4, 'a') + "\r\n\r\n");
    EXPECT_THAT(client.response(), StartsWith(size <= 1000 ? "HTTP/1.1 200" : "HTTP/1.1 431")) << size;
  }
  RawClient endless(server->port());
  endless.send(start + std::string(100'000, 'a'));
  EXPECT_THAT(endless.response(), StartsWith("HTTP/1.1 431"));
}

TEST(HttpServer, a_slow_request_is_closed_at_its_deadline) {
  HttpOptions options;
  options.read_timeout = 100ms;
  auto server = serve(echo, options);
  RawClient head(server->port()), body(server->port());
  head.send("GET / HT");
  body.send("POST / HTTP/1.1\r\n" + host + "Content-Length: 10\r\n\r\nabc");
  EXPECT_THAT(head.rest(), StartsWith("HTTP/1.1 408"));
  EXPECT_THAT(body.rest(), StartsWith("HTTP/1.1 408"));
  EXPECT_TRUE(head.closed());
}

TEST(HttpServer, an_idle_connection_is_closed_without_an_answer) {
  HttpOptions options;
  options.idle_timeout = 100ms;
  auto server = serve(echo, options);
  RawClient client(server->port());
  EXPECT_EQ(client.rest(), "");
  EXPECT_TRUE(client.closed());
}

TEST(HttpServer, a_full_queue_answers_503_with_retry_after) {
  HttpOptions options;
  options.workers = 1;
  options.queue = 1;
  std::promise<void> release;
  auto released = release.get_future().share();
  std::atomic<int> running{0};
  auto server = serve(
      [&, released](HttpRequest, std::shared_ptr<Responder> out) {
        ++running;
        released.wait();
        out->send({200, {}, "late"});
      },
      options);
  RawClient first(server->port()), second(server->port());
  const std::string get = "GET / HTTP/1.1\r\n" + host + "\r\n";
  first.send(get);
  ASSERT_TRUE(eventually([&] { return running >= 1; }));
  second.send(get);
  // The second may not have been queued yet: ask until someone is refused.
  std::string refused;
  ASSERT_TRUE(eventually([&] {
    RawClient third(server->port());
    third.send("GET / HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n");
    refused = third.response();
    return refused.starts_with("HTTP/1.1 503");
  }));
  EXPECT_THAT(refused, HasSubstr("Retry-After: 1"));
  release.set_value();
  EXPECT_THAT(first.response(), HasSubstr("late"));
}

TEST(HttpServer, bodies_beyond_the_byte_budget_get_503) {
  HttpOptions options;
  options.max_buffered_body_bytes = 1000;
  auto server = serve(echo, options);
  RawClient holder(server->port());
  holder.send(fmt::format("POST / HTTP/1.1\r\n{}Content-Length: 901\r\n\r\n{}", host, std::string(900, 'x')));
  ASSERT_TRUE(eventually([&] {
    RawClient client(server->port());
    client.send(
        fmt::format("POST / HTTP/1.1\r\n{}Content-Length: 200\r\n\r\n{}", host, std::string(200, 'x')));
    return client.response().starts_with("HTTP/1.1 503");
  }));
  holder.send("x");
  EXPECT_THAT(holder.response(), StartsWith("HTTP/1.1 200"));
  RawClient after(server->port());
  after.send(fmt::format("POST / HTTP/1.1\r\n{}Content-Length: 200\r\n\r\n{}", host, std::string(200, 'x')));
  EXPECT_THAT(after.response(), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, a_handler_that_throws_or_forgets_answers_500) {
  auto server = serve([](HttpRequest r, std::shared_ptr<Responder>) {
    if (r.path == "/throw") throw std::runtime_error("boom\n");
  });
  RawClient client(server->port());
  client.send("GET /throw HTTP/1.1\r\n" + host + "\r\nGET /forget HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_THAT(client.response(), StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(client.response(), StartsWith("HTTP/1.1 500"));
}

TEST(HttpServer, a_handler_learns_that_its_client_left) {
  std::promise<bool> seen;
  auto server = serve([&](HttpRequest, std::shared_ptr<Responder> out) {
    seen.set_value(eventually([&] { return out->cancelled(); }));
  });
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\n" + host + "\r\n");
  client.hang_up();
  EXPECT_TRUE(seen.get_future().get());
}

TEST(HttpServer, a_stream_arrives_in_pieces_and_the_connection_is_kept) {
  std::shared_ptr<ResponseStream> stream;
  std::promise<void> started;
  auto server = serve([&](HttpRequest r, std::shared_ptr<Responder> out) {
    if (r.path != "/stream") return echo(std::move(r), out);
    stream = out->stream({200, {{"Content-Type", "text/event-stream"}}, ""});
    started.set_value();
  });
  RawClient client(server->port());
  client.send("GET /stream HTTP/1.1\r\n" + host + "\r\n");
  started.get_future().wait();
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked"));
  EXPECT_TRUE(stream->write("data: 1\n\n"));
  EXPECT_EQ(client.read_until("1\n\n\r\n"), "9\r\ndata: 1\n\n\r\n");
  EXPECT_TRUE(stream->write("second"));
  EXPECT_THAT(client.read_until("6\r\nsecond\r\n"), HasSubstr("second"));
  stream->close();
  EXPECT_FALSE(stream->write("late"));
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "0\r\n\r\n");
  client.send("GET /next HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_THAT(client.response(), HasSubstr("GET /next"));
}

TEST(HttpServer, a_viewer_that_does_not_read_is_cut_off_at_the_bound) {
  std::promise<std::size_t> written;
  auto server = serve([&](HttpRequest, std::shared_ptr<Responder> out) {
    auto stream = out->stream({200, {}, ""}, 1u << 20);
    const std::string chunk(65536, 'x');
    std::size_t total = 0;
    while (stream->write(chunk)) total += chunk.size();
    EXPECT_FALSE(stream->open());
    written.set_value(total);
  });
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_LT(written.get_future().get(), 64u << 20);
  EXPECT_THAT(client.rest(), testing::Not(testing::EndsWith("0\r\n\r\n")));
}

TEST(HttpServer, events_for_a_reader_that_sleeps_wait_here_and_not_in_the_kernel) {
  std::shared_ptr<ResponseStream> stream;
  std::promise<void> started;
  auto server = serve([&](HttpRequest r, std::shared_ptr<Responder> out) {
    if (r.path != "/events") return echo(std::move(r), out);
    stream = out->stream({200, {{"Content-Type", "text/event-stream"}}, ""}, 1u << 20);
    started.set_value();
  });
  RawClient sleeper(server->port(), 2048);
  sleeper.send("GET /events HTTP/1.1\r\n" + host + "\r\n");
  started.get_future().wait();
  const std::string event(1024, 'x');
  for (int i = 0; i < 256; ++i) ASSERT_TRUE(stream->write(event));
  // What can be sent has been when others were answered several times since.
  RawClient other(server->port());
  for (int i = 0; i < 20; ++i) {
    other.send("GET /next HTTP/1.1\r\n" + host + "\r\n");
    EXPECT_THAT(other.response(), HasSubstr("GET /next"));
  }
  EXPECT_GT(stream->waiting(), 200u << 10);
  stream->close();
}

TEST(HttpServer, a_stream_ends_when_its_client_leaves) {
  std::promise<bool> ended;
  auto server = serve([&](HttpRequest, std::shared_ptr<Responder> out) {
    auto stream = out->stream({200, {}, ""});
    ended.set_value(eventually([&] { return !stream->open(); }));
  });
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\n" + host + "\r\n");
  client.read_until("\r\n\r\n");
  client.hang_up();
  EXPECT_TRUE(ended.get_future().get());
}

TEST(HttpServer, drain_finishes_what_is_under_way_and_closes_the_idle) {
  std::promise<void> release, started;
  auto released = release.get_future().share();
  auto server = serve([&, released](HttpRequest, std::shared_ptr<Responder> out) {
    started.set_value();
    released.wait();
    out->send({200, {}, "finished"});
  });
  RawClient idle(server->port()), busy(server->port());
  busy.send("GET / HTTP/1.1\r\n" + host + "\r\n");
  started.get_future().wait();
  auto drained = std::async(std::launch::async, [&] { server->drain(10s); });
  EXPECT_TRUE(idle.closed());
  EXPECT_FALSE(RawClient(server->port()).connected());
  release.set_value();
  EXPECT_THAT(busy.rest(), testing::AllOf(HasSubstr("finished"), HasSubstr("Connection: close")));
  drained.wait();
}

TEST(HttpServer, drain_gives_up_at_its_deadline) {
  std::atomic<bool> stop{false};
  auto server = serve([&](HttpRequest, std::shared_ptr<Responder> out) {
    eventually([&] { return stop || out->cancelled(); });
  });
  RawClient stuck(server->port());
  stuck.send("GET / HTTP/1.1\r\n" + host + "\r\n");
  server->drain(50ms);
  EXPECT_TRUE(stuck.closed());
  server.reset();
}

TEST(HttpServer, connections_beyond_the_limit_get_503) {
  HttpOptions options;
  options.max_connections = 2;
  auto server = serve(echo, options);
  RawClient a(server->port()), b(server->port());
  for (RawClient* c : {&a, &b}) {
    c->send("GET / HTTP/1.1\r\n" + host + "\r\n");
    EXPECT_THAT(c->response(), StartsWith("HTTP/1.1 200"));
  }
  RawClient third(server->port());
  EXPECT_THAT(third.rest(), StartsWith("HTTP/1.1 503"));
  a.hang_up();
  EXPECT_TRUE(eventually([&] {
    RawClient again(server->port());
    again.send("GET / HTTP/1.1\r\n" + host + "\r\n");
    return again.response().starts_with("HTTP/1.1 200");
  }));
}

TEST(HttpServer, a_port_in_use_and_a_bad_address_are_named) {
  auto server = serve(echo);
  HttpOptions options;
  options.port = server->port();
  auto second = HttpServer::listen(options, echo);
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().message, HasSubstr(std::to_string(server->port())));
  options.address = "no such place";
  EXPECT_EQ(HttpServer::listen(options, echo).error().kind, ErrorKind::invalid_argument);
}

TEST(HttpServer, a_responder_may_outlive_the_server) {
  std::shared_ptr<Responder> kept;
  std::promise<void> got;
  auto server = serve([&](HttpRequest, std::shared_ptr<Responder> out) {
    kept = std::move(out);
    got.set_value();
  });
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\n" + host + "\r\n");
  got.get_future().wait();
  server.reset();
  EXPECT_TRUE(kept->cancelled());
  kept->send({200, {}, "too late"});
  kept.reset();
  EXPECT_TRUE(client.closed());
}

TEST(ParseQuery, decodes_pairs_and_refuses_bad_escapes) {
  auto pairs = parse_query("a=1&b=x+y%21&&c&d=%C3%A4&e=a=b");
  ASSERT_TRUE(pairs.has_value());
  EXPECT_THAT(*pairs, testing::ElementsAre(testing::Pair("a", "1"), testing::Pair("b", "x y!"),
                                           testing::Pair("c", ""), testing::Pair("d", "ä"),
                                           testing::Pair("e", "a=b")));
  for (const char* bad : {"a=%", "a=%4", "a=%zz", "a=%00", "%g1=2"})
    EXPECT_FALSE(parse_query(bad).has_value()) << bad;
}

TEST(ChunkDecoder, gives_the_same_answer_however_the_bytes_are_cut) {
  const std::string text = "4;ext=1\r\nwiki\r\n00B\r\npedia in\r\n\r\r\n0\r\nTrailer: x\r\n\r\nNEXT";
  for (std::size_t cut = 1; cut < 12; ++cut) {
    ChunkDecoder decoder(1000);
    std::string body, left;
    auto state = ChunkDecoder::State::more;
    for (std::size_t i = 0; i < text.size() && state == ChunkDecoder::State::more; i += cut) {
      std::string_view part = std::string_view(text).substr(i, cut);
      state = decoder.feed(part, body);
      left = std::string(part) + text.substr(std::min(i + cut, text.size()));
    }
    EXPECT_EQ(state, ChunkDecoder::State::done);
    EXPECT_EQ(body, "wikipedia in\r\n\r");
    EXPECT_EQ(left, "NEXT");
  }
}

}  // namespace
}  // namespace turnscope::net
