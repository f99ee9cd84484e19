#include "net/http_session.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/status.hpp>

#include "base/anomaly.h"
#include "base/logger.h"

namespace turnscope::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t linger_bytes = 128u << 20;
constexpr std::chrono::milliseconds linger_time{2'000};
constexpr std::size_t kSmallAnswer = 64u << 10;

/// Header names and values of ours may hold text from outside: nothing in them may end the line.
void append_clean(std::string& out, std::string_view text) {
  for (const char c : text) out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? x + 32 : x) == (y >= 'A' && y <= 'Z' ? y + 32 : y);
         });
}

}  // namespace

// ---- Session

Session::Session(std::shared_ptr<Core> core, asio::ip::tcp::socket socket)
    : core_(std::move(core)), socket_(std::move(socket)), timer_(core_->io) {
  error_code ec;
  const auto peer = socket_.remote_endpoint(ec);
  if (!ec)
    peer_ = peer.address().is_v6() ? fmt::format("[{}]:{}", peer.address().to_string(), peer.port())
                                   : fmt::format("{}:{}", peer.address().to_string(), peer.port());
  socket_.set_option(asio::ip::tcp::no_delay(true), ec);
  socket_.non_blocking(true, ec);
  core_->sessions.insert(this);
}

Session::~Session() {
  release_body();
  release_answer();
  set_busy(false);
}

/// Wraps a completion handler: keeps the session alive.
template <typename F>
auto Session::on(F f) {
  return [self = shared_from_this(), f = std::move(f)](auto&&... args) { f(*self, args...); };
}

void Session::set_busy(bool busy) {
  if (busy == busy_) return;
  busy_ = busy;
  core_->busy_changed(busy ? 1 : -1);
}

void Session::release_body() {
  core_->body_bytes -= reserved_;
  reserved_ = 0;
}

void Session::start() {
  arm(Clock::now() + core_->options.idle_timeout);
  next_request();
}

void Session::begin_drain() {
  close_after_ = true;
  if (state_ == State::head && in_.empty()) close();
  if (state_ == State::lingering) close();
  if (state_ == State::streaming && endless_) close();  // its client reconnects
}

void Session::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  gone_ = true;
  core_->sessions.erase(this);  // not in the destructor: the last reference may go on another thread
  if (stream_) stream_->end();
  stream_.reset();
  release_body();
  release_answer();
  set_busy(false);
  error_code ec;
  timer_.cancel();
  socket_.close(ec);
}

// ---- Time

void Session::deadline(std::chrono::milliseconds after) {
  deadline_ = Clock::now() + after;
  if (deadline_ < armed_) arm(deadline_);
}

void Session::arm(Clock::time_point when) {
  armed_ = when;
  timer_.expires_at(when);
  timer_.async_wait(on([](Session& s, const error_code& ec) {
    if (ec || s.state_ == State::closed) return;
    s.expired();
  }));
}

void Session::expired() {
  const auto now = Clock::now();
  if (now < deadline_) {  // it moved in the meantime: look again then, or in a while
    arm(std::min(deadline_, now + core_->options.idle_timeout));
    return;
  }
  switch (state_) {
    case State::head:
      if (in_.empty()) return close();  // idle
      count(Anomaly::receiver_timeout);
      head_ = {};
      return refuse(408, "the request did not arrive in time");
    case State::body:
      count(Anomaly::receiver_timeout);
      return refuse(408, "the request body did not arrive in time");
    case State::writing:
    case State::streaming:
      count(Anomaly::receiver_timeout);
      return close();  // the client does not read
    case State::handling:
      return;
    case State::lingering:
    case State::closed:
      return close();
  }
}

// ---- Reading

void Session::next_request() {
  if (core_->draining) close_after_ = true;
  if (close_after_) return linger();
  state_ = State::head;
  set_busy(false);
  head_ = {};
  chunks_.reset();
  scanned_ = 0;
  deadline(in_.empty() ? core_->options.idle_timeout : core_->options.read_timeout);
  read_head();
}

/// Waits for bytes, then calls `f` if the state is still `state`. Reads themselves are synchronous into one
/// buffer of the server, so that ten thousand idle connections hold no buffers.
template <typename F>
void Session::when_readable(State state, F f) {
  socket_.async_wait(asio::ip::tcp::socket::wait_read,
                     on([state, f = std::move(f)](Session& s, const error_code& ec) {
                       if (s.state_ != state) return;
                       if (ec) return s.close();
                       f(s);
                     }));
}

/// Appends what has come to in_. False if nothing has; closes on end and error.
bool Session::receive() {
  error_code ec;
  const std::size_t n = socket_.read_some(asio::buffer(core_->scratch), ec);
  if (ec && ec != asio::error::would_block) {
    close();
    return false;
  }
  in_.append(core_->scratch.data(), n);
  return n > 0;
}

void Session::read_head() {
  if (state_ != State::head) return;
  if (scanned_ == 0 && in_.starts_with("\r\n"))
    in_.erase(0, 2);  // RFC 9112: at least one empty line is to be ignored
  auto end = find_head_end(in_, scanned_);
  if (!end) return refuse(end.error().status, end.error().message);
  const std::size_t limit = core_->options.max_header_bytes;
  if ((*end && **end > limit) || (!*end && in_.size() > limit))
    return refuse(431, fmt::format("the request head is larger than {} bytes", limit));
  if (*end) return on_head(**end);
  when_readable(State::head, [](Session& s) {
    const bool first = s.in_.empty();
    if (!s.receive()) return s.read_head();
    if (first) {
      s.deadline(s.core_->options.read_timeout);
      s.set_busy(true);
    }
    s.read_head();
  });
}

void Session::on_head(std::size_t length) {
  set_busy(true);
  auto head = parse_head(std::string_view(in_).substr(0, length));
  in_.erase(0, length);
  scanned_ = 0;
  if (!head) return refuse(head.error().status, head.error().message);
  head_ = std::move(*head);
  head_.request.peer = peer_;
  const auto& options = core_->options;
  body_left_ = head_.content_length;
  const bool has_body = head_.chunked || body_left_ > 0;
  if (!has_body && !head_.keep_alive) close_after_ = true;
  if (!head_.keep_alive) close_after_ = true;

  if (head_.content_length > options.max_body_bytes)
    return refuse(413, fmt::format("the body has {} bytes; at most {} are accepted, send smaller batches",
                                   head_.content_length, options.max_body_bytes));
  if (options.head_check) {
    if (auto refused = options.head_check(head_.request, head_.content_length)) {
      if (has_body) close_after_ = true;  // what follows is a body nobody reads
      return write_now(std::move(*refused));
    }
  }
  if (!has_body) return dispatch();
  state_ = State::body;
  if (head_.chunked) chunks_ = std::make_unique<ChunkDecoder>(options.max_body_bytes);
  if (head_.expect_continue && in_.empty()) {
    interim_ = true;
    out_head_ = "HTTP/1.1 100 Continue\r\n\r\n";
    out_body_.clear();
    written_ = 0;
    return write_some();
  }
  read_body();
}

/// Moves what is in in_ into the body.
bool Session::take_body() {
  std::string& body = head_.request.body;
  const std::size_t before = body.size();
  bool whole = false;
  if (chunks_) {
    std::string_view in = in_;
    const auto state = chunks_->feed(in, body);
    in_.erase(0, in_.size() - in.size());
    if (state == ChunkDecoder::State::bad) {
      refuse(400, chunks_->why());
      return false;
    }
    if (state == ChunkDecoder::State::too_large) {
      refuse(413, fmt::format("the body has more than {} bytes; send smaller batches",
                              core_->options.max_body_bytes));
      return false;
    }
    whole = state == ChunkDecoder::State::done;
  } else {
    const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, in_.size()));
    body.append(in_, 0, n);
    in_.erase(0, n);
    body_left_ -= n;
    whole = body_left_ == 0;
  }
  const std::size_t grown = body.size() - before;
  reserved_ += grown;
  if ((core_->body_bytes += grown) > core_->options.max_buffered_body_bytes) {
    count(Anomaly::receiver_refused_overload);
    refuse(503, "too many request bodies are being received; try again in a second");
    return false;
  }
  if (whole) {
    dispatch();
    return false;
  }
  return true;
}

void Session::read_body() {
  if (state_ != State::body || !take_body()) return;
  std::string& body = head_.request.body;
  if (chunks_ || body_left_ < core_->scratch.size()) {
    when_readable(State::body, [](Session& s) {
      s.receive();
      s.read_body();
    });
    return;
  }
  // A large body of known length is read where it will lie, in steps: a client that only announces much gets
  // little.
  const std::size_t step = static_cast<std::size_t>(
      std::min<std::uint64_t>(body_left_, std::max<std::size_t>(body.size(), 65536)));
  if (body.capacity() < body.size() + step)
    body.reserve(static_cast<std::size_t>(
        std::min<std::uint64_t>(body.size() + body_left_, 2 * (body.size() + step))));
  when_readable(State::body, [step](Session& s) {
    std::string& into = s.head_.request.body;
    const std::size_t before = into.size();
    into.resize(before + step);
    error_code ec;
    const std::size_t n = s.socket_.read_some(asio::buffer(into.data() + before, step), ec);
    into.resize(before + n);
    s.body_left_ -= n;
    s.reserved_ += n;
    s.core_->body_bytes += n;
    if (ec && ec != asio::error::would_block) return s.close();
    s.read_body();
  });
}

// ---- Handling

void Session::dispatch() {
  state_ = State::handling;
  no_deadline();
  const bool head_only = head_.request.method == "HEAD";
  auto responder = make_responder(shared_from_this(), head_.http10, head_only);
  // The head stays here (HEAD, accept, errors need it); the body goes with the request.
  HttpRequest request = head_.request;
  if (!head_.request.body.empty()) std::string().swap(head_.request.body);
  Workers::Job job = [core = core_, request = std::move(request), responder = std::move(responder),
                      until = Clock::now() + core_->options.max_queue_wait]() mutable {
    if (Clock::now() > until) {
      count(Anomaly::receiver_refused_overload);
      return responder->send(
          core->busy_error("too many requests are waiting; try again in a second", request));
    }
    try {
      core->handler(std::move(request), responder);
    } catch (const std::exception& e) {
      log_error("a request handler failed: {}", printable(e.what()));
      responder->send(HttpResponse{500, {{"Content-Type", "text/plain"}}, "internal error\n"});
    }
  };
  if (!core_->workers.try_submit(job)) {
    count(Anomaly::receiver_refused_overload);
    auto response = core_->busy_error("too many requests are waiting; try again in a second", head_.request);
    state_ = State::handling;
    write_now(std::move(response));
    return;  // the responder in `job` dies unanswered; respond() ignores it because the state has moved on
  }
  watch_close();
}

/// While a request is handled nobody reads: the only way to learn that the client left is to look.
void Session::watch_close() {
  if (watching_ || !in_.empty()) return;
  watching_ = true;
  socket_.async_wait(asio::ip::tcp::socket::wait_read, on([](Session& s, const error_code& ec) {
                       s.watching_ = false;
                       if (ec || (s.state_ != State::handling && s.state_ != State::streaming)) return;
                       char c;
                       const ssize_t n = ::recv(s.socket_.native_handle(), &c, 1, MSG_PEEK | MSG_DONTWAIT);
                       if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
                         return s.watch_close();
                       if (n > 0) return;  // the next request waits; from here on only a failed write tells
                       s.gone_ = true;
                       s.close_after_ = true;
                       if (s.state_ == State::streaming || n < 0) s.close();
                     }));
}

void Session::refuse(int status, std::string_view message) {
  close_after_ = true;
  HttpResponse response = core_->error(status, message, head_.request);
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  write_now(std::move(response));
}

// ---- Writing

void Session::respond(HttpResponse response) {
  if (state_ != State::handling) return;
  const std::size_t size = response.body.size();
  if (size > kSmallAnswer && core_->answer_bytes + size > core_->options.max_buffered_answer_bytes) {
    count(Anomaly::receiver_refused_overload);
    return write_now(core_->busy_error("too many large answers wait for slow readers; try again in a second",
                                       head_.request));
  }
  answer_reserved_ = size;
  core_->answer_bytes += size;
  write_now(std::move(response));
}

void Session::release_answer() {
  core_->answer_bytes -= answer_reserved_;
  answer_reserved_ = 0;
}

std::string Session::head_text(const HttpResponse& response, bool chunked, bool has_length,
                               std::size_t length) {
  std::string text;
  text.reserve(256);
  const auto reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(response.status));
  fmt::format_to(std::back_inserter(text), "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                 std::string_view(reason.data(), reason.size()), core_->http_date());
  for (const auto& [name, value] : response.headers) {
    if (same_name(name, "content-length") || same_name(name, "connection") ||
        same_name(name, "transfer-encoding") || same_name(name, "date"))
      continue;
    append_clean(text, name);
    text += ": ";
    append_clean(text, value);
    text += "\r\n";
  }
  if (chunked) text += "Transfer-Encoding: chunked\r\n";
  if (has_length) fmt::format_to(std::back_inserter(text), "Content-Length: {}\r\n", length);
  if (close_after_)
    text += "Connection: close\r\n";
  else if (head_.http10)
    text += "Connection: keep-alive\r\n";
  text += "\r\n";
  return text;
}

void Session::write_now(HttpResponse response) {
  if (state_ == State::closed) return;
  if (core_->draining) close_after_ = true;
  state_ = State::writing;
  release_body();
  const bool bodyless = response.status == 204 || response.status == 304 || response.status < 200;
  // A HEAD answer without body may stand for a stream whose length nobody knows.
  const bool has_length = !bodyless && !(head_.request.method == "HEAD" && response.body.empty());
  out_head_ = head_text(response, false, has_length, response.body.size());
  if (bodyless || head_.request.method == "HEAD")
    out_body_.clear();
  else
    out_body_ = std::move(response.body);
  written_ = 0;
  write_some();
}

void Session::write_some() {
  deadline(core_->options.read_timeout);  // renewed with each piece that goes out
  writing_ = true;
  const std::size_t head_from = std::min(written_, out_head_.size());
  const std::size_t body_from = written_ - head_from;
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(out_head_) + head_from,
                                                  asio::buffer(out_body_) + body_from};
  socket_.async_write_some(buffers, on([](Session& s, const error_code& ec, std::size_t n) {
                             s.writing_ = false;
                             if (s.state_ == State::closed) return;
                             if (ec) return s.close();
                             s.written_ += n;
                             if (s.stream_) s.stream_->sent(n);
                             if (s.written_ < s.out_head_.size() + s.out_body_.size()) return s.write_some();
                             s.written();
                           }));
}

void Session::written() {
  std::string().swap(out_head_);
  std::string().swap(out_body_);
  release_answer();
  written_ = 0;
  if (interim_) {
    interim_ = false;
    deadline_ = Clock::now() + core_->options.read_timeout;
    return read_body();
  }
  if (state_ == State::streaming) {
    no_deadline();
    return pump();
  }
  next_request();
}

// ---- Streaming

void Session::respond_stream(std::shared_ptr<Stream> stream, HttpResponse head) {
  if (state_ != State::handling) return stream->end();
  if (gone_) {
    stream->end();
    return close();
  }
  if (head_.http10 || core_->draining) close_after_ = true;
  endless_ = std::any_of(head.headers.begin(), head.headers.end(), [](const auto& h) {
    return same_name(h.first, "content-type") && h.second.starts_with("text/event-stream");
  });
  // What waits must be seen to wait: a kernel's megabytes would take minutes of events for a reader that
  // sleeps. Linux fits the size to its bounds and refuses none to an open socket; a refusal would lose no
  // event, it would only show a sleeper later.
  if (boost::system::error_code ignored; endless_)
    socket_.set_option(boost::asio::socket_base::send_buffer_size(8 << 10), ignored);
  state_ = State::streaming;
  release_body();
  stream->prepend(head_text(head, !head_.http10, false, 0) + head.body);
  stream_ = std::move(stream);
  watch_close();
  pump();
}

void Session::pump() {
  if (state_ != State::streaming || writing_ || !stream_) return;
  bool finished = false;
  out_head_ = stream_->take(finished);
  written_ = 0;
  if (!out_head_.empty()) return write_some();
  if (!finished) return;
  stream_->end();
  stream_.reset();
  next_request();
}

void Session::abort_stream() {
  if (state_ == State::streaming) close();
}

// ---- Ending

/// Says "no more" and reads until the client does too, so that it gets our last answer instead of a reset.
void Session::linger() {
  state_ = State::lingering;
  set_busy(false);
  error_code ec;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
  if (ec || gone_) return close();
  deadline(core_->draining ? std::chrono::milliseconds(300) : linger_time);
  discard();
}

void Session::discard() {
  when_readable(State::lingering, [](Session& s) {
    error_code ec;
    s.discarded_ += s.socket_.read_some(asio::buffer(s.core_->scratch), ec);
    if ((ec && ec != asio::error::would_block) || s.discarded_ > linger_bytes) return s.close();
    s.discard();
  });
}

}  // namespace turnscope::net
