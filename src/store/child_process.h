// Runs one test of this binary in a process of its own, for tests in which a process dies.
#pragma once
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace turnscope {

class ChildProcess {
 public:
  /// Runs this binary with --gtest_filter=`test` and `environment` ("NAME=value") added to ours.
  ChildProcess(const std::string& test, std::vector<std::string> environment) {
    std::vector<std::string> arguments{"/proc/self/exe", "--gtest_filter=" + test,
                                       "--gtest_also_run_disabled_tests"};
    std::vector<char*> argv, envp;
    for (auto& a : arguments) argv.push_back(a.data());
    argv.push_back(nullptr);
    for (auto& e : environment) envp.push_back(e.data());
    for (char** e = ::environ; *e != nullptr; ++e) envp.push_back(*e);
    envp.push_back(nullptr);
    if (::posix_spawn(&pid_, "/proc/self/exe", nullptr, nullptr, argv.data(), envp.data()) != 0) pid_ = -1;
  }
  ChildProcess(const ChildProcess&) = delete;
  ~ChildProcess() { kill(); }

  /// The wait status, or nothing if it did not end in time.
  std::optional<int> wait(std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (pid_ > 0 && std::chrono::steady_clock::now() < end) {
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = -1;
        return status;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return std::nullopt;
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

}  // namespace turnscope
