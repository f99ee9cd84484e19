#include "sinks/renormaliser.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "base/anomaly.h"
#include "base/crash_point.h"
#include "base/logger.h"
#include "genai/registry.h"
#include "genai/view.h"
#include "sinks/duplicate_review.h"
#include "sinks/stored_piece.h"
#include "store/params.h"
#include "store/random_token.h"
#include "store/row_reader.h"
#include "store/trace_block.h"

namespace turnscope::sinks {
namespace {

constexpr std::int64_t kMsPerDay = 86'400'000;
constexpr std::uint64_t kIndexMask = (1u << 20) - 1;  // of a version: the place in the record (row_version)
constexpr std::uint64_t kRoom = 128u << 20;

Result<std::vector<std::pair<std::uint32_t, std::uint64_t>>> projects(store::Engine& engine,
                                                                      std::int64_t since) {
  store::Params params;
  store::add_param(params, "since", since);
  store::QueryLimits limits;
  limits.time = std::chrono::seconds(60);
  TS_ASSIGN(
      const auto answer,
      engine.query({.sql = "SELECT project, count() FROM spans WHERE start >= "
                           "fromUnixTimestamp64Nano({since:Int64}, 'UTC') GROUP BY project ORDER BY project",
                    .params = std::move(params),
                    .limits = limits}));
  std::vector<std::pair<std::uint32_t, std::uint64_t>> out;
  store::RowReader in(answer.bytes);
  while (in.more()) {
    const auto project = in.u32();
    out.emplace_back(project, in.u64());
  }
  TS_TRY(in.status());
  return out;
}

bool transient(const Error& e) {
  return e.kind == ErrorKind::overloaded || e.kind == ErrorKind::deadline_exceeded ||
         e.kind == ErrorKind::unavailable;
}

}  // namespace

/// One run: the pieces of one project after the other.
class RenormaliseRun {
 public:
  using Tell = std::function<void(const std::function<void(RenormaliseState&)>&)>;
  RenormaliseRun(store::Engine& engine, const Clock& clock, const RenormaliseOptions& options,
                 const std::atomic<bool>& stop, Tell tell)
      : engine_(engine), clock_(clock), options_(options), stop_(stop), tell_(std::move(tell)) {
    spans_.share(&texts_, &parts_);
    spans_.index(&words_);
  }

  Status project(std::uint32_t id, std::int64_t since) {
    DuplicateReview review(engine_, id);
    PieceCursor cursor;
    // Calls a little older are read, too: those at the beginning may repeat one of them.
    cursor.start = std::max<std::int64_t>(0, since - CallWindow::kAge);
    std::size_t rows = options_.spans;
    for (bool last = false; !last;) {
      if (stop_) return {};
      if (options_.ceiling && !options_.ceiling->room_for(kRoom)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        continue;
      }
      auto piece = read(id, cursor, rows);
      if (!piece) {
        if (piece.error().kind == ErrorKind::too_large && rows > 1) {
          rows = std::max<std::size_t>(1, rows / 4);
          continue;
        }
        return fail(piece.error());
      }
      TS_TRY(take(id, since, **piece, review));
      last = (*piece)->last();
      cursor = (*piece)->end();
      rows = std::min(options_.spans, rows * 2);
    }
    TS_TRY(review.finish());
    tell_([&](RenormaliseState& s) {
      s.duplicates_added += review.added();
      s.duplicates_removed += review.removed();
    });
    return {};
  }

  /// Days that hold a span more than once.
  const std::set<std::int64_t>& days() const { return days_; }

 private:
  Result<std::unique_ptr<StoredPiece>> read(std::uint32_t project, const PieceCursor& cursor,
                                            std::size_t rows) {
    for (int attempt = 0;; ++attempt) {
      auto piece = StoredPiece::read(engine_, project, cursor, rows, options_.bytes);
      if (piece || attempt == 20 || stop_ || !transient(piece.error())) return piece;
      std::this_thread::sleep_for(std::chrono::milliseconds(250));
    }
  }

  Status take(std::uint32_t project, std::int64_t since, StoredPiece& piece, DuplicateReview& review) {
    std::vector<DuplicateReview::Read> seen;
    std::vector<SeenCall> calls;
    std::vector<store::DuplicateCall> placeholders;
    std::map<std::int64_t, std::vector<StoredRow*>> changed;  // by day of receipt: a block is one part
    std::uint64_t skipped = 0, n = 0, replaced = 0;
    for (auto& row : piece.rows()) {
      const auto day = row.received_ms / kMsPerDay;
      if (row.again_ms != 0 && row.again_ms / kMsPerDay == day) days_.insert(day);
      const bool asked = row.times.start >= since;
      n += asked;
      if (!row.whole) {
        skipped += asked;
        continue;
      }
      const auto& scope = piece.scope(row);
      genai::columns(row.span, piece.resource(row), scope, view_);
      collect_call(project, row.span, scope, genai::registry().scope_traits(scope.name), view_,
                   row.times.start, calls, placeholders);
      if (!asked) continue;
      seen.push_back({row.span.trace_id, row.span.span_id, row.times.start});
      if (store::derived_facts(row.span, view_) == row.facts &&
          spans_.same_content(row.span, view_, row.payload.input, row.payload.output))
        continue;
      if ((row.version & kIndexMask) == kIndexMask) {
        ++skipped;  // no room for a later version of the same place in the log
        continue;
      }
      changed[day].push_back(&row);
    }
    for (const auto& [day, rows] : changed) {
      TS_TRY(replace(project, piece, rows));
      replaced += rows.size();
      days_.insert(day);
    }
    TS_TRY(review.take(seen, calls, std::move(placeholders), clock_.unix_nanos()));
    if (skipped != 0) count(Anomaly::renormalise_skipped, skipped);
    tell_([&](RenormaliseState& s) {
      s.read += n;
      s.changed += replaced;
      s.skipped += skipped;
    });
    if (replaced != 0 && options_.changed) options_.changed();
    return {};
  }

  Status replace(std::uint32_t project, StoredPiece& piece, const std::vector<StoredRow*>& rows) {
    spans_.clear();
    traces_.clear();
    parts_.clear();
    for (const auto* row : rows) {
      const otlp::Scope scope{row->scope_name, row->scope_version, piece.scope(*row).attributes, 0, {}};
      store::RowContext context;
      context.project = project;
      context.received_unix_nano = row->received_ms * 1'000'000;
      context.service = row->service;
      context.resource_id = row->resource_id;
      context.scope_id = row->scope_id;
      context.scope = &scope;
      context.weight = row->weight;
      genai::columns(row->span, piece.resource(*row), piece.scope(*row), view_);
      const store::StoredTexts texts{{row->payload.input, row->payload.output, row->payload.extra},
                                     row->own,
                                     row->shared,
                                     row->payload.shared_at};
      spans_.add(row->span, context, row->times, view_, row->version + 1, &texts);
      traces_.add(project, row->span.trace_id, row->times, row->span.parent_span_id == 0, view_.is_error,
                  row->version + 1);
    }
    traces_.build();
    // As the store writer does it: what belongs to a span before the span.
    TS_TRY(insert(parts_, "content_parts"));
    grams_.clear();
    words_.emit(grams_);
    TS_TRY(insert(grams_, "text_grams"));
    TS_TRY(insert(traces_, "traces"));
    CRASH_POINT("renormalise.before_spans");
    TS_TRY(insert(spans_, "spans"));
    CRASH_POINT("renormalise.after_spans");
    return {};
  }

  template <typename Block>
  Status insert(Block& block, std::string_view table) {
    if (block.rows() == 0) return {};
    for (int attempt = 0;; ++attempt) {
      // Rows that go in twice fold: they are the same.
      const auto& pieces = block.native();
      auto done = engine_.insert({.table = table,
                                  .block = pieces,
                                  .columns = block.columns(),
                                  .token = store::random_token("renormalise")});
      if (done || attempt == 20 || stop_ || !transient(done.error())) return done;
      count(Anomaly::store_insert_retried);
      std::this_thread::sleep_for(std::chrono::milliseconds(250));
    }
  }

  store::Engine& engine_;
  const Clock& clock_;
  const RenormaliseOptions& options_;
  const std::atomic<bool>& stop_;
  const Tell tell_;
  store::SharedTexts texts_;
  store::GramIndex words_;  // what a rule calls a tool or a question now is looked for, too
  store::GramBlock grams_;
  store::SpanBlock spans_;
  store::TraceBlock traces_;
  store::PartBlock parts_;
  genai::Columns view_;
  std::set<std::int64_t> days_;
};

Renormaliser::Renormaliser(store::Engine& engine, const Clock& clock, RenormaliseOptions options)
    : engine_(engine), clock_(clock), options_(std::move(options)) {}

Renormaliser::~Renormaliser() { stop(); }

RenormaliseState Renormaliser::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

template <typename F>
void Renormaliser::change(F&& f) {
  const std::lock_guard lock(mutex_);
  f(state_);
}

Status Renormaliser::start(std::int64_t since) {
  const std::lock_guard lock(mutex_);
  if (state_.running)
    return fail(ErrorKind::unavailable,
                fmt::format("a run is under way ({} of {} spans read): wait for its end, or stop it first",
                            state_.read, state_.rows));
  if (thread_.joinable()) thread_.join();
  state_ = {};
  state_.running = true;
  state_.step = "spans";
  state_.since = std::max<std::int64_t>(0, since);
  state_.started = clock_.unix_nanos();
  stop_ = false;
  thread_ = std::thread([this, from = state_.since] { run(from); });
  return {};
}

void Renormaliser::stop() {
  stop_ = true;
  std::thread thread;
  {
    const std::lock_guard lock(mutex_);
    thread = std::move(thread_);
  }
  if (thread.joinable()) thread.join();
}

void Renormaliser::wait() {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return !state_.running; });
}

void Renormaliser::run(std::int64_t since) {
  const auto done = run_steps(since);
  change([&](RenormaliseState& s) {
    s.running = false;
    s.finished = clock_.unix_nanos();
    s.step = !done ? "failed" : stop_ ? "stopped" : "done";
    if (!done) s.error = done.error().message;
  });
  if (!done) log_error("renormalise: {}; start it again, it goes on with what is left", done.error().message);
  ended_.notify_all();
}

Status Renormaliser::run_steps(std::int64_t since) {
  TS_ASSIGN(const auto found, projects(engine_, since));
  change([&](RenormaliseState& s) {
    for (const auto& [project, rows] : found) s.rows += rows;
  });
  const auto work = std::make_unique<RenormaliseRun>(
      engine_, clock_, options_, stop_,
      [this](const std::function<void(RenormaliseState&)>& f) { change(f); });
  for (const auto& [project, rows] : found) {
    if (stop_) return {};
    TS_TRY(work->project(project, since));
  }
  change([](RenormaliseState& s) { s.step = "folding"; });
  for (const auto day : work->days()) {
    if (stop_) return {};
    CRASH_POINT("renormalise.before_fold");
    // The engine may be merging these parts itself; what is not folded now, it folds later, and reads fold
    // always.
    const auto date = std::chrono::year_month_day(std::chrono::sys_days(std::chrono::days(day)));
    const auto text = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    TS_TRY(engine_.execute(fmt::format("OPTIMIZE TABLE spans PARTITION '{}' FINAL", text)));
    change([](RenormaliseState& s) { ++s.days_folded; });
  }
  if (options_.changed) options_.changed();
  return {};
}

}  // namespace turnscope::sinks
