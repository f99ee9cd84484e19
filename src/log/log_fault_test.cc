// A disk that refuses: failed and short writes, failed syncs, renames and directory syncs, once and for good;
// a full disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "base/anomaly.h"
#include "base/testing/faulty_filesystem.h"
#include "base/testing/forgetful_filesystem.h"
#include "log/testing.h"

namespace turnscope::log {
namespace {

using testing::append;
using testing::eventually;
using ::testing::HasSubstr;
using testing::open_or_die;
using testing::read_all;
using turnscope::testing::Fault;
using turnscope::testing::FaultyFileSystem;
using turnscope::testing::ForgetfulFileSystem;
using turnscope::testing::Operation;
using turnscope::testing::PowerCut;

Options options() {
  Options o;
  o.directory = "/log";
  o.segment_bytes = 64u << 10;
  o.max_bytes = 16u << 20;
  return o;
}

/// Sends again, as a client would, until it is taken.
Position append_until_taken(Log& log, const std::string& bytes) {
  Position position = 0;
  EXPECT_TRUE(eventually([&] {
    const auto p = append(log, bytes);
    if (p) position = *p;
    return p.has_value();
  }));
  return position;
}

struct Case {
  std::string name;
  Fault fault;
};

class FaultyDisk : public ::testing::TestWithParam<Case> {};

TEST_P(FaultyDisk, tells_everyone_waiting_acknowledges_nobody_and_loses_nothing) {
  for (const bool permanent : {false, true}) {
    ForgetfulFileSystem disk;
    FaultyFileSystem fs(disk);
    std::map<Position, std::string> acknowledged;
    std::set<std::string> refused;
    {
      auto log = open_or_die(fs, options());
      for (int i = 0; i < 20; ++i)
        acknowledged[*append(*log, "before " + std::to_string(i))] = "before " + std::to_string(i);
      Fault fault = GetParam().fault;
      fault.permanent = permanent;
      fs.inject(fault);
      bool failed = false;
      for (int i = 0; i < 200 && !failed; ++i) {  // large enough to need new segments too
        const std::string bytes = "during " + std::to_string(i) + std::string(1500, '.');
        const auto answer = append(*log, bytes);
        if (answer) {
          acknowledged[*answer] = bytes;
          continue;
        }
        failed = true;
        refused.insert(bytes);
        EXPECT_TRUE(answer.error().kind == ErrorKind::unavailable ||
                    answer.error().kind == ErrorKind::overloaded)
            << name(answer.error().kind);
        EXPECT_TRUE(answer.error().retry_after);
        EXPECT_FALSE(log->stats().error.empty());
      }
      // A single failed allocation is the janitor's, or is mended by a smaller segment: nobody need notice.
      ASSERT_TRUE(failed || (!permanent && fs.failures() > 0)) << "the fault was never met";
      if (permanent) {
        for (int i = 0; i < 5; ++i) {
          const auto answer = append(*log, "still " + std::to_string(i));
          if (answer) acknowledged[*answer] = "still " + std::to_string(i);
        }
        fs.clear();
      }
      const Position p = append_until_taken(*log, "after");
      acknowledged[p] = "after";
      EXPECT_EQ(log->stats().error, "");
      EXPECT_FALSE(log->stats().poisoned);
      // A reader of the living log sees what was acknowledged and nothing else.
      std::map<Position, std::string> live;
      for (const auto& r : read_all(*log)) live[r.position] = r.bytes;
      EXPECT_EQ(live, acknowledged);
      EXPECT_TRUE(log->stats().repairs.empty()) << log->stats().repairs.front();
    }
    // After a power cut too: what the disk was told to keep is enough.
    auto after = disk.after_power_cut(PowerCut::forget_all, 1);
    auto log = open_or_die(*after, options());
    std::map<Position, std::string> found;
    for (const auto& r : read_all(*log)) found[r.position] = r.bytes;
    EXPECT_EQ(found, acknowledged) << (permanent ? "permanent" : "once");
    EXPECT_TRUE(log->stats().repairs.empty()) << log->stats().repairs.front();
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, FaultyDisk,
    ::testing::Values(Case{"write_error", {Operation::write, EIO, ""}},
                      Case{"short_write", {Operation::write, EIO, "", 1, false, 100}},
                      Case{"short_write_on_a_full_disk", {Operation::write, ENOSPC, "", 2, false, 1000}},
                      Case{"sync_error", {Operation::sync, EIO, ""}},
                      Case{"sync_error_later", {Operation::sync, EIO, "", 7}},
                      Case{"allocation_on_a_full_disk", {Operation::allocate, ENOSPC, ".tmp"}},
                      Case{"create_error", {Operation::open, EIO, ".tmp"}},
                      Case{"rename_error", {Operation::rename, EIO, ".seg"}},
                      Case{"directory_sync_error", {Operation::sync_directory, EIO, "/log"}}),
    [](const auto& test) { return test.param.name; });

TEST(Poison, a_failed_sync_closes_the_segment_and_what_it_holds_is_read_back_before_the_next_one) {
  ForgetfulFileSystem disk;
  FaultyFileSystem fs(disk);
  auto log = open_or_die(fs, options());
  ASSERT_TRUE(append(*log, "one"));
  const auto syncs = counted(Anomaly::log_sync_failed);
  fs.inject({Operation::sync, EIO, "", 1, false, 0});
  ASSERT_FALSE(append(*log, "two"));
  EXPECT_EQ(counted(Anomaly::log_sync_failed), syncs + 1);
  EXPECT_TRUE(log->stats().poisoned);
  // While what was acknowledged cannot be read back, nothing is taken.
  fs.inject({Operation::read, EIO, ".seg", 1, true, 0});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(append(*log, "three").error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(log->stats().poisoned);
  fs.clear();
  EXPECT_EQ(append_until_taken(*log, "four"), 1u);
  EXPECT_FALSE(log->stats().poisoned);
  EXPECT_EQ(log->stats().segments, 2u);
  const auto records = read_all(*log);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1].bytes, "four");
}

TEST(Poison, acknowledged_records_that_are_not_on_the_disk_any_more_are_declared) {
  ForgetfulFileSystem disk;
  FaultyFileSystem fs(disk);
  auto log = open_or_die(fs, options());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(append(*log, "record " + std::to_string(i)));
  const std::string path = "/log/00000000000000000000.seg";
  std::string bytes = disk.read(path);
  bytes[8192 + 64 + 3] ^= 1;  // the payload of record 0
  disk.overwrite(path, bytes);
  fs.inject({Operation::sync, EIO, "", 1, false, 0});
  ASSERT_FALSE(append(*log, "x"));
  append_until_taken(*log, "y");
  ASSERT_EQ(log->stats().repairs.size(), 1u);
  EXPECT_THAT(log->stats().repairs[0], HasSubstr("record 0"));
}

TEST(FullDisk, refusals_are_retryable_reads_go_on_and_it_recovers_when_space_returns) {
  ForgetfulFileSystem disk;
  disk.set_capacity(600'000);
  auto log = open_or_die(disk, options());
  auto cursor = log->cursor("slow").value();
  std::size_t taken = 0;
  Result<Position> answer = Position{0};
  while ((answer = append(*log, std::string(3000, 'x')))) ++taken;
  EXPECT_EQ(answer.error().kind, ErrorKind::overloaded);
  EXPECT_TRUE(answer.error().retry_after);
  EXPECT_THAT(answer.error().message, HasSubstr("disk is full"));
  EXPECT_GT(taken, 100u);
  EXPECT_EQ(read_all(*log).size(), taken);
  EXPECT_EQ(append(*log, std::string(3000, 'y')).error().kind, ErrorKind::overloaded);
  disk.set_capacity(2'000'000);
  EXPECT_EQ(append_until_taken(*log, "space is back"), taken);
}

TEST(FullDisk, the_log_starts_and_serves_on_a_disk_that_is_full) {
  ForgetfulFileSystem disk;
  {
    auto log = open_or_die(disk, options());
    (void)log->cursor("store").value();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(*log, "x"));
  }
  auto full = disk.after_power_cut(PowerCut::forget_all, 1);
  full->set_capacity(1);
  auto log = open_or_die(*full, options());
  EXPECT_EQ(read_all(*log).size(), 10u);
  EXPECT_EQ(append(*log, "y").error().kind, ErrorKind::overloaded);
  full->set_capacity(1'000'000);
  EXPECT_EQ(append_until_taken(*log, "y"), 10u);
}

TEST(FullDisk, space_that_is_to_be_kept_free_is_kept_free) {
  ForgetfulFileSystem disk;
  disk.set_capacity(500'000);
  auto o = options();
  o.keep_free_bytes = 300'000;
  auto log = open_or_die(disk, o);
  Result<Position> answer = Position{0};
  while ((answer = append(*log, std::string(3000, 'x')))) continue;
  EXPECT_EQ(answer.error().kind, ErrorKind::overloaded);
  EXPECT_GE(disk.free_bytes("/log").value(), 300'000u);
}

TEST(Cursor, a_cursor_that_cannot_be_written_says_so_and_stands_where_it_stood) {
  for (const auto& fault :
       {Fault{Operation::open, EIO, "cursors/"}, Fault{Operation::write, ENOSPC, "cursors/"},
        Fault{Operation::sync, EIO, "cursors/"}, Fault{Operation::rename, EIO, "cursors/"},
        Fault{Operation::sync_directory, EIO, "cursors"}}) {
    ForgetfulFileSystem disk;
    FaultyFileSystem fs(disk);
    auto log = open_or_die(fs, options());
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(*log, "x"));
    auto cursor = log->cursor("c").value();
    ASSERT_TRUE(cursor->advance(3, "three"));
    fs.inject(fault);
    EXPECT_FALSE(cursor->advance(7, "seven"));
    EXPECT_EQ(cursor->position(), 3u);
    EXPECT_EQ(cursor->note(), "three");
    EXPECT_TRUE(cursor->advance(8));
    EXPECT_EQ(cursor->position(), 8u);
  }
}

TEST(Reader, a_place_that_stays_unreadable_is_skipped_after_three_errors_and_declared) {
  ForgetfulFileSystem disk;
  FaultyFileSystem fs(disk);
  auto log = open_or_die(fs, options());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(append(*log, "record " + std::to_string(i)));
  fs.inject({Operation::read, EIO, "", 1, true, 0});
  auto reader = log->read(0);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(reader->next().error().kind, ErrorKind::io);
  const auto end = reader->next();
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_FALSE(end->has_value());
  EXPECT_EQ(reader->position(), 5u);
  EXPECT_FALSE(log->stats().repairs.empty());
  fs.clear();
  ASSERT_TRUE(append(*log, "well again"));
  EXPECT_EQ(reader->next().value()->bytes, "well again");
}

}  // namespace
}  // namespace turnscope::log
