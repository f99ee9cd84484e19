// Reads the records of one segment in order, and finds the next one after damage. Used by readers (up to what
// is durable), by recovery and verify (up to the end of the file), and by the fuzz target. Progress: every
// call either moves forward in the file or says that it is at the end.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/filesystem.h"
#include "log/record.h"

namespace turnscope::log {

struct FoundRecord {
  RecordHeader header;
  std::uint64_t offset = 0;  ///< of its header
  std::string_view payload;  ///< valid until the next call; empty for seals
};

/// Bytes that are not a record. With `header`, a whole record whose payload's checksum does not fit (exactly
/// that record is lost); without, a stretch between two readable headers.
struct FoundDamage {
  std::uint64_t offset = 0, bytes = 0;
  Position position = 0;      ///< first record lost
  std::uint64_t records = 0;  ///< how many, as far as the positions around it tell; at least 0
  bool has_header = false;
  Position durable_before = 0;  ///< from the header, if it has one
  std::string reason;           ///< sentence with offset, stored and computed checksum
};

struct FoundEnd {
  enum class Kind {
    limit,  ///< the limit was reached exactly behind a record
    zeros,  ///< preallocated space follows
    seal,   ///< a seal
    torn,   ///< bytes follow that are no whole record, and no record is found behind them
  } kind = Kind::limit;
  std::uint64_t offset = 0;  ///< behind the last record
  Position position = 0;     ///< after the last record
  std::uint64_t torn_bytes = 0;
  Position seal_next = 0;  ///< seals: where the next segment begins
  bool closed_in_order = false;
};

struct ScanRange {
  std::uint64_t offset = 0;     ///< where a record begins
  std::uint64_t limit = 0;      ///< nothing at or after this offset is looked at
  Position expected = 0;        ///< position of the record at `offset`
  Position bound = UINT64_MAX;  ///< records at or after this position belong to a later segment: ignored
};

class SegmentScanner {
 public:
  using Found = std::variant<FoundRecord, FoundDamage, FoundEnd>;

  /// `file` must outlive the scanner. Reads in pieces of `read_bytes`; one record larger than that is read
  /// whole.
  SegmentScanner(const File& file, std::uint64_t salt, ScanRange range, std::size_t read_bytes = 1u << 20);

  /// Fails only if the file cannot be read.
  Result<Found> next();

  /// Moves the limit forward after more has become durable.
  void extend(std::uint64_t limit) { range_.limit = limit; }

  std::uint64_t offset() const { return range_.offset; }
  Position expected() const { return range_.expected; }
  /// Largest `durable before` of all headers seen: what is below was acknowledged, what is not below may not
  /// have been.
  Position durable_before() const { return durable_before_; }
  /// Frees the buffer (a reader that waits keeps no memory).
  void release_buffer();

 private:
  /// Bytes [offset, offset+size) that exist below the limit; fewer at the end. Valid until the next call.
  Result<std::string_view> bytes_at(std::uint64_t offset, std::size_t size);
  Result<Found> take_record(const RecordHeader&);
  Result<Found> skip_damage(bool begins_with_zeros);
  Found end(FoundEnd::Kind kind, std::uint64_t torn_bytes = 0) const;

  const File* file_;
  std::uint64_t salt_;
  ScanRange range_;
  std::size_t read_bytes_;
  Position durable_before_ = 0;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0, held_ = 0;
  std::uint64_t buffer_offset_ = 0;
};

}  // namespace turnscope::log
