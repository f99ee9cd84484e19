#include "sinks/store_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "base/anomaly.h"
#include "base/crash_point.h"
#include "base/logger.h"
#include "sinks/sink_health.h"
#include "store/params.h"
#include "store/row_reader.h"

namespace turnscope::sinks {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {
// Buffers of a full range are some 100 MB: kept while spans come, given back when they do not.
constexpr std::chrono::seconds kReleaseAfter{10};
}  // namespace

StoreWriter::StoreWriter(store::Engine& engine, log::Log& log, const Clock& clock, StoreWriterOptions options)
    : engine_(engine), log_(log), clock_(clock), options_(std::move(options)) {}

StoreWriter::~StoreWriter() { stop(); }

Status StoreWriter::start() {
  if (started_.exchange(true)) return {};
  TS_ASSIGN(cursor_, log_.cursor(options_.cursor));
  auto intent = StoreIntent::decode(cursor_->note());
  if (!intent) {
    // Without the note the range under way is unknown: what was in flight may come twice. Reads fold it.
    log_warn("{}: going on from position {} as a new writer", intent.error().message, cursor_->position());
    count(Anomaly::log_cursor_repaired);
    intent = StoreIntent{};
  }
  intent_ = std::move(*intent);
  const auto boot = boot_id();
  if (!log_.stats().started_clean && !intent_.done.empty()) {
    const bool booted = intent_.boot != boot;
    const auto n = booted ? intent_.done.size() : std::min(options_.repeat_after_crash, intent_.done.size());
    history_.assign(intent_.done.end() - static_cast<std::ptrdiff_t>(n), intent_.done.end());
  }
  pending_ = intent_.now;
  intent_.boot = boot;
  if (intent_.writer_id == 0) {
    std::random_device random;
    while (intent_.writer_id == 0) intent_.writer_id = std::uint64_t{random()} << 32 | random();
  }
  stored_ = cursor_->position();
  building_ = std::make_unique<RangeBlock>(options_.range);
  spare_ = std::make_unique<RangeBlock>(options_.range);
  building_->share(texts_);
  spare_->share(texts_);
  building_->count_words(words_);
  spare_->count_words(words_);
  builder_ = std::thread([this] { build(); });
  inserter_ = std::thread([this] { insert(); });
  return {};
}

void StoreWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (builder_.joinable()) builder_.join();
  if (inserter_.joinable()) inserter_.join();
}

SinkHealth StoreWriter::health() const {
  const std::lock_guard lock(mutex_);
  return sink_health(options_.cursor, stored_, log_, clock_,
                     oldest_inserting_ != 0 ? oldest_inserting_ : oldest_building_, error_);
}

void StoreWriter::failed(const Error& e) {
  const std::lock_guard lock(mutex_);
  if (error_ != e.message) log_warn("the store writer waits and tries again: {}", e.message);
  error_ = e.message;
}

template <typename F>
bool StoreWriter::retry(std::string_view what, F&& f) {
  for (auto pause = options_.first_retry;; pause = std::min(pause * 2, options_.last_retry)) {
    if (Status done = f(); done) {
      const std::lock_guard lock(mutex_);
      error_.clear();
      return true;
    } else {
      count(Anomaly::store_insert_retried);
      failed(done.error().with_context(what));
    }
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, pause, [this] { return stop_.load(); })) return false;
  }
}

// ---- builder
// -----------------------------------------------------------------------------------------------------

bool StoreWriter::hand_over(Origin origin) {
  building_->finish(seen_);
  words_.emit(building_->grams);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return (waiting_ == nullptr && spare_ != nullptr) || inserter_done_; });
  if (inserter_done_) return false;
  waiting_ = std::move(building_);
  waiting_origin_ = origin;
  building_ = std::move(spare_);
  oldest_building_ = 0;
  lock.unlock();
  changed_.notify_all();
  return !stop_;
}

void StoreWriter::release_memory() {
  words_.release();
  building_->release();
  const std::lock_guard lock(mutex_);
  if (spare_ != nullptr) spare_->release();
}

bool StoreWriter::wait_free(milliseconds at_most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(
      lock, at_most, [this] { return (!inserting_ && waiting_ == nullptr && spare_ != nullptr) || stop_; });
}

bool StoreWriter::repeat(Range range, Origin origin) {
  // The very records of the range, whatever today's limits say.
  const auto reader = log_.read(range.first);
  while (reader->position() < range.end && !stop_) {
    auto record = reader->next();
    if (!record) {
      failed(record.error());
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, options_.first_retry, [this] { return stop_.load(); });
      continue;
    }
    if (!*record || (*record)->position >= range.end) break;
    building_->add(**record, seen_);
  }
  if (stop_) {
    building_->clear();  // a part of a range must not go in under its token
    return false;
  }
  if (building_->empty()) {
    if (origin == Origin::intent)
      log_warn("records {} to {} were about to be stored and are no longer in the log", range.first,
               range.end);
    return true;
  }
  building_->fix_range(range.first, range.end);
  count(Anomaly::store_range_replayed);
  return hand_over(origin);
}

void StoreWriter::build() {
  bool go_on = true;
  for (const auto& range : history_) go_on = go_on && repeat(range, Origin::history);
  if (pending_) go_on = go_on && repeat(*pending_, Origin::intent);
  if (go_on) build_new();
  {
    const std::lock_guard lock(mutex_);
    builder_done_ = true;
  }
  changed_.notify_all();
}

void StoreWriter::build_new() {
  const auto from = std::max(cursor_->position(), pending_ ? pending_->end : 0);
  auto reader = log_.read(from);
  std::optional<log::Record> held;  // did not fit into the last range
  auto first_at = steady_clock::now();
  auto last_activity = steady_clock::now();
  bool released = false;
  while (!stop_) {
    const auto now = steady_clock::now();
    if (!building_->empty()) {
      bool quiet;
      {
        const std::lock_guard lock(mutex_);
        quiet = now - last_insert_ > std::chrono::seconds(1);
      }
      const bool watched = options_.watched && options_.watched();
      const auto linger = watched ? std::min(options_.watched_linger, options_.linger) : options_.linger;
      const auto due = first_at + (quiet ? options_.idle_linger : linger);
      if (building_->full() || held || (now >= due && wait_free(milliseconds(0)))) {
        if (!hand_over()) break;
        last_activity = now;
        continue;
      }
    }
    if (held) {
      building_->take(*held, seen_);
      held.reset();
    } else {
      auto record = reader->next();
      if (!record) {
        failed(record.error());
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, options_.first_retry, [this] { return stop_.load(); });
        continue;
      }
      if (!*record) {
        // Nothing durable yet. A range in hand waits for its time or for the inserter, an empty one for
        // records.
        if (building_->empty()) {
          if (!released && now - last_activity > kReleaseAfter) {
            release_memory();
            released = true;
          }
          reader->wait(milliseconds(100));
        } else {
          reader->wait(milliseconds(10));
        }
        continue;
      }
      const bool was_empty = building_->empty();
      if (!building_->take(**record, seen_)) {
        held = **record;  // its bytes stay valid until next(), which is not called before it is taken
        continue;
      }
      if (was_empty) {
        first_at = now;
        const std::lock_guard lock(mutex_);
        oldest_building_ = building_->oldest_received();
      }
      last_activity = now;
      released = false;
    }
  }
  if (!building_->empty()) hand_over();
}

// ---- inserter
// ----------------------------------------------------------------------------------------------------

template <typename Block>
Status StoreWriter::insert_table(Block& block, std::string_view table, const std::string& token) {
  if (block.rows() == 0) return {};
  const auto& pieces = block.native();
  return engine_.insert({.table = table, .block = pieces, .columns = block.columns(), .token = token});
}

Result<bool> StoreWriter::is_stored(std::string_view table, const RangeBlock& block, Range range) {
  // `received` prunes to the one partition that the block can be in, and keeps rows of another log (one that
  // was removed: positions begin at 0 again) from being taken for these.
  const auto sql = fmt::format(
      "SELECT count() FROM (SELECT 1 FROM {} WHERE version >= {{first:UInt64}} AND version < {{end:UInt64}} "
      "AND received >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') "
      "AND received <= fromUnixTimestamp64Milli({{to:Int64}}, 'UTC') LIMIT 1)",
      table);
  store::Params params;
  store::add_param(params, "first", row_version(range.first, 0));
  store::add_param(params, "end", row_version(range.end, 0));
  store::add_param(params, "from", block.first_received_ms());
  store::add_param(params, "to", block.last_received_ms());
  TS_ASSIGN(const auto answer, engine_.query({.sql = sql, .params = params}));
  store::RowReader in(answer.bytes);
  const auto rows = in.u64();
  TS_TRY(in.status());
  return rows != 0;
}

template <typename Block>
Status StoreWriter::insert_once(Block& rows, std::string_view table, const std::string& token,
                                const RangeBlock& block, Range range, bool again) {
  if (rows.rows() == 0) return {};
  if (again) {
    TS_ASSIGN(const bool stored, is_stored(table, block, range));
    if (stored) return {};
  }
  return insert_table(rows, table, token);
}

Status StoreWriter::insert_tables(RangeBlock& block, Range range, bool again) {
  // A token that may have been used proves nothing (see the header), so each further attempt has its own.
  std::string attempt;
  if (again) {
    std::random_device random;
    attempt = fmt::format("/{:08x}{:08x}", random(), random());
  }
  const auto token = [&](std::string_view table) { return intent_.token(table, range) + attempt; };
  // Bounds and resources before the spans: whoever finds a span finds what belongs to it. Both hold facts
  // that may be inserted any number of times.
  block.traces.build();
  TS_TRY(insert_table(block.resources, "resources", token("resources")));
  CRASH_POINT("store.after_resources");
  TS_TRY(insert_table(block.parts, "content_parts", token("content_parts")));
  TS_TRY(insert_table(block.duplicates, "duplicate_calls", token("duplicate_calls")));
  TS_TRY(insert_table(block.calls, "calls", token("calls")));
  TS_TRY(insert_table(block.grams, "text_grams", token("text_grams")));
  TS_TRY(insert_table(block.traces, "traces", token("traces")));
  CRASH_POINT("store.after_traces");
  TS_TRY(insert_once(block.spans, "spans", token("spans"), block, range, again));
  CRASH_POINT("store.after_spans");
  TS_TRY(insert_once(block.logs, "logs", token("logs"), block, range, again));
  return insert_once(block.metrics, "metrics", token("metrics"), block, range, again);
}

void StoreWriter::insert() {
  auto behind = cursor_->position();  // everything before it is in the store
  for (;;) {
    std::unique_ptr<RangeBlock> block;
    Origin origin;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return waiting_ != nullptr || builder_done_; });
      if (waiting_ == nullptr) break;
      block = std::move(waiting_);
      origin = waiting_origin_;
      inserting_ = true;
      oldest_inserting_ = block->oldest_received();
    }
    changed_.notify_all();
    const Range range{block->first(), block->end()};
    if (!insert_range(*block, range, origin, behind)) {
      // Told to stop while the store failed: the intent is kept, the log has the records.
      const std::lock_guard lock(mutex_);
      inserter_done_ = true;
      break;
    }
    rows_.fetch_add(block->rows(), std::memory_order_relaxed);
    ranges_.fetch_add(1, std::memory_order_relaxed);
    store::Arrivals arrivals;
    if (options_.watched && options_.watched()) arrivals = block->traces.arrivals(options_.arrivals);
    block->clear();
    bool more;
    {
      const std::lock_guard lock(mutex_);
      spare_ = std::move(block);
      inserting_ = false;
      oldest_inserting_ = 0;
      last_insert_ = steady_clock::now();
      more = waiting_ != nullptr;
    }
    changed_.notify_all();
    if (origin == Origin::history) continue;
    if (options_.stored) options_.stored(range.end, std::move(arrivals));
    // With another range at hand, its intent tells that this one is in: one sync instead of two.
    if (!more && !retry("advancing the cursor", [&] { return cursor_->advance(behind, intent_.encode()); })) {
      const std::lock_guard lock(mutex_);
      inserter_done_ = true;
      break;
    }
    CRASH_POINT("store.after_cursor");
  }
  changed_.notify_all();
}

bool StoreWriter::insert_range(RangeBlock& block, Range range, Origin origin, log::Position& behind) {
  CRASH_POINT("store.before_intent");
  if (origin != Origin::history) {
    intent_.now = range;
    if (!retry("keeping the intent", [&] { return cursor_->advance(behind, intent_.encode()); }))
      return false;
  }
  CRASH_POINT("store.after_intent");
  block.mark_duplicates(calls_);
  bool again = origin != Origin::fresh;
  if (!retry("inserting into the store",
             [&] { return insert_tables(block, range, std::exchange(again, true)); }))
    return false;
  CRASH_POINT("store.after_insert");
  if (origin == Origin::history) return true;
  intent_.finished(range);
  intent_.now.reset();
  behind = range.end;
  stored_.store(behind, std::memory_order_release);
  return true;
}

}  // namespace turnscope::sinks
