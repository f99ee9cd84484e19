#include "sinks/renormaliser.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/anomaly.h"
#include "base/crash_point.h"
#include "base/filesystem.h"
#include "base/logger.h"
#include "genai/registry.h"
#include "genai/view.h"
#include "sinks/duplicate_review.h"
#include "sinks/store_intent.h"
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
    spans_.tell_usage(&calls_);
  }

  /// `after`: a run before this one came so far. `reached` is told where each piece ended.
  Status project(std::uint32_t id, std::int64_t since, const std::optional<PieceCursor>& after,
                 const std::function<void(const PieceCursor&)>& reached) {
    DuplicateReview review(engine_, id);
    added_ = removed_ = 0;
    if (after) {
      // Marks of calls that the other run still doubted are looked at again.
      since = std::max(since, after->start - 2 * CallWindow::kAge);
      after_ = *after;
    } else {
      after_ = {};
    }
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
      // What was told before is not taken back.
      if (!cursor.first && !before(cursor)) reached(cursor);
      rows = std::min(options_.spans, rows * 2);
    }
    TS_TRY(review.finish());
    tell_of(review);
    return {};
  }

  /// Days that hold a span more than once.
  std::set<std::int64_t>& days() { return days_; }

 private:
  /// Whether the run before this one has told of that place.
  bool before(const PieceCursor& at) const {
    return !after_.first &&
           std::tie(at.start, at.trace, at.span) <= std::tie(after_.start, after_.trace, after_.span);
  }

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
      const bool fresh = asked && !before({row.times.start, row.span.trace_id, row.span.span_id, false});
      n += fresh;
      if (!row.whole) {
        skipped += fresh;
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
        skipped += fresh;  // no room for a later version of the same place in the log
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
    tell_of(review);
    if (skipped != 0) count(Anomaly::renormalise_skipped, skipped);
    tell_([&](RenormaliseState& s) {
      s.read += n;
      s.changed += replaced;
      s.skipped += skipped;
    });
    if (replaced != 0 && options_.changed) options_.changed();
    return {};
  }

  void tell_of(const DuplicateReview& review) {
    tell_([&](RenormaliseState& s) {
      s.duplicates_added += review.added() - std::exchange(added_, review.added());
      s.duplicates_removed += review.removed() - std::exchange(removed_, review.removed());
    });
  }

  Status replace(std::uint32_t project, StoredPiece& piece, const std::vector<StoredRow*>& rows) {
    spans_.clear();
    traces_.clear();
    parts_.clear();
    calls_.clear();
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
    TS_TRY(insert(calls_, "calls"));
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
  store::CallBlock calls_;
  genai::Columns view_;
  std::set<std::int64_t> days_;
  PieceCursor after_;                      // where a run before this one came to
  std::uint64_t added_ = 0, removed_ = 0;  // told of the project under way
};

Renormaliser::Renormaliser(store::Engine& engine, const Clock& clock, RenormaliseOptions options)
    : engine_(engine), clock_(clock), options_(std::move(options)) {
  if (const auto left = earlier()) {
    left->give(state_);
    state_.step = "interrupted";
    log_info(
        "renormalise: a run came to {} of {} spans before the process ended; turnscope renormalise goes on "
        "from there",
        left->read, left->rows);
  } else {
    forget();  // what it was good for may be over: spans that come in now are read by other rules
  }
}

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

std::optional<RenormaliseCheckpoint> Renormaliser::earlier() const {
  if (options_.checkpoint.empty() || !posix_filesystem().exists(options_.checkpoint)) return std::nullopt;
  const auto text = posix_filesystem().read_file(options_.checkpoint);
  if (!text) return std::nullopt;
  const auto left = RenormaliseCheckpoint::decode(*text);
  if (!left || left->boot != boot_id() || left->rules != rules_in_use()) return std::nullopt;
  return *left;
}

void Renormaliser::keep(const RenormaliseCheckpoint& at) {
  if (options_.checkpoint.empty()) return;
  const auto kept = posix_filesystem().replace_file(options_.checkpoint, at.encode());
  if (!kept) log_warn("renormalise: {}; a run that is cut off begins from its start", kept.error().message);
}

void Renormaliser::forget() {
  if (!options_.checkpoint.empty() && posix_filesystem().exists(options_.checkpoint))
    (void)posix_filesystem().remove(options_.checkpoint);
}

Status Renormaliser::start(std::int64_t since, bool fresh) {
  const std::lock_guard lock(mutex_);
  if (state_.running)
    return fail(ErrorKind::unavailable,
                fmt::format("a run is under way ({} of {} spans read): wait for its end, or stop it first",
                            state_.read, state_.rows));
  if (thread_.joinable()) thread_.join();
  since = std::max<std::int64_t>(0, since);
  auto from = fresh ? std::nullopt : earlier();
  // It must have had all of what is asked for now before it.
  if (from && from->since > since) from.reset();
  state_ = {};
  if (from) {
    from->give(state_);
    state_.read_before = from->read;
    log_info("renormalise: goes on where a run was cut off, after {} of {} spans", from->read, from->rows);
  } else {
    forget();
    state_.started = clock_.unix_nanos();
  }
  state_.running = true;
  state_.step = "spans";
  state_.since = since;
  stop_ = false;
  thread_ = std::thread([this, since, from = std::move(from)] { run(since, from); });
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

void Renormaliser::run(std::int64_t since, const std::optional<RenormaliseCheckpoint>& from) {
  const auto done = run_steps(since, from);
  change([&](RenormaliseState& s) {
    s.running = false;
    s.finished = clock_.unix_nanos();
    s.step = !done ? "failed" : stop_ ? "stopped" : "done";
    if (s.step == "done") s.rows = s.read;  // rows counts spans twice that are there twice
    if (!done) s.error = done.error().message;
  });
  if (!done) log_error("renormalise: {}; start it again, it goes on with what is left", done.error().message);
  ended_.notify_all();
}

Status Renormaliser::run_steps(std::int64_t since, const std::optional<RenormaliseCheckpoint>& from) {
  TS_ASSIGN(auto found, projects(engine_, since));
  if (from) {
    std::erase_if(found, [&](const auto& p) { return p.first < from->project; });
    // Of the project that was under way, what lies behind the checkpoint.
    TS_ASSIGN(const auto rest, projects(engine_, std::max(since, from->cursor.start + 1)));
    for (auto& [project, rows] : found) {
      if (project != from->project) continue;
      const auto left = std::ranges::find(rest, project, &std::pair<std::uint32_t, std::uint64_t>::first);
      rows = left == rest.end() ? 0 : left->second;
    }
  }
  change([&](RenormaliseState& s) {
    s.rows = s.read;
    for (const auto& [project, rows] : found) s.rows += rows;
  });
  const auto work = std::make_unique<RenormaliseRun>(
      engine_, clock_, options_, stop_,
      [this](const std::function<void(RenormaliseState&)>& f) { change(f); });
  RenormaliseCheckpoint at;
  if (from) {
    at = *from;
    work->days() = from->days;
  } else {
    at.boot = boot_id();
    at.rules = rules_in_use();
  }
  at.since = since;
  // The first piece is a place to go on from, too.
  auto kept = std::chrono::steady_clock::now() - options_.checkpoint_every;
  const auto note = [&] {
    const auto s = state();
    at.started = s.started;
    at.rows = s.rows;
    at.read = s.read;
    at.changed = s.changed;
    at.skipped = s.skipped;
    at.duplicates_added = s.duplicates_added;
    at.duplicates_removed = s.duplicates_removed;
    at.days = work->days();
    keep(at);
    kept = std::chrono::steady_clock::now();
  };
  for (const auto& [project, rows] : found) {
    if (stop_) return {};
    const bool under_way = from && from->project == project;
    TS_TRY(work->project(project, since, under_way ? std::optional(from->cursor) : std::nullopt,
                         [&](const PieceCursor& reached) {
                           at.project = project;
                           at.cursor = reached;
                           if (std::chrono::steady_clock::now() - kept >= options_.checkpoint_every) note();
                         }));
  }
  if (!at.cursor.first) note();
  if (stop_) return {};
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
  forget();
  if (options_.changed) options_.changed();
  return {};
}

}  // namespace turnscope::sinks
