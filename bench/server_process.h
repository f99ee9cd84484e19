// A server of its own for a run: `turnscope serve` in a fresh folder, on free loopback ports, stopped by
// process id.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace turnscope::bench {

class ServerProcess {
 public:
  /// Returns when the server said that it is ready; seconds that this took in start_seconds().
  static Result<std::unique_ptr<ServerProcess>> start(const std::string& binary,
                                                      const std::filesystem::path& data,
                                                      const std::vector<std::string>& set = {});
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  /// SIGTERM and wait; SIGKILL after a minute. False if it had to be killed or failed.
  bool stop();

  pid_t pid() const { return pid_; }
  const std::string& grpc() const { return grpc_; }  ///< host:port
  const std::string& http() const { return http_; }
  const std::string& ui() const { return ui_; }
  double start_seconds() const { return start_seconds_; }

 private:
  ServerProcess() = default;
  pid_t pid_ = -1;
  std::string grpc_, http_, ui_;
  double start_seconds_ = 0;
};

double wall_seconds();

}  // namespace turnscope::bench
