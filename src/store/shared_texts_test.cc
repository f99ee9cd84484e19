#include "store/shared_texts.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace turnscope::store {
namespace {

constexpr std::int64_t kDay = 86'400'000;

std::string words(std::mt19937& random, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) {
    out += "word" + std::to_string(random() % 5'000);
    out += random() % 40 == 0 ? "\\n" : " ";
  }
  return out;
}

/// What rows keep and what the table of parts holds, checked against the texts as they were.
struct Store {
  SharedTexts texts;
  PartBlock parts;
  std::map<PartId, std::string> by_id;
  std::size_t rows = 0, shared = 0, inline_bytes = 0, part_bytes = 0, all_bytes = 0;

  bool add(const std::string& whole, std::int64_t ms = 0, std::uint32_t project = 1) {
    std::string text = whole;
    std::vector<PartId> ids;
    std::vector<std::uint64_t> layout;
    const auto before = parts.rows();
    const bool is_shared = texts.share(project, PayloadRef::Column::input, ms, text, parts, ids, layout);
    check(whole, text, is_shared, ids, layout, before);
    return is_shared;
  }

  /// What a span put out: one value of that text. The ids that stand for it.
  std::vector<PartId> answer(const std::string& whole, bool resent, std::int64_t ms = 0,
                             std::uint32_t project = 1) {
    std::string text = whole;
    std::vector<PartId> ids;
    std::vector<std::uint64_t> layout;
    const auto before = parts.rows();
    const bool is_shared = texts.share_answer(project, PayloadRef::Column::input, ms, text,
                                              {{0, whole.size()}}, resent, parts, ids, layout);
    check(whole, text, is_shared, ids, layout, before);
    return ids;
  }

  void check(const std::string& whole, const std::string& text, bool is_shared,
             const std::vector<PartId>& ids, const std::vector<std::uint64_t>& layout, std::size_t before) {
    ++rows, shared += is_shared, all_bytes += whole.size(), inline_bytes += text.size();
    if (!is_shared) {
      EXPECT_EQ(text, whole);
      EXPECT_TRUE(ids.empty());
      EXPECT_EQ(parts.rows(), before);
      return;
    }
    ASSERT_EQ(ids.size(), layout.size());
    StoredPayload p;
    p.input = text;
    p.shared = ids;
    p.shared_at = layout;
    std::size_t at = 0, fresh = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto length = PayloadRef::unpack(layout[i]).length;
      const auto [it, added] = by_id.emplace(ids[i], whole.substr(at, length));
      EXPECT_EQ(it->second, whole.substr(at, length)) << "one id, one text";
      fresh += added;
      if (added) part_bytes += length;
      at += length;
    }
    EXPECT_GE(parts.rows() - before, fresh) << "whatever a row names has been stored";
    std::deque<std::string> kept;
    EXPECT_TRUE(p.join([&](const PartId& id) -> std::string_view { return by_id.at(id); }, kept));
    EXPECT_EQ(p.input, whole);
  }
};

/// 50 turns as each dialect writes them.
std::string history(const std::vector<std::string>& turns, int form) {
  std::string out = form == 0 ? "[" : form == 1 ? R"({"model": "m", "messages": [)" : "";
  for (std::size_t i = 0; i < turns.size(); ++i) {
    if (form == 0)
      out += (i ? "," : "") + (R"({"role":"user","parts":[{"type":"text","content":")" + turns[i] + "\"}]}");
    else if (form == 1)
      out += (i ? ", " : "") + (R"({"role": "user", "content": ")" + turns[i] + "\"}");
    else
      out += (i ? "\n" : "") + turns[i];
  }
  return out + (form == 0 ? "]" : form == 1 ? R"(], "max_tokens": 1024, "tools": []})" : "");
}

TEST(SharedTexts, a_conversation_is_stored_about_once_in_every_form_and_comes_back_exactly) {
  std::mt19937 random(5);
  for (int form = 0; form < 3; ++form) {
    Store store;
    std::vector<std::vector<std::string>> chats(20);
    for (int turn = 0; turn < 50; ++turn)
      for (auto& chat : chats) {  // interleaved
        chat.push_back(words(random, 750));
        chat.push_back(words(random, 750));
        store.add(history(chat, form));
      }
    const double share =
        static_cast<double>(store.inline_bytes + store.part_bytes) / static_cast<double>(store.all_bytes);
    EXPECT_LT(share, 0.065) << "form " << form;  // the text itself, once, is 3.9 %
    EXPECT_GT(store.shared, store.rows * 9 / 10);
  }
}

/// As each dialect writes what it sends and what it gets.
struct Form {
  std::string begin, user, assistant, next, end, answer_begin, answer_end;
};
const Form kForms[] = {
    {"[", R"({"role": "user", "parts": [{"type": "text", "content": ")",
     R"({"role": "assistant", "parts": [{"type": "text", "content": ")", "\"}]}, ", "\"}]}]",
     R"([{"role": "assistant", "parts": [{"type": "text", "content": ")",
     R"("}], "finish_reason": "stop"}])"},
    {R"({"model":"m","messages":[)", R"({"role":"user","content":")", R"({"role":"assistant","content":")",
     "\"},", R"("}],"max_tokens":1024})",
     R"({"id":"1","choices":[{"message":{"role":"assistant","content":")", R"("},"finish_reason":"stop"}]})"},
    {"", "", "", "\n", "", "", ""},  // attributes of their own, joined by line breaks
};

TEST(SharedTexts, what_a_call_answered_is_the_same_part_in_the_history_behind_it) {
  std::mt19937 random(12);
  for (const Form& form : kForms) {
    SCOPED_TRACE(form.answer_begin);
    Store store;
    std::vector<std::string> histories(10, form.begin);
    std::vector<std::string> answers;
    std::size_t cut = 0;
    for (int turn = 0; turn < 30; ++turn)
      for (auto& history : histories) {
        history += form.user + words(random, 750);
        const bool resent = store.add(history + form.end);
        answers.push_back("Answer " + std::to_string(answers.size()) + ": " + words(random, 700));
        const auto ids = store.answer(form.answer_begin + answers.back() + form.answer_end, resent);
        EXPECT_EQ(ids.empty(), !resent);
        cut += resent;
        history += form.next + form.assistant + answers.back() + form.next;
      }
    EXPECT_GT(cut, answers.size() * 8 / 10);
    std::size_t stored = 0;
    for (const auto& [id, text] : store.by_id) stored += text.find("Answer ") != text.npos;
    // Each once; those of the first turns, when nothing was resent yet, in the parts of their history.
    EXPECT_LE(stored, answers.size());
    EXPECT_LT(store.part_bytes, answers.size() * 1'600);
    // The run above the last call says the same.
    EXPECT_FALSE(store.answer(answers.back(), false).empty());
    EXPECT_TRUE(store.answer(words(random, 800), false).empty());
    EXPECT_TRUE(store.answer(answers.back(), false, 0, 2).empty()) << "of another project";
    EXPECT_TRUE(store.answer(answers.back(), false, kDay).empty()) << "of another day";
  }
}

TEST(SharedTexts, hostile_answers_come_back_and_cost_no_more_than_their_size) {
  Store store;
  // All begin alike, so that each is looked at wherever one could begin.
  const std::string head(100, '"');
  for (int i = 0; i < 20; ++i) store.answer(head + std::string(200'000, static_cast<char>('a' + i)), true);
  store.add(std::string(1'000'000, '"'));
  for (const std::string& text :
       {std::string("[\""), std::string("[\"\\"), "[\"" + std::string(600, '\\'), std::string(700, '"'),
        "{\"a\": \"" + std::string(600, 'x'), "[\"" + std::string(600, 'x') + "\"]", std::string(600, '\0'),
        "[\"" + std::string(600, 'y') + "\\\"\", \"" + std::string(512, 'z') + "\"]"})
    for (const bool resent : {true, false}) store.answer(text, resent);
}

TEST(SharedTexts, texts_that_repeat_nothing_or_little_stay_in_their_row) {
  std::mt19937 random(6);
  Store store;
  const std::string system = words(random, 1'000);
  for (int i = 0; i < 500; ++i)
    store.add("[{\"a\":\"" + system + "\"},{\"b\":\"" + words(random, 8'000) + "\"},{\"c\":1}]");
  EXPECT_EQ(store.shared, 0u);
  EXPECT_EQ(store.parts.rows(), 0u);
  Store small;
  for (int i = 0; i < 10; ++i) small.add(std::string(SharedTexts::kFrom - 1, 'x'));
  EXPECT_EQ(small.shared, 0u);
}

TEST(SharedTexts, each_day_and_project_stands_alone) {
  std::mt19937 random(7);
  std::vector<std::string> turns;
  for (int i = 0; i < 10; ++i) turns.push_back(words(random, 1'500));
  const std::string text = history(turns, 0);
  Store store;
  store.add(text);
  EXPECT_EQ(store.shared, 0u);
  store.add(text);
  EXPECT_EQ(store.shared, 1u);
  const auto parts = store.parts.rows();
  store.add(text);
  EXPECT_EQ(store.parts.rows(), parts) << "nothing is stored twice";
  store.add(text, 0, 2);
  EXPECT_EQ(store.shared, 2u) << "another project has not seen it";
  store.add(text, kDay);
  EXPECT_EQ(store.shared, 2u) << "nor another day";
  store.add(text, kDay);
  EXPECT_EQ(store.parts.rows(), 2 * parts);
}

TEST(SharedTexts, hostile_texts_are_cut_somewhere_and_come_back) {
  Store store;
  for (const std::string& text :
       {std::string(300'000, 'x'), std::string(300'000, '}'), std::string(300'000, '\n'),
        std::string(100'000, '\xbf'), std::string(50'000, '\0'), std::string("},").append(90'000, ']')})
    for (int i = 0; i < 3; ++i) store.add(text);
  std::string wide;
  while (wide.size() < 200'000) wide += "数据库";
  for (int i = 0; i < 3; ++i) store.add(wide);
  EXPECT_GT(store.shared, 0u);
}

TEST(SharedTexts, memory_is_bounded_and_forgetting_loses_nothing) {
  std::mt19937_64 random(8);
  Store store;
  std::string first;
  for (std::size_t i = 0; i * 8 < SharedTexts::kRemembered + 100'000; ++i) {
    std::string text;
    for (int k = 0; k < 9; ++k)
      text += std::string(SharedTexts::kPart, 'y') + std::to_string(random()) + "\n";
    if (i == 0) first = text;
    std::vector<PartId> ids;
    std::vector<std::uint64_t> layout;
    std::string copy = text;
    store.texts.share(1, PayloadRef::Column::input, 0, copy, store.parts, ids, layout);
    EXPECT_TRUE(ids.empty());
  }
  store.add(first);
  store.add(first);
  EXPECT_GE(store.shared, 1u);
}

TEST(SharedTexts, a_part_that_is_lost_leaves_the_rest_in_its_place) {
  StoredPayload p;
  p.input = "tail";
  p.shared = {PartId{1}};
  p.shared_at = {PayloadRef{PayloadRef::Column::input, 0, 5}.packed()};
  std::deque<std::string> kept;
  EXPECT_FALSE(p.join([](const PartId&) { return std::string_view(); }, kept));
  EXPECT_EQ(p.input, "?????tail");
}

}  // namespace
}  // namespace turnscope::store
