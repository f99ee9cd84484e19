// Test client that sends exactly the bytes it is given: for what a well-behaved HTTP library would never
// send.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace turnscope::net {

class RawClient {
 public:
  /// `room`: bytes that the kernel takes in for it before it reads; 0: as the system has it.
  explicit RawClient(std::uint16_t port, int room = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (room > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { hang_up(); }

  bool connected() const { return connected_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  /// Reads until `until` has been seen in what is new, or the other side closed, or 10 s passed.
  std::string read_until(std::string_view until) {
    while (seen_.find(until) == std::string::npos && more()) {
    }
    const std::size_t at = seen_.find(until);
    const std::size_t n = at == std::string::npos ? seen_.size() : at + until.size();
    std::string part = seen_.substr(0, n);
    seen_.erase(0, n);
    return part;
  }
  /// One answer with Content-Length (or none): head and body.
  std::string response() {
    std::string head = read_until("\r\n\r\n");
    const std::size_t at = head.find("Content-Length: ");
    if (at == std::string::npos) return head;
    const std::size_t length = std::stoul(head.substr(at + 16));
    while (seen_.size() < length && more()) {
    }
    head += seen_.substr(0, length);
    seen_.erase(0, std::min(length, seen_.size()));
    return head;
  }
  std::string rest() {
    while (more()) {
    }
    return std::exchange(seen_, {});
  }
  /// True once the server has closed (waits up to 10 s).
  bool closed() {
    while (more()) {
    }
    return closed_;
  }
  /// Closes with a reset instead of an orderly end.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    hang_up();
  }
  void hang_up() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  bool more() {
    pollfd p{fd_, POLLIN, 0};
    if (::poll(&p, 1, 10'000) <= 0) return false;
    char buffer[65536];
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0) {
      closed_ = true;
      return false;
    }
    seen_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }

  int fd_;
  bool connected_ = false, closed_ = false;
  std::string seen_;
};

}  // namespace turnscope::net
