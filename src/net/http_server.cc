#include "net/http_server.h"

#include <fmt/format.h>
#include <time.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/logger.h"
#include "net/http_session.h"

namespace turnscope::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

class Server : public HttpServer {
 public:
  Server(HttpOptions options, Handler handler)
      : core_(std::make_shared<Core>(std::move(options), std::move(handler))),
        acceptor_(core_->io),
        retry_(core_->io),
        work_(asio::make_work_guard(core_->io)) {}

  ~Server() override {
    core_->stopping = true;
    core_->post([this] {
      error_code ec;
      acceptor_.close(ec);
      retry_.cancel();
      close_all();
    });
    core_->close_posts();
    work_.reset();
    if (thread_.joinable()) thread_.join();
    core_->workers.stop();
  }

  Status open() {
    const HttpOptions& o = core_->options;
    error_code ec;
    const auto address = asio::ip::make_address(o.address == "localhost" ? "127.0.0.1" : o.address, ec);
    if (ec)
      return fail(ErrorKind::invalid_argument,
                  fmt::format("\"{}\" is not an IP address to listen on (\"localhost\" and \"0.0.0.0\" work)",
                              o.address));
    const tcp::endpoint at(address, o.port);
    acceptor_.open(at.protocol(), ec);
    if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec) acceptor_.bind(at, ec);
    if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
    if (ec)
      return fail(ErrorKind::io,
                  fmt::format("cannot listen on {}:{}: {}{}", o.address, o.port, ec.message(),
                              ec == asio::error::address_in_use
                                  ? "; stop what listens there or choose another port (0: a free one)"
                                  : ""));
    port_ = acceptor_.local_endpoint(ec).port();
    thread_ = std::thread([this] { run(); });
    core_->post([this] { accept(); });
    return {};
  }

  std::uint16_t port() const override { return port_; }

  void drain(std::chrono::milliseconds deadline) override {
    core_->post([this] {
      core_->draining = true;
      error_code ec;
      acceptor_.close(ec);
      retry_.cancel();
      const std::vector<Session*> all(core_->sessions.begin(), core_->sessions.end());
      for (Session* s : all) s->begin_drain();
      const std::lock_guard lock(core_->idle_mutex);
      drained_posted_ = true;
      core_->idle.notify_all();
    });
    std::unique_lock lock(core_->idle_mutex);
    core_->idle.wait_for(lock, deadline, [this] { return drained_posted_ && core_->busy == 0; });
    lock.unlock();
    core_->post([this] { close_all(); });
  }

 private:
  void close_all() {
    const std::vector<Session*> all(core_->sessions.begin(), core_->sessions.end());
    for (Session* s : all) s->close();
  }

  void run() {
    for (;;) {
      try {
        core_->io.run();
        return;
      } catch (const std::exception& e) {  // out of memory in one session; its deadline will close it
        log_error("the HTTP server on port {} goes on after: {}", port_, e.what());
      }
    }
  }

  void accept() {
    acceptor_.async_accept([this](const error_code& ec, tcp::socket socket) {
      if (!acceptor_.is_open()) return;
      if (ec) {  // out of file descriptors, or the client left at once: go on, but not in a busy loop
        retry_.expires_after(std::chrono::milliseconds(50));
        retry_.async_wait([this](const error_code& stopped) {
          if (!stopped && acceptor_.is_open()) accept();
        });
        return;
      }
      if (core_->sessions.size() >= core_->options.max_connections) {
        static constexpr std::string_view busy =
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: "
            "close\r\n\r\n";
        error_code ignored;
        socket.non_blocking(true, ignored);
        socket.write_some(asio::buffer(busy), ignored);
      } else {
        std::make_shared<Session>(core_, std::move(socket))->start();
      }
      accept();
    });
  }

  std::shared_ptr<Core> core_;
  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
  std::uint16_t port_ = 0;
  bool drained_posted_ = false;
};

}  // namespace

Workers::Workers(std::size_t threads, std::size_t queue) : room_(queue) {
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i)
    threads_.emplace_back([this] { run(); });
}

bool Workers::try_submit(Job& job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || jobs_.size() >= room_) return false;
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void Workers::stop() {
  std::deque<Job> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(jobs_);
  }
  wake_.notify_all();
  for (std::thread& t : threads_)
    if (t.joinable()) t.join();
}

void Workers::run() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopped_ || !jobs_.empty(); });
      if (stopped_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

const std::string& Core::http_date() {
  const std::int64_t now = ::time(nullptr);
  if (now != date_second_) {
    tm t{};
    const time_t seconds = now;
    gmtime_r(&seconds, &t);
    char text[64];
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &t);
    date_ = text;
    date_second_ = now;
  }
  return date_;
}

HttpResponse Core::error(int status, std::string_view message, const HttpRequest& head) const {
  if (options.error_body) return options.error_body(status, message, head);
  return HttpResponse{status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::string(message) + "\n"};
}

HttpResponse Core::busy_error(std::string_view message, const HttpRequest& head) const {
  HttpResponse response = error(503, message, head);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(HttpOptions options, Handler handler) {
  auto server = std::make_unique<Server>(std::move(options), std::move(handler));
  TS_TRY(server->open());
  return server;
}

}  // namespace turnscope::net
