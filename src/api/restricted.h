// The way into the stricter tier: a key of its own, and a trail of who asked for what, written before the
// answer leaves.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/filesystem.h"
#include "base/result.h"
#include "base/secret.h"
#include "net/http_server.h"

namespace turnscope::api {

/// Header that carries the key, and the one in which the reader says who they are.
inline constexpr std::string_view kRestrictedKey = "x-turnscope-restricted-key";
inline constexpr std::string_view kRestrictedReader = "x-turnscope-reader";

class AuditTrail {
 public:
  /// Errors: io, when the file cannot be made or written.
  static Result<std::unique_ptr<AuditTrail>> open(const std::string& file);
  ~AuditTrail();
  AuditTrail(const AuditTrail&) = delete;
  AuditTrail& operator=(const AuditTrail&) = delete;

  /// One line of JSON, on disk when it returns.
  Status write(std::int64_t unix_nano, const net::HttpRequest&, bool allowed);
  /// The last entries, newest first, each a line of JSON.
  Result<std::vector<std::string>> last(std::size_t most) const;

 private:
  AuditTrail(std::string file, int fd) : file_(std::move(file)), fd_(fd) {}
  const std::string file_;
  const int fd_;
  mutable std::mutex mutex_;
};

/// In the same time whatever differs.
bool same_key(std::string_view given, const Secret& key);

}  // namespace turnscope::api
