// One record in a segment: a header of 64 bytes, the payload, zeros up to a multiple of 8. All numbers
// little-endian.
//
//   0  u32 magic "TSr1"         24 u32 payload bytes           48 u64 XXH3-64 of the payload
//   4  u8  kind                 28 u32 items                   56 u64 XXH3-64 of bytes 0–55, seeded with
//   5  u8  signal               32 u32 project                        the segment's salt
//   6  u16 hops                 36 u32 zero
//   8  u64 position             40 i64 received, unix ns
//   16 u64 durable before: everything below this position was synced when this header was written
//
// The salt is random and never leaves the disk, so bytes inside a payload, or left over in a recycled file,
// cannot pass for a header when a reader looks for the next one after damage.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "log/log.h"

namespace turnscope::log {

inline constexpr std::size_t kRecordHeaderBytes = 64;
inline constexpr std::size_t kRecordAlignment = 8;
inline constexpr std::uint32_t kRecordMagic = 0x31725354;  // "TSr1"

enum class RecordKind : std::uint8_t {
  record = 1,
  seal = 2,   ///< the segment ends here and the next one begins at this position
  close = 3,  ///< as seal, and the log was closed in order
  blank = 4,  ///< written by recovery over a torn write between whole records: `items` positions that hold
              ///< nothing
};

struct RecordHeader {
  RecordKind kind = RecordKind::record;
  RecordHead head;
  Position position = 0;
  Position durable_before = 0;
  std::uint32_t payload_bytes = 0;
  std::uint64_t payload_checksum = 0;
};

using RecordHeaderBytes = std::array<char, kRecordHeaderBytes>;

void encode_header(const RecordHeader&, std::uint64_t salt, std::span<char, kRecordHeaderBytes> out);

/// nullopt unless magic, checksum, kind and zero fields are all right.
std::optional<RecordHeader> decode_header(std::span<const char, kRecordHeaderBytes>, std::uint64_t salt);

/// Bytes that a record with such a payload takes in a segment.
constexpr std::uint64_t record_bytes(std::uint64_t payload) {
  return (kRecordHeaderBytes + payload + kRecordAlignment - 1) & ~std::uint64_t{kRecordAlignment - 1};
}

std::uint64_t payload_checksum(std::string_view);
std::uint64_t payload_checksum(const Payload&);

}  // namespace turnscope::log
