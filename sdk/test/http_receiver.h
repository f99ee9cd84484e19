// A small HTTP server for tests: keeps what it gets, answers as told. One thread, one connection after the
// other, each answered with Connection: close, so that no connection keeps another waiting.
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace turnscope::sdk::test {

class HttpReceiver {
 public:
  struct Request {
    std::string target, body;
    std::vector<std::pair<std::string, std::string>> headers;
    std::chrono::steady_clock::time_point at;
    std::vector<std::string> all(std::string_view name) const;
    std::string header(std::string_view name) const;
  };
  struct Reply {
    unsigned status = 200;
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};
    bool hang_up = false;
  };

  HttpReceiver();
  ~HttpReceiver();
  unsigned short port() const;
  std::string url(const std::string& path = "") const;
  void answer_next(const std::vector<Reply>& replies);
  /// The first `count` requests; fewer when they do not come within 20 s.
  std::vector<Request> wait(std::size_t count);
  void clear();

 private:
  struct State;  // Beast costs every file that sees it ten seconds
  std::unique_ptr<State> state_;
};

}  // namespace turnscope::sdk::test
