// What the far side will never take, kept so that a person can look at it and send it again: a small durable
// log of its own below the data directory, made when the first letter comes. Its cursor "replayed" stands
// before the first letter that was not sent again.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/filesystem.h"
#include "log/log.h"

namespace turnscope::sinks {

struct DeadLetter {
  log::Position position = 0;  ///< in the letters' own log
  log::Signal signal = log::Signal::traces;
  std::uint32_t items = 0;
  std::int64_t refused_unix_nano = 0;
  log::Position first = 0, end = 0;  ///< range of the main log that it came from
  std::string reason;
  std::string body;  ///< protobuf, as it was sent
};

class DeadLetters {
 public:
  DeadLetters(FileSystem&, const Clock&, std::string directory, std::uint64_t max_bytes);
  /// Opens what is there; nothing is made.
  Status open_existing();
  /// Durable when it returns. `overloaded`: max_bytes are used up.
  Status add(const DeadLetter&);

  struct Stats {
    std::uint64_t letters = 0, bytes_on_disk = 0;
  };
  Stats stats() const;
  /// Letters not yet replayed, oldest first, at most `limit`; `each` returns false to stop. Error: io.
  Status for_each(std::size_t limit, const std::function<bool(const DeadLetter&)>& each) const;
  log::Position end() const;
  /// Everything before it was sent again, or refused again and put behind.
  Status replayed(log::Position);
  void close();

 private:
  Status open();
  FileSystem& fs_;
  const Clock& clock_;
  const std::string directory_;
  const std::uint64_t max_bytes_;
  mutable std::mutex mutex_;
  std::unique_ptr<log::Log> log_;
  std::shared_ptr<log::Cursor> cursor_;
};

}  // namespace turnscope::sinks
