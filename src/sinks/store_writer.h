// The sink that fills the store, each record of the log exactly once.
//
//   builder thread    read records ─▶ decode ─▶ columns ─▶ range [first, end) ─┐ (one range waits at most)
//   inserter thread   intent with the cursor (synced) ─▶ insert each table with its token ─▶ cursor to end
//
// After a crash, or an insert whose outcome is unknown, the range of the intent is built from the same
// records again. The token alone does not decide then: the engine writes a token down before it commits the
// part, so a kill between the two leaves a known token without rows. Each row carries its position in the log
// (`version`), so what is there is looked up; what is not goes in with a new token. A block is one part and
// so is there wholly or not at all. A range is cut when it is full, when its day of receipt ends, or when the
// inserter is free and its oldest record has waited long enough (so ranges grow with the load).
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "log/log.h"
#include "sinks/range_block.h"
#include "sinks/sink.h"
#include "sinks/store_intent.h"
#include "store/engine.h"

namespace turnscope::sinks {

struct StoreWriterOptions {
  std::string cursor = "store";  ///< its name in the log, and of its health
  RangeLimits range;
  /// How long a record waits for company before it is inserted. An insert costs about 20 ms and a part to
  /// merge, whatever its size; ack to searchable takes this plus the insert.
  std::chrono::milliseconds linger{350};
  /// The same when nothing was inserted for a second: the first trace should show at once.
  std::chrono::milliseconds idle_linger{40};
  /// The same while somebody watches spans come in: more and smaller parts for as long as that lasts.
  std::chrono::milliseconds watched_linger{100};
  std::chrono::milliseconds first_retry{100}, last_retry{5000};
  /// Ranges inserted again, newest first, after a start that followed no orderly stop; all kept ones if the
  /// machine was booted since (the store's disk may have lost what it had confirmed).
  std::size_t repeat_after_crash = 1;
  /// Called on the inserter's thread when everything before the position is searchable, with what the last
  /// insert brought (if somebody watches). Must not block.
  std::function<void(log::Position, store::Arrivals)> stored;
  std::size_t arrivals = 400;  ///< traces of one insert that are named
  /// Whether somebody watches; empty: nobody. Asked often from the builder's thread, must not block.
  std::function<bool()> watched;
};

class StoreWriter final : public Sink {
 public:
  /// `engine` must have been migrated; engine, log and clock must outlive the writer.
  StoreWriter(store::Engine& engine, log::Log& log, const Clock& clock, StoreWriterOptions options = {});
  ~StoreWriter() override;

  /// Opens the cursor "store" and repeats what a crash left; returns before that is done (health tells).
  Status start() override;
  /// Inserts what is in hand (one attempt; an engine that fails keeps it in the log), then ends.
  void stop() override;
  SinkHealth health() const override;

  /// Everything before it is searchable.
  log::Position stored() const { return stored_.load(std::memory_order_acquire); }
  std::uint64_t rows() const { return rows_.load(std::memory_order_relaxed); }      ///< inserted since start
  std::uint64_t ranges() const { return ranges_.load(std::memory_order_relaxed); }  ///< the same

 private:
  void build();
  void build_new();
  void insert();
  /// Why a range is inserted: fresh from the log, again because a crash left its intent, or again although
  /// the cursor has passed it, because a crash may have taken what the store had confirmed.
  enum class Origin { fresh, intent, history };
  bool insert_range(RangeBlock&, Range, Origin, log::Position& behind);
  bool hand_over(Origin = Origin::fresh);  ///< false: stopping
  bool repeat(Range, Origin);
  void release_memory();
  /// `again`: an insert of this range may have happened before.
  Status insert_tables(RangeBlock&, Range, bool again);
  template <typename Block>
  Status insert_table(Block&, std::string_view table, const std::string& token);
  /// For tables whose rows must not come twice: skipped when the store has rows of the range.
  template <typename Block>
  Status insert_once(Block&, std::string_view table, const std::string& token, const RangeBlock&, Range,
                     bool again);
  Result<bool> is_stored(std::string_view table, const RangeBlock&, Range);
  /// Until it succeeds or the writer is told to stop; false then.
  template <typename F>
  bool retry(std::string_view what, F&& f);
  void failed(const Error&);
  bool wait_free(std::chrono::milliseconds at_most);

  store::Engine& engine_;
  log::Log& log_;
  const Clock& clock_;
  const StoreWriterOptions options_;
  std::shared_ptr<log::Cursor> cursor_;
  StoreIntent intent_;            ///< of the inserter's thread once it runs
  std::vector<Range> history_;    ///< of the builder's thread: inserted before, to be inserted again
  std::optional<Range> pending_;  ///< the same: the intent that a crash left
  store::SeenResources seen_;     ///< of the builder's thread
  store::SharedTexts texts_;      ///< of the builder's thread
  store::GramIndex words_;        ///< of the builder's thread
  CallWindow calls_;              ///< of the inserter's thread

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<RangeBlock> building_, waiting_,
      spare_;  ///< waiting_: handed over; building_: builder's own
  Origin waiting_origin_ = Origin::fresh;
  bool inserting_ = false, builder_done_ = false, inserter_done_ = false;
  std::string error_;
  std::int64_t oldest_building_ = 0, oldest_inserting_ = 0;
  std::chrono::steady_clock::time_point last_insert_{};

  std::atomic<bool> stop_{false}, started_{false};
  std::atomic<log::Position> stored_{0};
  std::atomic<std::uint64_t> rows_{0}, ranges_{0};
  std::thread builder_, inserter_;
};

}  // namespace turnscope::sinks
