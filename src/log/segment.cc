#include "log/segment.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "log/record.h"

namespace turnscope::log {
namespace {

constexpr std::uint64_t kSegmentMagic = 0x474553474f4c5354;  // "TSLOGSEG"
constexpr std::uint64_t kIndexEvery = 1u << 20;

template <typename T>
void put(char* out, std::size_t at, T value) {
  std::memcpy(out + at, &value, sizeof value);
}
template <typename T>
T get(const char* in, std::size_t at) {
  T value;
  std::memcpy(&value, in + at, sizeof value);
  return value;
}

}  // namespace

std::string encode_segment_header(const SegmentHeader& h) {
  std::string bytes(kSegmentDataOffset + kRecordHeaderBytes, '\0');
  char* out = bytes.data();
  put<std::uint64_t>(out, 0, kSegmentMagic);
  put<std::uint32_t>(out, 8, h.version);
  put<std::uint32_t>(out, 12, kSegmentDataOffset);
  put<std::uint64_t>(out, 16, h.first);
  put<std::uint64_t>(out, 24, h.salt);
  put<std::int64_t>(out, 32, h.created_unix_nano);
  put<std::uint64_t>(out, 40, h.capacity);
  put<std::uint64_t>(out, 48, h.previous_end);
  put<std::uint64_t>(out, 56, XXH3_64bits(out, 56));
  std::memcpy(out + kSecondHeaderOffset, out, kRecordHeaderBytes);
  return bytes;
}

std::optional<SegmentHeader> decode_segment_header(std::string_view in) {
  if (in.size() < 64 || get<std::uint64_t>(in.data(), 0) != kSegmentMagic) return std::nullopt;
  if (get<std::uint64_t>(in.data(), 56) != XXH3_64bits(in.data(), 56)) return std::nullopt;
  SegmentHeader h;
  h.version = get<std::uint32_t>(in.data(), 8);
  h.first = get<std::uint64_t>(in.data(), 16);
  h.salt = get<std::uint64_t>(in.data(), 24);
  h.created_unix_nano = get<std::int64_t>(in.data(), 32);
  h.capacity = get<std::uint64_t>(in.data(), 40);
  h.previous_end = get<std::uint64_t>(in.data(), 48);
  return h;
}

Result<SegmentHeader> read_segment_header(const File& file, const std::string& path) {
  char bytes[64];
  for (const std::uint64_t offset : {std::uint64_t{0}, kSecondHeaderOffset}) {
    TS_ASSIGN(const std::size_t n, file.read_at(bytes, sizeof bytes, offset));
    const auto header = decode_segment_header(std::string_view(bytes, n));
    if (!header) continue;
    if (header->version != kFormatVersion) {
      return fail(
          ErrorKind::unimplemented,
          fmt::format(
              "{} has log format {}, this program knows {}; use the version of turnscope that wrote it", path,
              header->version, kFormatVersion));
    }
    return *header;
  }
  return fail(ErrorKind::corrupt, fmt::format("{}: both copies of the segment header are damaged", path));
}

std::string segment_name(Position first) { return fmt::format("{:020}.seg", first); }

std::optional<Position> parse_segment_name(std::string_view name) {
  if (name.size() != 24 || !name.ends_with(".seg")) return std::nullopt;
  Position first = 0;
  const auto [end, code] = std::from_chars(name.data(), name.data() + 20, first);
  if (code != std::errc{} || end != name.data() + 20) return std::nullopt;
  return first;
}

void Segment::note_record(Position position, std::uint64_t offset) {
  std::lock_guard lock(mutex_);
  if (index_.empty() ? offset >= kSegmentDataOffset + kIndexEvery
                     : offset >= index_.back().second + kIndexEvery) {
    index_.emplace_back(position, offset);
  }
}

std::pair<Position, std::uint64_t> Segment::nearest(Position position) const {
  std::lock_guard lock(mutex_);
  const auto after = std::upper_bound(index_.begin(), index_.end(), position,
                                      [](Position p, const auto& entry) { return p < entry.first; });
  if (after == index_.begin()) return {first(), kSegmentDataOffset};
  return *std::prev(after);
}

}  // namespace turnscope::log
