#include "query/trace_index.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "genai/view.h"
#include "query/tree_model.h"

namespace turnscope::query {
namespace {

IndexedSpan span(std::uint64_t id, std::uint64_t parent, std::int64_t start, std::int64_t end,
                 genai::Kind kind = genai::Kind::other) {
  IndexedSpan s;
  s.span_id = id;
  s.parent_span_id = parent;
  s.start = start;
  s.duration = static_cast<std::uint64_t>(end - start);
  s.kind = static_cast<std::uint8_t>(kind);
  return s;
}

auto build(std::vector<IndexedSpan> rows) { return TraceIndex::build({}, std::move(rows), StringPool{}); }

std::vector<std::uint64_t> ids(const TraceIndex& t) {
  std::vector<std::uint64_t> out;
  for (const auto& s : t.spans()) out.push_back(s.span_id);
  return out;
}

TEST(TraceIndex, rows_come_in_pre_order_with_siblings_by_start) {
  const auto t = build({span(4, 2, 12, 15), span(3, 1, 20, 30), span(2, 1, 10, 20), span(1, 0, 0, 100)});
  EXPECT_EQ(ids(*t), (std::vector<std::uint64_t>{1, 2, 4, 3}));
  EXPECT_EQ(t->nodes()[0].subtree_end, 4u);
  EXPECT_EQ(t->nodes()[2].depth, 2u);
  EXPECT_EQ(t->nodes()[0].children, 2u);
  EXPECT_EQ(t->nodes()[0].self, 80u);
  EXPECT_EQ(t->root(), 0u);
  EXPECT_TRUE(t->complete());
  EXPECT_EQ(t->find(3), 3u);
  EXPECT_EQ(t->find(9), kNone);
}

TEST(TraceIndex, self_time_subtracts_the_union_of_the_children) {
  const auto t = build(
      {span(1, 0, 0, 100), span(2, 1, 10, 50), span(3, 1, 30, 60), span(4, 1, 90, 200), span(5, 1, -20, 5)});
  EXPECT_EQ(t->nodes()[t->find(1)].self, 100u - 50u - 10u - 5u);
  EXPECT_EQ(t->start(), -20);
  EXPECT_EQ(t->end(), 200);
}

TEST(TraceIndex, spans_whose_parent_has_not_arrived_stand_at_the_top_marked) {
  const auto t = build({span(5, 99, 10, 20), span(6, 5, 11, 12)});
  EXPECT_TRUE(t->nodes()[0].parent_unknown);
  EXPECT_FALSE(t->nodes()[1].parent_unknown);
  EXPECT_FALSE(t->complete());
  EXPECT_EQ(t->root(), kNone);
}

TEST(TraceIndex, parents_in_a_circle_are_cut_once_at_the_earliest) {
  const auto t =
      build({span(1, 3, 5, 9), span(2, 1, 3, 4), span(3, 2, 8, 9), span(4, 3, 1, 2), span(7, 7, 0, 1)});
  ASSERT_EQ(t->size(), 5u);
  EXPECT_TRUE(t->nodes()[t->find(2)].parent_unknown);
  EXPECT_FALSE(t->nodes()[t->find(1)].parent_unknown);
  EXPECT_TRUE(t->nodes()[t->find(7)].parent_unknown);
}

TEST(TraceIndex, a_span_sent_again_counts_once_and_the_latest_wins) {
  auto old = span(1, 0, 0, 10), fresh = span(1, 0, 0, 10);
  old.version = 1;
  fresh.version = 2;
  fresh.is_error = true;
  const auto t = build({old, fresh, old});
  ASSERT_EQ(t->size(), 1u);
  EXPECT_EQ(t->nodes()[0].duplicates, 2u);
  EXPECT_TRUE(t->spans()[0].is_error);
  EXPECT_EQ(t->version(), 2u);
  EXPECT_EQ(t->total().errors, 1u);
}

TEST(TraceIndex, an_error_that_travels_up_counts_once_at_the_deepest_span) {
  auto a = span(1, 0, 0, 10), b = span(2, 1, 0, 10), c = span(3, 2, 0, 10), d = span(4, 1, 0, 10);
  a.is_error = b.is_error = c.is_error = d.is_error = true;
  const auto t = build({a, b, c, d});
  EXPECT_EQ(t->total().errors, 2u);
  EXPECT_TRUE(t->nodes()[t->find(3)].deepest_error);
  EXPECT_FALSE(t->nodes()[t->find(2)].deepest_error);
}

TEST(TraceIndex, tokens_of_aggregates_and_duplicates_are_not_added) {
  auto agent = span(1, 0, 0, 10, genai::Kind::agent), llm = span(2, 1, 0, 5, genai::Kind::llm),
       again = span(3, 1, 5, 9, genai::Kind::llm);
  for (auto* s : {&agent, &llm, &again}) {
    s->usage.known = 9;
    s->usage.tokens[TokenCounts::input] = 100;
    s->usage.tokens[TokenCounts::output] = 7;
  }
  agent.usage_role = 2;
  llm.usage_role = 1;
  again.usage_role = 3;
  const auto t = build({agent, llm, again});
  EXPECT_EQ(t->total().input, 100u);
  EXPECT_EQ(t->total().output, 7u);
  EXPECT_EQ(t->total().cost.state, Cost::State::unpriced);
  EXPECT_EQ(t->total().llm_calls, 1u) << "a call that two instrumentations saw is one call";
}

TEST(TraceIndex, a_reported_sum_counts_only_where_its_parts_are_silent) {
  auto agent = span(1, 0, 0, 10, genai::Kind::agent), llm = span(2, 1, 0, 5, genai::Kind::llm);
  agent.usage_role = 2;
  agent.has_reported_cost = true;
  agent.reported_cost = 50;
  llm.usage_role = 1;
  EXPECT_EQ(build({agent, llm})->total().cost.reported_nano_usd, 50);
  llm.has_reported_cost = true;
  llm.reported_cost = 49;
  EXPECT_EQ(build({agent, llm})->total().cost.reported_nano_usd, 49);
}

TEST(TraceIndex, random_trees_agree_with_the_plain_definitions) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 500; ++round) {
    const auto rows = test::random_trace(random, 1 + random() % 40, 60);
    const auto t = build(rows);
    ASSERT_EQ(t->size(), rows.size());
    const auto spans = t->spans();
    const auto nodes = t->nodes();
    std::set<std::uint64_t> seen;
    std::uint64_t critical = 0, tokens = 0;
    std::int64_t covered = 0;
    for (std::uint32_t row = 0; row < t->size(); ++row) {
      seen.insert(spans[row].span_id);
      critical += nodes[row].critical;
      if (spans[row].usage_role == 1) tokens += spans[row].usage.total_input();
      // Parent before child, inside its subtree.
      if (nodes[row].parent != kNone) {
        EXPECT_LT(nodes[row].parent, row);
        EXPECT_LE(nodes[row].subtree_end, nodes[nodes[row].parent].subtree_end);
        EXPECT_EQ(nodes[row].depth, nodes[nodes[row].parent].depth + 1);
        EXPECT_EQ(spans[nodes[row].parent].span_id, spans[row].parent_span_id);
      } else {
        EXPECT_EQ(nodes[row].parent_unknown, spans[row].parent_span_id != 0);
      }
      std::uint64_t self = 0;
      for (auto tick = spans[row].start; tick < spans[row].end(); ++tick) {
        bool child = false;
        for (std::uint32_t c = row + 1; c < nodes[row].subtree_end; ++c)
          child = child || (nodes[c].parent == row && spans[c].start <= tick && tick < spans[c].end());
        self += !child;
      }
      EXPECT_EQ(nodes[row].self, self);
      EXPECT_LE(nodes[row].critical, self);
      std::uint32_t errors = 0, deepest = 0;
      for (std::uint32_t c = row; c < nodes[row].subtree_end; ++c) {
        bool below = false;
        for (std::uint32_t d = c + 1; d < nodes[c].subtree_end; ++d) below = below || spans[d].is_error;
        deepest += spans[c].is_error && !below;
        errors = deepest;
      }
      EXPECT_EQ(nodes[row].rollup.errors, errors);
    }
    for (auto tick = t->start(); tick < t->end(); ++tick) {
      bool any = false;
      for (const auto& s : spans) any = any || (s.start <= tick && tick < s.end());
      covered += any;
    }
    EXPECT_EQ(seen.size(), rows.size());
    EXPECT_LE(critical,
              static_cast<std::uint64_t>(covered));  // children before their parents belong to nobody
    EXPECT_EQ(t->critical().llm + t->critical().tool + t->critical().other, t->duration());
    EXPECT_EQ(t->total().input, tokens);
  }
}

TEST(TraceIndex, a_chain_of_a_hundred_thousand_is_no_recursion) {
  std::vector<IndexedSpan> rows;
  for (std::uint64_t i = 1; i <= 100'000; ++i)
    rows.push_back(span(i, i - 1, static_cast<std::int64_t>(i), 200'000));
  const auto t = build(std::move(rows));
  EXPECT_EQ(t->max_depth(), 99'999u);
  EXPECT_EQ(t->nodes()[0].subtree_end, 100'000u);
}

TEST(TraceIndex, a_placeholder_stands_for_its_span_until_that_arrives) {
  using genai::Kind;
  // 100 announces 1 (the root), 101 announces 2 below it; 3 has ended below 2. 102 says again what 101 said.
  const auto agent = static_cast<std::uint8_t>(Kind::agent), tool = static_cast<std::uint8_t>(Kind::tool);
  const Placeholders begun{{100, {1, 0, agent}}, {101, {2, 1, tool}}, {102, {2, 1, tool}}};
  std::vector<IndexedSpan> rows{span(100, 1, 0, 0), span(101, 2, 10, 10), span(102, 2, 10, 10),
                                span(3, 2, 20, 50, Kind::llm)};
  const auto running = TraceIndex::build({}, rows, StringPool{}, begun);
  EXPECT_EQ(ids(*running), (std::vector<std::uint64_t>{100, 101, 3}));
  EXPECT_EQ(running->nodes()[2].depth, 2u);
  EXPECT_TRUE(running->spans()[0].unfinished && running->spans()[1].unfinished);
  EXPECT_FALSE(running->spans()[2].unfinished);
  EXPECT_EQ(running->spans()[0].kind, agent);
  EXPECT_EQ(running->spans()[1].kind, tool);
  EXPECT_EQ(running->root(), 0u);
  EXPECT_TRUE(running->complete());
  EXPECT_EQ(running->find(2), 1u);
  EXPECT_EQ(running->find(102), 1u);
  // What has not ended goes on to the last end that is known.
  EXPECT_EQ(running->nodes()[0].self, 10u);
  EXPECT_EQ(running->nodes()[1].self, 10u);
  EXPECT_EQ(running->critical().llm, 30u);
  EXPECT_EQ(running->critical().tool, 10u);

  rows.push_back(span(2, 1, 10, 60));
  rows.push_back(span(1, 0, 0, 70));
  const auto ended = TraceIndex::build({}, rows, StringPool{}, begun);
  EXPECT_EQ(ids(*ended), (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_FALSE(ended->spans()[0].unfinished || ended->spans()[1].unfinished);
  EXPECT_EQ(ended->nodes()[0].self, 20u);
  EXPECT_EQ(ended->find(100), 0u);
  EXPECT_EQ(ended->find(101), 1u);
}

}  // namespace
}  // namespace turnscope::query
