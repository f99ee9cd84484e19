// The handler's side of one exchange: thread-safe handles whose work is done on the I/O thread.
#include <fmt/format.h>

#include "net/http_session.h"

namespace turnscope::net {
namespace {

/// The handler's side of one exchange.
class SessionStream : public ResponseStream {
 public:
  explicit SessionStream(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
  ~SessionStream() override { stream_->drop(); }
  bool write(std::string_view chunk) override { return stream_->write(chunk); }
  void close() override { stream_->close(); }
  bool open() const override { return stream_->open(); }
  std::size_t waiting() const override { return stream_->waiting(); }

 private:
  std::shared_ptr<Stream> stream_;
};

class SessionResponder : public Responder {
 public:
  SessionResponder(std::shared_ptr<Session> session, bool http10, bool head_only)
      : session_(std::move(session)), http10_(http10), head_only_(head_only) {}
  ~SessionResponder() override {
    if (!answered_.exchange(true)) {
      session_->core().post([s = session_] {
        s->respond(HttpResponse{500, {}, "the handler gave no answer\n"});
      });
    }
  }
  void send(HttpResponse response) override {
    if (answered_.exchange(true)) return;
    session_->core().post([s = session_, r = std::move(response)]() mutable { s->respond(std::move(r)); });
  }
  std::shared_ptr<ResponseStream> stream(HttpResponse head, std::size_t max_buffered) override {
    auto stream = std::make_shared<Stream>(session_, max_buffered, !http10_);
    if (answered_.exchange(true) || head_only_) stream->end();
    if (head_only_) {
      session_->core().post([s = session_, r = std::move(head)]() mutable { s->respond(std::move(r)); });
    } else {
      session_->core().post([s = session_, stream, r = std::move(head)]() mutable {
        s->respond_stream(std::move(stream), std::move(r));
      });
    }
    return std::make_shared<SessionStream>(std::move(stream));
  }
  bool cancelled() const override { return session_->gone(); }

 private:
  std::shared_ptr<Session> session_;
  const bool http10_, head_only_;
  std::atomic<bool> answered_{false};
};

}  // namespace

std::shared_ptr<Responder> make_responder(std::shared_ptr<Session> session, bool http10, bool head_only) {
  return std::make_shared<SessionResponder>(std::move(session), http10, head_only);
}

std::size_t Stream::waiting() const {
  const std::lock_guard lock(mutex_);
  return buffered_;
}

bool Stream::write(std::string_view chunk) {
  const std::lock_guard lock(mutex_);
  if (closed_ || ended_) return false;
  if (chunk.empty()) return true;
  auto& core = session_->core();
  if (buffered_ + chunk.size() > max_ || session_->gone() ||
      core.answer_bytes + chunk.size() > core.options.max_buffered_answer_bytes) {
    ended_ = true;
    core.post([s = session_] { s->abort_stream(); });
    return false;
  }
  const std::size_t before = pending_.size();
  if (chunked_) {
    fmt::format_to(std::back_inserter(pending_), "{:x}\r\n", chunk.size());
    pending_.append(chunk);
    pending_.append("\r\n");
  } else {
    pending_.append(chunk);
  }
  buffered_ += pending_.size() - before;
  core.answer_bytes += pending_.size() - before;
  if (!pump_posted_) {
    pump_posted_ = true;
    session_->core().post([s = session_] { s->pump(); });
  }
  return true;
}

void Stream::close() {
  const std::lock_guard lock(mutex_);
  if (closed_ || ended_) return;
  closed_ = true;
  if (chunked_) pending_.append("0\r\n\r\n");
  if (!pump_posted_) {
    pump_posted_ = true;
    session_->core().post([s = session_] { s->pump(); });
  }
}

bool Stream::open() const {
  const std::lock_guard lock(mutex_);
  return !closed_ && !ended_ && !session_->gone();
}

void Stream::drop() {
  const std::lock_guard lock(mutex_);
  if (closed_ || ended_) return;
  ended_ = true;
  session_->core().post([s = session_] { s->abort_stream(); });
}

void Stream::prepend(std::string_view head) {
  const std::lock_guard lock(mutex_);
  pending_.insert(0, head);
}

std::string Stream::take(bool& finished) {
  const std::lock_guard lock(mutex_);
  pump_posted_ = false;
  finished = closed_;
  return std::exchange(pending_, {});
}

void Stream::sent(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  forget(std::min(buffered_, bytes));
}

void Stream::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  forget(buffered_);
}

void Stream::forget(std::size_t bytes) {
  buffered_ -= bytes;
  session_->core().answer_bytes -= bytes;
}

}  // namespace turnscope::net
