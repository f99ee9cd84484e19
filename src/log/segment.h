// A segment: one file of consecutive records. Its name is the position of its first record (20 decimal digits
// + ".seg").
//
//   0      segment header (64 bytes) … zeros … 8128 the same header again (so that no 4 KB of damage takes
//   both) 8192   record, record, …, then a seal, or 64 zero bytes that the next write replaces
//
// Segment header: 0 u64 magic "TSLOGSEG" · 8 u32 version · 12 u32 offset of the first record · 16 u64 first
// position · 24 u64 salt · 32 i64 created, unix ns (informative) · 40 u64 bytes allocated ·
// 48 u64 end of the records before (positions from there to the first were never given out) · 56 u64 XXH3-64
// of bytes 0–55.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/filesystem.h"
#include "log/log.h"

namespace turnscope::log {

inline constexpr std::uint64_t kSegmentDataOffset = 8192;
inline constexpr std::uint64_t kSecondHeaderOffset = 8128;
inline constexpr std::uint32_t kFormatVersion = 1;

struct SegmentHeader {
  std::uint32_t version = kFormatVersion;
  Position first = 0;
  std::uint64_t salt = 0;
  std::int64_t created_unix_nano = 0;
  std::uint64_t capacity = 0;  ///< bytes allocated; a shorter file has been sealed and cut
  Position previous_end = 0;   ///< after the last record before this segment; below `first` after a torn end
};

/// The first kSegmentDataOffset bytes of a segment and the zeros after them.
std::string encode_segment_header(const SegmentHeader&);
/// nullopt if magic or checksum do not fit.
std::optional<SegmentHeader> decode_segment_header(std::string_view bytes64);
/// Reads either copy. `corrupt` when both are damaged, `unimplemented` when it was written by a later
/// version.
Result<SegmentHeader> read_segment_header(const File&, const std::string& path);

std::string segment_name(Position first);
std::optional<Position> parse_segment_name(std::string_view name);

/// A segment in use. The committer writes it and publishes how far it is durable; readers share it.
class Segment {
 public:
  Segment(std::string path, std::unique_ptr<File> file, SegmentHeader header, std::uint64_t allocated)
      : path_(std::move(path)),
        file_(std::move(file)),
        header_(header),
        allocated_(allocated),
        end_(header.first) {}

  const std::string& path() const { return path_; }
  File& file() const { return *file_; }
  Position first() const { return header_.first; }
  std::uint64_t salt() const { return header_.salt; }

  /// Bytes that the file takes on disk.
  std::uint64_t allocated() const { return allocated_.load(std::memory_order_relaxed); }
  void set_allocated(std::uint64_t bytes) { allocated_.store(bytes, std::memory_order_relaxed); }

  /// First position after the last durable record, and the offset where that record ends. Both only grow.
  Position end() const { return end_.load(std::memory_order_acquire); }
  std::uint64_t end_offset() const { return end_offset_.load(std::memory_order_acquire); }
  void publish(Position end, std::uint64_t offset) {
    end_offset_.store(offset, std::memory_order_release);
    end_.store(end, std::memory_order_release);
  }

  /// Remembers where a record begins (about one a MB), so that a reader need not start at the segment's
  /// beginning.
  void note_record(Position position, std::uint64_t offset);
  /// The last known record at or before `position`; the segment's beginning if none.
  std::pair<Position, std::uint64_t> nearest(Position position) const;

 private:
  const std::string path_;
  const std::unique_ptr<File> file_;
  const SegmentHeader header_;
  std::atomic<std::uint64_t> allocated_;
  std::atomic<Position> end_;
  std::atomic<std::uint64_t> end_offset_{kSegmentDataOffset};
  mutable std::mutex mutex_;
  std::vector<std::pair<Position, std::uint64_t>> index_;
};

}  // namespace turnscope::log
