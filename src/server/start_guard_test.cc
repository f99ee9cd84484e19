#include "server/start_guard.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace turnscope::server {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

class StartGuardTest : public ::testing::Test {
 protected:
  StartGuardTest() {
    char path[] = "/tmp/turnscope-starts-XXXXXX";
    directory_ = mkdtemp(path);
  }
  ~StartGuardTest() override { std::filesystem::remove_all(directory_); }
  StartGuard start(std::int64_t now) { return StartGuard::record_start(directory_, now).value(); }
  std::string directory_;
};

TEST_F(StartGuardTest, the_fourth_start_within_a_minute_leaves_the_store_out) {
  EXPECT_FALSE(start(100 * kSecond).crash_loop());
  EXPECT_FALSE(start(105 * kSecond).crash_loop());
  EXPECT_FALSE(start(110 * kSecond).crash_loop());
  EXPECT_TRUE(start(115 * kSecond).crash_loop());
}

TEST_F(StartGuardTest, clean_stops_do_not_count) {
  for (int i = 0; i < 10; ++i) {
    auto guard = start((100 + i) * kSecond);
    EXPECT_FALSE(guard.crash_loop());
    EXPECT_FALSE(guard.previous_unclean());
    guard.mark_clean();
  }
}

TEST_F(StartGuardTest, crashes_an_hour_apart_are_no_loop_but_are_known) {
  for (int i = 0; i < 6; ++i) {
    const auto guard = start(i * 3600 * kSecond);
    EXPECT_FALSE(guard.crash_loop());
    EXPECT_EQ(guard.previous_unclean(), i > 0);
  }
}

TEST_F(StartGuardTest, a_clock_that_jumps_back_is_no_loop) {
  for (int i = 0; i < 5; ++i) start(1000 * kSecond + i);
  EXPECT_FALSE(start(10 * kSecond).crash_loop());
}

TEST_F(StartGuardTest, a_directory_that_cannot_be_written_is_named) {
  const auto guard = StartGuard::record_start("/proc/nowhere", 1);
  ASSERT_FALSE(guard);
  EXPECT_NE(guard.error().message.find("/proc/nowhere/starts"), std::string::npos);
}

}  // namespace
}  // namespace turnscope::server
