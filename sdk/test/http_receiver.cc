#include "http_receiver.h"

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace turnscope::sdk::test {

std::vector<std::string> HttpReceiver::Request::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [n, v] : headers)
    if (boost::beast::iequals(n, boost::beast::string_view(name.data(), name.size()))) values.push_back(v);
  return values;
}

std::string HttpReceiver::Request::header(std::string_view name) const {
  const auto values = all(name);
  return values.empty() ? "" : values.front();
}

struct HttpReceiver::State {
  State() : acceptor_(io_, {boost::asio::ip::address_v4::loopback(), 0}), thread_([this] { run(); }) {}
  ~State() {
    stopping_ = true;
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    thread_.join();
  }

  void run() {
    namespace http = boost::beast::http;
    for (;;) {
      boost::system::error_code error;
      boost::asio::ip::tcp::socket socket(io_);
      acceptor_.accept(socket, error);
      if (stopping_) return;
      if (error) continue;
      const timeval limit{10, 0};
      setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      boost::beast::flat_buffer buffer;
      http::request_parser<http::string_body> parser;
      parser.body_limit(64 << 20);
      http::read(socket, buffer, parser, error);
      if (error) continue;
      Reply reply;
      {
        std::lock_guard lock(mutex_);
        Request r{
            std::string(parser.get().target()), parser.get().body(), {}, std::chrono::steady_clock::now()};
        for (const auto& f : parser.get())
          r.headers.emplace_back(std::string(f.name_string()), std::string(f.value()));
        requests_.push_back(std::move(r));
        if (!replies_.empty()) {
          reply = replies_.front();
          replies_.pop_front();
        }
        changed_.notify_all();
      }
      if (reply.hang_up) continue;
      http::response<http::string_body> response;
      response.result(reply.status);
      for (const auto& [n, v] : reply.headers) response.set(n, v);
      response.body() = reply.body;
      response.keep_alive(false);
      response.prepare_payload();
      http::write(socket, response, error);
      socket.shutdown(boost::asio::ip::tcp::socket::shutdown_send, error);
    }
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Request> requests_;
  std::deque<Reply> replies_;
  std::thread thread_;
};

HttpReceiver::HttpReceiver() : state_(std::make_unique<State>()) {}
HttpReceiver::~HttpReceiver() = default;

unsigned short HttpReceiver::port() const { return state_->acceptor_.local_endpoint().port(); }
std::string HttpReceiver::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port()) + path;
}

void HttpReceiver::answer_next(const std::vector<Reply>& replies) {
  const std::lock_guard lock(state_->mutex_);
  for (auto& r : replies) state_->replies_.push_back(r);
}

std::vector<HttpReceiver::Request> HttpReceiver::wait(std::size_t count) {
  std::unique_lock lock(state_->mutex_);
  state_->changed_.wait_for(lock, std::chrono::seconds(20),
                            [&] { return state_->requests_.size() >= count; });
  return state_->requests_;
}

void HttpReceiver::clear() {
  const std::lock_guard lock(state_->mutex_);
  state_->requests_.clear();
}

}  // namespace turnscope::sdk::test
