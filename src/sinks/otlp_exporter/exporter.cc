// The builder's side: reading, sampling, batches, the cursor. The senders' side: delivery.cc.
#include "sinks/otlp_exporter/exporter.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/anomaly.h"
#include "base/crash_point.h"
#include "base/logger.h"
#include "sinks/sink_health.h"

namespace turnscope::sinks {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {
constexpr milliseconds kCursorEvery{500};
constexpr milliseconds kDecideEvery{500};
constexpr milliseconds kFetchAfter{
    200};  ///< kept traces wait so long for company: a record is read once for all
constexpr std::size_t kFetchTraces = 2'000;
constexpr std::size_t kSeekGap = 64;  ///< positions: nearer ones are reached by reading on
constexpr milliseconds kIdleWait{50};
constexpr std::int64_t kLagging = 2'000'000'000;
}  // namespace

OtlpExporter::OtlpExporter(ExporterOptions options, ExporterPlace place, log::Log& log, const Clock& clock,
                           CostOf cost, FileSystem& fs)
    : options_(std::move(options)),
      place_(std::move(place)),
      log_(log),
      clock_(clock),
      fs_(fs),
      filter_(options_.match, options_.changes, place_.steps),
      letters_(fs, clock, join_path(place_.directory, "dead-letters"), options_.dead_letter_bytes),
      cost_of_(std::move(cost)),
      random_(std::random_device{}()) {}

OtlpExporter::~OtlpExporter() { stop(); }

Status OtlpExporter::start() {
  if (started_.exchange(true)) return {};
  TS_TRY(letters_.open_existing());
  for (std::uint64_t i = 0; i < options_.concurrency; ++i) {
    TS_ASSIGN(auto transport, make_transport(options_));
    transports_.push_back(std::move(transport));
  }
  if (options_.sampling.enabled) {
    verdicts_ = std::make_unique<Verdicts>(fs_, place_.directory);
    TS_TRY(verdicts_->open());
    sampler_ = std::make_unique<TailSampler>(options_.sampling, *verdicts_, cost_of_);
  }
  TS_ASSIGN(cursor_, log_.cursor("export-" + options_.name));
  cursor_position_ = read_position_ = cursor_->position();
  for (auto s : {log::Signal::traces, log::Signal::logs, log::Signal::metrics}) building(s).signal = s;
  builder_ = std::thread([this] { build(); });
  for (std::size_t i = 0; i < transports_.size(); ++i) senders_.emplace_back([this, i] { send(i); });
  return {};
}

void OtlpExporter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (builder_.joinable()) builder_.join();
  for (auto& s : senders_)
    if (s.joinable()) s.join();
  // What was accepted since the builder's last look counts too.
  if (cursor_ && started_.exchange(false)) keep_cursor(true);
  letters_.close();
}

SinkHealth OtlpExporter::health() const {
  const std::lock_guard lock(mutex_);
  auto oldest = oldest_building_;
  if (!ages_.empty()) oldest = oldest == 0 ? *ages_.begin() : std::min(oldest, *ages_.begin());
  return sink_health("export-" + options_.name, cursor_position_, log_, clock_, oldest, error_);
}

ExporterStatus OtlpExporter::status() const {
  ExporterStatus s;
  s.health = health();
  s.endpoint = options_.endpoint;
  s.protocol = options_.protocol == Protocol::grpc   ? "grpc"
               : options_.encoding == Encoding::json ? "http/json"
                                                     : "http/protobuf";
  s.requests = counters_.requests;
  s.retries = counters_.retries;
  s.items = counters_.items;
  s.bytes = counters_.bytes;
  s.filtered = counters_.filtered;
  s.rejected = counters_.rejected;
  s.dead = counters_.dead;
  s.dropped = counters_.dropped;
  const auto letters = letters_.stats();
  s.dead_letters = letters.letters;
  s.dead_letter_bytes = letters.bytes_on_disk;
  s.sampling = options_.sampling.enabled;
  s.undecided_traces = undecided_;
  s.kept_traces = kept_;
  s.dropped_traces = sampled_out_;
  s.sampler_bytes = sampler_bytes_;
  return s;
}

Result<std::uint64_t> OtlpExporter::replay() {
  const auto letters = letters_.stats().letters;
  if (letters == 0) return letters;
  {
    const std::lock_guard lock(mutex_);
    replay_asked_ = true;
  }
  changed_.notify_all();
  return letters;
}

// ---- builder ----

OtlpExporter::Batch& OtlpExporter::building(log::Signal s) { return building_[static_cast<std::size_t>(s)]; }

bool OtlpExporter::too_old(std::int64_t received) const {
  return options_.drop_after.count() > 0 &&
         clock_.unix_nanos() - received > std::chrono::nanoseconds(options_.drop_after).count();
}

void OtlpExporter::append(Batch& b, const log::RecordHead& head, log::Position position,
                          std::string_view bytes, std::uint64_t items) {
  if (b.items != 0 &&
      (b.body.size() + bytes.size() > options_.batch_bytes || b.items + items > options_.batch_items ||
       b.hops != head.hops) &&
      !hand_over(b))
    return;
  if (b.items == 0) {
    b.floor = position;
    b.end = position + 1;
    b.hops = head.hops;
    b.oldest_received = b.newest_received = head.received_unix_nano;
    b.began = steady_clock::now();
  }
  b.floor = std::min(b.floor, position);
  b.end = std::max(b.end, position + 1);
  b.oldest_received = std::min(b.oldest_received, head.received_unix_nano);
  b.newest_received = std::max(b.newest_received, head.received_unix_nano);
  b.cuts.push_back(b.body.size());
  b.cut_items.push_back(static_cast<std::uint32_t>(items));
  b.body += bytes;
  b.items += items;
}

void OtlpExporter::take(const log::Record& r) {
  const bool wanted = r.head.signal == log::Signal::traces    ? options_.traces
                      : r.head.signal == log::Signal::logs    ? options_.logs
                      : r.head.signal == log::Signal::metrics ? options_.metrics
                                                              : false;
  if (!wanted || r.head.items == 0) return;
  if (too_old(r.head.received_unix_nano)) {
    counters_.dropped += r.head.items;
    count(Anomaly::exporter_dropped, r.head.items);
    return;
  }
  if (sampler_ && r.head.signal == log::Signal::traces) return sample(r);
  if (filter_.passes_all()) return append(building(r.head.signal), r.head, r.position, r.bytes, r.head.items);
  const auto done = filtered(r, {});
  if (!done) {
    count(Anomaly::exporter_record_undecodable);
    log_error("exporter {}: record {} of the log cannot be decoded and was left out: {}", options_.name,
              r.position, done.error().message);
    return;
  }
  counters_.filtered += done->left;
  if (done->taken != 0) append(building(r.head.signal), r.head, r.position, scratch_, done->taken);
}

Result<Filtered> OtlpExporter::filtered(const log::Record& r, const KeepTrace& keep) {
  for (;;) {
    scratch_.clear();
    auto done = filter_.apply(r.head.signal, r.bytes, keep, scratch_, r.head.project);
    if (done || done.error().kind != ErrorKind::overloaded || !pause(options_.retry_first)) return done;
  }
}

void OtlpExporter::sample(const log::Record& r) {
  const bool lagging = clock_.unix_nanos() - r.head.received_unix_nano > kLagging;
  const auto pass = sampler_->see(r, steady_clock::now(), lagging);
  if (!pass) {
    count(Anomaly::exporter_record_undecodable);
    log_error("exporter {}: record {} of the log cannot be decoded and was left out: {}", options_.name,
              r.position, pass.error().message);
    return;
  }
  if ((*pass)->empty()) return;
  const auto done = filtered(r, [&](const otlp::TraceId& id) { return (*pass)->contains(id); });
  if (!done) return;
  counters_.filtered += done->left;
  if (done->taken != 0) append(building(r.head.signal), r.head, r.position, scratch_, done->taken);
}

void OtlpExporter::sampling_due(bool quiet) {
  if (!sampler_) return;
  const auto now = steady_clock::now();
  if (quiet) sampler_->quiet(now);
  if (now - decided_ > kDecideEvery) {
    sampler_->decide();
    decided_ = now;
    undecided_ = sampler_->open();
    kept_ = sampler_->kept();
    sampled_out_ = sampler_->dropped();
    sampler_bytes_ = sampler_->bytes();
  }
  if (sampler_->to_fetch() == 0) {
    kept_since_ = now;
    return;
  }
  if (now - kept_since_ < kFetchAfter && sampler_->to_fetch() < kFetchTraces) return;
  kept_since_ = now;
  if (auto ok = fetch_kept(); !ok) failed(fmt::format("reading kept traces again: {}", ok.error().message));
}

Status OtlpExporter::fetch_kept() {
  sampler_->note_kept();
  CRASH_POINT("sampler.before_verdicts");
  while (true) {
    const auto synced = verdicts_->sync();
    if (synced) break;
    failed(fmt::format("keeping verdicts: {}", synced.error().message));
    if (!pause(options_.retry_first)) return {};
  }
  CRASH_POINT("sampler.after_verdicts");
  auto fetch = sampler_->take_kept();
  // Until all of them stand in batches, the lowest of them holds the cursor.
  {
    const std::lock_guard lock(mutex_);
    under_way_.insert(fetch.floor);
  }
  std::unique_ptr<log::Reader> reader;
  std::size_t errors = 0;
  for (std::size_t i = 0; i < fetch.positions.size() && !stop_;) {
    const auto p = fetch.positions[i];
    if (!reader || reader->position() > p || p - reader->position() > kSeekGap) reader = log_.read(p);
    auto record = reader->next();
    if (!record) {
      if (++errors > 10) break;
      if (!pause(options_.retry_first)) break;
      continue;
    }
    if (!*record || (*record)->position > p) {  // damaged since: counted by the reader
      ++i;
      reader.reset();
      continue;
    }
    if ((*record)->position < p) continue;
    ++i;
    const auto done = filtered(**record, [&](const otlp::TraceId& id) { return fetch.traces.contains(id); });
    if (!done) continue;
    counters_.filtered += done->left;
    if (done->taken != 0) append(building(log::Signal::traces), (*record)->head, p, scratch_, done->taken);
  }
  // Told to stop in between: the floor stays where it is, so that the verdicts are followed at the next
  // start.
  if (stop_) return {};
  const std::lock_guard lock(mutex_);
  under_way_.erase(under_way_.find(fetch.floor));
  return {};
}

bool OtlpExporter::hand_over(Batch& b, bool letter) {
  auto full = std::make_unique<Batch>(std::move(b));
  const auto signal = full->signal;
  full->letter = letter;
  b = Batch{};
  b.signal = signal;
  std::unique_lock lock(mutex_);
  // It holds the cursor from here on, also while it waits for room.
  if (!letter) under_way_.insert(full->floor);
  ages_.insert(full->oldest_received);
  while (!stop_ && ready_.size() >= options_.concurrency) {
    changed_.wait_for(lock, milliseconds(100));
    lock.unlock();
    keep_cursor(false);
    make_room_in_log();
    lock.lock();
  }
  if (stop_) return false;
  if (letter) ++letters_under_way_;
  ready_.push_back(std::move(full));
  lock.unlock();
  changed_.notify_all();
  return true;
}

bool OtlpExporter::hand_over_due(bool all) {
  const auto now = steady_clock::now();
  for (auto& b : building_)
    if (b.items != 0 && (all || now - b.began >= options_.linger) && !hand_over(b)) return false;
  return true;
}

/// The log is nearly full and we are told to lose our oldest rather than hold up everybody: what is under way
/// is given up and the log is read on without sending, a segment's worth at a time, until the janitor has
/// made room.
void OtlpExporter::make_room_in_log() {
  if (options_.drop_above_percent == 0 || place_.log_max_bytes == 0) return;
  const auto s = log_.stats();
  if (s.bytes_on_disk * 100 < place_.log_max_bytes * options_.drop_above_percent) return;
  // Unless somebody else's cursor is the one that holds it.
  if ((s.durable - std::min(s.durable, cursor_position_.load())) * 2 < s.durable - s.oldest) return;
  abandoned_ = std::max(abandoned_.load(), read_position_);
  changed_.notify_all();
}

log::Position OtlpExporter::floor() const {
  auto lowest = read_position_;
  for (const auto& b : building_)
    if (b.items != 0) lowest = std::min(lowest, b.floor);
  if (sampler_) lowest = std::min(lowest, sampler_->floor());
  const std::lock_guard lock(mutex_);
  if (!under_way_.empty()) lowest = std::min(lowest, *under_way_.begin());
  return lowest;
}

void OtlpExporter::keep_cursor(bool now) {
  const auto t = steady_clock::now();
  if (!now && t - cursor_kept_ < kCursorEvery) return;
  cursor_kept_ = t;
  const auto to = floor();
  if (to <= cursor_position_) return;
  if (verdicts_) {
    // Dropped traces are told from new ones by their verdicts once the cursor has passed their first spans.
    if (auto ok = verdicts_->sync(); !ok)
      return failed(fmt::format("keeping verdicts: {}", ok.error().message));
  }
  CRASH_POINT("export.before_cursor");
  if (auto ok = cursor_->advance(to); !ok)
    return failed(fmt::format("keeping the cursor: {}", ok.error().message));
  cursor_position_ = to;
  CRASH_POINT("export.after_cursor");
}

void OtlpExporter::send_letters() {
  {
    const std::lock_guard lock(mutex_);
    if (!replay_asked_ || letters_under_way_ != 0) return;
    replay_asked_ = false;
  }
  const auto end = letters_.end();
  std::uint64_t n = 0;
  const auto ok = letters_.for_each(SIZE_MAX, [&](const DeadLetter& l) {
    if (l.position >= end || stop_) return false;
    Batch b;
    b.signal = l.signal;
    b.body = l.body;
    b.items = l.items;
    b.cuts = {0};
    b.cut_items = {l.items};
    b.floor = l.first;
    b.end = l.end;
    b.oldest_received = b.newest_received = clock_.unix_nanos();
    ++n;
    return hand_over(b, true);
  });
  if (!ok) failed(fmt::format("reading dead letters: {}", ok.error().message));
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stop_ || letters_under_way_ == 0; });
  if (letters_under_way_ != 0 || stop_) return;  // they stay, and come again with the next replay
  lock.unlock();
  if (auto kept = letters_.replayed(end); !kept) failed(kept.error().message);
  log_info("exporter {}: {} dead letters were sent again", options_.name, n);
}

void OtlpExporter::build() {
  const auto reader = log_.read(read_position_);
  while (!stop_) {
    send_letters();
    const bool more = read_some(*reader);
    sampling_due(!more);
    if (!hand_over_due(false)) break;
    keep_cursor(false);
    {
      const std::lock_guard lock(mutex_);
      oldest_building_ = 0;
      for (const auto& b : building_)
        if (b.items != 0 && (oldest_building_ == 0 || b.oldest_received < oldest_building_))
          oldest_building_ = b.oldest_received;
    }
    if (!more) reader->wait(kIdleWait);
  }
  changed_.notify_all();
}

/// Some records, so that the rest of the loop is not done for each. False: there was none.
bool OtlpExporter::read_some(log::Reader& reader) {
  constexpr int kAtOnce = 64;
  for (int i = 0; i < kAtOnce && !stop_; ++i) {
    auto record = reader.next();
    if (!record) {
      failed(fmt::format("reading the log: {}", record.error().message));
      pause(options_.retry_first);
      return true;
    }
    if (!*record) {
      read_position_ = std::max(read_position_, reader.position());
      return i != 0;
    }
    const auto position = (*record)->position;
    if (position < abandoned_) {
      counters_.dropped += (*record)->head.items;
      count(Anomaly::exporter_dropped, (*record)->head.items);
    } else {
      take(**record);
    }
    if (stop_) return false;  // it may not stand in a batch: not passed
    read_position_ = position + 1;
  }
  return true;
}

}  // namespace turnscope::sinks
