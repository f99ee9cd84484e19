// Where damage is declared: counted once however many readers meet it, written to the program's log with its
// place, and its bytes kept aside in DIRECTORY/damaged/ (a person may still get something out of them).
// Nothing here can fail the caller.
#pragma once
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/filesystem.h"
#include "log/scanner.h"

namespace turnscope::log {

class DamageLedger {
 public:
  DamageLedger(FileSystem& fs, std::string directory) : fs_(fs), directory_(std::move(directory)) {}

  /// A stretch of `file` that is no good record: log_corrupt_record, and log_bytes_skipped if it has no
  /// readable header.
  void damaged(const File& file, const std::string& path, const FoundDamage&);
  /// A write that a crash cut and that was not known to be acknowledged: log_torn_tail. Kept aside too, if it
  /// is a whole record or lies between records: a disk that damages its newest bytes looks the same.
  void torn(const File& file, const std::string& path, std::uint64_t offset, std::uint64_t bytes, bool keep);
  /// Positions [from, to) are on no segment: log_segment_missing.
  void missing(Position from, Position to, const std::string& why);
  /// A whole file that cannot be used: moved to damaged/, log_bytes_skipped.
  void unusable_segment(const std::string& path, std::uint64_t bytes, const std::string& why);
  void cursor_repaired(const std::string& message);

  /// Sentences of this run, oldest first, at most 1,000.
  std::vector<std::string> messages() const;

 private:
  void say(bool lost, std::string message);
  void keep_aside(const File& file, const std::string& path, std::uint64_t offset, std::uint64_t bytes);

  FileSystem& fs_;
  const std::string directory_;
  mutable std::mutex mutex_;
  std::set<std::pair<std::string, std::uint64_t>> seen_;
  std::vector<std::string> messages_;
  std::uint64_t kept_bytes_ = 0;
};

}  // namespace turnscope::log
