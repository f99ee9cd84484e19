// The crash-loop guard: after three starts within a minute that did not end in a clean stop, the next start
// leaves the store out, so that ingest goes on while somebody looks (the engine runs in our process and may
// be what crashes).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace turnscope::server {

class StartGuard {
 public:
  static constexpr int kStarts = 3;
  static constexpr std::int64_t kWindowNanos = 60'000'000'000;

  /// `directory` must exist. Records this start in `directory`/starts. Errors: io.
  static Result<StartGuard> record_start(const std::string& directory, std::int64_t now_unix_nanos);

  /// True when the starts before this one say that the store should be left out.
  bool crash_loop() const { return unclean_ >= kStarts; }
  /// Starts of the last minute that ended without mark_clean(), this one not counted.
  int unclean() const { return unclean_; }
  /// True when the start before this one did not end cleanly, however long ago.
  bool previous_unclean() const { return previous_unclean_; }

  /// Call at the end of a clean stop, and after the process has been up for a minute.
  void mark_clean();

 private:
  StartGuard(std::string file, int unclean, bool previous)
      : file_(std::move(file)), unclean_(unclean), previous_unclean_(previous) {}
  std::string file_;
  int unclean_;
  bool previous_unclean_;
};

}  // namespace turnscope::server
