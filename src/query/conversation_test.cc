// A conversation that resends its history, stored with texts shared between its spans and asked for as people
// do.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "query/test_queries.h"

namespace turnscope::query {
namespace {

using test::Batch;
using test::kHour;
using test::kNow;
using test::kSecond;
using test::trace_id;
using test::value;
using StoredConversation = test::StoredQueries;

TEST_F(StoredConversation, a_conversation_whose_answers_are_shared_reads_as_it_was_sent) {
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
    const auto at = kNow - kHour + static_cast<std::int64_t>(turn) * 10 * kSecond;
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
    test::Store::get().insert(caller_.project, b, kNow, &texts);
  }
  const auto session = value(queries_.session(caller_, "c-1", 0, 100));
  ASSERT_EQ(session.items.size(), kTurns);
  std::size_t shared = 0;
  for (std::uint64_t turn = 0; turn < kTurns; ++turn) {
    const auto spans = value(queries_.whole_spans(caller_, *session.items[turn], 0, 1));
    ASSERT_EQ(spans->spans.size(), 1u);
    EXPECT_EQ(spans->spans[0].input, inputs[turn]);
    EXPECT_EQ(spans->spans[0].output, outputs[turn]);
    // Found in the span that put it out and in all that sent it back.
    const auto found = span_ids(fmt::format("\"answer-{} \"", turn));
    EXPECT_EQ(std::count_if(found.begin(), found.end(), [](auto id) { return id % 10 == 1; }),
              static_cast<std::ptrdiff_t>(kTurns - turn));
    const auto in_trace =
        value(queries_.find(caller_, *session.items[turn], fmt::format("answer-{} ", turn)));
    shared += in_trace.span_ids.size();
  }
  EXPECT_EQ(shared, kTurns);
  const auto tools = value(queries_.tools(caller_, {kNow - 24 * kHour, kNow + kHour}, 10));
  ASSERT_EQ(tools.items.size(), 1u);
  EXPECT_EQ(tools.items[0].repeated, kTurns);
  // An attribute is compared wherever its own text stands in the row, whatever else is shared.
  EXPECT_EQ(span_ids("gen_ai.tool.call.result:\"2 " + std::string(400, 'r') + "\"").size(), kTurns);
}

}  // namespace
}  // namespace turnscope::query
