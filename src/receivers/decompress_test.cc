#include "receivers/decompress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "receivers/test_support.h"

namespace turnscope::receivers {
namespace {

using testing::HasSubstr;

std::string noise(std::size_t n) {
  std::mt19937 rng(7);
  std::string s(n, '\0');
  for (char& c : s) c = static_cast<char>(rng() % 64 + 32);
  return s;
}

const std::vector<std::pair<Compression, std::string (*)(std::string_view)>> codecs = {
    {Compression::gzip, gzip},
    {Compression::zstd, [](std::string_view s) { return zstd(s); }},
    {Compression::zstd, [](std::string_view s) { return zstd(s, 0, false); }}};

TEST(Decompress, gives_back_what_was_compressed) {
  for (const auto& [kind, compress] : codecs)
    for (const std::size_t n : {0u, 1u, 1000u, 100'000u, 3'000'000u}) {
      const std::string text = noise(n);
      auto out = decompress(kind, compress(text), 4u << 20);
      ASSERT_TRUE(out.has_value()) << out.error().message;
      EXPECT_EQ(out->view(), text);
    }
}

TEST(Decompress, the_limit_is_exact) {
  for (const auto& [kind, compress] : codecs)
    for (const std::size_t limit : {1000u, 1'000'000u}) {
      for (const std::size_t n : {limit - 1, limit})
        EXPECT_TRUE(decompress(kind, compress(noise(n)), limit).has_value());
      for (const std::string& text :
           {noise(limit + 1), std::string(limit + 1, 'x'), std::string(100 * limit, 'x')}) {
        auto out = decompress(kind, compress(text), limit);
        ASSERT_FALSE(out.has_value());
        EXPECT_EQ(out.error().kind, ErrorKind::too_large);
        EXPECT_THAT(out.error().message, HasSubstr(std::to_string(limit)));
      }
    }
}

TEST(Decompress, a_bomb_that_lies_about_its_size_grows_to_the_limit_and_no_further) {
  const std::size_t limit = 1u << 20;
  std::string bomb = gzip(std::string(64u << 20, '\0'));
  bomb.replace(bomb.size() - 4, 4, std::string("\x10\0\0\0", 4));
  auto out = decompress(Compression::gzip, bomb, limit);
  ASSERT_FALSE(out.has_value());
  EXPECT_EQ(out.error().kind, ErrorKind::too_large);
  EXPECT_EQ(decompress(Compression::zstd, zstd(std::string(64u << 20, '\0'), 0, false), limit).error().kind,
            ErrorKind::too_large);
}

TEST(Decompress, several_members_and_frames_are_one_body) {
  auto g = decompress(Compression::gzip, gzip("one ") + gzip("") + gzip("two"), 100);
  ASSERT_TRUE(g.has_value()) << g.error().message;
  EXPECT_EQ(g->view(), "one two");
  auto z = decompress(Compression::zstd, zstd("one ") + zstd("two"), 100);
  ASSERT_TRUE(z.has_value()) << z.error().message;
  EXPECT_EQ(z->view(), "one two");
}

TEST(Decompress, the_limit_counts_all_members_together) {
  EXPECT_EQ(decompress(Compression::gzip, gzip(noise(60)) + gzip(noise(60)), 100).error().kind,
            ErrorKind::too_large);
  EXPECT_EQ(decompress(Compression::zstd, zstd(noise(60)) + zstd(noise(60)), 100).error().kind,
            ErrorKind::too_large);
}

TEST(Decompress, endless_empty_members_are_refused) {
  std::string members, frames;
  for (int i = 0; i < 1'001; ++i) {
    members += gzip("");
    frames += zstd("");
  }
  EXPECT_EQ(decompress(Compression::gzip, members, 1u << 20).error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(decompress(Compression::zstd, frames, 1u << 20).error().kind, ErrorKind::invalid_argument);
}

TEST(Decompress, trailing_garbage_cut_and_damaged_bodies_are_refused) {
  const std::string text = noise(10'000);
  for (const auto& [kind, compress] : codecs) {
    const std::string good = compress(text);
    for (const std::string& bad : {good + "x", good + std::string(8, '\0'), good.substr(0, good.size() - 1),
                                   good.substr(0, good.size() / 2), good.substr(0, 5),
                                   std::string("garbage, long enough"), std::string("x")}) {
      auto out = decompress(kind, bad, 64u << 20);
      ASSERT_FALSE(out.has_value());
      EXPECT_EQ(out.error().kind, ErrorKind::invalid_argument) << out.error().message;
    }
  }
  std::string wrong_sum = gzip(text);
  wrong_sum[wrong_sum.size() - 6] = static_cast<char>(wrong_sum[wrong_sum.size() - 6] ^ 1);
  EXPECT_EQ(decompress(Compression::gzip, wrong_sum, 64u << 20).error().kind, ErrorKind::invalid_argument);
}

TEST(Decompress, a_zstd_window_above_eight_mebibytes_is_refused) {
  EXPECT_TRUE(decompress(Compression::zstd, zstd(noise(100'000), 23, false), 1u << 20).has_value());
  auto out = decompress(Compression::zstd, zstd(noise(100'000), 24, false), 1u << 20);
  ASSERT_FALSE(out.has_value());
  EXPECT_THAT(out.error().message, HasSubstr("8 MiB"));
  // Nine bytes that declare 512 MiB.
  const std::string declared("\x28\xb5\x2f\xfd\x00\x98\x01\x00\x00", 9);
  EXPECT_EQ(decompress(Compression::zstd, declared, 1u << 20).error().kind, ErrorKind::invalid_argument);
}

TEST(Decompress, every_flip_of_a_body_is_survived) {
  for (const auto& [kind, compress] : codecs) {
    const std::string good = compress(noise(600));
    for (std::size_t i = 0; i < good.size(); ++i)
      for (int bit = 0; bit < 8; ++bit) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 1 << bit);
        auto out = decompress(kind, bad, 4096);
        if (out) {
          EXPECT_LE(out->view().size(), 4096u);
        }
      }
  }
}

TEST(Decompress, nested_compression_is_undone_once) {
  auto out = decompress(Compression::gzip, gzip(gzip("inner")), 1000);
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(detect(out->view()), Compression::gzip);
}

TEST(Detect, knows_the_magics_and_leaves_otlp_alone) {
  EXPECT_EQ(detect(gzip("x")), Compression::gzip);
  EXPECT_EQ(detect(zstd("x")), Compression::zstd);
  EXPECT_EQ(detect(std::string("\x78\x9c", 2)), Compression::zlib);
  EXPECT_EQ(detect(trace_request()), Compression::none);
  EXPECT_EQ(detect(""), Compression::none);
}

}  // namespace
}  // namespace turnscope::receivers
