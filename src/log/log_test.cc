#include "log/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "log/testing.h"

namespace turnscope::log {
namespace {

using testing::append;
using testing::eventually;
using ::testing::HasSubstr;
using testing::open_or_die;
using testing::read_all;
using testing::small_options;
using testing::TemporaryDirectory;

TEST(Log, what_is_appended_is_read_back_in_order_with_its_head) {
  TemporaryDirectory dir;
  auto log = open_or_die(posix_filesystem(), small_options(dir.path()));
  for (int i = 0; i < 300; ++i) {
    RecordHead head{Signal::logs, static_cast<std::uint32_t>(i), 1000 + i, static_cast<std::uint32_t>(2 * i)};
    const auto position =
        append(*log, std::string(static_cast<std::size_t>(i * 7), static_cast<char>('a' + i % 26)), head);
    ASSERT_TRUE(position) << position.error().message;
    EXPECT_EQ(*position, static_cast<Position>(i));
  }
  const auto records = read_all(*log);
  ASSERT_EQ(records.size(), 300u);
  for (std::size_t i = 0; i < 300; ++i) {
    EXPECT_EQ(records[i].position, i);
    EXPECT_EQ(records[i].bytes, std::string(i * 7, static_cast<char>('a' + i % 26)));
    EXPECT_EQ(records[i].head.signal, Signal::logs);
    EXPECT_EQ(records[i].head.project, i);
    EXPECT_EQ(records[i].head.received_unix_nano, static_cast<std::int64_t>(1000 + i));
    EXPECT_EQ(records[i].head.items, 2 * i);
  }
  EXPECT_GT(log->stats().segments, 2u) << "the test has to cross segments";
}

TEST(Log, records_and_positions_survive_a_restart) {
  TemporaryDirectory dir;
  {
    auto log = open_or_die(posix_filesystem(), small_options(dir.path()));
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(append(*log, std::string(5000, static_cast<char>(i))));
  }
  auto log = open_or_die(posix_filesystem(), small_options(dir.path()));
  EXPECT_TRUE(log->stats().started_clean);
  EXPECT_TRUE(log->stats().repairs.empty());
  EXPECT_EQ(*append(*log, "after"), 50u);
  const auto records = read_all(*log);
  ASSERT_EQ(records.size(), 51u);
  EXPECT_EQ(records[17].bytes, std::string(5000, 17));
  EXPECT_EQ(records[50].bytes, "after");
}

TEST(Log, pieces_are_joined_and_their_owner_is_let_go_after_the_answer) {
  TemporaryDirectory dir;
  auto log = open_or_die(posix_filesystem(), small_options(dir.path()));
  auto owner = std::make_shared<const std::string>("one two three");
  std::weak_ptr<const std::string> watch = owner;
  std::promise<Position> answer;
  Payload payload;
  payload.pieces = {std::string_view(*owner).substr(0, 4), "", std::string_view(*owner).substr(4)};
  payload.owner = std::move(owner);
  log->append({}, std::move(payload), [&](Result<Position> p) { answer.set_value(p.value()); });
  answer.get_future().get();
  log->close();
  EXPECT_TRUE(watch.expired());
  EXPECT_EQ(read_all(*log).at(0).bytes, "one two three");
}

TEST(Log, an_empty_record_and_one_larger_than_a_segment_are_kept) {
  TemporaryDirectory dir;
  auto log = open_or_die(posix_filesystem(), small_options(dir.path()));
  ASSERT_TRUE(append(*log, ""));
  ASSERT_TRUE(append(*log, std::string(300'000, 'x')));
  ASSERT_TRUE(append(*log, "y"));
  const auto records = read_all(*log);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].bytes, "");
  EXPECT_EQ(records[1].bytes.size(), 300'000u);
  EXPECT_EQ(records[2].bytes, "y");
}

TEST(Log, a_record_beyond_the_limit_is_too_large_and_says_which_limit) {
  TemporaryDirectory dir;
  auto options = small_options(dir.path());
  options.max_record_bytes = 1000;
  auto log = open_or_die(posix_filesystem(), options);
  EXPECT_TRUE(append(*log, std::string(1000, 'x')));
  const auto refused = append(*log, std::string(1001, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
  EXPECT_THAT(refused.error().message, HasSubstr("log.max_record_bytes"));
}

TEST(Log, many_threads_append_at_once_and_every_record_is_there_once) {
  TemporaryDirectory dir;
  auto log = open_or_die(posix_filesystem(), small_options(dir.path()));
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        log->append({}, Payload::of(std::to_string(t) + ":" + std::to_string(i)),
                    [&](Result<Position> p) { answered += p.has_value() ? 1 : 0; });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  log->close();
  EXPECT_EQ(answered, 2000);
  std::set<std::string> seen;
  for (const auto& r : read_all(*log)) seen.insert(r.bytes);
  EXPECT_EQ(seen.size(), 2000u);
  EXPECT_LE(log->stats().syncs, 2000u);
}

TEST(Log, a_reader_waits_for_what_is_not_there_yet) {
  TemporaryDirectory dir;
  auto log = open_or_die(posix_filesystem(), small_options(dir.path()));
  auto reader = log->read(0);
  EXPECT_FALSE(reader->wait(std::chrono::milliseconds(1)));
  EXPECT_FALSE(reader->next().value().has_value());
  std::thread appender([&] { (void)append(*log, "here"); });
  EXPECT_TRUE(reader->wait(std::chrono::seconds(30)));
  appender.join();
  EXPECT_EQ(reader->next().value()->bytes, "here");
  EXPECT_EQ(reader->position(), 1u);
}

TEST(Log, closing_wakes_readers_and_refuses_appends) {
  TemporaryDirectory dir;
  auto log = open_or_die(posix_filesystem(), small_options(dir.path()));
  auto reader = log->read(0);
  std::thread waiting([&] { EXPECT_FALSE(reader->wait(std::chrono::hours(1))); });
  log->close();
  log->close();
  waiting.join();
  const auto refused = append(*log, "late");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(refused.error().retry_after);
}

TEST(Log, a_reader_may_begin_in_the_middle) {
  TemporaryDirectory dir;
  auto log = open_or_die(posix_filesystem(), small_options(dir.path()));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(append(*log, std::to_string(i) + std::string(2000, '.')));
  for (const Position from : {0u, 1u, 31u, 32u, 63u, 99u}) {
    const auto records = read_all(*log, from);
    ASSERT_EQ(records.size(), 100 - from);
    EXPECT_EQ(records.front().position, from);
  }
  EXPECT_TRUE(read_all(*log, 100).empty());
  EXPECT_TRUE(read_all(*log, 5000).empty());
}

TEST(Log, a_sink_that_lags_turns_the_disk_cap_into_overloaded_with_a_delay_and_room_comes_back) {
  TemporaryDirectory dir;
  auto options = small_options(dir.path());
  options.max_bytes = 300'000;
  auto log = open_or_die(posix_filesystem(), options);
  auto cursor = log->cursor("slow").value();
  Result<Position> last = Position{0};
  int accepted = 0;
  for (; accepted < 1000; ++accepted) {
    last = append(*log, std::string(10'000, 'x'));
    if (!last) break;
  }
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().kind, ErrorKind::overloaded);
  EXPECT_TRUE(last.error().retry_after);
  EXPECT_THAT(last.error().message, HasSubstr("log.max_bytes"));
  EXPECT_EQ(log->stats().error, last.error().message) << "health shows it";
  EXPECT_GE(accepted, 20);
  EXPECT_LE(log->stats().bytes_on_disk, 300'000u);
  ASSERT_TRUE(cursor->advance(log->stats().durable));
  // The janitor works on its own thread: wait until it has made room.
  ASSERT_TRUE(eventually([&] { return log->stats().segments == 1; }));
  EXPECT_TRUE(append(*log, std::string(10'000, 'y')));
}

TEST(Log, a_second_log_on_the_same_directory_is_refused_at_once_and_names_the_holder) {
  TemporaryDirectory dir;
  auto log = open_or_die(posix_filesystem(), small_options(dir.path()));
  const auto second = open_log(posix_filesystem(), system_clock(), small_options(dir.path()));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(::getpid())));
  EXPECT_TRUE(append(*log, "unharmed"));
  log->close();
  EXPECT_TRUE(open_log(posix_filesystem(), system_clock(), small_options(dir.path())));
}

TEST(Log, segments_behind_every_cursor_are_deleted_and_others_stay) {
  TemporaryDirectory dir;
  auto log = open_or_die(posix_filesystem(), small_options(dir.path()));
  auto fast = log->cursor("fast").value();
  auto slow = log->cursor("slow").value();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(append(*log, std::string(5000, 'x')));
  ASSERT_TRUE(fast->advance(100));
  EXPECT_EQ(log->stats().oldest, 0u);
  ASSERT_TRUE(slow->advance(50));
  ASSERT_TRUE(eventually([&] { return log->stats().oldest >= 40; }));
  EXPECT_GE(log->stats().oldest, 40u);
  EXPECT_LE(log->stats().oldest, 50u);
  EXPECT_EQ(read_all(*log, 50).size(), 50u);
  ASSERT_TRUE(log->remove_cursor("slow"));
  ASSERT_TRUE(eventually([&] { return log->stats().segments == 1; }));
  EXPECT_EQ(log->stats().segments, 1u);
  EXPECT_EQ(log->stats().durable, 100u);
}

TEST(Log, a_reader_keeps_its_segment_when_that_is_deleted_under_it) {
  TemporaryDirectory dir;
  auto log = open_or_die(posix_filesystem(), small_options(dir.path()));
  auto cursor = log->cursor("c").value();
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(append(*log, std::to_string(i) + std::string(5000, 'x')));
  auto reader = log->read(0);
  EXPECT_EQ(reader->next().value()->position, 0u);
  ASSERT_TRUE(cursor->advance(40));
  ASSERT_TRUE(eventually([&] { return log->stats().segments == 1; }));
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(append(*log, std::to_string(i) + std::string(5000, 'y')));
  Position expected = 1;
  while (auto record = reader->next().value()) {
    if (record->position != expected)
      expected = record->position;  // behind the deleted stretch: clamped to the oldest
    ++expected;
  }
  EXPECT_EQ(expected, 80u);
  EXPECT_TRUE(log->stats().repairs.empty()) << log->stats().repairs.front();
}

TEST(Cursor, position_and_note_survive_a_restart_together) {
  TemporaryDirectory dir;
  {
    auto log = open_or_die(posix_filesystem(), small_options(dir.path()));
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(*log, "x"));
    auto cursor = log->cursor("store").value();
    ASSERT_TRUE(cursor->advance(3, "intent 3-7"));
    EXPECT_EQ(cursor->note(), "intent 3-7");
  }
  auto log = open_or_die(posix_filesystem(), small_options(dir.path()));
  auto cursor = log->cursor("store").value();
  EXPECT_EQ(cursor->position(), 3u);
  EXPECT_EQ(cursor->note(), "intent 3-7");
  ASSERT_TRUE(cursor->advance(7));
  EXPECT_EQ(cursor->note(), "");
}

TEST(Cursor, never_moves_backwards) {
  TemporaryDirectory dir;
  auto log = open_or_die(posix_filesystem(), small_options(dir.path()));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(*log, "x"));
  auto cursor = log->cursor("c").value();
  ASSERT_TRUE(cursor->advance(5));
  EXPECT_EQ(cursor->advance(4).error().kind, ErrorKind::invalid_argument);
  EXPECT_TRUE(cursor->advance(5, "same place, new note"));
}

TEST(Cursor, odd_names_are_refused) {
  TemporaryDirectory dir;
  auto log = open_or_die(posix_filesystem(), small_options(dir.path()));
  for (const auto* name : {"", "../x", "a/b", ".hidden", "UPPER", "x.tmp", "a b"}) {
    EXPECT_EQ(log->cursor(name).error().kind, ErrorKind::invalid_argument) << name;
  }
  EXPECT_EQ(log->cursor(std::string(65, 'a')).error().kind, ErrorKind::invalid_argument);
  EXPECT_TRUE(log->cursor(std::string(64, 'a')));
}

}  // namespace
}  // namespace turnscope::log
