// The sink that forwards: its own cursor on the log, batches, senders that retry, and letters that nobody
// wants.
//
//   builder thread   read ─▶ (tail sampler) ─▶ filter ─▶ batch a signal ─▶ ready (bounded) ─┐
//                    cursor = lowest record that is in the sampler, a batch, or under way    │
//   sender threads   take ─▶ send until it is accepted, refused (dead letter) or dropped ◀──┘
//
// At least once: after a crash what lies behind the cursor is sent again. Memory is bounded by
// (2 × concurrency + 3) × batch_bytes and the sampler's traces, however far the far side is behind.
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/filesystem.h"
#include "log/log.h"
#include "sinks/otlp_exporter/dead_letters.h"
#include "sinks/otlp_exporter/options.h"
#include "sinks/otlp_exporter/span_filter.h"
#include "sinks/otlp_exporter/status.h"
#include "sinks/otlp_exporter/transport.h"
#include "sinks/sink.h"
#include "sinks/tail_sampler/tail_sampler.h"

namespace turnscope::sinks {

struct ExporterPlace {
  std::string directory;  ///< of this exporter alone: dead letters, verdicts
  std::uint64_t log_max_bytes = 0;
  SpanSteps steps = {};
};

class OtlpExporter final : public Sink {
 public:
  OtlpExporter(ExporterOptions, ExporterPlace, log::Log&, const Clock&, CostOf = {},
               FileSystem& = posix_filesystem());
  ~OtlpExporter() override;

  /// Opens the cursor "export-NAME" and starts; the far side need not be there.
  Status start() override;
  /// Gives requests under way a second, keeps the cursor, ends.
  void stop() override;
  SinkHealth health() const override;
  ExporterStatus status() const;

  /// Sends the dead letters again, in the background; how many.
  Result<std::uint64_t> replay();
  const DeadLetters& dead_letters() const { return letters_; }

 private:
  struct Batch {
    log::Signal signal = log::Signal::traces;
    std::string body;
    std::vector<std::size_t> cuts;         ///< where in the body each record begins
    std::vector<std::uint32_t> cut_items;  ///< its spans
    std::uint64_t items = 0;
    std::uint16_t hops = 0;            ///< the same for all in it
    log::Position floor = 0, end = 0;  ///< lowest position in it, and behind its highest
    std::int64_t oldest_received = 0, newest_received = 0;
    std::chrono::steady_clock::time_point began;
    bool letter = false;  ///< from the dead letters: no cursor waits for it
  };
  struct Piece {
    std::string_view body;
    std::uint64_t items = 0;
  };
  enum class Delivery { done, stopped };

  // builder
  void build();
  bool read_some(log::Reader&);
  void take(const log::Record&);
  void append(Batch&, const log::RecordHead&, log::Position, std::string_view bytes, std::uint64_t items);
  void sample(const log::Record&);
  /// What is sent of a record, in `scratch_`; waits where there is no memory now. Errors: it cannot be
  /// decoded.
  Result<Filtered> filtered(const log::Record&, const KeepTrace&);
  void sampling_due(bool quiet);
  Status fetch_kept();
  Batch& building(log::Signal);
  bool hand_over(Batch&, bool letter = false);  ///< false: stopping
  bool hand_over_due(bool all);
  void keep_cursor(bool now);
  log::Position floor() const;
  void send_letters();
  bool too_old(std::int64_t received) const;
  void make_room_in_log();

  // senders
  void send(std::size_t n);
  Delivery deliver(Transport&, const Batch&);
  Delivery deliver_piece(Transport&, const Batch&, Piece, std::size_t depth, std::size_t& splits_left);
  Delivery bury(const Batch&, Piece, const std::string& reason);
  Delivery split(Transport&, const Batch&, Piece, const Outcome&, std::size_t depth,
                 std::size_t& splits_left);
  bool pause(std::chrono::milliseconds);  ///< false: stopping
  std::chrono::milliseconds backoff(unsigned attempt);
  bool given_up(const Batch&) const;
  void failed(std::string message);
  void worked();
  std::string without_secrets(std::string) const;

  const ExporterOptions options_;
  const ExporterPlace place_;
  log::Log& log_;
  const Clock& clock_;
  FileSystem& fs_;
  const SpanFilter filter_;
  DeadLetters letters_;
  std::vector<std::unique_ptr<Transport>> transports_;
  std::shared_ptr<log::Cursor> cursor_;

  // of the builder's thread
  std::array<Batch, 4> building_;  ///< by signal
  const CostOf cost_of_;
  std::unique_ptr<Verdicts> verdicts_;
  std::unique_ptr<TailSampler> sampler_;
  std::chrono::steady_clock::time_point decided_{}, kept_since_{};
  log::Position read_position_ = 0;
  std::chrono::steady_clock::time_point cursor_kept_{};
  std::string scratch_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Batch>> ready_;
  std::multiset<log::Position> under_way_;  ///< floors of what is ready or being sent
  std::multiset<std::int64_t> ages_;        ///< receive times of the same
  std::size_t letters_under_way_ = 0;
  bool replay_asked_ = false;
  std::string error_;
  std::chrono::steady_clock::time_point paused_until_{};
  std::minstd_rand random_;
  std::int64_t oldest_building_ = 0;

  std::atomic<log::Position> cursor_position_{0}, abandoned_{0};
  std::atomic<bool> stop_{false}, started_{false};
  std::atomic<std::uint64_t> undecided_{0}, kept_{0}, sampled_out_{0}, sampler_bytes_{0};
  mutable ExporterCounters counters_;
  std::thread builder_;
  std::vector<std::thread> senders_;
};

}  // namespace turnscope::sinks
