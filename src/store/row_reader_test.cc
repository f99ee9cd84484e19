#include "store/row_reader.h"

#include <gtest/gtest.h>

#include "store/params.h"

namespace turnscope::store {
namespace {

using namespace std::string_view_literals;

TEST(RowReader, reads_every_type_in_order) {
  RowReader in(
      "\x01\x02\x03\x00\x00\x00\x03"
      "abc"
      "\x02\x01"
      "a\x01"
      "b\x00\x05\x00\x00\x00\x00\x00\x00\x00\x01"sv);
  EXPECT_EQ(in.u16(), 0x0201);
  EXPECT_EQ(in.u32(), 3u);
  EXPECT_EQ(in.string(), "abc");
  EXPECT_EQ(in.strings(), (std::vector{"a"sv, "b"sv}));
  EXPECT_EQ(in.nullable([&] { return in.i64(); }), 5);
  EXPECT_EQ(in.nullable([&] { return in.i64(); }), std::nullopt);
  EXPECT_FALSE(in.more());
  EXPECT_TRUE(in.status());
}

TEST(RowReader, a_cut_row_is_an_error_and_never_read_beyond) {
  RowReader in(
      "\x05"
      "abc"sv);
  EXPECT_EQ(in.string(), "");
  EXPECT_FALSE(in.more());
  EXPECT_FALSE(in.status());
  EXPECT_EQ(in.u64(), 0u);
  RowReader huge("\xff\xff\xff\xff\xff\xff\xff\xff\x7f"sv);
  EXPECT_TRUE(huge.strings().empty());
  EXPECT_FALSE(huge.status());
  RowReader endless("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"sv);
  EXPECT_EQ(endless.length(), 0u);
  EXPECT_FALSE(endless.status());
}

TEST(Params, text_is_escaped_and_numbers_are_text) {
  Params p;
  add_param(p, "s", "a\tb\\c'd\0e"sv);
  add_param(p, "u", std::uint64_t{18446744073709551615u});
  add_param(p, "i", std::int64_t{-9223372036854775807 - 1});
  add_param(p, "b", true);
  const std::vector<std::string> texts{"x", "it's"};
  add_param(p, "a", std::span<const std::string>(texts));
  EXPECT_EQ(p[0].second, "a\\tb\\\\c\\'d\\0e");
  EXPECT_EQ(p[1].second, "18446744073709551615");
  EXPECT_EQ(p[2].second, "-9223372036854775808");
  EXPECT_EQ(p[3].second, "1");
  EXPECT_EQ(p[4].second, "['x','it\\'s']");
}

}  // namespace
}  // namespace turnscope::store
