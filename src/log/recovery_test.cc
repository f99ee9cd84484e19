// Every damage that is known to happen to a log directory, and what is promised for it.
#include "log/recovery.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <random>
#include <set>

#include "base/anomaly.h"
#include "base/testing/forgetful_filesystem.h"
#include "log/cursor.h"
#include "log/record.h"
#include "log/scanner.h"
#include "log/testing.h"

namespace turnscope::log {
namespace {

using testing::append;
using ::testing::Contains;
using ::testing::HasSubstr;
using testing::open_or_die;
using testing::read_all;
using testing::ReadRecord;
using turnscope::testing::ForgetfulFileSystem;
using turnscope::testing::PowerCut;

constexpr const char* kDirectory = "/log";

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kFlips = 600;  // an opening takes a hundred times as long there
#else
constexpr int kFlips = 10'000;
#endif

Options tiny_options() {
  Options o;
  o.directory = kDirectory;
  o.segment_bytes = 16u << 10;
  o.max_bytes = 16u << 20;
  return o;
}

/// Thousands of openings say thousands of lines: not to the test's output.
class SilentStderr {
 public:
  SilentStderr() : saved_(::dup(STDERR_FILENO)) {
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(null, STDERR_FILENO);
    ::close(null);
  }
  ~SilentStderr() {
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
  }

 private:
  int saved_;
};

std::string content(int i, std::size_t size) {
  std::string bytes = "record " + std::to_string(i) + " ";
  while (bytes.size() < size)
    bytes += static_cast<char>('!' + (bytes.size() * 7 + static_cast<std::size_t>(i)) % 90);
  bytes.resize(size);
  return bytes;
}

struct Built {
  std::unique_ptr<ForgetfulFileSystem> fs;
  std::vector<std::string> records;
};

/// A log of n records; closed in order, or as a power cut right after the last answer leaves it.
Built build(int n, std::size_t size, bool closed) {
  Built out;
  auto fs = std::make_unique<ForgetfulFileSystem>();
  auto log = open_or_die(*fs, tiny_options());
  for (int i = 0; i < n; ++i) {
    out.records.push_back(content(i, size));
    EXPECT_TRUE(append(*log, out.records.back()));
  }
  if (!closed) out.fs = fs->after_power_cut(PowerCut::forget_all, 1);
  log.reset();
  if (closed) out.fs = fs->after_power_cut(PowerCut::forget_all, 1);
  return out;
}

std::vector<std::string> segments_of(ForgetfulFileSystem& fs) {
  std::vector<std::string> paths;
  const auto names = fs.list(kDirectory);
  for (const auto& name : *names) {
    if (parse_segment_name(name)) paths.push_back(join_path(kDirectory, name));
  }
  return paths;
}

struct Place {
  Position position;
  std::string path;
  std::uint64_t offset, bytes;  ///< of header and payload, without padding
};

std::vector<Place> places_of(ForgetfulFileSystem& fs) {
  std::vector<Place> places;
  for (const auto& path : segments_of(fs)) {
    auto file = fs.open(path, OpenMode::read).value();
    const auto header = read_segment_header(*file, path).value();
    (void)scan_segment(
        *file, header, file->size().value(), UINT64_MAX,
        [&](const FoundRecord& r) {
          places.push_back({r.header.position, path, r.offset, kRecordHeaderBytes + r.header.payload_bytes});
        },
        {});
  }
  return places;
}

/// Each record of the answer holds what was appended at its position, and none comes twice.
void expect_true_records(const std::vector<ReadRecord>& got, const std::vector<std::string>& appended) {
  std::set<Position> seen;
  for (const auto& r : got) {
    ASSERT_LT(r.position, appended.size());
    EXPECT_EQ(r.bytes, appended[r.position]);
    EXPECT_TRUE(seen.insert(r.position).second) << "twice: " << r.position;
  }
}

std::set<Position> positions(const std::vector<ReadRecord>& records) {
  std::set<Position> out;
  for (const auto& r : records) out.insert(r.position);
  return out;
}

TEST(Recovery, a_file_cut_at_any_byte_of_the_last_three_records_loses_exactly_the_records_that_are_cut) {
  SilentStderr silent;
  for (const bool closed : {true, false}) {
    const Built built = build(9, 100, closed);
    const auto places = places_of(*built.fs);
    ASSERT_EQ(places.size(), 9u);
    const std::string path = places.back().path;
    const std::string whole = built.fs->read(path);
    const std::uint64_t from = places[6].offset;
    const std::uint64_t to = places[8].offset + places[8].bytes;
    for (std::uint64_t cut = from; cut <= to; ++cut) {
      built.fs->overwrite(path, whole.substr(0, cut));
      const auto torn_before = counted(Anomaly::log_torn_tail);
      std::size_t complete = 0;
      for (const auto& p : places) complete += p.offset + p.bytes <= cut ? 1 : 0;
      {
        auto log = open_or_die(*built.fs, tiny_options());
        const auto records = read_all(*log);
        ASSERT_EQ(records.size(), complete) << "cut at " << cut;
        expect_true_records(records, built.records);
        bool between = cut == from;
        for (const auto& p : places) {
          between = between || (cut >= p.offset + p.bytes && cut <= p.offset + record_bytes(100));
        }
        EXPECT_EQ(counted(Anomaly::log_torn_tail) > torn_before, !between) << "cut at " << cut;
        EXPECT_EQ(log->stats().repairs.size(), between ? 0u : 1u) << "cut at " << cut;
        EXPECT_FALSE(log->stats().started_clean);
        ASSERT_TRUE(append(*log, "after"));
      }
      // The repair is final: the next start finds nothing to mend and everything that was there.
      auto log = open_or_die(*built.fs, tiny_options());
      EXPECT_TRUE(log->stats().repairs.empty());
      EXPECT_TRUE(log->stats().started_clean);
      const auto again = read_all(*log);
      ASSERT_EQ(again.size(), complete + 1);
      EXPECT_EQ(again.back().bytes, "after");
      log.reset();
      for (const auto& s : segments_of(*built.fs)) {
        if (s != path) {
          ASSERT_TRUE(built.fs->remove(s));
        }
      }
    }
  }
}

/// Damages `built` by `damage` (path → new bytes), opens, reads; what is delivered is true and complete but
/// for `lost`.
void expect_survives(Built& built, const std::string& path, const std::string& before,
                     const std::string& after, const std::set<Position>& lost, const std::string& what) {
  built.fs->overwrite(path, after);
  auto copy = built.fs->after_power_cut(PowerCut::forget_all, 1);
  built.fs->overwrite(path, before);
  auto log = open_or_die(*copy, tiny_options());
  const auto records = read_all(*log);
  expect_true_records(records, built.records);
  const auto got = positions(records);
  std::size_t missing = 0;
  for (Position p = 0; p < built.records.size(); ++p) {
    if (got.contains(p)) continue;
    ++missing;
    ASSERT_TRUE(lost.contains(p)) << what << ": record " << p << " is not damaged and was not delivered";
  }
  if (missing > 0) {
    ASSERT_FALSE(log->stats().repairs.empty()) << what << ": lost and not declared";
  }
}

std::set<Position> touched(const std::vector<Place>& places, const std::string& path, std::uint64_t from,
                           std::uint64_t to) {
  std::set<Position> out;
  for (const auto& p : places) {
    if (p.path == path && p.offset < to && p.offset + p.bytes > from) out.insert(p.position);
  }
  return out;
}

TEST(Recovery, ten_thousand_random_bit_flips_lose_at_most_the_record_they_hit) {
  SilentStderr silent;
  const std::uint64_t seed = testing::seed();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const bool closed : {true, false}) {
    Built built = build(40, 700, closed);
    const auto places = places_of(*built.fs);
    const auto paths = segments_of(*built.fs);
    ASSERT_GE(paths.size(), 3u);
    for (int i = 0; i < kFlips / 2; ++i) {
      const std::string& path = paths[random() % paths.size()];
      const std::string before = built.fs->read(path);
      std::string after = before;
      const std::uint64_t at = random() % after.size();
      after[at] = static_cast<char>(after[at] ^ (1 << random() % 8));
      const auto corrupt = counted(Anomaly::log_corrupt_record) + counted(Anomaly::log_torn_tail);
      const auto lost = touched(places, path, at, at + 1);
      expect_survives(built, path, before, after, lost, path + " flip at " + std::to_string(at));
      if (!lost.empty()) {
        EXPECT_GT(counted(Anomaly::log_corrupt_record) + counted(Anomaly::log_torn_tail), corrupt)
            << path << " flip at " << at << " was not counted";
      }
      if (HasFatalFailure() || HasNonfatalFailure()) return;
    }
  }
}

TEST(Recovery, a_thousand_random_overwrites_of_4_kb_lose_at_most_the_records_they_hit) {
  SilentStderr silent;
  const std::uint64_t seed = testing::seed();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 1000; ++i) {
    static Built built = build(40, 700, true);
    static const auto places = places_of(*built.fs);
    const auto paths = segments_of(*built.fs);
    const std::string& path = paths[random() % paths.size()];
    const std::string before = built.fs->read(path);
    std::string after = before;
    const std::uint64_t at = random() % after.size();
    const std::uint64_t n = std::min<std::uint64_t>(4096, after.size() - at);
    const bool zeros = i % 2 == 0;  // pages full of zeros are what some disks return
    for (std::uint64_t k = 0; k < n; ++k) after[at + k] = zeros ? '\0' : static_cast<char>(random());
    expect_survives(built, path, before, after, touched(places, path, at, at + n),
                    path + " overwritten at " + std::to_string(at));
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

TEST(Recovery, a_whole_record_with_a_wrong_checksum_is_skipped_counted_and_kept_aside) {
  Built built = build(5, 500, true);
  const auto places = places_of(*built.fs);
  std::string bytes = built.fs->read(places[2].path);
  bytes[places[2].offset + 100] ^= 1;
  built.fs->overwrite(places[2].path, bytes);
  const auto before = counted(Anomaly::log_corrupt_record);
  auto log = open_or_die(*built.fs, tiny_options());
  EXPECT_EQ(positions(read_all(*log)), (std::set<Position>{0, 1, 3, 4}));
  EXPECT_EQ(positions(read_all(*log)), (std::set<Position>{0, 1, 3, 4}))
      << "a second reader counts nothing twice";
  EXPECT_EQ(counted(Anomaly::log_corrupt_record), before + 1);
  ASSERT_EQ(log->stats().repairs.size(), 1u);
  EXPECT_THAT(log->stats().repairs.front(),
              HasSubstr("record 2 at offset " + std::to_string(places[2].offset)));
  const std::string aside = std::string(kDirectory) + "/damaged/" + segment_name(0) + "-" +
                            std::to_string(places[2].offset) + ".bytes";
  EXPECT_EQ(built.fs->read(aside), bytes.substr(places[2].offset, record_bytes(500)));
}

TEST(Recovery, bytes_in_a_payload_that_look_like_a_record_are_never_delivered_after_damage) {
  ForgetfulFileSystem fs;
  RecordHeader forged;
  forged.position = 1;
  forged.payload_bytes = 8;
  forged.payload_checksum = payload_checksum(std::string_view("evil at "));
  RecordHeaderBytes header;
  encode_header(forged, 0, header);  // whoever sends spans does not know the salt
  const std::string inner = std::string(header.data(), header.size()) + "evil at ";
  {
    auto log = open_or_die(fs, tiny_options());
    ASSERT_TRUE(append(*log, inner + inner));
    ASSERT_TRUE(append(*log, "honest"));
  }
  const auto places = places_of(fs);
  std::string bytes = fs.read(places[0].path);
  bytes[places[0].offset] ^= 1;
  fs.overwrite(places[0].path, bytes);
  auto log = open_or_die(fs, tiny_options());
  const auto records = read_all(*log);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].bytes, "honest");
}

TEST(Recovery, a_missing_middle_segment_is_reported_with_its_range_and_the_rest_is_delivered) {
  Built built = build(60, 700, true);
  const auto paths = segments_of(*built.fs);
  ASSERT_GE(paths.size(), 4u);
  const auto first = *parse_segment_name(paths[1].substr(5)), last = *parse_segment_name(paths[2].substr(5));
  ASSERT_TRUE(built.fs->remove(paths[1]));
  const auto before = counted(Anomaly::log_segment_missing);
  auto log = open_or_die(*built.fs, tiny_options());
  EXPECT_EQ(counted(Anomaly::log_segment_missing), before + (last - first));
  ASSERT_FALSE(log->stats().repairs.empty());
  EXPECT_THAT(log->stats().repairs.front(), HasSubstr("records " + std::to_string(first) + " to " +
                                                      std::to_string(last - 1) + " are missing"));
  const auto got = read_all(*log);
  EXPECT_EQ(got.size(), 60 - (last - first));
  expect_true_records(got, built.records);
}

TEST(Recovery, a_segment_that_somebody_renamed_is_found_again_by_its_header) {
  Built built = build(60, 700, true);
  const auto paths = segments_of(*built.fs);
  ASSERT_TRUE(built.fs->rename(paths[1], std::string(kDirectory) + "/" + segment_name(777777)));
  auto log = open_or_die(*built.fs, tiny_options());
  EXPECT_EQ(read_all(*log).size(), 60u);
  EXPECT_TRUE(log->stats().repairs.empty());
}

TEST(Recovery, a_segment_without_a_readable_header_is_set_aside_and_its_positions_are_never_given_out_again) {
  Built built = build(60, 700, true);
  const auto paths = segments_of(*built.fs);
  std::string bytes = built.fs->read(paths.back());
  const auto first = *parse_segment_name(paths.back().substr(5));
  bytes.replace(0, kSegmentDataOffset, kSegmentDataOffset, '\0');
  built.fs->overwrite(paths.back(), bytes);
  auto log = open_or_die(*built.fs, tiny_options());
  EXPECT_EQ(read_all(*log).size(), first);
  EXPECT_GE(append(*log, "new").value(), 60u);
  EXPECT_EQ(built.fs->read(std::string(kDirectory) + "/damaged/" + segment_name(first)), bytes);
}

TEST(Recovery, a_segment_of_a_later_version_is_refused_and_nothing_is_touched) {
  Built built = build(10, 700, true);
  const auto path = segments_of(*built.fs).front();
  SegmentHeader later;
  later.version = 2;
  std::string bytes = built.fs->read(path);
  bytes.replace(0, kSegmentDataOffset, encode_segment_header(later).substr(0, kSegmentDataOffset));
  built.fs->overwrite(path, bytes);
  const auto log = open_log(*built.fs, system_clock(), tiny_options());
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().kind, ErrorKind::unimplemented);
  EXPECT_THAT(log.error().message, HasSubstr("log format 2"));
  EXPECT_EQ(built.fs->read(path), bytes);
}

TEST(Recovery, a_position_is_not_given_out_again_after_a_torn_end) {
  Built built = build(5, 500, false);
  const auto places = places_of(*built.fs);
  built.fs->overwrite(places[4].path, built.fs->read(places[4].path).substr(0, places[4].offset + 90));
  auto log = open_or_die(*built.fs, tiny_options());
  EXPECT_EQ(positions(read_all(*log)), (std::set<Position>{0, 1, 2, 3}));
  EXPECT_GT(append(*log, "new").value(), 4u)
      << "a sink may have seen record 4 and remember it by its position";
}

TEST(Recovery, an_empty_newest_segment_is_replaced_and_its_successor_is_not_deleted_in_its_place) {
  ForgetfulFileSystem fs;
  ASSERT_TRUE(fs.make_directories(kDirectory));
  SegmentHeader header;
  fs.overwrite("/log/" + segment_name(0), encode_segment_header(header));
  auto log = open_or_die(fs, tiny_options());
  auto cursor = log->cursor("store").value();
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(append(*log, content(i, 700)));
    ASSERT_TRUE(cursor->advance(0, std::to_string(i)));  // wakes the janitor
  }
  log.reset();
  auto after = fs.after_power_cut(PowerCut::forget_all, 1);
  EXPECT_EQ(read_all(*open_or_die(*after, tiny_options())).size(), 30u);
}

TEST(Recovery, an_empty_directory_and_foreign_files_are_no_obstacle) {
  ForgetfulFileSystem fs;
  ASSERT_TRUE(fs.make_directories(kDirectory));
  fs.overwrite("/log/notes.txt", "hello");
  fs.overwrite("/log/123.seg", "not a segment name");
  fs.overwrite("/log/" + segment_name(5), "");
  fs.overwrite("/log/segment.tmp", "half made");
  auto log = open_or_die(fs, tiny_options());
  EXPECT_TRUE(append(*log, "x"));
  EXPECT_EQ(fs.read("/log/notes.txt"), "hello");
  EXPECT_FALSE(fs.exists("/log/segment.tmp"));
}

TEST(CursorRecovery, a_damaged_cursor_starts_again_at_the_oldest_kept_record_and_says_so) {
  Built built = build(20, 700, true);
  {
    auto log = open_or_die(*built.fs, tiny_options());
    ASSERT_TRUE(log->cursor("store").value()->advance(5, "note"));
  }
  const std::string path = "/log/cursors/store";
  const std::string good = built.fs->read(path);
  for (std::size_t at = 0; at <= good.size(); ++at) {
    std::string bad = good.substr(0, at);  // cut at every length, then flipped at every byte
    if (at == good.size()) bad += "x";
    built.fs->overwrite(path, bad);
    auto log = open_or_die(*built.fs, tiny_options());
    EXPECT_EQ(log->cursor("store").value()->position(), 0u) << at;
    EXPECT_THAT(log->stats().repairs, Contains(HasSubstr("cursor store: the file is damaged")));
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] ^= 16;
    EXPECT_FALSE(decode_cursor(bad)) << at;
  }
  built.fs->overwrite(path, good);
  auto log = open_or_die(*built.fs, tiny_options());
  EXPECT_EQ(log->cursor("store").value()->position(), 5u);
}

TEST(CursorRecovery, a_missing_cursor_starts_at_the_oldest_kept_record) {
  Built built = build(20, 700, true);
  {
    auto log = open_or_die(*built.fs, tiny_options());
    ASSERT_TRUE(log->cursor("store").value()->advance(5));
  }
  ASSERT_TRUE(built.fs->remove("/log/cursors/store"));
  auto log = open_or_die(*built.fs, tiny_options());
  EXPECT_EQ(log->cursor("store").value()->position(), 0u);
  EXPECT_EQ(log->cursor("store").value()->note(), "");
}

TEST(CursorRecovery, a_cursor_from_the_future_starts_again_and_no_position_below_it_is_given_out) {
  Built built = build(20, 700, true);
  ASSERT_TRUE(built.fs->make_directories("/log/cursors"));
  built.fs->overwrite("/log/cursors/store", encode_cursor({1000, "intent"}));
  const auto before = counted(Anomaly::log_cursor_repaired);
  auto log = open_or_die(*built.fs, tiny_options());
  auto cursor = log->cursor("store").value();
  EXPECT_EQ(cursor->position(), 0u);
  EXPECT_EQ(cursor->note(), "");
  EXPECT_EQ(counted(Anomaly::log_cursor_repaired), before + 1);
  EXPECT_THAT(log->stats().repairs, Contains(HasSubstr("lies beyond the log's end")));
  EXPECT_EQ(append(*log, "new").value(), 1000u);
  EXPECT_EQ(read_all(*log).size(), 21u);
}

TEST(CursorRecovery, records_that_were_deleted_before_a_cursor_saw_them_are_reported_as_lost) {
  Built built = build(60, 700, true);
  {
    auto log = open_or_die(*built.fs, tiny_options());
    ASSERT_TRUE(log->cursor("store").value()->advance(2));
  }
  const auto paths = segments_of(*built.fs);
  const auto second = *parse_segment_name(paths[1].substr(5));
  ASSERT_TRUE(built.fs->remove(paths[0]));
  const auto before = counted(Anomaly::log_segment_missing);
  auto log = open_or_die(*built.fs, tiny_options());
  EXPECT_EQ(log->cursor("store").value()->position(), second);
  EXPECT_EQ(counted(Anomaly::log_segment_missing), before + second - 2);
}

TEST(Verify, finds_every_damage_with_its_offset_changes_nothing_and_works_beside_a_running_log) {
  Built built = build(60, 700, true);
  auto log = open_or_die(*built.fs, tiny_options());
  ASSERT_TRUE(log->cursor("store").value()->advance(7));
  ASSERT_TRUE(append(*log, "live"));
  auto report = verify(*built.fs, kDirectory);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->ok());
  EXPECT_TRUE(report->in_use);
  EXPECT_EQ(report->records, 61u);
  EXPECT_EQ(report->next, 61u);
  ASSERT_EQ(report->cursors.size(), 1u);
  EXPECT_EQ(report->cursors[0].position, 7u);
  log->close();

  const auto places = places_of(*built.fs);
  std::string bytes = built.fs->read(places[30].path);
  bytes[places[30].offset + 80] ^= 4;
  built.fs->overwrite(places[30].path, bytes);
  report = verify(*built.fs, kDirectory);
  EXPECT_FALSE(report->in_use);
  ASSERT_EQ(report->damage.size(), 1u);
  EXPECT_EQ(report->damage[0].offset, places[30].offset);
  EXPECT_EQ(report->damage[0].records, 1u);
  EXPECT_EQ(report->records, 60u);
  EXPECT_EQ(built.fs->read(places[30].path), bytes);
}

}  // namespace
}  // namespace turnscope::log
