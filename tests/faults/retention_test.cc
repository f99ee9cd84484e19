// Retention sampling over everything that belongs to a trace: spans, log records, large values in an object
// store, shared texts. Killed at each of its named places and at random moments; the next pass ends it, and
// in between no kept trace misses anything. The clock is put forward, so that the day is over.
#include "query/retention.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "base/anomaly.h"
#include "base/crash_point.h"
#include "query/queries.h"
#include "sinks/offload/offloader.h"
#include "sinks/test_support.h"
#include "store/child_process.h"
#include "store/objects/object_store.h"

namespace turnscope::query {
namespace {

using namespace std::literals;
using sinks::testing::Batch;
using sinks::testing::Rig;
using sinks::testing::str;
using sinks::testing::trace_id;

constexpr sinks::OffloadRule kRule{2'048, 512};
constexpr std::uint64_t kTraces = 120;
constexpr std::int64_t kSecond = 1'000'000'000, kDay = 86'400 * kSecond;

class PastClock final : public Clock {
 public:
  explicit PastClock(std::int64_t now) : now_(now) {}
  std::int64_t unix_nanos() const override { return now_; }
  std::chrono::steady_clock::time_point steady() const override { return std::chrono::steady_clock::now(); }

 private:
  std::int64_t now_;
};

/// Noon of a day some days ago.
std::int64_t noon() { return system_clock().unix_nanos() / kDay * kDay - 5 * kDay + kDay / 2; }

bool fails(std::uint64_t n) { return n % 5 == 0; }
std::string document(std::uint64_t n) {
  std::string text;
  while (text.size() < 6'000)
    text += "page " + std::to_string(text.size() * n) + " of document " + std::to_string(n) + ". ";
  return text;
}

/// Two spans; one has a large value and, in every third trace, an error.
std::string spans(std::uint64_t n) {
  Batch b;
  b.resource({{"service.name", str("shop")}});
  for (std::uint64_t i = 0; i < 2; ++i) {
    auto& s = b.span();
    s.trace_id = trace_id(n);
    s.span_id = n * 10 + i;
    s.parent_span_id = i == 0 ? 0 : n * 10;
    s.name = "step";
    s.start_unix_nano = static_cast<std::uint64_t>(noon());
    s.end_unix_nano = s.start_unix_nano + 1'000;
    if (i == 1) s.attributes = b.list<otlp::KeyValue>({{"document", str(b.text(document(n)))}});
    if (i == 1 && fails(n)) s.status = otlp::StatusCode::error;
  }
  return b.encode();
}

/// One record with the trace's id, and one with none.
std::string logs(std::uint64_t n) {
  otlp::LogRecord of_trace, of_none;
  of_trace.time_unix_nano = of_none.time_unix_nano = static_cast<std::uint64_t>(noon()) + n;
  of_trace.trace_id = trace_id(n);
  of_trace.span_id = n * 10;
  of_trace.body = str("of a trace");
  of_none.body = str("of none");
  const otlp::LogRecord records[] = {of_trace, of_none};
  const otlp::ScopeLogs scope{{}, records};
  const otlp::ResourceLogs resource{{}, {&scope, 1}};
  std::string out;
  otlp::encode_protobuf(otlp::Logs{{&resource, 1}}, out);
  return out;
}

RetentionOptions sampling() {
  RetentionOptions o;
  o.sampling = true;
  KeepPolicy errors, rest;
  errors.error = true;
  rest.keep_per_mille = 250;
  o.policies = {errors, rest};
  return o;
}

Retention::Remove remove_from(store::ObjectStore& objects) {
  return [&objects](const std::vector<LinkedObject>& all) -> Status {
    for (const auto& o : all)
      TS_TRY(objects.remove(store::object_key(o.project, o.trace_id, o.span_id, o.field)));
    return {};
  };
}

// One pass, four days later; dies at a crash point, or when its parent has seen enough.
TEST(RetentionChild, DISABLED_passes) {
  const char* folder = std::getenv("TURNSCOPE_TEST_FOLDER");
  ASSERT_NE(folder, nullptr);
  Rig rig(folder);
  rig.open_engine();
  auto objects = store::open_local_objects(std::string(folder) + "/objects");
  ASSERT_TRUE(objects);
  const PastClock clock(noon() + 5 * kDay);
  const auto done = Retention(rig.engine(), clock, sampling(), remove_from(**objects)).run();
  ASSERT_TRUE(done) << done.error().message;
}

class RetentionKilled : public ::testing::Test {
 protected:
  void fill() {
    rig_.open(with_offload());
    for (std::uint64_t n = 1; n <= kTraces; ++n) {
      rig_.append(spans(n), log::Signal::traces, noon());
      rig_.append(logs(n), log::Signal::logs, noon());
    }
    sinks::OffloaderOptions options;
    options.rule = kRule;
    {
      sinks::Offloader offloader(options, rig_.log(), system_clock(), *objects_);
      ASSERT_TRUE(offloader.start());
      rig_.wait_stored();
      while (offloader.health().lag_records != 0) std::this_thread::sleep_for(1ms);
    }
    share_ = per_trace(
        "SELECT intDiv(min(span_id), 10) AS n FROM spans GROUP BY trace_id HAVING sipHash64(trace_id) % 1000 "
        "< 250");
    ASSERT_GT(share_.size(), 10u);
    for (std::uint64_t n = 1; n <= kTraces; ++n)
      if (fails(n) || share_.contains(n)) kept_.insert(n);
    expect_whole(kTraces);
  }
  static sinks::StoreWriterOptions with_offload() {
    sinks::StoreWriterOptions o;
    o.range.offload = kRule;
    return o;
  }
  bool has_object(std::uint64_t n) {
    const auto bytes = objects_->get(store::object_key(1, trace_id(n), n * 10 + 1, "document"));
    if (!bytes) return false;
    const auto text = store::unpack_object(*bytes, 1u << 20);
    EXPECT_TRUE(text && *text == document(n));
    return true;
  }
  std::set<std::uint64_t> per_trace(std::string_view sql) {
    auto answer = rig_.engine().query({.sql = sql});
    EXPECT_TRUE(answer) << answer.error().message;
    std::set<std::uint64_t> out;
    store::RowReader in(answer->bytes);
    while (in.more()) out.insert(in.u64());
    return out;
  }
  /// Of kept traces nothing is gone; of the whole store there are so many traces left (0: any number).
  void expect_whole(std::uint64_t traces = 0) {
    std::map<std::uint64_t, std::uint64_t> spans_of;
    const auto two =
        per_trace("SELECT intDiv(min(span_id), 10) FROM spans FINAL GROUP BY trace_id HAVING count() = 2");
    const auto any = per_trace("SELECT intDiv(min(span_id), 10) FROM spans FINAL GROUP BY trace_id");
    const auto logged = per_trace("SELECT intDiv(span_id, 10) FROM logs WHERE span_id != 0");
    EXPECT_EQ(two, any) << "traces go as a whole";
    for (const auto n : kept_) {
      EXPECT_TRUE(any.contains(n)) << n;
      EXPECT_TRUE(logged.contains(n)) << n;
      EXPECT_TRUE(has_object(n)) << n;
    }
    EXPECT_EQ(rig_.number("SELECT count() FROM logs WHERE span_id = 0"), kTraces)
        << "records of no trace stay";
    if (traces != 0) {
      EXPECT_EQ(any.size(), traces);
    }
  }
  void expect_ended() {
    expect_whole(kept_.size());
    EXPECT_EQ(per_trace("SELECT intDiv(min(span_id), 10) FROM spans FINAL GROUP BY trace_id"), kept_);
    EXPECT_EQ(per_trace("SELECT intDiv(span_id, 10) FROM logs WHERE span_id != 0"), kept_)
        << "log records go with their trace";
    for (std::uint64_t n = 1; n <= kTraces; ++n)
      EXPECT_EQ(has_object(n), kept_.contains(n)) << "large values go with their span: " << n;
    // Each kept trace stands for as many as its policy says: 1 with an error, else 4.
    EXPECT_EQ(rig_.number("SELECT count() FROM spans FINAL WHERE weight = 1000"), 2 * kTraces / 5);
    EXPECT_EQ(rig_.number("SELECT count() FROM spans FINAL WHERE weight = 4000"),
              2 * (kept_.size() - kTraces / 5));
    EXPECT_EQ(rig_.number("SELECT count() FROM retention_runs"), 1u);
  }
  std::optional<int> child(std::vector<std::string> environment, std::chrono::milliseconds kill_after = {}) {
    rig_.close();
    environment.push_back("TURNSCOPE_TEST_FOLDER=" + folder_.path().string());
    ChildProcess process("RetentionChild.DISABLED_passes", std::move(environment));
    std::optional<int> status;
    if (kill_after.count() != 0) {
      std::this_thread::sleep_for(kill_after);  // the moment is the test
      process.kill();
    } else {
      status = process.wait(120s);
    }
    rig_.open(with_offload());
    // A deletion that was under way goes on part by part at the start; until it is done half of a trace can
    // be there.
    while (rig_.number(
               "SELECT count() FROM system.mutations WHERE NOT is_done AND database = currentDatabase()") !=
           0)
      std::this_thread::sleep_for(1ms);
    return status;
  }
  void pass() {
    const PastClock clock(noon() + 5 * kDay);
    const auto done = Retention(rig_.engine(), clock, sampling(), remove_from(*objects_)).run();
    ASSERT_TRUE(done) << done.error().message;
  }

  TestFolder folder_;
  Rig rig_{folder_.path()};
  std::unique_ptr<store::ObjectStore> objects_ =
      std::move(store::open_local_objects((folder_.path() / "objects").string()).value());
  std::set<std::uint64_t> share_, kept_;
};

TEST_F(RetentionKilled, at_each_named_place_and_the_next_pass_ends_it) {
  fill();
  for (const auto* place : {"retention.after_decide", "retention.after_objects", "retention.after_logs",
                            "retention.before_day"}) {
    const auto status = child({"TURNSCOPE_CRASH_POINT="s + place});
    ASSERT_TRUE(status && WIFSIGNALED(*status)) << place << " was not reached";
    expect_whole();
  }
  pass();
  expect_ended();
  pass();
  expect_ended();
}

TEST_F(RetentionKilled, at_random_moments_and_the_next_pass_ends_it) {
  fill();
  std::random_device seed;
  const auto s = seed();
  SCOPED_TRACE("seed " + std::to_string(s));
  std::mt19937 random(s);
  for (int i = 0; i < 10; ++i) {
    child({}, std::chrono::milliseconds(std::uniform_int_distribution<int>(100, 700)(random)));
    expect_whole();
  }
  pass();
  expect_ended();
}

TEST_F(RetentionKilled, while_days_are_dropped_and_the_next_pass_ends_it) {
  fill();
  RetentionOptions o;
  o.spans = o.logs = std::chrono::hours(24);
  const PastClock clock(noon() + 5 * kDay);
  struct Killed {};
  // In this process: the engine lives on, what had been done by then is done.
  set_crash_action([](std::string_view) { throw Killed{}; });
  arm_crash_point("retention.after_drop:1");
  EXPECT_THROW((void)Retention(rig_.engine(), clock, o, remove_from(*objects_)).run(), Killed);
  arm_crash_point("");
  set_crash_action(nullptr);
  EXPECT_EQ(rig_.number("SELECT count() FROM spans"), 0u);
  EXPECT_GT(rig_.number("SELECT count() FROM logs"), 0u);
  const auto done = Retention(rig_.engine(), clock, o, remove_from(*objects_)).run();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(rig_.number("SELECT count() FROM logs"), 0u);
  for (std::uint64_t n = 1; n <= kTraces; ++n) EXPECT_FALSE(has_object(n)) << n;
}

TEST_F(RetentionKilled, a_shared_text_that_is_gone_shows_as_such_and_is_counted) {
  rig_.open();
  std::string history = "[";
  for (std::uint64_t turn = 0; turn < 8; ++turn) {
    history += (turn ? "," : "") + R"({"role":"user","parts":[{"type":"text","content":")"s + "turn " +
               std::to_string(turn) + std::string(900, static_cast<char>('a' + turn)) + R"("}]})";
    Batch b;
    auto& s = b.span();
    s.trace_id = trace_id(1);
    s.span_id = turn + 1;
    s.parent_span_id = turn;
    s.name = "chat";
    s.start_unix_nano = static_cast<std::uint64_t>(noon()) + turn;
    s.end_unix_nano = s.start_unix_nano + 1;
    s.attributes = b.list<otlp::KeyValue>(
        {{"gen_ai.operation.name", str("chat")}, {"gen_ai.input.messages", str(b.text(history + "]"))}});
    rig_.append(b.encode());
  }
  rig_.wait_stored();
  ASSERT_GT(rig_.number("SELECT count() FROM spans WHERE notEmpty(shared)"), 0u);
  ASSERT_TRUE(rig_.engine().execute("ALTER TABLE content_parts DELETE WHERE 1 SETTINGS mutations_sync = 1"));
  Queries queries(rig_.engine(), {}, system_clock());
  const auto trace = queries.trace({}, trace_id(1));
  ASSERT_TRUE(trace) << trace.error().message;
  const auto before = counted(Anomaly::store_part_missing);
  ASSERT_TRUE(queries.whole_spans({}, **trace, 0, 8));
  EXPECT_GT(counted(Anomaly::store_part_missing), before);
}

}  // namespace
}  // namespace turnscope::query
