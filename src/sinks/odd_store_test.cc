// A store that hangs, is slow, fails half the time, or does what it was asked and says that it failed; a
// clock that jumps. What was acknowledged is there once, spans are taken all the while, and afterwards it is
// as before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <random>

#include "base/memory.h"
#include "sinks/test_support.h"

namespace turnscope::sinks::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kRows = "SELECT count() FROM spans";
constexpr std::string_view kSpansOnce = "SELECT uniqExact(trace_id, span_id) FROM spans";

/// Passes on to the real engine; what happens to inserts on the way is up to `odd`.
class OddEngine : public store::Engine {
 public:
  using Odd = std::function<Status(const store::Insert&, store::Engine& real)>;
  OddEngine(store::Engine& real, Odd odd) : real_(real), odd_(std::move(odd)) {}
  Result<store::QueryResult> query(const store::Query& q) override { return real_.query(q); }
  Status execute(std::string_view sql, const store::Params& p) override { return real_.execute(sql, p); }
  Status insert(const store::Insert& i) override {
    ++inserts;
    return odd_(i, real_);
  }
  std::string version() const override { return real_.version(); }
  std::atomic<int> inserts{0};

 private:
  store::Engine& real_;
  Odd odd_;
};

class OddStore : public ::testing::Test {
 protected:
  OddStore() {
    rig_.open_log();
    rig_.open_engine();
    options_.range.rows = 2'000;
    options_.linger = options_.idle_linger = 1ms;
    options_.first_retry = 1ms;
    options_.last_retry = 20ms;
  }
  void append(std::uint64_t n) {
    rig_.append(simple_batch(n * kBatch, kBatch, now_));
    ++batches_;
  }
  void wait_stored(StoreWriter& writer) {
    const auto durable = rig_.log().stats().durable;
    const auto end = std::chrono::steady_clock::now() + 300s;
    while (writer.stored() < durable && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(5ms);
    ASSERT_GE(writer.stored(), durable) << writer.health().message;
  }
  /// Everything is there, and no row twice: counted, not folded.
  void each_once() {
    EXPECT_EQ(rig_.number(kRows), batches_ * kBatch);
    EXPECT_EQ(rig_.number(kSpansOnce), batches_ * kBatch);
    EXPECT_EQ(rig_.number("SELECT uniqExact(trace_id) FROM traces"), batches_ * kBatch / 3);
  }

  static constexpr std::uint64_t kBatch = 300;
  TestFolder folder_;
  Rig rig_{folder_.path()};
  StoreWriterOptions options_;
  std::int64_t now_ = system_clock().unix_nanos();
  std::uint64_t batches_ = 0;
};

TEST_F(OddStore, while_it_hangs_spans_are_taken_memory_is_flat_and_health_says_how_old_the_oldest_is) {
  std::mutex mutex;
  std::condition_variable changed;
  bool hangs = true;
  OddEngine engine(rig_.engine(), [&](const store::Insert& i, store::Engine& real) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !hangs; });
    lock.unlock();
    return real.insert(i);
  });
  StoreWriter writer(engine, rig_.log(), system_clock(), options_);
  ASSERT_TRUE(writer.start());
  for (std::uint64_t i = 0; i < 20; ++i) append(i);
  while (engine.inserts == 0) std::this_thread::sleep_for(1ms);
  const auto before = resident_bytes();
  // 150 MB of records behind a store that does not answer; each is acknowledged.
  std::uint64_t bytes = 0;
  while (bytes < 150u << 20) {
    const auto again = simple_batch(batches_ % 20 * kBatch, kBatch, now_);
    for (int i = 0; i < 50; ++i, bytes += again.size()) rig_.append(again);
  }
  EXPECT_LT(resident_bytes(), before + (50u << 20));
  EXPECT_EQ(writer.stored(), 0u);
  EXPECT_GT(writer.health().lag_records, 20u);
  EXPECT_GT(writer.health().freshness_seconds, 0.0);
  {
    const std::lock_guard lock(mutex);
    hangs = false;
  }
  changed.notify_all();
  wait_stored(writer);
  EXPECT_EQ(rig_.number(kSpansOnce), 20 * kBatch);
  EXPECT_EQ(writer.health().lag_records, 0u);
  writer.stop();
}

TEST_F(OddStore, slow_and_refusing_half_the_time_it_gets_every_span_once) {
  std::mt19937 random(7);
  OddEngine engine(rig_.engine(), [&](const store::Insert& i, store::Engine& real) -> Status {
    std::this_thread::sleep_for(20ms);
    if (random() % 2 == 0) return fail(Error(ErrorKind::unavailable, "the store says 503", 10ms));
    return real.insert(i);
  });
  StoreWriter writer(engine, rig_.log(), system_clock(), options_);
  ASSERT_TRUE(writer.start());
  for (std::uint64_t i = 0; i < 60; ++i) append(i);
  wait_stored(writer);
  writer.stop();
  each_once();
}

TEST_F(OddStore, an_insert_whose_answer_is_lost_is_not_inserted_twice) {
  std::mt19937 random(11);
  std::atomic<int> ambiguous{0};
  OddEngine engine(rig_.engine(), [&](const store::Insert& i, store::Engine& real) -> Status {
    const auto kind = random() % 3;
    if (kind == 0) return fail(ErrorKind::unavailable, "lost before it was done");
    TS_TRY(real.insert(i));
    if (kind == 1) {
      ++ambiguous;
      return fail(ErrorKind::unavailable, "done, and the answer was lost");
    }
    return {};
  });
  options_.range.rows = 600;
  StoreWriter writer(engine, rig_.log(), system_clock(), options_);
  ASSERT_TRUE(writer.start());
  for (std::uint64_t i = 0; i < 60; ++i) append(i);
  wait_stored(writer);
  writer.stop();
  EXPECT_GT(ambiguous.load(), 10);
  each_once();
}

TEST_F(OddStore, stopped_in_the_middle_of_an_unknown_outcome_the_next_run_finds_out) {
  for (std::uint64_t run = 0; run < 6; ++run) {
    std::atomic<bool> done{false};
    OddEngine engine(rig_.engine(), [&](const store::Insert& i, store::Engine& real) -> Status {
      if (i.table == "spans" && !done) TS_TRY(real.insert(i));
      if (i.table == "spans") {
        done = true;
        return fail(ErrorKind::unavailable, "done, and the answer was lost");
      }
      return real.insert(i);
    });
    StoreWriter writer(engine, rig_.log(), system_clock(), options_);
    ASSERT_TRUE(writer.start());
    append(run);
    while (!done) std::this_thread::sleep_for(1ms);
    writer.stop();
  }
  StoreWriter writer(rig_.engine(), rig_.log(), system_clock(), options_);
  ASSERT_TRUE(writer.start());
  wait_stored(writer);
  writer.stop();
  each_once();
}

/// A wall clock that jumps; the steady one goes on.
class JumpingClock final : public Clock {
 public:
  std::int64_t unix_nanos() const override { return system_clock().unix_nanos() + offset.load(); }
  std::chrono::steady_clock::time_point steady() const override { return system_clock().steady(); }
  std::atomic<std::int64_t> offset{0};
};

TEST_F(OddStore, a_wall_clock_that_jumps_loses_nothing_doubles_nothing_and_keeps_the_order) {
  JumpingClock clock;
  rig_.close();
  log::Options log_options;
  log_options.directory = folder_.path() / "log";
  log_options.segment_bytes = 256u << 10;
  log_options.keep_after_cursor = 60s;  // of the steady clock
  auto log = log::open_log(posix_filesystem(), clock, log_options);
  ASSERT_TRUE(log);
  rig_.open_engine();
  constexpr std::int64_t hour = 3'600'000'000'000;
  StoreWriter writer(rig_.engine(), **log, clock, options_);
  ASSERT_TRUE(writer.start());
  log::Position last = 0;
  std::uint64_t n = 0;
  for (const std::int64_t jump : {std::int64_t{0}, -hour, hour, 24 * 365 * 10 * hour, std::int64_t{0},
                                  -24 * 365 * hour, std::int64_t{0}}) {
    clock.offset = jump;
    for (int i = 0; i < 10; ++i, ++n) {
      std::promise<Result<log::Position>> answer;
      log::RecordHead head;
      head.received_unix_nano = clock.unix_nanos();
      (*log)->append(head, log::Payload::of(simple_batch(n * kBatch, kBatch, now_)),
                     [&](Result<log::Position> r) { answer.set_value(std::move(r)); });
      const auto at = answer.get_future().get();
      ASSERT_TRUE(at);
      if (n != 0) {
        EXPECT_EQ(*at, last + 1);
      }
      last = *at;
    }
  }
  const auto end = std::chrono::steady_clock::now() + 120s;
  while (writer.stored() <= last && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(writer.stored(), last + 1);
  // A jump of ten years is no reason to delete: what the cursor passed a moment ago is still kept.
  EXPECT_EQ((*log)->stats().oldest, 0u);
  EXPECT_GE(writer.health().freshness_seconds, 0.0);
  writer.stop();
  batches_ = n;
  each_once();
  (*log)->close();
}

}  // namespace
}  // namespace turnscope::sinks::testing
