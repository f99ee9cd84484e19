// The senders' side of an exporter: one batch until it is accepted, refused or given up.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/anomaly.h"
#include "base/crash_point.h"
#include "base/logger.h"
#include "sinks/otlp_exporter/exporter.h"

namespace turnscope::sinks {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {
/// Tries of an answer that is final by the book and often is not (HTTP 500, gRPC INTERNAL).
constexpr unsigned kDoubts = 5;
/// Requests spent on finding what in a refused batch is refused; the rest is buried unsearched.
constexpr std::size_t kSplits = 64;
constexpr std::size_t kMaxDepth = 24;
constexpr milliseconds kNotUsPause{15'000};
}  // namespace

void OtlpExporter::failed(std::string message) {
  message = without_secrets(std::move(message));
  const std::lock_guard lock(mutex_);
  if (error_ != message) log_warn("exporter {}: {}", options_.name, message);
  error_ = std::move(message);
}

void OtlpExporter::worked() {
  const std::lock_guard lock(mutex_);
  if (!error_.empty()) log_info("exporter {}: works again", options_.name);
  error_.clear();
}

/// A far side may echo what we sent it, our key too.
std::string OtlpExporter::without_secrets(std::string text) const {
  for (const auto& [key, value] : options_.headers) {
    std::string_view secret = value.reveal();
    if (const auto space = secret.rfind(' '); space != secret.npos) secret.remove_prefix(space + 1);
    if (secret.size() < 4) continue;
    for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at))
      text.replace(at, secret.size(), "***");
  }
  return text;
}

bool OtlpExporter::pause(milliseconds t) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, t, [this] { return stop_.load(); });
}

milliseconds OtlpExporter::backoff(unsigned attempt) {
  const double most = static_cast<double>(options_.retry_most.count());
  const double base = std::min(
      most, static_cast<double>(options_.retry_first.count()) * std::pow(2.0, std::min(attempt, 30u)));
  const std::lock_guard lock(mutex_);
  return milliseconds(
      static_cast<std::int64_t>(base * std::uniform_real_distribution<double>(0.5, 1.0)(random_)));
}

bool OtlpExporter::given_up(const Batch& b) const {
  return !b.letter && (too_old(b.newest_received) || b.end <= abandoned_.load(std::memory_order_relaxed));
}

void OtlpExporter::send(std::size_t n) {
  for (;;) {
    std::unique_ptr<Batch> batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || !ready_.empty(); });
      if (stop_) return;
      batch = std::move(ready_.front());
      ready_.pop_front();
    }
    changed_.notify_all();
    if (deliver(*transports_[n], *batch) == Delivery::stopped) return;
    {
      const std::lock_guard lock(mutex_);
      if (batch->letter)
        --letters_under_way_;
      else
        under_way_.erase(under_way_.find(batch->floor));
      ages_.erase(ages_.find(batch->oldest_received));
    }
    changed_.notify_all();
  }
}

OtlpExporter::Delivery OtlpExporter::deliver(Transport& transport, const Batch& b) {
  std::size_t splits = kSplits;
  return deliver_piece(transport, b, {b.body, b.items}, 0, splits);
}

OtlpExporter::Delivery OtlpExporter::deliver_piece(Transport& transport, const Batch& b, Piece piece,
                                                   std::size_t depth, std::size_t& splits) {
  unsigned doubts = 0;
  for (unsigned attempt = 0;; ++attempt) {
    for (;;) {  // somebody was told to come later: that holds for all
      steady_clock::time_point until;
      {
        const std::lock_guard lock(mutex_);
        until = paused_until_;
      }
      const auto left = until - steady_clock::now();
      if (left <= steady_clock::duration::zero() || given_up(b)) break;
      if (!pause(std::min(milliseconds(500), std::chrono::ceil<milliseconds>(left))))
        return Delivery::stopped;
    }
    if (given_up(b)) {
      counters_.dropped += piece.items;
      count(Anomaly::exporter_dropped, piece.items);
      return Delivery::done;
    }
    CRASH_POINT("export.before_send");
    counters_.requests += 1;
    const Outcome o = transport.send(b.signal, piece.body, static_cast<std::uint16_t>(b.hops + 1), stop_);
    milliseconds wait{0};
    switch (o.kind) {
      case Outcome::Kind::accepted:
        CRASH_POINT("export.after_send");
        counters_.items += piece.items - std::min(piece.items, o.rejected);
        counters_.bytes += piece.body.size();
        if (o.rejected != 0) {
          counters_.rejected += o.rejected;
          count(Anomaly::exporter_rejected, o.rejected);
          log_warn("exporter {}: the far side left out {} of {} items: {}", options_.name, o.rejected,
                   piece.items, without_secrets(o.message));
        }
        worked();
        return Delivery::done;
      case Outcome::Kind::stopped:
        return Delivery::stopped;
      case Outcome::Kind::refused:
      case Outcome::Kind::too_large:
        return split(transport, b, piece, o, depth, splits);
      case Outcome::Kind::doubtful:
        if (++doubts >= (depth == 0 ? kDoubts : 1)) return split(transport, b, piece, o, depth, splits);
        wait = backoff(attempt);
        break;
      case Outcome::Kind::not_us:
        count(Anomaly::exporter_not_accepted);
        wait = std::min(kNotUsPause, options_.retry_most);
        break;
      case Outcome::Kind::retry:
        wait = backoff(attempt);
        break;
    }
    counters_.retries += 1;
    count(Anomaly::exporter_retried);
    failed(o.message);
    if (o.retry_after && *o.retry_after > wait) {
      // Not all at the very moment they were told.
      wait = *o.retry_after + std::min(backoff(0), milliseconds(1'000));
      const std::lock_guard lock(mutex_);
      paused_until_ = std::max(paused_until_, steady_clock::now() + wait);
    }
    for (const auto until = steady_clock::now() + wait; steady_clock::now() < until && !given_up(b);) {
      const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
      if (!pause(std::min(milliseconds(500), left))) return Delivery::stopped;
    }
  }
}

/// Halves, until what is refused stands alone: by records of the log, then by spans.
OtlpExporter::Delivery OtlpExporter::split(Transport& transport, const Batch& b, Piece piece,
                                           const Outcome& o, std::size_t depth, std::size_t& splits) {
  const auto reason = without_secrets(o.message);
  if (splits < 2 || depth >= kMaxDepth || piece.items < 2) return bury(b, piece, reason);
  const auto offset = static_cast<std::size_t>(piece.body.data() - b.body.data());
  const bool in_batch = piece.body.data() >= b.body.data() && offset + piece.body.size() <= b.body.size();
  if (in_batch) {
    const auto first = std::ranges::lower_bound(b.cuts, offset) - b.cuts.begin();
    const auto last = std::ranges::lower_bound(b.cuts, offset + piece.body.size()) - b.cuts.begin();
    if (last - first > 1) {
      const auto middle = static_cast<std::size_t>(first + (last - first) / 2);
      std::uint64_t items = 0;
      for (auto i = static_cast<std::size_t>(first); i < middle; ++i) items += b.cut_items[i];
      const auto cut = b.cuts[middle] - offset;
      splits -= 2;
      if (deliver_piece(transport, b, {piece.body.substr(0, cut), items}, depth + 1, splits) ==
          Delivery::stopped)
        return Delivery::stopped;
      return deliver_piece(transport, b, {piece.body.substr(cut), piece.items - items}, depth + 1, splits);
    }
  }
  if (b.signal != log::Signal::traces) return bury(b, piece, reason);
  const auto half = (piece.items + 1) / 2;
  const auto pieces = split_traces(piece.body, SIZE_MAX, half);
  if (pieces.size() < 2) return bury(b, piece, reason);
  splits -= 2;
  std::uint64_t left = piece.items;
  for (const auto& p : pieces) {
    const auto items = std::min<std::uint64_t>(half, left);
    left -= items;
    if (deliver_piece(transport, b, {p, items}, depth + 1, splits) == Delivery::stopped)
      return Delivery::stopped;
  }
  return Delivery::done;
}

OtlpExporter::Delivery OtlpExporter::bury(const Batch& b, Piece piece, const std::string& reason) {
  DeadLetter letter;
  letter.signal = b.signal;
  letter.items = static_cast<std::uint32_t>(std::min<std::uint64_t>(piece.items, UINT32_MAX));
  letter.first = b.floor;
  letter.end = b.end;
  letter.reason = reason;
  letter.body = std::string(piece.body);
  for (unsigned attempt = 0;; ++attempt) {
    const auto kept = letters_.add(letter);
    if (kept) {
      counters_.dead += piece.items;
      count(Anomaly::exporter_dead_letters, piece.items);
      log_error(
          "exporter {}: {} items of records {} to {} were refused for good and put to the dead letters: {}",
          options_.name, piece.items, b.floor, b.end, reason);
      return Delivery::done;
    }
    if (kept.error().kind == ErrorKind::overloaded) {
      counters_.dropped += piece.items;
      count(Anomaly::exporter_dead_letters_lost, piece.items);
      log_error("exporter {}: {} refused items are lost, dead_letter_bytes are used up: {}", options_.name,
                piece.items, kept.error().message);
      return Delivery::done;
    }
    failed(fmt::format("keeping a dead letter: {}", kept.error().message));
    if (!pause(backoff(attempt))) return Delivery::stopped;
  }
}

}  // namespace turnscope::sinks
