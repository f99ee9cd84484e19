// Where large values lie: a directory, or a bucket of anything that speaks S3. Keys follow from ids alone, so
// that whoever has a span knows them; objects are zstd.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/filesystem.h"
#include "base/result.h"
#include "base/secret.h"
#include "otlp/model.h"

namespace turnscope::store {

/// PROJECT/TRACE/SPAN/FIELD.zst. `field` is an attribute's key, or "KEY@event.N" for one of the N-th event;
/// what is not a letter, digit, '.', '-' or '_' is written ~XX.
std::string object_key(std::uint32_t project, const otlp::TraceId&, otlp::SpanId, std::string_view field);

/// Thread-safe. Errors: not_found; unavailable and overloaded may pass; permission_denied and
/// invalid_argument are for a person to mend.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  /// Replaces what is there. On return it is durable over there.
  virtual Status put(const std::string& key, std::string_view bytes) = 0;
  virtual Result<std::string> get(const std::string& key) = 0;
  /// Success if it is not there.
  virtual Status remove(const std::string& key) = 0;
};

struct S3Options {
  std::string endpoint;  ///< https://host[:port]; the bucket is put into the path
  std::string bucket, region = "us-east-1", prefix;
  Secret access_key, secret_key;
  std::string ca;  ///< authorities (PEM) instead of the system's
  long timeout_ms = 30'000;
};

/// Errors: io, when the directory cannot be made or written.
Result<std::unique_ptr<ObjectStore>> open_local_objects(std::string directory,
                                                        FileSystem& = posix_filesystem());
Result<std::unique_ptr<ObjectStore>> open_s3_objects(S3Options);

/// zstd of a value; and back, at most `most` bytes (too_large beyond).
std::string pack_object(std::string_view text);
Result<std::string> unpack_object(std::string_view bytes, std::size_t most);

}  // namespace turnscope::store
