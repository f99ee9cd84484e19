// How long the store keeps what: whole days of receipt go when a table's time is over; and traces that are
// older than a first period are sampled: only those that a policy keeps stay, whole, with a weight, so that
// statistics still tell what there was. Everything is decided where all spans of a trace lie, by statements
// that may be repeated: a pass that a crash ends is done again.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "query/cost/cost_sql.h"
#include "query/sql.h"
#include "store/engine.h"

namespace turnscope::query {

/// Conditions on a whole trace, all of which must hold, and the share of such traces that is kept.
struct KeepPolicy {
  std::string name;
  std::optional<bool> error;
  std::optional<std::chrono::milliseconds> latency_above;
  std::optional<std::int64_t> cost_above_nano_usd;
  std::optional<std::uint64_t> tokens_above;
  std::map<std::string, double> score_below;      ///< evaluation name ("*": any) → a score under this
  std::vector<std::string> tool, service;         ///< one of these; "*" at the end: anything
  std::map<std::string, std::string> attributes;  ///< one span or its resource has all of these
  std::uint64_t keep_per_mille = 1000;
};

struct RetentionOptions {
  /// From the end of the day of receipt; 0: kept for ever.
  std::chrono::milliseconds spans{0}, logs{0}, metrics{0};
  bool sampling = false;
  std::chrono::milliseconds sample_after{std::chrono::hours(72)};
  std::vector<KeepPolicy> policies;
  bool any() const { return spans.count() || logs.count() || metrics.count() || sampling; }
};

/// An object outside the store that goes with its span.
struct LinkedObject {
  std::uint32_t project = 0;
  otlp::TraceId trace_id{};
  std::uint64_t span_id = 0;
  std::string field;
};

class Retention {
 public:
  /// `remove`: deletes objects that spans link to, before the spans go; empty: there are none.
  using Remove = std::function<Status(const std::vector<LinkedObject>&)>;
  Retention(store::Engine&, const Clock&, RetentionOptions, Remove = {});

  struct Done {
    std::uint64_t days_dropped = 0, days_sampled = 0, traces_dropped = 0, spans_dropped = 0;
    bool anything() const { return days_dropped + days_sampled != 0; }
  };
  /// One pass over what is due now. `stop` is asked between statements.
  Result<Done> run(const std::function<bool()>& stop = {});

 private:
  struct Day {
    std::string name;        ///< 2026-11-25
    std::int64_t begin = 0;  ///< unix milliseconds
  };
  Result<Done> pass(const std::function<bool()>& stop);
  Result<std::vector<Day>> days(Fragment table);
  Status drop_old(Fragment table, std::chrono::milliseconds keep, Done&);
  Status tidy_traces();
  Status sample(const Day&, Done&);
  /// One of `of` (a power of two) shares of the traces, by a hash of their id.
  struct Share {
    std::uint64_t of = 1, number = 0;
    void condition(Sql&) const;
  };
  Result<std::vector<Sold>> sold(const Day&, Share, const PriceTable&);
  Status decide(const Day&, Share);
  Status remove_objects(const Sql& which);
  Status execute(const Sql&);
  Status mutate(Fragment table, const Sql&);  ///< and waits until it is done
  Result<std::uint64_t> number(const Sql&);
  std::int64_t now_ms() const { return clock_.unix_nanos() / 1'000'000; }

  store::Engine& engine_;
  const Clock& clock_;
  const RetentionOptions options_;
  const Remove remove_;
  std::function<bool()> stop_;
};

/// Grows whenever retention took something away: what was read before may be gone.
std::uint64_t retention_epoch();

}  // namespace turnscope::query
