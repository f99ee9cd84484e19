#include "log/recovery.h"

#include <fmt/format.h>

#include <algorithm>

#include "log/record.h"
#include "log/scanner.h"

namespace turnscope::log {
namespace {

struct Candidate {
  std::string path;
  std::unique_ptr<File> file;
  SegmentHeader header;
  std::uint64_t bytes = 0;
};

/// No record is smaller than its header, so this many positions at most were ever given out in so many bytes.
Position positions_in(std::uint64_t bytes) { return (bytes + kRecordHeaderBytes - 1) / kRecordHeaderBytes; }

struct Listing {
  std::vector<Candidate> usable;  // in order of position
  Position beyond_unusable = 0;   // positions below this may have been given out in files that cannot be read
};

Result<Listing> open_segments(FileSystem& fs, const std::string& directory, DamageLedger& ledger) {
  TS_ASSIGN(const auto names, fs.list(directory));
  Listing out;
  for (const auto& name : names) {
    const std::string path = join_path(directory, name);
    if (name.ends_with(".tmp")) {
      (void)fs.remove(path);  // a segment or spare that never got its name: holds nothing
      continue;
    }
    const auto first = parse_segment_name(name);
    if (!first) continue;
    auto file = fs.open(path, OpenMode::write);
    if (!file) return fail(file.error().with_context("open log"));
    auto bytes = (*file)->size();
    if (!bytes) return fail(bytes.error().with_context("open log"));
    auto header = read_segment_header(**file, path);
    if (!header && header.error().kind == ErrorKind::unimplemented) return fail(header.error());
    if (!header ||
        (header->first != *first && fs.exists(join_path(directory, segment_name(header->first))))) {
      const std::string why =
          header ? fmt::format("its header says that it begins at {}, and there is such a segment",
                               header->first)
                 : header.error().message;
      out.beyond_unusable = std::max(out.beyond_unusable, *first + positions_in(*bytes));
      file->reset();
      ledger.unusable_segment(path, *bytes, why);
      continue;
    }
    Candidate c{path, std::move(*file), *header, *bytes};
    if (header->first != *first) {  // renamed by hand: the header has a checksum, the name has not
      c.path = join_path(directory, segment_name(header->first));
      TS_TRY(fs.rename(path, c.path));
    }
    out.usable.push_back(std::move(c));
  }
  std::sort(out.usable.begin(), out.usable.end(),
            [](const Candidate& a, const Candidate& b) { return a.header.first < b.header.first; });
  return out;
}

bool can_blank_out(const FoundDamage& d) {
  return d.bytes >= kRecordHeaderBytes && d.bytes - kRecordHeaderBytes <= UINT32_MAX &&
         d.records <= UINT32_MAX;
}

/// Puts a header over a torn write that says how much there is to skip.
Status blank_out(const Candidate& c, const FoundDamage& d) {
  RecordHeader blank;
  blank.kind = RecordKind::blank;
  blank.position = d.position;
  blank.head.items = static_cast<std::uint32_t>(d.records);
  blank.payload_bytes = static_cast<std::uint32_t>(d.bytes - kRecordHeaderBytes);
  RecordHeaderBytes bytes;
  encode_header(blank, c.header.salt, bytes);
  return c.file->write_at(std::string_view(bytes.data(), bytes.size()), d.offset);
}

/// Cuts what follows the last record and writes a seal there, so that the next start need not look again.
Status seal_over(const Candidate& c, const SegmentEnd& end) {
  if (c.bytes > end.offset) TS_TRY(c.file->truncate(end.offset));
  RecordHeader seal;
  seal.kind = RecordKind::seal;
  seal.position = end.next_segment;
  seal.durable_before = end.end;
  seal.payload_checksum = payload_checksum(std::string_view{});
  RecordHeaderBytes bytes;
  encode_header(seal, c.header.salt, bytes);
  // On a full disk the seal may not fit. Then the next start reads this segment again, nothing else.
  (void)c.file->write_at(std::string_view(bytes.data(), bytes.size()), end.offset);
  return c.file->sync_data();
}

}  // namespace

Result<std::optional<SegmentEnd>> read_seal(const File& file, const SegmentHeader& header,
                                            std::uint64_t file_bytes) {
  if (file_bytes < kSegmentDataOffset + kRecordHeaderBytes || file_bytes % kRecordAlignment != 0)
    return std::nullopt;
  RecordHeaderBytes bytes;
  TS_ASSIGN(const std::size_t n, file.read_at(bytes.data(), bytes.size(), file_bytes - kRecordHeaderBytes));
  if (n != bytes.size()) return std::nullopt;
  const auto seal = decode_header(bytes, header.salt);
  if (!seal || seal->kind == RecordKind::record) return std::nullopt;
  if (seal->durable_before < header.first || seal->position < seal->durable_before) return std::nullopt;
  SegmentEnd end;
  end.end = end.durable_before = seal->durable_before;
  end.offset = file_bytes - kRecordHeaderBytes;
  end.next_segment = seal->position;
  end.sealed = true;
  end.closed_in_order = seal->kind == RecordKind::close;
  return end;
}

Result<SegmentEnd> scan_segment(const File& file, const SegmentHeader& header, std::uint64_t file_bytes,
                                Position bound, const OnRecord& on_record, const OnDamage& on_damage) {
  SegmentScanner scanner(file, header.salt, {kSegmentDataOffset, file_bytes, header.first, bound}, 4u << 20);
  for (;;) {
    TS_ASSIGN(auto found, scanner.next());
    if (const auto* record = std::get_if<FoundRecord>(&found)) {
      if (on_record) on_record(*record);
    } else if (const auto* damage = std::get_if<FoundDamage>(&found)) {
      if (on_damage) on_damage(*damage);
    } else {
      const auto& stop = std::get<FoundEnd>(found);
      SegmentEnd end;
      end.end = end.next_segment = stop.position;
      end.offset = stop.offset;
      end.durable_before = scanner.durable_before();
      end.torn_bytes = stop.torn_bytes;
      end.sealed = stop.kind == FoundEnd::Kind::seal;
      end.closed_in_order = stop.closed_in_order;
      if (end.sealed) end.next_segment = std::max(stop.position, stop.seal_next);
      return end;
    }
  }
}

Result<Recovery> recover(FileSystem& fs, const std::string& directory, DamageLedger& ledger) {
  TS_ASSIGN(Listing listing, open_segments(fs, directory, ledger));
  Recovery out;
  auto& found = listing.usable;
  Position expected = 0, next = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    Candidate& c = found[i];
    const bool newest = i + 1 == found.size();
    const Position bound = newest ? UINT64_MAX : found[i + 1].header.first;
    if (i > 0 && c.header.previous_end > expected) out.gaps.emplace_back(expected, c.header.previous_end);
    if (i == 0) out.previous_end = c.header.previous_end;

    TS_ASSIGN(const auto seal, read_seal(*c.file, c.header, c.bytes));
    SegmentEnd end;
    Position covered = 0;
    std::vector<FoundDamage> damage;
    std::vector<std::pair<Position, std::uint64_t>> places;
    if (seal && seal->end <= bound) {
      end = *seal;
    } else {
      TS_ASSIGN(end, scan_segment(
                         *c.file, c.header, c.bytes, bound,
                         [&](const FoundRecord& r) { places.emplace_back(r.header.position, r.offset); },
                         [&](const FoundDamage& d) { damage.push_back(d); }));
    }
    if (newest) {
      out.clean = end.closed_in_order && listing.beyond_unusable == 0;
      // What is not known to have been acknowledged and is damaged is a write that a crash cut: at the end it
      // is cut off (a header's page reached the disk and its payload's did not), before whole records it is
      // blanked out.
      bool whole = false;
      while (!end.sealed && !damage.empty() && damage.back().position >= end.durable_before) {
        const FoundDamage& d = damage.back();
        if (d.has_header && d.offset + d.bytes == end.offset) {
          whole = true;
          end.torn_bytes += d.bytes;
          end.offset = d.offset;
          end.end = end.next_segment = d.position;
        } else if (can_blank_out(d)) {
          ledger.torn(*c.file, c.path, d.offset, d.bytes, true);
          TS_TRY(blank_out(c, d));
        } else {
          break;
        }
        damage.pop_back();
      }
      if (!end.sealed) {
        if (end.torn_bytes > 0) {
          ledger.torn(*c.file, c.path, end.offset, end.torn_bytes, whole);
          end.next_segment = end.end + positions_in(end.torn_bytes);
        }
        // Only zeros, in a file that is shorter than it was made: it had been closed, and its end was wiped
        // out.
        if (end.torn_bytes == 0 && c.bytes < c.header.capacity && c.bytes > end.offset + kRecordHeaderBytes) {
          damage.push_back(
              {end.offset, c.bytes - end.offset, end.end, 0, false, 0,
               fmt::format("zeros from offset {} to the end, where at least a seal was", end.offset)});
          end.next_segment = end.end + positions_in(c.bytes - end.offset);
          for (const auto& d : damage) ledger.damaged(*c.file, c.path, d);  // before it is cut off
        }
        // Bytes that an acknowledged record was known to follow are gone (the file was cut by someone else).
        if (end.durable_before > end.end) {
          out.gaps.emplace_back(end.end, end.durable_before);
          end.next_segment = std::max(end.next_segment, end.durable_before);
        }
        TS_TRY(seal_over(c, end));
        TS_ASSIGN(c.bytes, c.file->size());
      }
    }
    if (!newest && !end.sealed && end.torn_bytes > 0 && end.end < bound) {
      damage.push_back(
          {end.offset, end.torn_bytes, end.end, bound - end.end, false, 0,
           fmt::format("the last {} bytes from offset {} on are no record", end.torn_bytes, end.offset)});
      covered = bound;  // declared: not a gap besides
    }
    for (const auto& d : damage) ledger.damaged(*c.file, c.path, d);
    auto segment = std::make_shared<Segment>(c.path, std::move(c.file), c.header, c.bytes);
    segment->publish(end.end, end.offset);
    for (const auto& [position, offset] : places) segment->note_record(position, offset);
    expected = end.end == c.header.first ? c.header.previous_end : end.end;
    expected = std::max(expected, covered);
    next = end.next_segment;
    // An empty newest segment is replaced by the next one, which has the same name: two owners of one name
    // would be one too many when the first is taken away. Its file stays until then and remembers the
    // position.
    if (newest && end.next_segment == segment->first()) continue;
    out.segments.push_back(std::move(segment));
  }
  out.end = expected;
  out.next = std::max(next, listing.beyond_unusable);
  out.oldest = out.segments.empty() ? out.next : out.segments.front()->first();
  return out;
}

}  // namespace turnscope::log
