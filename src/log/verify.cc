#include <fmt/format.h>

#include <algorithm>

#include "log/cursor.h"
#include "log/log.h"
#include "log/recovery.h"
#include "log/scanner.h"

namespace turnscope::log {
namespace {

struct Listed {
  Position named = 0;
  std::string path;
};

/// A segment may be taken away, or its file used again, while it is being read: then it is not what it was.
bool still_there(FileSystem& fs, const std::string& path, const SegmentHeader& header) {
  const auto file = fs.open(path, OpenMode::read);
  if (!file) return false;
  const auto now = read_segment_header(**file, path);
  return now && now->salt == header.salt;
}

}  // namespace

Result<VerifyReport> verify(FileSystem& fs, const std::string& directory) {
  TS_ASSIGN(const auto names, fs.list(directory));
  VerifyReport report;
  // Taking the lock would change the file: only look whether somebody has it, where it exists.
  if (const auto path = join_path(directory, "LOCK"); fs.exists(path)) {
    const auto lock = fs.lock(path);
    report.in_use = !lock && lock.error().kind == ErrorKind::unavailable;
  }
  std::vector<Listed> segments;
  for (const auto& name : names) {
    if (const auto first = parse_segment_name(name)) segments.push_back({*first, join_path(directory, name)});
  }
  std::optional<Position> expected;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto& [named, path] = segments[i];
    const auto file = fs.open(path, OpenMode::read);
    if (!file) {
      if (file.error().kind == ErrorKind::not_found) continue;  // taken away meanwhile
      return fail(file.error());
    }
    TS_ASSIGN(const std::uint64_t bytes, (*file)->size());
    const auto header = read_segment_header(**file, path);
    if (!header) {
      if (header.error().kind == ErrorKind::unimplemented) return fail(header.error());
      report.damage.push_back({path, 0, bytes, 0, header.error().message});
      continue;
    }
    const bool newest = i + 1 == segments.size();
    const Position bound = newest ? UINT64_MAX : segments[i + 1].named;
    std::vector<VerifyDamage> damage;
    std::uint64_t records = 0, items = 0;
    TS_ASSIGN(const auto end, scan_segment(
                                  **file, *header, bytes, bound,
                                  [&](const FoundRecord& r) {
                                    ++records;
                                    items += r.header.head.items;
                                  },
                                  [&](const FoundDamage& d) {
                                    damage.push_back({path, d.offset, d.bytes, d.records, d.reason});
                                  }));
    if (!damage.empty() && !still_there(fs, path, *header)) continue;
    // The newest record may be on its way to the disk just now; damage to what was acknowledged is never the
    // last.
    while (newest && !end.sealed && !damage.empty() &&
           damage.back().offset + damage.back().bytes == end.offset && end.end > end.durable_before) {
      report.torn_bytes += damage.back().bytes;
      damage.pop_back();
    }
    if (newest && !end.sealed && end.torn_bytes == 0 && bytes < header->capacity &&
        bytes > end.offset + kRecordHeaderBytes) {
      damage.push_back(
          {path, end.offset, bytes - end.offset, 0,
           fmt::format("zeros from offset {} to the end, where at least a seal was", end.offset)});
    }
    if (expected && header->first > *expected) {
      report.damage.push_back(
          {path, 0, 0, header->first - *expected,
           fmt::format("records {} to {} are missing before this segment", *expected, header->first - 1)});
    }
    if (!expected) report.first = header->first;
    expected = end.next_segment;
    ++report.segments;
    report.records += records;
    report.items += items;
    report.bytes += bytes;
    if (newest) report.torn_bytes += end.torn_bytes;
    report.damage.insert(report.damage.end(), damage.begin(), damage.end());
  }
  report.next = expected.value_or(0);
  const std::string cursors = join_path(directory, "cursors");
  if (const auto files = fs.list(cursors)) {
    for (const auto& name : *files) {
      if (!valid_cursor_name(name)) continue;
      const auto bytes = fs.read_file(join_path(cursors, name));
      const auto state = bytes ? decode_cursor(*bytes) : std::nullopt;
      report.cursors.push_back({name, state ? state->position : 0, !state});
    }
  }
  return report;
}

}  // namespace turnscope::log
