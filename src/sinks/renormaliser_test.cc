#include "sinks/renormaliser.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/anomaly.h"
#include "genai/registry.h"
#include "otlp/decode.h"
#include "otlp/text.h"
#include "sinks/stored_piece.h"
#include "sinks/test_support.h"
#include "store/child_process.h"
#include "store/json_text.h"

namespace turnscope::sinks::testing {
namespace {

using namespace std::literals;

constexpr std::uint64_t kTurns = 12, kCalls = 3;

/// The rules of a house dialect that no built-in table knows.
std::vector<genai::Mapping> house_rules() {
  std::vector<genai::Mapping> rules(6);
  rules[0] = {.attribute = "house.type", .event = {}, .field = "kind", .convert = {}, .scope = {}};
  rules[0].values = {{"model-call", "llm"}, {"step", "turn"}};
  rules[1] = {.attribute = "house.model", .event = {}, .field = "request_model", .convert = {}, .scope = {}};
  rules[2] = {.attribute = "house.in", .event = {}, .field = "input_tokens", .convert = {}, .scope = {}};
  rules[3] = {.attribute = "house.out", .event = {}, .field = "output_tokens", .convert = {}, .scope = {}};
  rules[4] = {.attribute = "house.prompt", .event = {}, .field = "input", .convert = {}, .scope = {}};
  rules[5] = {.attribute = "house.chat", .event = {}, .field = "session_id", .convert = {}, .scope = {}};
  return rules;
}

/// One chat: each turn has model calls whose prompts repeat the history, and in each call an inner span of a
/// second instrumentation that saw the same call.
std::string house_turn(std::uint64_t turn, std::int64_t base) {
  Batch b;
  b.resource({{"service.name", str("house")}, {"deployment.environment.name", str("test")}});
  b.scope().name = "house-sdk";
  const auto span = [&](std::uint64_t id, std::uint64_t parent, std::int64_t at,
                        std::string name) -> otlp::Span& {
    auto& s = b.span();
    s.trace_id = trace_id(turn + 1);
    s.span_id = turn * 100 + id;
    s.parent_span_id = parent == 0 ? 0 : turn * 100 + parent;
    s.name = b.text(std::move(name));
    s.start_unix_nano =
        static_cast<std::uint64_t>(base + static_cast<std::int64_t>(turn) * 60'000'000'000 + at);
    s.end_unix_nano = s.start_unix_nano + 1'000'000'000;
    return s;
  };
  auto& root = span(1, 0, 0, "turn");
  root.attributes =
      b.list<otlp::KeyValue>({{"house.type", str("step")}, {"n", integer(static_cast<std::int64_t>(turn))}});
  std::string history;
  for (std::uint64_t i = 0; i <= turn; ++i)
    history += "Message " + std::to_string(i) + " of the chat. " +
               std::string(700, static_cast<char>('a' + i % 26)) + "\n";
  for (std::uint64_t c = 0; c < kCalls; ++c) {
    const auto at = static_cast<std::int64_t>(c + 1) * 2'000'000'000;
    auto& outer = span(10 + c * 10, 1, at, "call");
    outer.attributes = b.list<otlp::KeyValue>({{"house.type", str("model-call")},
                                               {"house.model", str("house-large")},
                                               {"ratio", real(0.25)},
                                               {"house.in", integer(100)},
                                               {"flag", boolean(true)},
                                               {"house.prompt", str(b.text(history))},
                                               {"house.out", str("7")},
                                               {"house.chat", str("chat-1")},
                                               {"cloud.region", str("EU-West-1")},
                                               {"note", str(b.text(std::string(400, 'n')))}});
    auto& inner = span(11 + c * 10, 10 + c * 10, at + 1000, "http-ish");
    inner.attributes = b.list<otlp::KeyValue>(
        {{"house.type", str("model-call")}, {"house.model", str("house-large")}, {"house.in", integer(100)}});
  }
  auto& plain = span(90, 1, 30'000'000'000, "plain work");
  plain.attributes = b.list<otlp::KeyValue>({{"x", str("y")}});
  return b.encode();
}

/// Name, times and attributes in one text, whatever their order.
std::string text_of(const otlp::Span& span) {
  std::vector<std::string> attributes;
  for (const auto& kv : span.attributes) {
    std::string text;
    store::append_json_attributes(text, {&kv, 1});
    attributes.push_back(std::move(text));
  }
  std::sort(attributes.begin(), attributes.end());
  std::string text = std::string(span.name) + std::to_string(span.start_unix_nano) + "-" +
                     std::to_string(span.end_unix_nano) + std::to_string(span.parent_span_id);
  for (const auto& a : attributes) text += a;
  return text;
}

constexpr std::uint64_t kSpans = kTurns * (2 + 2 * kCalls);

class Renormalise : public ::testing::Test {
 protected:
  ~Renormalise() override { EXPECT_TRUE(genai::use_mappings({})); }

  void fill() {
    rig_.open();
    for (std::uint64_t t = 0; t < kTurns; ++t) rig_.append(house_turn(t, now_));
    rig_.wait_stored();
  }
  RenormaliseState run(std::int64_t since = 0, std::size_t piece = 17) {
    RenormaliseOptions options;
    options.spans = piece;
    options.changed = [this] { ++told_; };
    Renormaliser r(rig_.engine(), system_clock(), options);
    EXPECT_TRUE(r.start(since));
    r.wait();
    auto state = r.state();
    EXPECT_EQ(state.error, "");
    EXPECT_EQ(state.step, "done");
    return state;
  }
  /// Every span as it was received.
  std::map<std::uint64_t, std::string> raw() {
    std::map<std::uint64_t, std::string> out;
    PieceCursor cursor;
    for (bool last = false; !last;) {
      auto piece = StoredPiece::read(rig_.engine(), 1, cursor, 1'000, 64u << 20);
      EXPECT_TRUE(piece) << piece.error().message;
      if (!piece) return out;
      for (const auto& row : (*piece)->rows()) {
        EXPECT_TRUE(row.whole);
        EXPECT_TRUE(out.emplace(row.span.span_id, text_of(row.span)).second) << "span twice";
      }
      last = (*piece)->last();
      cursor = (*piece)->end();
    }
    return out;
  }
  void expect_house_known() {
    EXPECT_EQ(number("SELECT count() FROM spans FINAL WHERE kind = 3 AND model = 'house-large'"),
              kTurns * kCalls * 2);
    EXPECT_EQ(number("SELECT count() FROM spans FINAL WHERE kind = 2"), kTurns);
    EXPECT_EQ(
        number("SELECT sum(tok_input) FROM spans FINAL WHERE usage_role = 1 AND (trace_id, span_id) NOT IN "
               "(SELECT trace_id, span_id FROM duplicate_calls)"),
        kTurns * kCalls * 100);
    EXPECT_EQ(number("SELECT sum(tok_output) FROM spans FINAL WHERE usage_role = 1"), kTurns * kCalls * 7);
    EXPECT_EQ(number("SELECT count() FROM spans FINAL WHERE session = 'chat-1'"), kTurns * kCalls);
    EXPECT_EQ(number("SELECT count() FROM spans FINAL WHERE region = 'eu-west-1'"), kTurns * kCalls);
    EXPECT_EQ(number("SELECT count() FROM spans FINAL WHERE input LIKE '%Message%' OR notEmpty(shared)"),
              kTurns * kCalls);
    EXPECT_EQ(number("SELECT count() FROM spans"), kSpans) << "folded: no search finds a span by what it was";
    expect_calls_follow();
  }
  /// What sums read is what the spans say.
  void expect_calls_follow() {
    for (const std::string columns : {"count()", "sum(tok_input)", "sum(tok_output)", "sum(weight)",
                                      "sum(sipHash64(model, region, start, span_id))"})
      EXPECT_EQ(number("SELECT toUInt64(" + columns + ") FROM calls FINAL WHERE usage_role = 1"),
                number("SELECT toUInt64(" + columns + ") FROM spans FINAL WHERE usage_role = 1"))
          << columns;
  }
  std::uint64_t number(std::string_view sql) { return rig_.number(sql); }

  TestFolder folder_;
  Rig rig_{folder_.path()};
  const std::int64_t now_ = system_clock().unix_nanos() - 3'600'000'000'000;
  int told_ = 0;
};

TEST_F(Renormalise, a_changed_rule_shows_in_old_spans_and_nothing_is_lost_or_doubled) {
  fill();
  EXPECT_EQ(number("SELECT count() FROM spans WHERE kind != 0"), 0u);
  const auto before = raw();
  ASSERT_EQ(before.size(), kSpans);

  EXPECT_EQ(run().changed, 0u) << "the tables have not changed";
  EXPECT_EQ(told_, 1);

  // What retention sampling says of a span is no derived fact: it stays.
  ASSERT_TRUE(
      rig_.engine().execute("ALTER TABLE spans UPDATE weight = 10000 WHERE 1 SETTINGS mutations_sync = 1"));
  ASSERT_TRUE(genai::use_mappings(house_rules()));
  const auto state = run();
  EXPECT_EQ(state.rows, kSpans);
  EXPECT_EQ(state.read, kSpans);
  EXPECT_EQ(state.changed, kTurns * (1 + 2 * kCalls));
  EXPECT_EQ(state.skipped, 0u);
  EXPECT_EQ(state.duplicates_added, kTurns * kCalls);
  EXPECT_EQ(state.days_folded, 1u);
  EXPECT_GT(told_, 2);
  EXPECT_EQ(number("SELECT countIf(weight != 10000) FROM spans FINAL"), 0u);
  expect_house_known();
  EXPECT_EQ(raw(), before);
  EXPECT_EQ(number("SELECT uniqExact(trace_id) FROM traces"), kTurns);

  // Once more: all is as it should be already.
  const auto again = run(0, 1'000);
  EXPECT_EQ(again.changed, 0u);
  EXPECT_EQ(again.duplicates_added + again.duplicates_removed, 0u);

  // And back: the rules are gone, so are their facts, and the calls that were marked as seen twice.
  ASSERT_TRUE(genai::use_mappings({}));
  const auto back = run();
  EXPECT_EQ(back.changed, kTurns * (1 + 2 * kCalls));
  EXPECT_EQ(back.duplicates_removed, kTurns * kCalls);
  EXPECT_EQ(number("SELECT count() FROM spans WHERE kind != 0 OR model != '' OR notEmpty(input)"), 0u);
  EXPECT_EQ(number("SELECT count() FROM duplicate_calls FINAL"), 0u);
  EXPECT_EQ(number("SELECT count() FROM calls FINAL WHERE usage_role != 0"), 0u);
  EXPECT_EQ(raw(), before);
}

/// A chat whose calls resend what was said, as the conventions write it; below each call's own turn.
std::string chat_turn(std::uint64_t turn, std::int64_t base) {
  Batch b;
  b.resource({{"service.name", str("chat")}});
  b.scope().name = "chat-sdk";
  const auto message = [](std::string_view role, std::uint64_t n) {
    return "{\"role\": \"" + std::string(role) + "\", \"parts\": [{\"type\": \"text\", \"content\": \"" +
           std::string(role) + " " + std::to_string(n) + ": " +
           std::string(650, static_cast<char>('a' + n % 26)) + "\\n\\\"so\\\"\"}]";
  };
  std::string history;
  for (std::uint64_t n = 0; n <= turn; ++n)
    history += (n == 0 ? "[" : "}, " + message("assistant", n - 1) + "}, ") + message("user", n);
  const auto answer = "assistant " + std::to_string(turn) + ": " +
                      std::string(650, static_cast<char>('a' + turn % 26)) + "\\n\\\"so\\\"";
  for (std::uint64_t id = 1; id <= 2; ++id) {
    auto& s = b.span();
    s.trace_id = trace_id(turn + 1'000);
    s.span_id = turn * 10 + id;
    s.parent_span_id = id == 1 ? 0 : turn * 10 + 1;
    s.name = id == 1 ? "turn" : "chat m";
    s.start_unix_nano = static_cast<std::uint64_t>(base) + turn * 1'000'000'000;
    s.end_unix_nano = s.start_unix_nano + 1'000;
    const auto operation = str(id == 1 ? "invoke_agent" : "chat");
    // The turn above the call tells the answer in words of its own dialect.
    if (id == 1)
      s.attributes = b.list<otlp::KeyValue>(
          {{"gen_ai.operation.name", operation}, {"gen_ai.completion", str(b.text(answer))}});
    else
      s.attributes = b.list<otlp::KeyValue>(
          {{"gen_ai.operation.name", operation},
           {"house.chat", str("chat-1")},
           {"gen_ai.request.model", str("m")},
           {"gen_ai.usage.input_tokens", integer(10)},
           {"gen_ai.input.messages", str(b.text(history + "}]"))},
           {"gen_ai.output.messages",
            str(b.text("[" + message("assistant", turn) + ", \"finish_reason\": \"stop\"}]"))}});
  }
  return b.encode();
}

TEST_F(Renormalise, answers_that_stand_in_the_history_behind_them_come_back_as_they_were) {
  rig_.open();
  constexpr std::uint64_t kTurnsOfChat = 20;
  std::map<std::uint64_t, std::string> sent;
  for (std::uint64_t t = 0; t < kTurnsOfChat; ++t) {
    auto bytes = chat_turn(t, now_);
    otlp::Arena arena;
    otlp::DecodeReport report;
    const auto decoded = otlp::decode_traces_protobuf(bytes, arena, {}, report);
    ASSERT_TRUE(decoded);
    for (const auto& span : decoded->resources[0].scopes[0].spans) sent[span.span_id] = text_of(span);
    rig_.append(std::move(bytes));
  }
  rig_.wait_stored();
  EXPECT_EQ(raw(), sent);
  constexpr std::string_view kInOutput =
      "SELECT uniqExact(id) FROM (SELECT arrayJoin(arrayFilter((i, at) -> bitShiftRight(at, 62) = 1, shared, "
      "shared_at)) AS id FROM spans FINAL) WHERE id IN (SELECT arrayJoin(arrayFilter((i, at) -> "
      "bitShiftRight(at, 62) = 0, shared, shared_at)) FROM spans FINAL) AND id IN (SELECT id FROM "
      "content_parts "
      "WHERE startsWith(text, 'assistant '))";
  const auto named_by_both = number(kInOutput);
  EXPECT_GT(named_by_both, kTurnsOfChat * 7 / 10);
  // Derived facts change, texts stay where they are.
  std::vector<genai::Mapping> rules{house_rules()[5]};
  ASSERT_TRUE(genai::use_mappings(rules));
  EXPECT_EQ(run().changed, kTurnsOfChat);
  EXPECT_EQ(number("SELECT count() FROM spans FINAL WHERE session = 'chat-1'"), kTurnsOfChat);
  EXPECT_EQ(number(kInOutput), named_by_both);
  EXPECT_EQ(raw(), sent);
  expect_calls_follow();
  // A rule by which answers are input: all texts move.
  rules.push_back(
      {.attribute = "gen_ai.output.messages", .event = {}, .field = "input", .convert = {}, .scope = {}});
  ASSERT_TRUE(genai::use_mappings(rules));
  EXPECT_EQ(run().skipped, 0u);
  EXPECT_EQ(raw(), sent);
}

TEST_F(Renormalise, only_spans_since_the_time_asked_for_and_what_comes_later_wins) {
  fill();
  ASSERT_TRUE(genai::use_mappings(house_rules()));
  // The seventh turn and those after it.
  const auto state = run(now_ + 6 * 60'000'000'000);
  EXPECT_EQ(state.changed, (kTurns - 6) * (1 + 2 * kCalls));
  EXPECT_EQ(number("SELECT count() FROM spans FINAL WHERE kind = 2"), kTurns - 6);
  // A client sends a turn again, with another name for the root: a later version than the renormalised one.
  ASSERT_TRUE(genai::use_mappings({}));
  rig_.append(house_turn(kTurns - 1, now_));
  rig_.wait_stored();
  EXPECT_EQ(number("SELECT count() FROM spans FINAL WHERE kind = 2"), kTurns - 7);
  EXPECT_EQ(number("SELECT count() FROM spans FINAL"), kSpans);
}

TEST_F(Renormalise, a_second_run_waits_for_the_first_and_a_stop_ends_it) {
  fill();
  ASSERT_TRUE(genai::use_mappings(house_rules()));
  std::atomic<bool> in{false}, go{false};
  RenormaliseOptions options;
  options.spans = 5;
  options.changed = [&] {
    in = true;
    while (!go) std::this_thread::sleep_for(1ms);
  };
  Renormaliser r(rig_.engine(), system_clock(), options);
  ASSERT_TRUE(r.start(0));
  while (!in) std::this_thread::sleep_for(1ms);
  const auto second = r.start(0);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
  std::thread stopper([&] { r.stop(); });
  go = true;
  stopper.join();
  EXPECT_FALSE(r.state().running);
  run();
  expect_house_known();
}

TEST_F(Renormalise, a_span_whose_shared_text_is_gone_stays_as_it_is_and_is_counted) {
  fill();
  ASSERT_TRUE(genai::use_mappings(house_rules()));
  run();
  const auto with_shared = number("SELECT count() FROM spans FINAL WHERE notEmpty(shared)");
  ASSERT_GT(with_shared, 0u);
  ASSERT_TRUE(rig_.engine().execute("ALTER TABLE content_parts DELETE WHERE 1 SETTINGS mutations_sync = 1"));
  ASSERT_TRUE(genai::use_mappings({}));
  const auto before = counted(Anomaly::renormalise_skipped);
  const auto state = run();
  EXPECT_EQ(state.skipped, with_shared);
  EXPECT_EQ(counted(Anomaly::renormalise_skipped), before + with_shared);
  EXPECT_EQ(number("SELECT count() FROM spans FINAL WHERE kind = 3 AND notEmpty(shared)"), with_shared);
}

// Renormalises what is in the folder; dies at a crash point.
TEST(RenormaliseChild, DISABLED_runs) {
  const char* folder = std::getenv("TURNSCOPE_TEST_FOLDER");
  ASSERT_NE(folder, nullptr);
  Rig rig(folder);
  rig.open();
  ASSERT_TRUE(genai::use_mappings(house_rules()));
  RenormaliseOptions options;
  options.spans = 17;
  if (const char* checkpoint = std::getenv("TURNSCOPE_TEST_CHECKPOINT")) options.checkpoint = checkpoint;
  options.checkpoint_every = 0ms;
  Renormaliser r(rig.engine(), system_clock(), options);
  ASSERT_TRUE(r.start(0));
  r.wait();
}

TEST_F(Renormalise, a_kill_anywhere_leaves_old_and_new_spans_and_the_next_run_ends_it) {
  fill();
  const auto before = raw();
  for (const char* point :
       {"renormalise.before_spans:2", "renormalise.after_spans:2", "renormalise.before_fold"}) {
    rig_.close();
    ChildProcess child("RenormaliseChild.DISABLED_runs", {"TURNSCOPE_TEST_FOLDER=" + folder_.path().string(),
                                                          "TURNSCOPE_CRASH_POINT="s + point});
    const auto status = child.wait(120s);
    ASSERT_TRUE(status && WIFSIGNALED(*status)) << point << " was not reached";
    rig_.open();
    rig_.wait_stored();
    EXPECT_EQ(raw(), before) << point;
    EXPECT_EQ(number("SELECT count() FROM spans FINAL"), kSpans) << point;
  }
  ASSERT_TRUE(genai::use_mappings(house_rules()));
  const auto state = run();
  EXPECT_EQ(state.changed, 0u) << "all but the folding was done";
  EXPECT_EQ(state.days_folded, 1u);
  expect_house_known();
  EXPECT_EQ(raw(), before);
}

/// Counts pieces that are read.
class Counting final : public store::Engine {
 public:
  explicit Counting(store::Engine& engine) : engine_(engine) {}
  Result<store::QueryResult> query(const store::Query& q) override {
    pieces += q.sql.find("ORDER BY project, start, trace_id") != q.sql.npos;
    return engine_.query(q);
  }
  Status execute(std::string_view sql, const store::Params& params) override {
    return engine_.execute(sql, params);
  }
  Status insert(const store::Insert& insert) override { return engine_.insert(insert); }
  std::string version() const override { return engine_.version(); }
  int pieces = 0;

 private:
  store::Engine& engine_;
};

TEST_F(Renormalise, after_a_kill_it_goes_on_where_it_was_and_says_so) {
  rig_.open();
  // Hours apart, so that only some of them are near the place where it is killed.
  for (std::uint64_t t = 0; t < kTurns; ++t)
    rig_.append(house_turn(t, now_ - static_cast<std::int64_t>(kTurns - t) * 3'600'000'000'000));
  rig_.wait_stored();
  const auto before = raw();
  const auto checkpoint = folder_.path().string() + "/renormalise";
  rig_.close();
  ChildProcess child("RenormaliseChild.DISABLED_runs", {"TURNSCOPE_TEST_FOLDER=" + folder_.path().string(),
                                                        "TURNSCOPE_TEST_CHECKPOINT=" + checkpoint,
                                                        "TURNSCOPE_CRASH_POINT=renormalise.after_spans:4"});
  const auto status = child.wait(120s);
  ASSERT_TRUE(status && WIFSIGNALED(*status));
  rig_.open();
  rig_.wait_stored();
  const auto kept = posix_filesystem().read_file(checkpoint);
  ASSERT_TRUE(kept) << kept.error().message;

  ASSERT_TRUE(genai::use_mappings(house_rules()));
  RenormaliseOptions options;
  options.spans = 17;
  options.checkpoint = checkpoint;
  Counting engine(rig_.engine());
  {
    Renormaliser r(engine, system_clock(), options);
    const auto cut = r.state();
    EXPECT_EQ(cut.step, "interrupted");
    EXPECT_EQ(cut.rows, kSpans);
    EXPECT_GE(cut.read, 3 * 17u);
    EXPECT_LT(cut.read, kSpans);
    ASSERT_TRUE(r.start(0));
    r.wait();
    const auto state = r.state();
    EXPECT_EQ(state.step, "done") << state.error;
    EXPECT_EQ(state.read_before, cut.read);
    EXPECT_EQ(state.read, kSpans);
    EXPECT_EQ(state.rows, kSpans);
    EXPECT_GT(state.changed, cut.changed);
    EXPECT_EQ(state.days_folded, 1u);
  }
  const int resumed = engine.pieces;
  expect_house_known();
  EXPECT_EQ(number("SELECT count() FROM duplicate_calls FINAL"), kTurns * kCalls);
  EXPECT_EQ(raw(), before);
  EXPECT_FALSE(posix_filesystem().exists(checkpoint)) << "it came to its end";

  // Whoever asks for it afresh, for more, after other rules or after another boot, has all read again.
  const auto whole = [&](std::int64_t since, bool fresh) {
    engine.pieces = 0;
    Renormaliser r(engine, system_clock(), options);
    EXPECT_TRUE(r.start(since, fresh));
    r.wait();
    EXPECT_EQ(r.state().step, "done") << r.state().error;
    EXPECT_EQ(r.state().read_before, 0u);
    EXPECT_EQ(r.state().changed, 0u);
    return engine.pieces;
  };
  ASSERT_TRUE(posix_filesystem().replace_file(checkpoint, *kept));
  EXPECT_GT(whole(0, true), resumed);
  auto other = RenormaliseCheckpoint::decode(*kept);
  ASSERT_TRUE(other);
  other->since = 1;
  ASSERT_TRUE(posix_filesystem().replace_file(checkpoint, other->encode()));
  EXPECT_GT(whole(0, false), resumed);
  other = RenormaliseCheckpoint::decode(*kept);
  other->boot = "another";
  ASSERT_TRUE(posix_filesystem().replace_file(checkpoint, other->encode()));
  EXPECT_GT(whole(0, false), resumed);
  ASSERT_TRUE(posix_filesystem().replace_file(checkpoint, kept->substr(0, kept->size() - 3)));
  EXPECT_GT(whole(0, false), resumed);
  ASSERT_TRUE(posix_filesystem().replace_file(checkpoint, *kept));
  ASSERT_TRUE(genai::use_mappings({}));
  EXPECT_EQ(Renormaliser(engine, system_clock(), options).state().step, "never run");
  EXPECT_FALSE(posix_filesystem().exists(checkpoint));
}

TEST(RenormaliseCheckpoint, comes_back_as_it_was_written) {
  RenormaliseCheckpoint c;
  c.boot = "b";
  c.rules = 0xfedc'ba98'7654'3210;
  c.since = 1;
  c.started = 2;
  c.rows = 3;
  c.read = 4;
  c.changed = 5;
  c.skipped = 6;
  c.duplicates_added = 7;
  c.duplicates_removed = 8;
  c.project = 9;
  c.cursor = {-10, trace_id(11), 0xffff'ffff'ffff'ffff, false};
  c.days = {20'000, 20'001};
  const auto text = c.encode();
  const auto again = RenormaliseCheckpoint::decode(text);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->encode(), text);
  EXPECT_EQ(again->cursor.trace, c.cursor.trace);
  for (std::size_t n = 0; n + 1 < text.size(); ++n)
    EXPECT_FALSE(RenormaliseCheckpoint::decode(text.substr(0, n))) << n;
}

}  // namespace
}  // namespace turnscope::sinks::testing
