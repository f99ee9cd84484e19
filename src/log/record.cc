#include "log/record.h"

#include <xxhash.h>

#include <bit>
#include <cstring>

namespace turnscope::log {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the format is little-endian and written as it lies in memory");

template <typename T>
void put(std::span<char, kRecordHeaderBytes> out, std::size_t at, T value) {
  std::memcpy(out.data() + at, &value, sizeof value);
}

template <typename T>
T get(std::span<const char, kRecordHeaderBytes> in, std::size_t at) {
  T value;
  std::memcpy(&value, in.data() + at, sizeof value);
  return value;
}

}  // namespace

void encode_header(const RecordHeader& h, std::uint64_t salt, std::span<char, kRecordHeaderBytes> out) {
  put<std::uint32_t>(out, 0, kRecordMagic);
  put<std::uint8_t>(out, 4, static_cast<std::uint8_t>(h.kind));
  put<std::uint8_t>(out, 5, static_cast<std::uint8_t>(h.head.signal));
  put<std::uint16_t>(out, 6, h.head.hops);
  put<std::uint64_t>(out, 8, h.position);
  put<std::uint64_t>(out, 16, h.durable_before);
  put<std::uint32_t>(out, 24, h.payload_bytes);
  put<std::uint32_t>(out, 28, h.head.items);
  put<std::uint32_t>(out, 32, h.head.project);
  put<std::uint32_t>(out, 36, 0);
  put<std::int64_t>(out, 40, h.head.received_unix_nano);
  put<std::uint64_t>(out, 48, h.payload_checksum);
  put<std::uint64_t>(out, 56, XXH3_64bits_withSeed(out.data(), 56, salt));
}

std::optional<RecordHeader> decode_header(std::span<const char, kRecordHeaderBytes> in, std::uint64_t salt) {
  if (get<std::uint32_t>(in, 0) != kRecordMagic) return std::nullopt;
  if (get<std::uint64_t>(in, 56) != XXH3_64bits_withSeed(in.data(), 56, salt)) return std::nullopt;
  const auto kind = get<std::uint8_t>(in, 4);
  if (kind < 1 || kind > 4 || get<std::uint32_t>(in, 36) != 0) return std::nullopt;
  RecordHeader h;
  h.kind = static_cast<RecordKind>(kind);
  h.head.signal = static_cast<Signal>(get<std::uint8_t>(in, 5));
  h.head.hops = get<std::uint16_t>(in, 6);
  h.position = get<std::uint64_t>(in, 8);
  h.durable_before = get<std::uint64_t>(in, 16);
  h.payload_bytes = get<std::uint32_t>(in, 24);
  h.head.items = get<std::uint32_t>(in, 28);
  h.head.project = get<std::uint32_t>(in, 32);
  h.head.received_unix_nano = get<std::int64_t>(in, 40);
  h.payload_checksum = get<std::uint64_t>(in, 48);
  return h;
}

std::uint64_t payload_checksum(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::uint64_t payload_checksum(const Payload& payload) {
  if (payload.pieces.empty()) return payload_checksum(std::string_view{});
  if (payload.pieces.size() == 1) return payload_checksum(payload.pieces.front());
  XXH3_state_t* state = XXH3_createState();
  XXH3_64bits_reset(state);
  for (const auto piece : payload.pieces) XXH3_64bits_update(state, piece.data(), piece.size());
  const std::uint64_t sum = XXH3_64bits_digest(state);
  XXH3_freeState(state);
  return sum;
}

}  // namespace turnscope::log
