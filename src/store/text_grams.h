// Where a word can be: for every two thousand spans of about the same time, which sequences of four bytes
// ("grams") stand in their texts, as a bitmap. A search for a word reads the texts only of spans from the
// times whose bitmaps have all grams of it, in any script and anywhere in a longer word; a text index of the
// engine costs ten times as much and knows whole words only (docs/performance.md).
//
//   gram    four bytes without white space between them, ASCII letters in lower case
//   bitmap  2^17 bits, bit hash(gram); as bytes, bit 0 of byte 0 first
//
// The bitmap may say yes for nothing (the reader looks at the texts), never no for something. That stands on:
// each span is counted into a chunk, the chunk's row with that span in it is in the store before the span is,
// and its times enclose the span's start.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "store/table_block.h"

namespace turnscope::store {

inline constexpr unsigned kGramBits = 17;
using GramBitmap = std::array<std::uint64_t, (1u << kGramBits) / 64>;

/// The bits that a text with `needle` in it has set; empty when no bitmap can tell (shorter than a gram, or
/// only of letters that have two cases outside ASCII, which are compared without regard to case).
std::vector<std::uint32_t> gram_bits(std::string_view needle);

/// Rows for the table `text_grams`.
class GramBlock : public TableBlock<GramBlock> {
 public:
  struct Row {
    std::uint32_t project = 0;
    std::uint64_t id = 0;  ///< version of the chunk's first span
    std::uint64_t spans =
        0;  ///< so far: a later row of the chunk has more, and the same bits besides new ones
    std::int64_t min_start = 0, max_start = 0, received_ms = 0;
  };
  void add(const Row&, const GramBitmap&);

  template <typename F>
  void each(F&& f) {
    f(project_, "project", "UInt32");
    f(id_, "id", "UInt64");
    f(spans_, "spans", "UInt64");
    f(min_start_, "min_start", "DateTime64(9, 'UTC')");
    f(max_start_, "max_start", "DateTime64(9, 'UTC')");
    f(received_, "received", "DateTime64(3, 'UTC')");
    f(grams_, "grams", "String");
  }

 private:
  NumberColumn<std::uint32_t> project_;
  NumberColumn<std::uint64_t> id_, spans_;
  NumberColumn<std::int64_t> min_start_, max_start_, received_;
  StringColumn grams_;
};

/// The chunks that spans are being counted into. Not thread-safe. At most kOpen bitmaps (4 MB)
/// stay from block to block.
class GramIndex {
 public:
  /// Counts the texts of one span in.
  void add(std::uint32_t project, std::uint64_t version, std::int64_t start, std::int64_t received_ms,
           std::initializer_list<std::string_view> texts);
  /// A row for each chunk that got a span since the last time: to be stored before these spans are.
  void emit(GramBlock& to);
  std::size_t bytes() const { return (open_.size() + full_.size() + spare_.size()) * sizeof(GramBitmap); }
  /// Forgets the open chunks and gives the memory back; spans of their times go to new ones.
  void release();

  static constexpr std::size_t kOpen = 256;
  static constexpr std::size_t kChunkSpans = 4'096;  ///< twice a granule of `spans`

 private:
  struct Chunk {
    GramBlock::Row row;
    std::size_t bytes = 0, fresh = 0;  ///< of texts; spans since the last row
    std::unique_ptr<GramBitmap> bitmap;
  };
  using Key = std::pair<std::uint32_t, std::int64_t>;  // project, time / width_
  Chunk& chunk(std::uint32_t project, std::int64_t start);
  void adapt(std::size_t touched, std::size_t spans, std::size_t filled);

  std::map<Key, Chunk> open_;
  Chunk* last_ = nullptr;
  Key last_key_{};
  std::vector<Chunk> full_;  ///< not yet emitted
  std::vector<std::unique_ptr<GramBitmap>> spare_;
  std::int64_t width_ = 8'000'000'000;  ///< of the time of a chunk, nanoseconds; follows the rate
};

}  // namespace turnscope::store
