#include "store/text_grams.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string>

namespace turnscope::store {
namespace {

std::string bitmap_of(std::initializer_list<std::string_view> texts) {
  GramIndex index;
  index.add(1, 1, 0, 0, texts);
  GramBlock block;
  index.emit(block);
  std::string all;
  for (const auto piece : block.native()) all += piece;
  // The bitmap is the last column of the only row.
  return all.substr(all.size() - sizeof(GramBitmap));
}

bool can_have(const std::string& bitmap, std::string_view needle) {
  const auto bits = gram_bits(needle);
  return std::all_of(bits.begin(), bits.end(), [&](std::uint32_t bit) {
    return (static_cast<unsigned char>(bitmap[bit / 8]) >> bit % 8 & 1) != 0;
  });
}

TEST(TextGrams, any_part_of_a_text_is_found_whatever_the_case) {
  const auto bitmap =
      bitmap_of({"The Refund-Policy of order_1042", "数据库连接超时", "قاعدة البيانات", "データベース"});
  for (const char* needle :
       {"refund", "EFUND-POL", "order_1042", "Policy of", "数据库", "库连接超", "البيانات", "ータベー"}) {
    EXPECT_FALSE(gram_bits(needle).empty()) << needle;
    EXPECT_TRUE(can_have(bitmap, needle)) << needle;
  }
  for (const char* needle : {"chargeback", "order_1043", "数据表", "refundpolicy"})
    EXPECT_FALSE(can_have(bitmap, needle)) << needle;
}

TEST(TextGrams, what_cannot_be_decided_has_no_bits) {
  for (const char* needle : {"", "abc", "a b c d", "größe", "ДОМА", "数", "\xff\xfe\xfd\xfc\xfb"})
    EXPECT_TRUE(gram_bits(needle).empty()) << needle;
  // Of a word with such a letter, the rest decides.
  EXPECT_EQ(gram_bits("Überweisung"), gram_bits("berweisung"));
}

TEST(TextGrams, never_says_no_to_a_part_of_a_random_text) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (int i = 0; i < 400; ++i) text += static_cast<char>(random() % 256);
    const auto bitmap = bitmap_of({text});
    for (int i = 0; i < 20; ++i) {
      auto needle = text.substr(random() % text.size(), random() % 40);
      for (auto& c : needle)
        if (c >= 'a' && c <= 'z' && random() % 2 == 0) c = static_cast<char>(c - 32);
      EXPECT_TRUE(can_have(bitmap, needle));
    }
  }
}

/// The numbers of the columns of 8 bytes: id, spans, min_start, max_start, received.
std::vector<std::array<std::int64_t, 5>> rows_of(GramBlock& block) {
  const auto n = block.rows();
  std::vector<std::array<std::int64_t, 5>> rows(n);
  std::size_t column = 0;
  for (const auto piece : block.native()) {
    if (piece.size() != n * 8 || column == 5) continue;
    for (std::size_t i = 0; i < n; ++i) std::memcpy(&rows[i][column], piece.data() + i * 8, 8);
    ++column;
  }
  EXPECT_EQ(column, 5u);
  return rows;
}

TEST(TextGrams, every_span_lies_in_a_row_of_its_block) {
  std::mt19937_64 random(3);
  GramIndex index;
  std::int64_t now = 1'700'000'000'000'000'000;
  std::uint64_t version = 0, kept = 0;
  for (int block = 0; block < 40; ++block) {
    // Slow and fast, in order and from anywhere.
    const std::int64_t step = block % 4 == 0 ? 1'000'000'000 : 20'000;
    std::vector<std::int64_t> starts;
    for (int i = 0; i < 5'000; ++i) {
      now += step;
      const auto start =
          block % 5 == 4 ? static_cast<std::int64_t>(random() % 4'000'000'000'000'000'000ull) : now;
      starts.push_back(start);
      index.add(1, ++version, start, 0, {"word"});
    }
    GramBlock rows;
    index.emit(rows);
    kept += rows.rows();
    const auto all = rows_of(rows);
    for (const auto start : starts)
      EXPECT_TRUE(
          std::any_of(all.begin(), all.end(), [&](const auto& r) { return r[2] <= start && start <= r[3]; }));
    EXPECT_LE(index.bytes(), (GramIndex::kOpen + 64) * sizeof(GramBitmap));
  }
  EXPECT_LT(kept, 5'000u);
}

TEST(TextGrams, a_chunk_grows_over_blocks_and_keeps_its_name) {
  GramIndex index;
  GramBlock first, second, third;
  index.add(1, 100, 1'000, 0, {"one"});
  index.emit(first);
  index.add(1, 101, 2'000, 0, {"another"});
  index.emit(second);
  index.emit(third);
  ASSERT_EQ(first.rows(), 1u);
  ASSERT_EQ(second.rows(), 1u);
  EXPECT_EQ(third.rows(), 0u) << "nothing new, nothing to write";
  const auto a = rows_of(first)[0], b = rows_of(second)[0];
  EXPECT_EQ(a[0], 100);
  EXPECT_EQ(b[0], 100);
  EXPECT_EQ(a[1], 1);
  EXPECT_EQ(b[1], 2);
  EXPECT_EQ(b[2], 1'000);
  EXPECT_EQ(b[3], 2'000);
}

}  // namespace
}  // namespace turnscope::store
