#include "query/window.h"

#include <gtest/gtest.h>

#include "query/tree_model.h"

namespace turnscope::query {
namespace {

// The plain definition: a span is visible when no ancestor is folded.
std::vector<std::uint32_t> plain(const TraceIndex& t, const WindowRequest& r) {
  std::vector<std::uint32_t> out;
  const auto depth = r.depth.value_or(t.size() <= kOpenBelow ? kNone : 2);
  const auto target = r.around ? t.find(*r.around) : kNone;
  for (std::uint32_t row = 0; row < t.size(); ++row) {
    bool visible = true;
    for (auto p = t.nodes()[row].parent; p != kNone; p = t.nodes()[p].parent) {
      bool opened = false;
      if (target != kNone)
        for (auto a = t.nodes()[target].parent; a != kNone; a = t.nodes()[a].parent)
          opened = opened || a == p;
      const bool by_default = depth != kNone && t.nodes()[p].depth + 1 >= depth;
      const bool folded = r.folded.contains(t.spans()[p].span_id) ||
                          (by_default && !r.unfolded.contains(t.spans()[p].span_id));
      visible = visible && (opened || !folded);
    }
    if (visible) out.push_back(row);
  }
  return out;
}

TEST(Window, random_folds_agree_with_the_plain_definition) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 1'000; ++round) {
    const auto t = TraceIndex::build({}, test::random_trace(random, 1 + random() % 40, 60), StringPool{});
    WindowRequest r;
    r.count = 1 + random() % 50;
    r.first = random() % 45;
    for (auto n = random() % 6; n > 0; --n) r.folded.insert(1 + random() % 40);
    for (auto n = random() % 6; n > 0; --n) r.unfolded.insert(1 + random() % 40);
    if (random() % 2) r.depth = static_cast<std::uint32_t>(random() % 4);
    if (random() % 3 == 0) r.around = 1 + random() % 45;
    const auto expected = plain(*t, r);
    const auto w = window(*t, r);
    EXPECT_EQ(w.total_rows, expected.size());
    EXPECT_LE(w.rows.size(), r.count);
    std::size_t shown = 0;
    for (std::size_t i = 0; i < w.rows.size(); ++i) {
      EXPECT_EQ(w.rows[i].row, w.first + i);
      ASSERT_LT(w.rows[i].row, expected.size());
      EXPECT_EQ(w.rows[i].span, expected[w.rows[i].row]);
      shown += 1 + w.rows[i].hidden;
    }
    if (w.first == 0 && w.rows.size() == w.total_rows) {
      EXPECT_EQ(shown, t->size());
    }
    if (r.around && t->find(*r.around) != kNone) {
      bool found = false;
      for (const auto& row : w.rows) found = found || t->spans()[row.span].span_id == *r.around;
      EXPECT_TRUE(found);
    }
  }
}

TEST(Window, hidden_plumbing_is_counted_at_the_call_above) {
  std::mt19937_64 random(9);
  for (int round = 0; round < 500; ++round) {
    const auto t = TraceIndex::build({}, test::random_trace(random, 1 + random() % 40, 60), StringPool{});
    WindowRequest r;
    r.count = kMaxWindowRows;
    r.hide_plumbing = true;
    const auto w = window(*t, r);
    std::size_t shown = 0;
    for (const auto& row : w.rows) {
      EXPECT_FALSE(t->nodes()[row.span].hidden_plumbing);
      shown += 1 + row.hidden;
    }
    EXPECT_EQ(shown, t->size());
  }
}

TEST(Window, big_traces_start_folded_and_their_overview_is_bounded) {
  std::mt19937_64 random(2);
  const auto t = TraceIndex::build({}, test::random_trace(random, 20'000, 1'000'000), StringPool{});
  const auto w = window(*t, {});
  EXPECT_LT(w.total_rows, t->size());
  EXPECT_EQ(w.rows.size(), std::min<std::size_t>(w.total_rows, 200));
  const auto bars = minimap(*t);
  EXPECT_LE(bars.size(), kMaxBars);
  EXPECT_GT(bars.size(), 100u);
  for (const auto& b : bars)
    EXPECT_LE(b.start + static_cast<std::int64_t>(b.duration), static_cast<std::int64_t>(t->duration()));
  EXPECT_LE(shape(*t).size(), 48u);
}

TEST(Window, a_run_of_like_siblings_is_one_row_until_it_is_opened) {
  StringPool pool;
  const auto fetch = pool.intern("fetch"), other = pool.intern("other");
  std::vector<IndexedSpan> rows;
  IndexedSpan root;
  root.span_id = 1, root.duration = 1000, root.name = other;
  rows.push_back(root);
  for (std::uint64_t i = 0; i < 9; ++i) {
    IndexedSpan s;
    s.span_id = 10 + i, s.parent_span_id = 1, s.start = static_cast<std::int64_t>(i * 10), s.duration = 5;
    s.name = i < 7 ? fetch : other, s.kind = 4;
    rows.push_back(s);
  }
  IndexedSpan below;
  below.span_id = 50, below.parent_span_id = 12, below.start = 20, below.duration = 2, below.name = other;
  rows.push_back(below);
  const auto t = TraceIndex::build({}, std::move(rows), std::move(pool));
  WindowRequest request;
  request.group = true;
  auto w = window(*t, request);
  ASSERT_EQ(w.total_rows, 4u);  // root, the run, two others (too few to be one)
  EXPECT_TRUE(w.rows[1].grouped);
  EXPECT_EQ(w.rows[1].group, 7u);
  EXPECT_EQ(w.rows[1].hidden, 7u);  // six siblings and what is below one of them
  request.ungrouped = {10};
  w = window(*t, request);
  EXPECT_EQ(w.total_rows, 11u);
  EXPECT_FALSE(w.rows[1].grouped);
  EXPECT_EQ(w.rows[1].group, 7u);
  EXPECT_EQ(w.rows[2].group, 1u);
  request.ungrouped.clear();
  request.around = 50;  // a span within the run opens it, and the answer says so
  w = window(*t, request);
  EXPECT_EQ(w.total_rows, 11u);
  ASSERT_EQ(w.ungrouped.size(), 1u);
  EXPECT_EQ(t->spans()[w.ungrouped[0]].span_id, 10u);
}

TEST(Findings, a_call_answers_for_the_requests_hidden_below_it) {
  StringPool pool;
  IndexedSpan root, model, tool, first, second;
  root.span_id = 1, root.duration = 100, root.kind = 1, root.name = pool.intern("agent.run");
  model.span_id = 2, model.parent_span_id = 1, model.duration = 40, model.kind = 3,
  model.name = pool.intern("chat");
  tool.span_id = 3, tool.parent_span_id = 1, tool.start = 40, tool.duration = 60, tool.kind = 4;
  tool.name = pool.intern("tool.execute.search"), tool.tool = pool.intern("search");
  first.span_id = 4, first.parent_span_id = 3, first.start = 40, first.duration = 30, first.plumbing = true,
  first.is_error = true;
  second.span_id = 5, second.parent_span_id = 3, second.start = 70, second.duration = 30,
  second.plumbing = true;
  first.name = second.name = pool.intern("POST");
  const auto t = TraceIndex::build({}, {root, model, tool, first, second}, std::move(pool));
  EXPECT_EQ(t->critical().llm, 40u);
  EXPECT_EQ(t->critical().tool, 60u);
  EXPECT_EQ(t->critical().other, 0u);
  const auto f = findings(*t);
  EXPECT_EQ(t->spans()[f[0].span].span_id, 3u);
  EXPECT_EQ(f[0].value, 60);
  EXPECT_EQ(f[0].detail, "1 of 2 calls below it failed");
}

TEST(Findings, name_the_slow_the_dear_and_the_wrong) {
  StringPool pool;
  IndexedSpan root, slow, dear, wrong;
  root.span_id = 1, root.duration = 100, root.name = pool.intern("agent.run");
  slow.span_id = 2, slow.parent_span_id = 1, slow.duration = 80,
  slow.name = pool.intern("tool.execute.search"), slow.kind = 4, slow.tool = pool.intern("search");
  dear.span_id = 3, dear.parent_span_id = 1, dear.start = 80, dear.duration = 5, dear.kind = 3,
  dear.usage_role = 1;
  dear.name = pool.intern("chat"), dear.usage.known = 9, dear.usage.tokens[0] = 900,
  dear.has_reported_cost = true, dear.reported_cost = 50'000'000;
  wrong.span_id = 4, wrong.parent_span_id = 1, wrong.start = 90, wrong.duration = 5, wrong.is_error = true;
  wrong.name = pool.intern("issue_refund"), wrong.error_type = pool.intern("RefundPolicyError");
  const auto t = TraceIndex::build({}, {root, slow, dear, wrong}, std::move(pool));
  const auto f = findings(*t);
  ASSERT_EQ(f.size(), 3u);
  EXPECT_EQ(f[0].text, "search took 80 ns of 100 ns (80 %)");
  EXPECT_EQ(f[0].detail, "nothing below it says what it waited for");
  EXPECT_EQ(f[2].detail, "the run went on");
  EXPECT_EQ(f[1].text, "chat cost $0.05 (100 % of the run)");
  EXPECT_EQ(f[2].text, "issue_refund failed: RefundPolicyError");
}

}  // namespace
}  // namespace turnscope::query
