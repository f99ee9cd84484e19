// A conversation that resends its history, stored with texts shared between its spans and asked for as people
// do.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "query/queries.h"
#include "query/test_store.h"

namespace turnscope::query {
namespace {

using test::Batch;
using test::kSecond;
using test::trace_id;

constexpr std::int64_t kChatNow = 1'795'000'000 * kSecond;
constexpr std::int64_t kChatHour = 3'600 * kSecond;

template <typename R>
auto told(R answer) {
  if (!answer) {
    ADD_FAILURE() << answer.error().message;
    return typename R::value_type{};
  }
  return std::move(*answer);
}

TEST(StoredConversation, a_conversation_whose_answers_are_shared_reads_as_it_was_sent) {
  const test::FixedClock clock(kChatNow);
  Queries queries(test::Store::get().engine(), {}, clock);
  Caller caller;
  caller.project = test::Store::get().fresh_project();
  const auto span_ids = [&](const std::string& q) {
    std::vector<std::uint64_t> out;
    const auto list =
        told(queries.spans(caller, {q, {kChatNow - 24 * kChatHour, kChatNow + kChatHour}, 100, {}}));
    for (const auto& s : list.spans) out.push_back(s.span.span_id);
    return out;
  };
  store::SharedTexts texts;
  constexpr std::uint64_t kTurns = 16;
  std::vector<std::string> inputs, outputs;
  std::string history = "[";
  const auto message = [](std::string_view role, std::string_view text) {
    return fmt::format(R"({{"role": "{}", "parts": [{{"type": "text", "content": "{}"}}])", role, text);
  };
  for (std::uint64_t turn = 0; turn < kTurns; ++turn) {
    Batch b;
    const auto t = trace_id(7'000 + turn);
    const auto at = kChatNow - kChatHour + static_cast<std::int64_t>(turn) * 10 * kSecond;
    history += message("user", fmt::format("question {} {}", turn, std::string(600, 'q'))) + "}, ";
    const auto answer = fmt::format("answer-{} {}", turn, std::string(600, static_cast<char>('a' + turn)));
    inputs.push_back(history.substr(0, history.size() - 2) + "]");
    outputs.push_back("[" + message("assistant", answer) + R"(, "finish_reason": "stop"}])");
    history += message("assistant", answer) + "}, ";
    b.span(
        t, turn * 10 + 1, 0, at, kSecond, "chat m",
        {b.text("gen_ai.operation.name", "chat"), b.text("gen_ai.conversation.id", "c-1"),
         b.text("gen_ai.input.messages", inputs.back()), b.text("gen_ai.output.messages", outputs.back())});
    // The same tool with the same arguments twice, and answers that differ.
    for (std::uint64_t k = 2; k < 4; ++k)
      b.span(t, turn * 10 + k, turn * 10 + 1, at, kSecond, "execute_tool look",
             {b.text("gen_ai.operation.name", "execute_tool"), b.text("gen_ai.tool.name", "look"),
              b.text("gen_ai.tool.call.arguments", inputs.back()),
              b.text("gen_ai.tool.call.result", fmt::format("{} {}", k, std::string(400, 'r')))});
    test::Store::get().insert(caller.project, b, kChatNow, &texts);
  }
  const auto session = told(queries.session(caller, "c-1", 0, 100));
  ASSERT_EQ(session.items.size(), kTurns);
  std::size_t shared = 0;
  for (std::uint64_t turn = 0; turn < kTurns; ++turn) {
    const auto spans = told(queries.whole_spans(caller, *session.items[turn], 0, 1));
    ASSERT_EQ(spans->spans.size(), 1u);
    EXPECT_EQ(spans->spans[0].input, inputs[turn]);
    EXPECT_EQ(spans->spans[0].output, outputs[turn]);
    // Found in the span that put it out and in all that sent it back.
    const auto found = span_ids(fmt::format("\"answer-{} \"", turn));
    EXPECT_EQ(std::count_if(found.begin(), found.end(), [](auto id) { return id % 10 == 1; }),
              static_cast<std::ptrdiff_t>(kTurns - turn));
    const auto in_trace = told(queries.find(caller, *session.items[turn], fmt::format("answer-{} ", turn)));
    shared += in_trace.span_ids.size();
  }
  EXPECT_EQ(shared, kTurns);
  const auto tools = told(queries.tools(caller, {kChatNow - 24 * kChatHour, kChatNow + kChatHour}, 10));
  ASSERT_EQ(tools.items.size(), 1u);
  EXPECT_EQ(tools.items[0].repeated, kTurns);
  // An attribute is compared wherever its own text stands in the row, whatever else is shared.
  EXPECT_EQ(span_ids("gen_ai.tool.call.result:\"2 " + std::string(400, 'r') + "\"").size(), kTurns);
}

}  // namespace
}  // namespace turnscope::query
