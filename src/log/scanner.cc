#include "log/scanner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace turnscope::log {
namespace {

std::span<const char, kRecordHeaderBytes> header_span(std::string_view bytes) {
  return std::span<const char, kRecordHeaderBytes>(bytes.data(), kRecordHeaderBytes);
}

bool all_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

/// The position that the bytes before this header have to reach. A seal carries two positions: the end of the
/// records before it, and where the next segment begins.
Position continues_at(const RecordHeader& h, Position expected) {
  const bool seals = h.kind == RecordKind::seal || h.kind == RecordKind::close;
  return seals ? std::max(h.durable_before, expected) : h.position;
}

/// Written, never acknowledged, and superseded by the next segment, which begins at `bound`.
bool superseded(const RecordHeader& h, Position bound) {
  return h.position > bound || (h.position == bound && h.kind == RecordKind::record);
}

}  // namespace

SegmentScanner::SegmentScanner(const File& file, std::uint64_t salt, ScanRange range, std::size_t read_bytes)
    : file_(&file), salt_(salt), range_(range), read_bytes_(std::max<std::size_t>(read_bytes, 4096)) {}

void SegmentScanner::release_buffer() {
  buffer_.reset();
  capacity_ = held_ = 0;
}

Result<std::string_view> SegmentScanner::bytes_at(std::uint64_t offset, std::size_t size) {
  if (offset >= range_.limit) return std::string_view{};
  size = static_cast<std::size_t>(std::min<std::uint64_t>(size, range_.limit - offset));
  const bool inside = offset >= buffer_offset_ && offset + size <= buffer_offset_ + held_;
  if (!inside) {
    const std::size_t want =
        static_cast<std::size_t>(std::min<std::uint64_t>(std::max(size, read_bytes_), range_.limit - offset));
    if (want > capacity_ || capacity_ > 8 * std::max(want, read_bytes_)) {
      capacity_ = std::max(want, read_bytes_);
      buffer_.reset(new char[capacity_]);
      held_ = 0;
    }
    held_ = 0;
    TS_ASSIGN(held_, file_->read_at(buffer_.get(), want, offset));
    buffer_offset_ = offset;
    size = std::min(size, held_);
  }
  return std::string_view(buffer_.get() + (offset - buffer_offset_), size);
}

SegmentScanner::Found SegmentScanner::end(FoundEnd::Kind kind, std::uint64_t torn_bytes) const {
  return FoundEnd{kind, range_.offset, range_.expected, torn_bytes, 0, false};
}

Result<SegmentScanner::Found> SegmentScanner::next() {
  for (;;) {
    TS_ASSIGN(const std::string_view head, bytes_at(range_.offset, kRecordHeaderBytes));
    if (head.empty()) return end(FoundEnd::Kind::limit);
    if (head.size() < kRecordHeaderBytes) {
      return all_zero(head) ? end(FoundEnd::Kind::zeros) : end(FoundEnd::Kind::torn, head.size());
    }
    const auto header = decode_header(header_span(head), salt_);
    if (!header || header->position < range_.expected) return skip_damage(all_zero(head));
    if (superseded(*header, range_.bound)) return end(FoundEnd::Kind::limit);
    const Position follows = continues_at(*header, range_.expected);
    if (follows > range_.expected) {
      // Records are missing though the bytes join up: only a rewritten file looks like this. Say so, go on.
      FoundDamage lost{range_.offset, 0, range_.expected, follows - range_.expected, false, 0, {}};
      lost.reason = fmt::format("at offset {} record {} follows where {} belongs", range_.offset, follows,
                                range_.expected);
      range_.expected = follows;
      return Found(std::move(lost));
    }
    durable_before_ = std::max(durable_before_, header->durable_before);
    if (header->kind == RecordKind::seal || header->kind == RecordKind::close) {
      auto sealed = std::get<FoundEnd>(end(FoundEnd::Kind::seal));
      sealed.seal_next = header->position;
      sealed.closed_in_order = header->kind == RecordKind::close;
      return Found(sealed);
    }
    const std::uint64_t offset = range_.offset;
    const std::uint64_t size = record_bytes(header->payload_bytes);
    if (kRecordHeaderBytes + header->payload_bytes > range_.limit - offset) {
      return end(FoundEnd::Kind::torn, range_.limit - offset);
    }
    if (header->kind == RecordKind::record) return take_record(*header);
    range_.offset = offset + size;  // a blank: nothing is lost that was promised
    range_.expected =
        header->position + std::min<std::uint64_t>(header->head.items, size / kRecordHeaderBytes);
  }
}

Result<SegmentScanner::Found> SegmentScanner::take_record(const RecordHeader& header) {
  const std::uint64_t offset = range_.offset;
  const std::size_t size = kRecordHeaderBytes + header.payload_bytes;
  TS_ASSIGN(const std::string_view whole, bytes_at(offset, size));
  if (whole.size() < size) return end(FoundEnd::Kind::torn, whole.size());
  const std::string_view payload = whole.substr(kRecordHeaderBytes);
  const std::uint64_t sum = payload_checksum(payload);
  range_.offset = offset + record_bytes(header.payload_bytes);
  range_.expected = header.position + 1;
  if (sum == header.payload_checksum) return Found(FoundRecord{header, offset, payload});
  FoundDamage damage{offset, range_.offset - offset, header.position, 1, true, header.durable_before, {}};
  damage.reason =
      fmt::format("record {} at offset {}: payload of {} bytes has checksum {:016x}, stored is {:016x}",
                  header.position, offset, header.payload_bytes, sum, header.payload_checksum);
  return Found(std::move(damage));
}

Result<SegmentScanner::Found> SegmentScanner::skip_damage(bool begins_with_zeros) {
  // Headers begin at multiples of 8; the magic rules out nearly every place before a checksum is computed.
  const std::uint64_t from = range_.offset;
  std::uint64_t at = from;
  std::uint64_t last_written = from;  // behind the last byte that is not zero
  for (;;) {
    TS_ASSIGN(const std::string_view piece, bytes_at(at, std::max<std::size_t>(read_bytes_, 4096)));
    if (piece.size() < kRecordHeaderBytes) {
      for (std::size_t i = 0; i < piece.size(); ++i) {
        if (piece[i] != 0) last_written = at + i + 1;
      }
      break;
    }
    std::size_t i = 0;
    for (; i + kRecordHeaderBytes <= piece.size(); i += kRecordAlignment) {
      std::uint64_t word;
      std::memcpy(&word, piece.data() + i, sizeof word);
      if (word == 0) continue;
      last_written = at + i + kRecordAlignment;
      if (static_cast<std::uint32_t>(word) != kRecordMagic) continue;
      const auto header = decode_header(header_span(piece.substr(i)), salt_);
      if (!header || header->position < range_.expected) continue;
      if (superseded(*header, range_.bound)) continue;
      const Position follows = continues_at(*header, range_.expected);
      FoundDamage damage{from, at + i - from, range_.expected, follows - range_.expected, false, 0, {}};
      damage.reason =
          fmt::format("{} bytes at offset {} are no record; the next readable one is {} at offset {}",
                      damage.bytes, from, follows, at + i);
      range_.offset = at + i;
      range_.expected = follows;
      return Found(std::move(damage));
    }
    at += i;
  }
  // Zeros end what was written; what lies behind them is left from the file's former use.
  if (begins_with_zeros || last_written == from) return end(FoundEnd::Kind::zeros);
  return end(FoundEnd::Kind::torn, last_written - from);
}

}  // namespace turnscope::log
