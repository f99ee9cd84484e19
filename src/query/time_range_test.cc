#include "query/time_range.h"

#include <gtest/gtest.h>

namespace turnscope::query {
namespace {

constexpr std::int64_t kNow = 1'795'600'000'123'456'789;

TEST(ParseTime, takes_what_people_write_and_what_answers_give) {
  const struct {
    std::string_view text;
    std::int64_t nanos;
  } cases[] = {
      {"now", kNow},
      {"now-15m", kNow - 900'000'000'000},
      {"2026-11-25", 1'795'564'800'000'000'000},
      {"2026-11-25T10:00:00.5Z", 1'795'600'800'500'000'000},
      {"2026-11-25T10:00:00+02:00", 1'795'593'600'000'000'000},
      {"1795600000", 1'795'600'000'000'000'000},
      {"1795600000.25", 1'795'600'000'250'000'000},
      {"1795600000123456789", kNow},
      {"0", 0},
  };
  for (const auto& c : cases) {
    const auto time = parse_time(c.text, kNow);
    ASSERT_TRUE(time) << c.text << ": " << time.error().message;
    EXPECT_EQ(*time, c.nanos) << c.text;
  }
}

TEST(ParseTime, refuses_the_rest_and_says_what_it_takes) {
  for (const auto* text :
       {"", "yesterday", "-1", "2026-13-01", "99999999999999", "9223372036854775807", "now-"}) {
    const auto time = parse_time(text, kNow);
    ASSERT_FALSE(time) << text;
    EXPECT_NE(time.error().message.find("RFC 3339"), std::string::npos) << time.error().message;
  }
}

}  // namespace
}  // namespace turnscope::query
