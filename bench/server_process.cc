#include "server_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <csignal>
#include <thread>

namespace turnscope::bench {

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Result<std::unique_ptr<ServerProcess>> ServerProcess::start(const std::string& binary,
                                                            const std::filesystem::path& data,
                                                            const std::vector<std::string>& set) {
  int out[2];
  if (::pipe2(out, O_CLOEXEC) != 0) return fail(ErrorKind::io, "pipe");
  std::vector<std::string> arguments{binary,          "serve",       "--data",        data.string(),
                                     "--listen-grpc", "127.0.0.1:0", "--listen-http", "127.0.0.1:0",
                                     "--listen-ui",   "127.0.0.1:0"};
  for (const auto& s : set) {
    arguments.push_back("--set");
    arguments.push_back(s);
  }
  std::vector<char*> argv;
  for (auto& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  const auto log = (data.string() + ".stderr");
  posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  std::unique_ptr<ServerProcess> server(new ServerProcess());
  const double began = wall_seconds();
  const int error = ::posix_spawn(&server->pid_, binary.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(out[1]);
  if (error != 0) {
    server->pid_ = -1;
    ::close(out[0]);
    return fail(ErrorKind::io, fmt::format("cannot start {}: build it first (./dev build)", binary));
  }
  std::string line;
  while (line.find('\n') == line.npos && wall_seconds() - began < 120) {
    pollfd p{out[0], POLLIN, 0};
    if (::poll(&p, 1, 200) <= 0) continue;
    char buffer[4096];
    const auto n = ::read(out[0], buffer, sizeof buffer);
    if (n <= 0) break;
    line.append(buffer, static_cast<std::size_t>(n));
  }
  server->start_seconds_ = wall_seconds() - began;
  ::close(out[0]);
  boost::system::error_code ec;
  const auto json = boost::json::parse(std::string_view(line).substr(0, line.find('\n')), ec);
  if (ec || !json.is_object())
    return fail(ErrorKind::unavailable,
                fmt::format("the server did not become ready; its messages are in {}", log));
  const auto text = [&](const char* key) {
    const auto* v = json.as_object().if_contains(key);
    return v != nullptr && v->is_string() ? std::string(v->as_string()) : std::string();
  };
  server->grpc_ = text("grpc");
  server->http_ = text("http");
  server->ui_ = text("ui");
  return server;
}

bool ServerProcess::stop() {
  if (pid_ <= 0) return true;
  ::kill(pid_, SIGTERM);
  int status = 0;
  const double began = wall_seconds();
  while (wall_seconds() - began < 60) {
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return false;
}

ServerProcess::~ServerProcess() { stop(); }

}  // namespace turnscope::bench
