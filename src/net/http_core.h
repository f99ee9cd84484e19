// What the connections of one server share: the I/O context, the worker queue, the byte budget, the options.
// Private to src/net.
#pragma once
#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <vector>

#include "net/http_server.h"

namespace turnscope::net {

class Session;

/// Threads that run handlers, behind a bounded queue.
class Workers {
 public:
  using Job = std::move_only_function<void()>;
  Workers(std::size_t threads, std::size_t queue);
  ~Workers() { stop(); }
  /// False when the queue is full or stopped; the job is then untouched.
  bool try_submit(Job& job);
  /// Drops what waits, finishes what runs.
  void stop();

 private:
  void run();
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  std::size_t room_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

struct Core : std::enable_shared_from_this<Core> {
  Core(HttpOptions o, Handler h)
      : options(std::move(o)), handler(std::move(h)), workers(options.workers, options.queue) {}

  HttpOptions options;
  Handler handler;
  boost::asio::io_context io{1};  // one thread runs it; everything of a session happens there
  std::atomic<std::size_t> body_bytes{0};
  std::atomic<std::size_t> answer_bytes{0};  // made and not yet sent
  std::atomic<bool> stopping{false};

  // I/O thread only.
  bool draining = false;
  std::array<char, 65536> scratch{};  // where every session reads
  std::unordered_set<Session*> sessions;

  // Number of sessions that still owe somebody an answer, for drain().
  std::mutex idle_mutex;
  std::condition_variable idle;
  std::size_t busy = 0;

  Workers workers;  // last: its threads use all of the above

  /// Runs `f` on the I/O thread; dropped once the server is stopped.
  template <typename F>
  void post(F&& f) {
    const std::lock_guard lock(post_mutex_);
    if (!closed_) boost::asio::post(io, std::forward<F>(f));
  }
  void close_posts() {
    const std::lock_guard lock(post_mutex_);
    closed_ = true;
  }
  void busy_changed(int by) {
    const std::lock_guard lock(idle_mutex);
    busy += static_cast<std::size_t>(by);
    idle.notify_all();
  }
  /// "Sun, 22 Nov 2026 18:00:00 GMT", renewed once a second. I/O thread only.
  const std::string& http_date();
  HttpResponse error(int status, std::string_view message, const HttpRequest& head) const;
  /// The same, with the delay after which the client should come again.
  HttpResponse busy_error(std::string_view message, const HttpRequest& head) const;

 private:
  std::mutex post_mutex_;
  bool closed_ = false;
  std::string date_;
  std::int64_t date_second_ = -1;
};

}  // namespace turnscope::net
