// Recomputes what was derived from stored spans, after the tables of dialects or the rules of the
// configuration have changed: the columns of `spans`, and the marks of calls that repeat another.
//
//   scan      whole spans in order of their start, a bounded piece at a time, latest version of each
//   compare   what the tables of now make of a span with what the store has; most are alike and stay
//   replace   a changed span goes in again as a later version of itself (one more than its own), so that
//   readers
//             and merges fold the two as they fold what a client sent twice; a span that a client sends again
//             later still wins
//   fold      the days that have spans twice are merged, so that no search finds a span by what it was
//
// Nothing is deleted before its successor is there, and a run that is cut off at any point leaves a mixture
// of old and new spans: the next run finds those that are left, and begins where a checkpoint says that the
// one before came to. The log's positions stay in the versions, so the store writer still recognises its own
// rows.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/memory.h"
#include "base/result.h"
#include "sinks/renormalise_checkpoint.h"
#include "sinks/renormalise_state.h"
#include "store/engine.h"

namespace turnscope::sinks {

struct RenormaliseOptions {
  std::size_t spans = 2'000;         ///< a piece; fewer where they are long
  std::size_t bytes = 24u << 20;     ///< of one piece as read
  MemoryCeiling* ceiling = nullptr;  ///< asked before each piece; must outlive this
  std::function<void()> changed;     ///< after each piece that changed something: forget what was derived
  std::string checkpoint;            ///< file; empty: each run reads everything again
  std::chrono::milliseconds checkpoint_every{1'000};
};

class Renormaliser {
 public:
  Renormaliser(store::Engine& engine, const Clock& clock, RenormaliseOptions options = {});
  ~Renormaliser();

  /// Begins with the spans that started at `since` or later; with those behind the checkpoint of a run that
  /// did not come to its end, if that had the same spans to do by the same rules (unless `fresh`). Error:
  /// unavailable, when one is under way.
  Status start(std::int64_t since, bool fresh = false);
  /// Ends a run after its piece; nothing is undone.
  void stop();
  RenormaliseState state() const;
  /// Until no run is under way.
  void wait();

 private:
  void run(std::int64_t since, const std::optional<RenormaliseCheckpoint>& from);
  Status run_steps(std::int64_t since, const std::optional<RenormaliseCheckpoint>& from);
  std::optional<RenormaliseCheckpoint> earlier() const;
  void keep(const RenormaliseCheckpoint&);
  void forget();
  template <typename F>
  void change(F&& f);

  store::Engine& engine_;
  const Clock& clock_;
  const RenormaliseOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  RenormaliseState state_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace turnscope::sinks
