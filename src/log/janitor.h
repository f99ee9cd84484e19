// Takes away segments that every cursor has passed, and keeps one prepared file at hand so that the committer
// need not allocate in the middle of a group. A passed segment is used again as the prepared file where it
// can be: overwriting blocks that are there halves the time of a sync (no journal commit for new blocks). Own
// thread; sleeps until told.
#pragma once
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/filesystem.h"
#include "log/cursor.h"
#include "log/timeline.h"

namespace turnscope::log {

/// A file of `bytes` allocated, with a temporary name; its content is nothing.
struct PreparedFile {
  std::string path;
  std::unique_ptr<File> file;
  std::uint64_t bytes = 0;
};

class Janitor {
 public:
  Janitor(FileSystem&, const Clock&, const Options&, Timeline&, CursorSet&);
  ~Janitor();
  Janitor(const Janitor&) = delete;
  Janitor& operator=(const Janitor&) = delete;

  /// A cursor moved or a segment was completed: look for segments to take away.
  void look();
  /// The active segment is half full: have a file ready.
  void prepare();
  /// The prepared file if there is one of at least `bytes`.
  std::optional<PreparedFile> take(std::uint64_t bytes);
  std::uint64_t prepared_bytes() const;
  void close();

 private:
  void run();
  /// Takes away what may go; the time when the next segment may, if that is known.
  std::optional<std::chrono::steady_clock::time_point> tidy();
  void remove_or_recycle(std::shared_ptr<Segment>);
  void make_prepared();

  FileSystem& fs_;
  const Clock& clock_;
  const Options& options_;
  Timeline& timeline_;
  CursorSet& cursors_;
  std::uint64_t number_ = 0;
  std::vector<std::pair<std::weak_ptr<Segment>, std::chrono::steady_clock::time_point>> passed_;

  mutable std::mutex mutex_;
  std::condition_variable told_;
  bool look_ = false, prepare_ = false, closing_ = false;
  std::optional<PreparedFile> prepared_;
  std::thread thread_;
};

}  // namespace turnscope::log
