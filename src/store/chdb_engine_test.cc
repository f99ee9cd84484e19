#include "store/chdb_engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <numeric>
#include <random>
#include <thread>

#include "store/chdb_library.h"
#include "store/child_process.h"
#include "store/params.h"
#include "store/row_reader.h"
#include "store/schema.h"
#include "store/test_folder.h"

namespace turnscope::store {
namespace {

using namespace std::literals;

class ChdbEngine : public testing::Test {
 protected:
  void SetUp() override {
    ChdbOptions options;
    options.directory = folder_.path() / "store";
    auto engine = open_chdb(options);
    ASSERT_TRUE(engine) << engine.error().message;
    engine_ = std::move(*engine);
  }
  Result<QueryResult> ask(std::string_view sql, Params params = {}, QueryLimits limits = {}) {
    return engine_->query({.sql = sql, .params = std::move(params), .limits = limits});
  }
  TestFolder folder_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(ChdbEngine, parameters_come_back_byte_for_byte) {
  std::string all(256, '\0');
  std::iota(all.begin(), all.end(), '\0');
  otlp::TraceId id{0, 1, '\'', '\\', '\n', '\t', 255, 128, 7, 8, 9, 10, 11, 12, 13, 14};
  Params p;
  add_param(p, "s", all);
  const std::vector<std::string> list{all, "", "it's", "\xe6\x95\xb0\xe6\x8d\xae"};
  add_param(p, "a", std::span<const std::string>(list));
  add_param(p, "t", id);
  const std::vector<otlp::TraceId> ids{id, {}};
  add_param(p, "ts", std::span<const otlp::TraceId>(ids));
  add_param(p, "u", std::uint64_t{18446744073709551615u});
  add_param(p, "i", std::int64_t{-5});
  add_param(p, "d", 0.1);
  const std::vector<std::uint64_t> numbers{1, 18446744073709551615u};
  add_param(p, "us", std::span<const std::uint64_t>(numbers));
  auto result =
      ask("SELECT {s:String}, {a:Array(String)}, {t:FixedString(16)}, {ts:Array(FixedString(16))}, "
          "{u:UInt64}, {i:Int32}, "
          "{d:Float64}, {us:Array(UInt64)}",
          p);
  ASSERT_TRUE(result) << result.error().message;
  RowReader in(result->bytes);
  EXPECT_EQ(in.string(), all);
  const auto strings = in.strings();
  EXPECT_EQ(std::vector<std::string>(strings.begin(), strings.end()), list);
  EXPECT_EQ(in.trace_id(), id);
  EXPECT_EQ(in.array([&] { return in.trace_id(); }), ids);
  EXPECT_EQ(in.u64(), 18446744073709551615u);
  EXPECT_EQ(in.i32(), -5);
  EXPECT_EQ(in.f64(), 0.1);
  EXPECT_EQ(in.array([&] { return in.u64(); }), numbers);
  EXPECT_FALSE(in.more());
  EXPECT_TRUE(in.status());
}

/// KiB of the engine's library that are in this process's memory and cannot be written.
std::uint64_t mapped_of_library() {
  std::ifstream maps("/proc/self/smaps");
  std::uint64_t sum = 0;
  bool counts = false;
  for (std::string line; std::getline(maps, line);) {
    if (const auto rights = line.find(' '); rights != std::string::npos && line.find('-') < rights)
      counts = line.ends_with("libchdb.so") && line[rights + 2] == '-' && line.find(" r") == rights;
    else if (counts && line.starts_with("Rss:"))
      sum += std::stoull(line.substr(4));
  }
  return sum;
}

TEST_F(ChdbEngine, pages_of_the_library_that_only_the_start_needed_are_let_go_of_and_come_back) {
  auto lib = load_chdb("");
  ASSERT_TRUE(lib);
  ASSERT_TRUE(ask("SELECT sum(cityHash64(toString(number))) FROM numbers(1000) GROUP BY number % 7"));
  const auto before = mapped_of_library();
  let_go_of_pages(**lib);
  const auto after = mapped_of_library();
  EXPECT_GT(before, 4'000u);
  EXPECT_LT(after, before / 2);
  ASSERT_TRUE(ask("SELECT sum(cityHash64(toString(number))) FROM numbers(1000) GROUP BY number % 7"));
  EXPECT_GT(mapped_of_library(), after);
}

TEST_F(ChdbEngine, parallel_queries_never_see_each_others_parameters) {
  // The gate for every upgrade of the library.
  std::atomic<int> wrong{0}, failed{0};
  std::vector<std::jthread> threads;
  for (std::uint64_t t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 300; ++i) {
        Params p;
        const auto text = fmt::format("text {} of {}", i, t);
        add_param(p, "a", text);
        add_param(p, "n", t * 100'000 + i);
        auto result = ask("SELECT {a:String}, {n:UInt64}", p);
        if (!result) {
          ++failed;
          continue;
        }
        RowReader in(result->bytes);
        if (in.string() != text || in.u64() != t * 100'000 + i || in.more()) ++wrong;
      }
    });
  threads.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(failed, 0);
}

TEST_F(ChdbEngine, queries_cannot_write_and_cannot_leave_the_store) {
  const auto out = folder_.path() / "out.txt";
  const auto secret = folder_.path() / "secret.txt";
  std::ofstream(secret) << "secret";
  ASSERT_TRUE(engine_->execute("CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a"));
  const std::string attempts[] = {
      "INSERT INTO t VALUES (1)",
      "DROP TABLE t",
      "SET readonly = 0",
      fmt::format("SELECT 1 INTO OUTFILE '{}'", out.string()),
      fmt::format("SELECT file('{}')", secret.string()),
      fmt::format("SELECT * FROM file('{}', 'LineAsString')", secret.string()),
      fmt::format("SELECT * FROM `{}`", secret.string()),
      "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
      "SELECT * FROM remote('127.0.0.1:1', 'system.one')",
      "SELECT * FROM s3('http://127.0.0.1:1/bucket/key', 'LineAsString')",
      "SELECT * FROM executable('x', 'TSV', 'a String')",
      "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
      "SELECT * FROM system.users",
      "CREATE TABLE u (a UInt64) ENGINE = MergeTree ORDER BY a",
  };
  for (const auto& sql : attempts) {
    auto result = ask(sql);
    ASSERT_FALSE(result) << sql;
    EXPECT_EQ(result.error().kind, ErrorKind::permission_denied) << sql << ": " << result.error().message;
  }
  EXPECT_FALSE(std::filesystem::exists(out));
  // The engine's own grants, without the check of the text in front.
  for (const std::string& sql :
       {fmt::format(
            "CREATE TABLE f ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM file('{}', 'LineAsString')",
            secret.string()),
        fmt::format("CREATE TABLE f (a String) ENGINE = File('LineAsString', '{}')", secret.string()),
        fmt::format("INSERT INTO FUNCTION file('{}', 'CSV', 'a UInt8') SELECT 1", out.string()),
        "CREATE TABLE f (a String) ENGINE = URL('http://127.0.0.1:1/', 'CSV')"s, "CREATE USER x"s,
        "CREATE FUNCTION f AS (x) -> x"s}) {
    auto status = engine_->execute(sql);
    ASSERT_FALSE(status) << sql;
    EXPECT_EQ(status.error().kind, ErrorKind::permission_denied) << status.error().message;
  }
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST_F(ChdbEngine, limits_fail_the_query_and_never_cut_the_answer) {
  QueryLimits limits;
  limits.result_rows = 1000;
  auto rows = ask("SELECT number FROM numbers(100000)", {}, limits);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind, ErrorKind::too_large);

  limits = {};
  limits.memory_bytes = 64u << 20;
  auto memory = ask("SELECT groupArray(number) FROM numbers(100000000)", {}, limits);
  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().kind, ErrorKind::overloaded);

  limits = {};
  limits.time = std::chrono::milliseconds(300);
  auto time = ask("SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 3", {}, limits);
  ASSERT_FALSE(time);
  EXPECT_EQ(time.error().kind, ErrorKind::deadline_exceeded) << time.error().message;

  limits = {};
  limits.read_rows = 1000;
  auto read = ask("SELECT count() FROM numbers(100000) WHERE number % 7 = 3", {}, limits);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::too_large);
  EXPECT_TRUE(ask("SELECT 1"));
}

TEST_F(ChdbEngine, a_cancelled_query_stops_and_its_connection_serves_on) {
  std::atomic<bool> gone{false};
  const std::function<bool()> cancelled = [&] { return gone.load(); };
  auto running = std::async(std::launch::async, [&] {
    return engine_->query({.sql = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 3",
                           .params = {},
                           .limits = {.time = std::chrono::minutes(5)},
                           .cancelled = &cancelled});
  });
  gone = true;
  auto result = running.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::cancelled);
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(ask("SELECT 1"));
}

// A viewer who leaves stops his query. What it had answered by then must neither pass for an answer nor come
// with the connection's next one (it did, some times in sixty, before such connections were renewed).
TEST_F(ChdbEngine, a_cancelled_query_is_no_short_answer_and_spoils_no_later_one) {
  ASSERT_TRUE(
      engine_->execute("CREATE TABLE c (a UInt64, s String) ENGINE = MergeTree ORDER BY a "
                       "SETTINGS index_granularity = 2048"));
  ASSERT_TRUE(
      engine_->execute("INSERT INTO c SELECT number, repeat(toString(cityHash64(number)), 5) "
                       "FROM numbers(1000000) SETTINGS max_insert_threads = 1"));
  std::mt19937 random(std::random_device{}());
  int stopped = 0, short_answers = 0, spoiled = 0;
  for (int i = 0; i < 60; ++i) {
    const auto sql =
        fmt::format("SELECT a FROM c PREWHERE s LIKE '%{}%' ORDER BY a DESC LIMIT 100000", 100 + i);
    const auto wait = std::chrono::microseconds(random() % 60'000);
    const auto from = std::chrono::steady_clock::now();
    const std::function<bool()> left = [&] { return std::chrono::steady_clock::now() - from > wait; };
    auto first = engine_->query({.sql = sql, .cancelled = &left});
    auto again = ask(sql);
    auto truth = engine_->query({.sql = sql, .settings = "use_query_condition_cache = 0"});
    ASSERT_TRUE(again) << again.error().message;
    ASSERT_TRUE(truth) << truth.error().message;
    if (!first) {
      EXPECT_EQ(first.error().kind, ErrorKind::cancelled) << first.error().message;
      ++stopped;
    } else if (first->bytes != truth->bytes) {
      ++short_answers;
    }
    if (again->bytes != truth->bytes) ++spoiled;
  }
  EXPECT_GT(stopped, 0);
  EXPECT_EQ(short_answers, 0);
  EXPECT_EQ(spoiled, 0);
}

// The same for a query that fails after it has put out rows.
TEST_F(ChdbEngine, rows_of_a_failed_query_do_not_come_with_the_next_answer) {
  int mixed = 0;
  for (int i = 0; i < 20; ++i) {
    const auto failed = ask("SELECT number, throwIf(number = 3000000) FROM numbers(4000000)", {},
                            {.result_rows = 10'000'000});
    ASSERT_FALSE(failed);
    const auto next = ask("SELECT toUInt64(7)");
    ASSERT_TRUE(next) << next.error().message;
    if (next->bytes.size() != 8) ++mixed;
  }
  EXPECT_EQ(mixed, 0);
}

TEST_F(ChdbEngine, a_second_engine_on_the_folder_is_refused_in_a_sentence) {
  ChdbOptions options;
  options.directory = folder_.path() / "store";
  auto second = open_chdb(options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
  EXPECT_NE(second.error().message.find("in use"), std::string::npos);
}

TEST_F(ChdbEngine, tables_are_there_after_a_restart) {
  ASSERT_TRUE(engine_->execute("CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a"));
  engine_.reset();
  SetUp();
  auto result = ask("SELECT count() FROM t");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(RowReader(result->bytes).u64(), 0u);
}

TEST_F(ChdbEngine, rows_of_an_older_program_say_what_new_ones_say) {
  ASSERT_TRUE(migrate(*engine_));
  // As a program before schema 17 left it.
  for (const auto* sql :
       {"ALTER TABLE schema_version DELETE WHERE version > 16 SETTINGS mutations_sync = 1",
        "DROP TABLE calls", "ALTER TABLE spans DROP COLUMN region",
        "INSERT INTO spans (project, span_id, start, received, version, kind, time_flags, attrs_str) VALUES "
        "(1, 1, 1, "
        "1000, 1, 0, 4, {'logfire.pending_parent_id': '0000000000000007'}), (1, 2, 1, 1000, 2, 3, 0, "
        "{'logfire.pending_parent_id': '7'}), (1, 3, 1, 1000, 3, 0, 0, {'a': 'b'})",
        "INSERT INTO spans (project, span_id, start, received, version, kind, usage_role, usage_known, "
        "tok_input, model, "
        "tok_other, weight) VALUES (1, 4, 2, 1000, 4, 3, 1, 2049, 5, 'm', {'reported_input': 5, "
        "'input_audio': 2}, "
        "2000), (1, 5, 2, 86500, 5, 1, 2, 1, 9, 'm', {}, 1000), (1, 6, 2, 86500, 6, 3, 0, 0, 0, 'm', {}, "
        "1000)"})
    ASSERT_TRUE(engine_->execute(sql)) << sql;
  for (int again = 0; again < 2; ++again) {
    const auto migrated = migrate(*engine_);
    ASSERT_TRUE(migrated) << migrated.error().message;
    const auto number = [&](std::string_view sql) {
      auto r = ask(std::string(sql));
      return r ? RowReader(r->bytes).u64() : 9'999;
    };
    EXPECT_EQ(number("SELECT toUInt64(sum(time_flags)) FROM spans"), 12u);
    EXPECT_EQ(number("SELECT toUInt64(time_flags) FROM spans WHERE span_id = 1"), 12u);
    EXPECT_EQ(number("SELECT count() FROM calls FINAL"), 4u);
    EXPECT_EQ(number("SELECT sum(tok_input) FROM calls FINAL WHERE usage_role = 1 AND "
                     "tok_other['input_audio'] = 2 AND length(tok_other) = 1 "
                     "AND model = 'm' AND weight = 2000"),
              5u);
    EXPECT_EQ(number("SELECT count() FROM calls FINAL WHERE region = ''"), 4u);
    EXPECT_EQ(number("SELECT count() FROM spans WHERE region = ''"), 6u);
    // A crash before it was noted: once more.
    ASSERT_TRUE(
        engine_->execute("ALTER TABLE schema_version DELETE WHERE version > 16 SETTINGS mutations_sync = 1"));
  }
}

TEST(ChdbChild, DISABLED_opens_and_aborts) {
  const TestFolder folder;
  ChdbOptions options;
  options.directory = folder.path() / "store";
  auto engine = open_chdb(options);
  ASSERT_TRUE(engine) << engine.error().message;
  std::abort();
}

// A crash of ours must end the process at once, although the engine's library has handlers for crashes.
TEST(ChdbProcess, abort_ends_the_process_within_seconds) {
  ChildProcess child("ChdbChild.DISABLED_opens_and_aborts", {});
  const auto status = child.wait(std::chrono::seconds(20));
  ASSERT_TRUE(status) << "the process hung after abort()";
  ASSERT_TRUE(WIFSIGNALED(*status));
  EXPECT_EQ(WTERMSIG(*status), SIGABRT);
}

}  // namespace
}  // namespace turnscope::store
