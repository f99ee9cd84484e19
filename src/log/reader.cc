#include "log/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace turnscope::log {
namespace {

constexpr std::size_t kReadBytes = 1u << 20;
constexpr int kFailuresBeforeSkipping = 3;

/// A file whose unreadable pages read as zeros, so that the scanner skips the records in them instead of
/// never passing.
class TolerantFile final : public File {
 public:
  explicit TolerantFile(const File& file) : file_(file) {}
  Result<std::size_t> read_at(void* buffer, std::size_t size, std::uint64_t offset) const override {
    if (auto n = file_.read_at(buffer, size, offset)) return n;
    constexpr std::size_t page = 4096;
    std::size_t done = 0;
    while (done < size) {
      const std::size_t want = std::min(size - done, page - static_cast<std::size_t>((offset + done) % page));
      char* to = static_cast<char*>(buffer) + done;
      const auto n = file_.read_at(to, want, offset + done);
      if (!n) std::memset(to, 0, want);
      done += n ? *n : want;
      if (n && *n < want) break;
    }
    return done;
  }
  Status write_at(std::span<const iovec>, std::uint64_t) override {
    return fail(ErrorKind::internal, "read only");
  }
  Status sync_data() override { return fail(ErrorKind::internal, "read only"); }
  Status truncate(std::uint64_t) override { return fail(ErrorKind::internal, "read only"); }
  Status allocate(std::uint64_t) override { return fail(ErrorKind::internal, "read only"); }
  Result<std::uint64_t> size() const override { return file_.size(); }

 private:
  const File& file_;
};

}  // namespace

bool TimelineReader::open_segment() {
  segment_ = timeline_->find(position_);
  if (!segment_) return false;
  position_ = std::max(position_, segment_->first());
  const auto [position, offset] = segment_->nearest(position_);
  tolerant_.reset();
  scanner_.emplace(segment_->file(), segment_->salt(), ScanRange{offset, segment_->end_offset(), position},
                   kReadBytes);
  return true;
}

void TimelineReader::leave_segment() {
  scanner_.reset();
  tolerant_.reset();
  segment_.reset();
}

Result<std::optional<Record>> TimelineReader::next() {
  for (;;) {
    if (timeline_->durable() <= position_) return std::nullopt;
    if (segment_ && segment_->end() <= position_) leave_segment();
    if (!segment_ && !open_segment()) return std::nullopt;
    const Position end = segment_->end();
    const std::uint64_t limit = segment_->end_offset();
    scanner_->extend(limit);
    auto found = scanner_->next();
    if (!found) {
      if (++failures_ >= kFailuresBeforeSkipping) {
        failures_ = 0;
        tolerant_ = std::make_unique<TolerantFile>(segment_->file());
        scanner_.emplace(*tolerant_, segment_->salt(),
                         ScanRange{scanner_->offset(), limit, scanner_->expected()}, kReadBytes);
      }
      return fail(found.error());
    }
    failures_ = 0;
    if (const auto* record = std::get_if<FoundRecord>(&*found)) {
      if (record->header.position < position_) continue;
      position_ = record->header.position + 1;
      return Record{record->header.position, record->header.head, record->payload};
    }
    if (const auto* damage = std::get_if<FoundDamage>(&*found)) {
      ledger_->damaged(segment_->file(), segment_->path(), *damage);
      position_ = std::max(position_, scanner_->expected());
      continue;
    }
    // The scanner is at an end though durable records should follow: they are damaged beyond finding.
    const auto& stop = std::get<FoundEnd>(*found);
    if (stop.position < end) {
      FoundDamage lost{stop.offset, limit - stop.offset, stop.position, end - stop.position, false, 0, {}};
      lost.reason = fmt::format("{} bytes at offset {} hold no readable record up to the segment's end",
                                lost.bytes, lost.offset);
      ledger_->damaged(segment_->file(), segment_->path(), lost);
    }
    position_ = std::max(position_, end);
    leave_segment();
  }
}

bool TimelineReader::wait(std::chrono::milliseconds timeout) {
  if (timeline_->durable() > position_) return true;
  if (scanner_) scanner_->release_buffer();  // a sink that has caught up keeps no memory
  return timeline_->wait(position_, timeout);
}

}  // namespace turnscope::log
