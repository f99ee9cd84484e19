// Keeps or drops whole traces by what is known of all their spans. It holds facts, never spans: those stay in
// the log, and a kept trace's are read from there again by their positions. A trace goes through
//
//   open ──(a policy is met, at once)──▶ kept, to be fetched ──fetched()──▶ verdict: kept      late spans:
//   pass
//     └───(idle, no policy met)────────▶ verdict: dropped                                      late spans:
//     gone
//
// Belongs to one thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "genai/view.h"
#include "log/log.h"
#include "otlp/model.h"
#include "sinks/tail_sampler/policy.h"
#include "sinks/tail_sampler/verdicts.h"

namespace turnscope::sinks {

struct TraceIdHash {
  std::size_t operator()(const otlp::TraceId&) const;
};
using TraceIds = std::unordered_set<otlp::TraceId, TraceIdHash>;

/// What one model call cost, in nano-dollars; nullopt: not known.
using CostOf =
    std::function<std::optional<std::int64_t>(const genai::Columns&, std::int64_t start_unix_nano)>;

class TailSampler {
 public:
  using steady = std::chrono::steady_clock;
  TailSampler(SamplingOptions, Verdicts&, CostOf = {});

  /// Takes a record's facts. `now`: when it is read; `lagging`: it was received long ago. Answers the traces
  /// of which spans in it are to be sent at once (their verdict is on disk). Error: the record cannot be
  /// decoded.
  Result<const TraceIds*> see(const log::Record&, steady::time_point now, bool lagging);
  /// Nothing more is there to be read: time passes for everybody.
  void quiet(steady::time_point now);
  /// Decides what has been idle for long enough.
  void decide();
  /// All at once, by what is known.
  void decide_all();

  /// Kept traces that wait to be fetched.
  std::size_t to_fetch() const { return kept_.size(); }
  struct Fetch {
    TraceIds traces;
    std::vector<log::Position> positions;  ///< sorted, each once
    log::Position floor = 0;
  };
  /// Hands them over and remembers them as kept. Call after verdicts have been synced (note_kept()).
  void note_kept();
  Fetch take_kept();

  /// Lowest position that is needed again; the largest number if none is.
  log::Position floor() const;
  std::size_t open() const { return traces_.size(); }
  std::size_t bytes() const;
  std::uint64_t kept() const { return kept_count_; }
  std::uint64_t dropped() const { return dropped_count_; }

 private:
  struct Trace {
    log::Position first = 0, last = 0;
    std::int64_t seen = 0;  ///< our time, see tick()
    std::uint64_t start = std::numeric_limits<std::uint64_t>::max(), end = 0;
    std::uint64_t tokens = 0;
    std::int64_t cost = 0;
    std::uint32_t tool = 0, service = 0, attributes = 0,
                  score = 0;  ///< a bit a policy whose condition was met
    bool error = false, root = false, kept = false;
    std::string positions;  ///< after `first`: differences as varints
  };
  struct Budget {
    std::int64_t second = -1;
    std::uint64_t used = 0;
  };
  using Traces = std::unordered_map<otlp::TraceId, Trace, TraceIdHash>;

  void facts(Trace&, const otlp::Span&, const otlp::Resource&, const otlp::Scope&);
  bool policy_met(std::size_t n, const Trace&, bool whole) const;
  bool keep(const otlp::TraceId&, const Trace&, bool whole);
  void finish(Traces::iterator);
  void make_room();
  void tick(std::int64_t by) { time_ += by > 0 ? by : 0; }

  const SamplingOptions options_;
  const std::vector<Policy> policies_;
  Verdicts& verdicts_;
  const CostOf cost_of_;
  Traces traces_;
  std::vector<otlp::TraceId> kept_, touched_;
  TraceIds pass_;
  std::vector<Budget> budgets_;
  genai::Columns view_;
  bool needs_view_ = false;
  std::int64_t time_ = 0;  ///< nanoseconds that passed for the traces
  std::int64_t last_received_ = 0;
  std::optional<steady::time_point> last_now_;
  std::uint64_t kept_count_ = 0, dropped_count_ = 0;
  std::size_t position_bytes_ = 0;
};

}  // namespace turnscope::sinks
