// The whole server: every part made, wired and stopped in order. The one place that knows all of them.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "server/config.h"

namespace turnscope::server {

struct Addresses {
  std::string grpc, http, ui;  ///< "127.0.0.1:4317"; empty: closed
};

class Server {
 public:
  virtual ~Server() = default;  ///< stops, if stop() was not called
  /// Opens the data directory, replays what a crash left, listens. Errors name the key or path and the
  /// remedy.
  static Result<std::unique_ptr<Server>> start(const Config&);
  virtual Addresses addresses() const = 0;
  /// Refuses new requests, finishes those under way, closes the log and the store. Safe twice.
  virtual void stop() = 0;
};

}  // namespace turnscope::server
