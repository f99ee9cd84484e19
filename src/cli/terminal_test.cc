#include "cli/terminal.h"

#include <gtest/gtest.h>

namespace turnscope::cli {
namespace {

TEST(Terminal, durations_have_the_unit_that_fits) {
  EXPECT_EQ(format_nanos(0), "0 ns");
  EXPECT_EQ(format_nanos(999), "999 ns");
  EXPECT_EQ(format_nanos(12'500), "13 µs");
  EXPECT_EQ(format_nanos(999'600), "1 ms");
  EXPECT_EQ(format_nanos(59'996'000'000), "1 min 00 s");
  EXPECT_EQ(format_nanos(954'600'000), "955 ms");
  EXPECT_EQ(format_nanos(590'000'000), "590 ms");
  EXPECT_EQ(format_nanos(26'410'000'000), "26.41 s");
  EXPECT_EQ(format_nanos(245'000'000'000), "4 min 05 s");
  EXPECT_EQ(format_nanos(7'260'000'000'000), "2 h 01 min");
}

TEST(Terminal, money_is_exact_to_four_digits_and_never_rounded_to_nothing) {
  EXPECT_EQ(format_money(183'400'000), "$0.1834");
  EXPECT_EQ(format_money(1), "<$0.0001");
  EXPECT_EQ(format_money(0), "$0");
  EXPECT_EQ(format_money(3'450'000), "$0.0035");
  EXPECT_EQ(format_money(9'999'960'000), "$10.00");
  EXPECT_EQ(format_money(12'400'000'000), "$12.40");
  EXPECT_EQ(format_money(-2'500'000'000), "-$2.5000");
}

TEST(Terminal, wide_characters_count_as_two_columns) {
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("数据"), 4);
  EXPECT_EQ(fit("数据库连接", 5), "数据…");
  EXPECT_EQ(pad("数", 4), "数  ");
}

TEST(Terminal, text_is_cut_on_a_character_boundary_and_broken_bytes_do_not_run_over) {
  EXPECT_EQ(fit("àààà", 3), "àà…");
  EXPECT_EQ(display_width("\xF0\x9F"), 2);
  EXPECT_EQ(fit(std::string_view("\xE6", 1), 4), "\xE6");
}

}  // namespace
}  // namespace turnscope::cli
