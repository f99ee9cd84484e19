// The one pass over every byte: bit masks of the few places where a detector could start. 64 bytes become
// four words; nearly all text ends here, so that detectors cost only where there is something to look at.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace turnscope::pipeline {

struct ClassMasks {
  std::uint64_t digit;    ///< 0-9
  std::uint64_t at;       ///< '@'
  std::uint64_t colon;    ///< ':'
  std::uint64_t literal;  ///< maybe the first bytes of a literal
  std::uint64_t word;     ///< letters, digits, and bytes above 0x7f
  std::uint64_t high;     ///< bytes above 0x7f
};

/// Looks for the first four bytes of many literals at once: for each of four places and each half of a byte,
/// which of 24 groups of literals allow it. Groups that survive all eight look-ups are candidates, to be
/// compared exactly. Literals of three bytes have groups of their own, in which the fourth place allows all.
class LiteralFilter {
 public:
  /// Literals of at least three bytes; letters match in both cases.
  explicit LiteralFilter(std::span<const std::string_view> literals);
  static constexpr std::size_t kPlaces = 4;
  static constexpr std::size_t kSets = 3;  ///< of eight groups
  alignas(16) std::uint8_t low[kSets][kPlaces][16] = {};
  alignas(16) std::uint8_t high[kSets][kPlaces][16] = {};
};

/// Fills masks[0 … ceil(size / 64)) for `text`; the bit of a byte is its place in its block.
void class_scan(std::string_view text, const LiteralFilter&, ClassMasks* masks);
/// The same without vector instructions: what machines without AVX2 run, and what the other is tested
/// against.
void class_scan_portable(std::string_view text, const LiteralFilter&, ClassMasks* masks);

}  // namespace turnscope::pipeline
