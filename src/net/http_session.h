// One connection: reads a request, hands it to a worker, writes the answer, keeps the connection. Private to
// src/net.
//
//   head ──▶ body ──▶ handling ──▶ writing ──▶ head …          any refusal: writing ──▶ lingering ──▶ closed
//                         └──────▶ streaming ──▶ head …
#pragma once
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "net/chunked.h"
#include "net/http_core.h"
#include "net/http_head.h"

namespace turnscope::net {

class Stream;

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Core> core, boost::asio::ip::tcp::socket socket);
  ~Session();

  // I/O thread.
  void start();
  void begin_drain();
  void close();
  void respond(HttpResponse response);
  void respond_stream(std::shared_ptr<Stream> stream, HttpResponse head);
  void pump();          ///< more to send in the stream
  void abort_stream();  ///< the stream was dropped or overflowed

  // Any thread.
  bool gone() const {
    return gone_.load(std::memory_order_relaxed) || core_->stopping.load(std::memory_order_relaxed);
  }
  Core& core() { return *core_; }

 private:
  enum class State { head, body, handling, writing, streaming, lingering, closed };
  using Clock = std::chrono::steady_clock;

  template <typename F>
  void when_readable(State state, F f);
  bool receive();
  void read_head();
  void on_head(std::size_t length);
  void read_body();
  bool take_body();  ///< false: refused
  void dispatch();
  void refuse(int status, std::string_view message);
  void write_now(HttpResponse response);
  void write_some();
  void written();
  void next_request();
  void linger();
  void discard();
  void watch_close();
  void deadline(std::chrono::milliseconds after);
  void no_deadline() { deadline_ = Clock::time_point::max(); }
  void arm(Clock::time_point when);
  void expired();
  void set_busy(bool busy);
  void release_body();
  void release_answer();
  std::string head_text(const HttpResponse& response, bool chunked, bool has_length, std::size_t length);
  template <typename F>
  auto on(F f);

  std::shared_ptr<Core> core_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  Clock::time_point deadline_ = Clock::time_point::max(), armed_ = Clock::time_point::max();
  State state_ = State::head;
  std::string peer_;
  std::string in_;           // received and not yet used
  std::size_t scanned_ = 0;  // of in_, looked at for the end of the head
  RequestHead head_;
  std::uint64_t body_left_ = 0;
  std::unique_ptr<ChunkDecoder> chunks_;
  std::size_t reserved_ = 0;         // of core_->body_bytes
  std::size_t answer_reserved_ = 0;  // of core_->answer_bytes
  std::string out_head_, out_body_;
  std::size_t written_ = 0;
  std::shared_ptr<Stream> stream_;
  bool close_after_ = false, watching_ = false, busy_ = false, writing_ = false, interim_ = false,
       endless_ = false;
  std::size_t discarded_ = 0;
  std::atomic<bool> gone_{false};
};

/// The bytes of one streamed answer that wait to be sent; the writer's side of it is thread-safe.
class Stream {
 public:
  Stream(std::shared_ptr<Session> session, std::size_t max_buffered, bool chunked)
      : session_(std::move(session)), max_(max_buffered), chunked_(chunked) {}
  ~Stream() { forget(buffered_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  bool write(std::string_view chunk);
  void close();
  bool open() const;
  std::size_t waiting() const;
  void drop();  ///< the writer went away without close()

  // I/O thread.
  void prepend(std::string_view head);
  std::string take(bool& finished);
  void sent(std::size_t bytes);
  void end();  ///< the connection is gone

 private:
  void forget(std::size_t bytes);  ///< of what waits to be sent

  std::shared_ptr<Session> session_;
  const std::size_t max_;
  const bool chunked_;
  mutable std::mutex mutex_;
  std::string pending_;
  std::size_t buffered_ = 0;
  bool closed_ = false, ended_ = false, pump_posted_ = false;
};

/// What a handler answers through. One that is dropped unused answers 500.
std::shared_ptr<Responder> make_responder(std::shared_ptr<Session> session, bool http10, bool head_only);

}  // namespace turnscope::net
