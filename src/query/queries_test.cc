#include "query/queries.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "genai/explain.h"
#include "otlp/decode.h"
#include "query/language/filter.h"
#include "query/part_hash.h"
#include "query/test_queries.h"
#include "query/window.h"
#include "store/row_reader.h"

namespace turnscope::query {
namespace {

using test::Batch;
using test::kHour;
using test::kNow;
using test::kSecond;
using test::trace_id;
using test::value;

class StoredTraces : public test::StoredQueries {
 protected:
  std::vector<otlp::TraceId> trace_ids(const std::string& q, std::size_t limit = 50) {
    std::vector<otlp::TraceId> out;
    auto request = search(q, limit);
    for (int page = 0; page < 10'000; ++page) {
      auto list = queries_.traces(caller_, request);
      if (!list) {
        ADD_FAILURE() << q << ": " << list.error().message;
        break;
      }
      EXPECT_LE(list->traces.size(), limit);
      for (const auto& t : list->traces) out.push_back(t->trace_id());
      if (list->next_cursor.empty()) break;
      request.cursor = list->next_cursor;
    }
    return out;
  }
};

// The words of spans in some thousand chunks, in order and late, looked for in small pages: the same as by
// reading all of them.
TEST_F(StoredTraces, words_are_found_wherever_their_spans_lie) {
  std::mt19937_64 random(11);
  const std::string_view words[] = {"Refund-7731", "数据库连接", "chargeback", "قاعدة", "naïve", "ab"};
  std::map<std::string_view, std::vector<std::pair<std::int64_t, std::uint64_t>>> expected;
  std::uint64_t id = 0;
  for (int block = 0; block < 6; ++block) {
    Batch b("shop");
    for (int i = 0; i < 700; ++i) {
      const auto start = kNow - static_cast<std::int64_t>(random() % (block % 2 == 0 ? kHour : 20 * kHour));
      std::string text = "the model said " + std::to_string(random());
      ++id;
      if (random() % 40 == 0) {
        const auto word = words[random() % std::size(words)];
        text += " so";
        text += word;
        text += "x";
        expected[word].emplace_back(start, id);
      }
      b.span(trace_id(id / 3), id, 0, start, 5, "chat",
             {b.text("gen_ai.operation.name", "chat"), b.text("gen_ai.prompt", text)});
    }
    insert(b);
  }
  for (auto& [word, spans] : expected) {
    std::sort(spans.begin(), spans.end(), std::greater<>());
    std::vector<std::uint64_t> ids;
    for (const auto& [start, span] : spans) ids.push_back(span);
    EXPECT_EQ(span_ids("\"" + std::string(word) + "\"", 7), ids) << word;
    EXPECT_EQ(span_ids("\"" + std::string(word) + "\" service:shop", 3), ids) << word;
  }
  EXPECT_EQ(span_ids("refund-7731"), span_ids("REFUND-7731"));
  EXPECT_FALSE(span_ids("efund*31").empty());
  EXPECT_TRUE(span_ids("refund-7732").empty());
  EXPECT_EQ(trace_ids("chargeback", 2), trace_ids("chargeback", 500));
}

TEST_F(StoredTraces, many_that_start_at_the_same_nanosecond_are_found_by_a_word_page_by_page) {
  Batch b("shop");
  std::set<otlp::TraceId> expected;
  for (std::uint64_t n = 1; n <= 300; ++n) {
    b.span(trace_id(n), n, 0, kNow - 60 * kSecond, kSecond, "chat",
           {b.text("gen_ai.prompt", "a rare chargeback")});
    expected.insert(trace_id(n));
  }
  insert(b);
  auto request = search("\"chargeback\"", 20);
  std::multiset<otlp::TraceId> found;
  for (int page = 0; page < 50; ++page) {
    const auto list = value(queries_.traces(caller_, request));
    for (const auto& t : list.traces) found.insert(t->trace_id());
    if (list.next_cursor.empty()) break;
    request.cursor = list.next_cursor;
  }
  EXPECT_EQ(found, std::multiset<otlp::TraceId>(expected.begin(), expected.end()));
  EXPECT_EQ(span_ids("\"chargeback\"", 20).size(), 300u);
}

TEST_F(StoredTraces, search_by_every_kind_of_attribute) {
  Batch b("shop");
  b.resource({b.text("k8s.pod.name", "web-1")});
  b.span(
      trace_id(1), 1, 0, kNow - 10, 5, "GET /cart",
      {b.text("http.route", "/cart/{id}"), Batch::number("http.status_code", 503), Batch::real("score", 0.25),
       Batch::flag("retry", true), b.text("long", std::string(5'000, 'x') + " needle in a long text")});
  b.span(trace_id(2), 2, 0, kNow - 20, 2 * kSecond, "chat",
         {b.text("gen_ai.operation.name", "chat"), b.text("gen_ai.request.model", "claude-sonnet-4"),
          b.text("gen_ai.prompt", "Wie geht's? 数据库连接 refund"),
          Batch::number("gen_ai.usage.input_tokens", 120)});
  auto& failed = b.span(trace_id(3), 3, 0, kNow - 30, 1, "issue_refund",
                        {b.text("user.id", "o'neil\\\"; DROP TABLE spans; --")});
  failed.status = otlp::StatusCode::error;
  failed.status_message = "RefundPolicyError: too late";
  insert(b);

  using Ids = std::vector<std::uint64_t>;
  EXPECT_EQ(span_ids(""), (Ids{1, 2, 3}));
  EXPECT_EQ(span_ids("http.route:/cart/{id}"), Ids{1});
  EXPECT_EQ(span_ids("http.route:/cart*"), Ids{1});
  EXPECT_EQ(span_ids("http.route ~ ^/c.*id"), Ids{1});
  EXPECT_EQ(span_ids("http.status_code:503"), Ids{1});
  EXPECT_EQ(span_ids("http.status_code>=500 http.status_code<504"), Ids{1});
  EXPECT_EQ(span_ids("http.status_code!=503"), Ids{});
  EXPECT_EQ(span_ids("http.status_code>503"), Ids{});
  EXPECT_EQ(span_ids("score<0.3"), Ids{1});
  EXPECT_EQ(span_ids("retry:true"), Ids{1});
  EXPECT_EQ(span_ids("retry exists"), Ids{1});
  EXPECT_EQ(span_ids("not retry exists"), (Ids{2, 3}));
  EXPECT_EQ(span_ids("long:*needle*"), Ids{1});
  EXPECT_EQ(span_ids("long ~ needle.in"), Ids{1});
  EXPECT_EQ(span_ids("k8s.pod.name:web-1"), (Ids{1, 2, 3}));
  EXPECT_EQ(span_ids("resource.k8s.pod.name:web-1 kind:llm"), Ids{2});
  EXPECT_EQ(span_ids("resource.k8s.pod.name:web-2"), Ids{});
  EXPECT_EQ(span_ids("service:shop name:chat"), Ids{2});
  EXPECT_EQ(span_ids("model:claude-*"), Ids{2});
  EXPECT_EQ(span_ids("duration>1s"), Ids{2});
  EXPECT_EQ(span_ids("input_tokens>100"), Ids{2});
  EXPECT_EQ(span_ids("input_tokens<100"), Ids{});  // unknown is not less
  EXPECT_EQ(span_ids("status:error"), Ids{3});
  EXPECT_EQ(span_ids("error:true or kind:llm"), (Ids{2, 3}));
  EXPECT_EQ(span_ids("REFUND"), (Ids{2, 3}));  // prompt and name, any case
  EXPECT_EQ(span_ids("\"数据库连接\""), Ids{2});
  EXPECT_EQ(span_ids("gen_ai.prompt:\"Wie geht's? 数据库连接 refund\""), Ids{2});
  EXPECT_EQ(span_ids("user.id:\"o'neil\\\\\\\"; DROP TABLE spans; --\""), Ids{3});
  EXPECT_EQ(span_ids("span:2"), Ids{2});
  EXPECT_EQ(span_ids("trace:" + otlp::hex(trace_id(3))), Ids{3});
}

TEST_F(StoredTraces, pages_of_traces_hold_each_trace_once_newest_first) {
  // Traces of one to forty spans over up to three hours, some without root, arriving in mixed batches.
  std::mt19937_64 random(1);
  std::map<otlp::TraceId, std::int64_t> first_start;
  std::set<otlp::TraceId> with_error;
  std::vector<std::unique_ptr<Batch>> batches;
  for (int i = 0; i < 5; ++i) batches.push_back(std::make_unique<Batch>());
  std::uint64_t id = 1;
  for (std::uint64_t t = 0; t < 90; ++t) {
    const auto trace = trace_id(t);
    const auto start = kNow - static_cast<std::int64_t>(random() % 20) * kHour -
                       static_cast<std::int64_t>(random() % 1'000) * kSecond;
    const auto n = 1 + random() % 40;
    const bool rootless = t % 5 == 0;
    first_start[trace] = INT64_MAX;
    for (std::uint64_t s = 0; s < n; ++s) {
      const auto at =
          s == 0 ? start
                 : start + static_cast<std::int64_t>(random() % (3 * static_cast<std::uint64_t>(kHour)));
      if (at >= kNow + kHour) continue;
      first_start[trace] = std::min(first_start[trace], at);
      auto& span =
          batches[random() % 5]->span(trace, id++, s == 0 && !rootless ? 0 : 999'999, at, 1'000, "work");
      if (random() % 40 == 0) {
        span.status = otlp::StatusCode::error;
        with_error.insert(trace);
      }
    }
  }
  for (auto& b : batches) insert(*b);
  const auto expected = [&](const auto& wanted) {
    std::vector<std::pair<std::int64_t, otlp::TraceId>> order;
    for (const auto& [trace, start] : first_start)
      if (wanted(trace)) order.emplace_back(start, trace);
    std::sort(order.rbegin(), order.rend());
    std::vector<otlp::TraceId> out;
    for (const auto& o : order) out.push_back(o.second);
    return out;
  };
  const auto all = expected([](const auto&) { return true; });
  for (std::size_t limit : {7u, 50u, 500u}) EXPECT_EQ(trace_ids("", limit), all) << limit;
  const auto failed = expected([&](const auto& t) { return with_error.contains(t); });
  ASSERT_GT(failed.size(), 10u);
  for (std::size_t limit : {9u, 500u}) EXPECT_EQ(trace_ids("status:error", limit), failed) << limit;

  // Sent again, all of it, in one other batch: every list is as before.
  for (auto& b : batches) insert(*b);
  EXPECT_EQ(trace_ids("", 20), all);
  EXPECT_EQ(trace_ids("status:error", 20), failed);
  const auto ids = span_ids("", 200);
  EXPECT_EQ(ids.size(), id - 1);
  EXPECT_EQ(std::set<std::uint64_t>(ids.begin(), ids.end()).size(), id - 1);
}

TEST_F(StoredTraces, a_trace_that_began_before_the_range_is_listed_when_it_still_ran) {
  Batch b;
  b.span(trace_id(1), 1, 0, kNow - 30 * kHour, 20 * kHour, "long run");
  b.span(trace_id(1), 2, 1, kNow - 2 * kHour, kHour, "late step");
  b.span(trace_id(2), 3, 0, kNow - 3 * kHour, kHour, "inside");
  b.span(trace_id(3), 4, 0, kNow - 30 * kHour, kHour, "before");
  insert(b);
  for (std::size_t limit : {1u, 50u}) {
    EXPECT_EQ(trace_ids("", limit), (std::vector<otlp::TraceId>{trace_id(2), trace_id(1)}));
    EXPECT_EQ(trace_ids("late", limit), (std::vector<otlp::TraceId>{trace_id(1)}));
  }
  auto list = queries_.traces(caller_, search("late"));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->traces.front()->size(), 2u);  // the whole trace, not only what lies in the range
  EXPECT_EQ(list->searched.from, kNow - 24 * kHour);
}

TEST_F(StoredTraces, batches_sent_twice_count_once_in_every_answer) {
  Batch b("api"), worker("worker");
  const auto t = trace_id(1);
  b.span(t, 1, 0, kNow - 100 * kSecond, 50 * kSecond, "run",
         {b.text("gen_ai.operation.name", "invoke_agent")});
  for (std::uint64_t i = 0; i < 20; ++i) {
    auto& s =
        b.span(t, 2 + i, 1, kNow - 99 * kSecond + static_cast<std::int64_t>(i) * kSecond, kSecond / 2, "chat",
               {b.text("gen_ai.operation.name", "chat"), b.text("gen_ai.provider.name", "anthropic"),
                b.text("gen_ai.request.model", "m"), Batch::number("gen_ai.usage.input_tokens", 100),
                Batch::number("gen_ai.usage.output_tokens", 10)});
    if (i == 3) s.status = otlp::StatusCode::error;
  }
  worker.span(t, 50, 2, kNow - 98 * kSecond, kSecond, "job");
  insert(b);
  insert(worker);
  const auto range = search("").range;
  const auto snapshot = [&] {
    std::string out;
    const auto add = [&](auto... values) { ((out += fmt::format("{} ", values)), ...); };
    const auto services = value(queries_.services(caller_, range));
    for (const auto& s : services.items) add(s.name, s.spans, s.errors);
    const auto operations = value(queries_.operations(caller_, "api", range));
    for (const auto& o : operations.items) add(o.name, o.spans, o.kind);
    const auto dependencies = value(queries_.dependencies(caller_, range));
    for (const auto& d : dependencies.items) add(d.parent, d.child, d.calls, d.errors);
    const auto tokens = value(queries_.tokens_by_model(caller_, range));
    for (const auto& m : tokens.items) add(m.model, m.calls, m.input, m.output);
    for (bool traces : {true, false}) {
      const auto facets =
          value(queries_.facets(caller_, search(""), traces, {"service", "kind", "status", "model"}));
      for (const auto& f : facets)
        for (const auto& v : f.values) add(f.field, v.value, v.count);
      const auto series = value(queries_.timeseries(caller_, search(""), traces, 10));
      for (const auto& p : series.points) add(p.count, p.errors, p.input_tokens, p.output_tokens);
    }
    const auto trace = *queries_.trace(caller_, t);
    add(trace->size(), trace->total().errors, trace->total().input, trace->total().output,
        trace->total().llm_calls);
    add(span_ids("").size(), trace_ids("").size());
    return out;
  };
  const auto once = snapshot();
  EXPECT_NE(once.find("api 21 1"), std::string::npos) << once;
  EXPECT_NE(once.find("m 20 2000 200"), std::string::npos) << once;
  EXPECT_NE(once.find("api worker 1 0"), std::string::npos) << once;
  insert(b);
  insert(worker);
  insert(b);
  EXPECT_EQ(snapshot(), once);
  EXPECT_LE((*queries_.trace(caller_, t))->nodes()[0].duplicates,
            2u);  // fewer once the engine has merged them
}

TEST_F(StoredTraces, late_spans_change_the_trace_and_its_revision) {
  Batch first, second;
  first.span(trace_id(1), 2, 1, kNow - 10, 5, "child");
  insert(first);
  const auto before = *queries_.trace(caller_, trace_id(1));
  EXPECT_EQ(before->root(), kNone);
  second.span(trace_id(1), 1, 0, kNow - 20, 15, "root");
  insert(second);
  const auto after = *queries_.trace(caller_, trace_id(1));
  EXPECT_EQ(after->size(), 2u);
  EXPECT_TRUE(after->complete());
  EXPECT_GT(after->version(), before->version());
}

TEST_F(StoredTraces, another_projects_data_is_never_seen) {
  Batch b;
  b.span(trace_id(1), 1, 0, kNow - 10, 5, "secret", {b.text("k", "v")});
  insert(b);
  Caller other;
  other.project = test::Store::get().fresh_project();
  EXPECT_TRUE(queries_.traces(other, search(""))->traces.empty());
  EXPECT_TRUE(queries_.spans(other, search("k:v"))->spans.empty());
  EXPECT_EQ(queries_.trace(other, trace_id(1)).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(queries_.services(other, search("").range)->items.empty());
  EXPECT_TRUE(queries_.service_names(other)->items.empty());
  EXPECT_TRUE(queries_.facets(other, search(""), true, {"service"})->front().values.empty());
  EXPECT_TRUE(queries_.values(other, "k", "", search("").range)->items.empty());
  EXPECT_TRUE(value(queries_.changed(other, 0, 10)).trace_ids.empty());
}

TEST_F(StoredTraces, whole_spans_come_back_with_resource_scope_events_and_long_texts) {
  Batch b("svc");
  b.resource({b.text("host.name", "h")});
  const std::string text(3'000, 'p');
  auto& s = b.span(trace_id(1), 7, 0, kNow - 10, 5, "n",
                   {b.text("gen_ai.prompt", text), Batch::number("n", -5), Batch::real("r", 0.5)});
  s.trace_state = "a=b";
  s.flags = 257;
  otlp::Event e;
  e.time_unix_nano = static_cast<std::uint64_t>(kNow);
  e.name = "exception";
  e.attributes = b.attributes({b.text("exception.message", "boom")});
  b.events(s, {e});
  insert(b);
  const auto trace = *queries_.trace(caller_, trace_id(1));
  const auto found = queries_.span(caller_, *trace, 7);
  ASSERT_TRUE(found) << found.error().message;
  const auto& span = (*found)->spans.front();
  ASSERT_EQ(span.span.attributes.size(), 3u);
  for (const auto& kv : span.span.attributes) {
    if (kv.key == "gen_ai.prompt") {
      EXPECT_EQ(kv.value.text, text);
    }
  }
  ASSERT_EQ(span.span.events.size(), 1u);
  EXPECT_EQ(span.span.events[0].attributes[0].value.text, "boom");
  EXPECT_EQ(span.span.trace_state, "a=b");
  EXPECT_EQ(span.span.flags, 257u);
  EXPECT_EQ(span.span.end_unix_nano, static_cast<std::uint64_t>(kNow - 5));
  EXPECT_EQ(span.scope->name, "test");
  EXPECT_EQ(span.resource->attributes.size(), 2u);
  const auto hits = queries_.find(caller_, *trace, "BOOM");
  ASSERT_TRUE(hits);
  EXPECT_EQ(hits->span_ids, std::vector<std::uint64_t>{7});
  EXPECT_TRUE(queries_.find(caller_, *trace, "nowhere")->span_ids.empty());
}

TEST_F(StoredTraces, keys_and_values_are_those_of_the_data) {
  Batch b;
  b.resource({b.text("host.name", "h1")});
  b.span(trace_id(1), 1, 0, kNow - 10, 5, "n", {b.text("my.key", "alpha"), Batch::number("my.number", 3)});
  b.span(trace_id(1), 2, 1, kNow - 9, 5, "n", {b.text("my.key", "Beta")});
  insert(b);
  const auto keys = queries_.keys(caller_, "my.", search("").range);
  ASSERT_TRUE(keys) << keys.error().message;
  ASSERT_EQ(keys->items.size(), 2u);
  EXPECT_EQ(keys->items[0].key, "my.key");
  EXPECT_EQ(keys->items[0].count, 2u);
  EXPECT_EQ(keys->items[1].type, "number");
  EXPECT_EQ(queries_.keys(caller_, "resource.h", search("").range)->items[0].key, "resource.host.name");
  const auto values = queries_.values(caller_, "my.key", "b", search("").range);
  ASSERT_TRUE(values) << values.error().message;
  ASSERT_EQ(values->items.size(), 1u);
  EXPECT_EQ(values->items[0].value, "Beta");
}

TEST_F(StoredTraces, hostile_searches_answer_as_harmless_ones) {
  Batch b;
  b.span(trace_id(1), 1, 0, kNow - 10, 5, "n", {b.text("k", "v")});
  insert(b);
  const std::string_view attacks[] = {"' OR 1=1 --",
                                      "\\' OR 1=1 --",
                                      "') OR ('1'='1",
                                      "{p0:String}",
                                      "{p1000:String}",
                                      "\"; DROP TABLE spans; --",
                                      "/* */",
                                      "$$",
                                      "%",
                                      "_",
                                      "\\",
                                      "\\\\",
                                      "\n",
                                      "\t",
                                      "\x01",
                                      "\xff\xfe",
                                      "ʼ",
                                      "％",
                                      "NULL",
                                      "nan",
                                      "-inf",
                                      "9223372036854775808",
                                      "1e400",
                                      "SETTINGS max_threads=1",
                                      "FORMAT JSON",
                                      "INTO OUTFILE '/tmp/x'"};
  for (auto attack : attacks) {
    std::string quoted = "\"";
    for (char c : attack) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    quoted += '"';
    for (const auto& q : {"k:" + quoted, quoted + "=v", quoted, "service:" + quoted,
                          "resource." + std::string("x=") + quoted, "event.name:" + quoted, "error:" + quoted,
                          "exists:" + quoted, "k!=" + quoted + " service:nobody"}) {
      auto list = queries_.spans(caller_, search(q));
      ASSERT_TRUE(list) << q << ": " << list.error().message;
      // "%" and "_" are no wildcards and nothing matches by accident.
      EXPECT_TRUE(list->spans.empty()) << q;
    }
    const auto values = queries_.values(caller_, attack, attack, search("").range);
    EXPECT_TRUE(values) << values.error().message;
    const auto keys = queries_.keys(caller_, attack, search("").range);
    EXPECT_TRUE(keys) << keys.error().message;
    EXPECT_TRUE(queries_.operations(caller_, attack, search("").range));
  }
  EXPECT_EQ(span_ids("k:v"), std::vector<std::uint64_t>{1});
}

TEST_F(StoredTraces, cost_is_searched_as_it_is_shown) {
  Batch b;
  const auto call = [&](std::uint64_t id, std::string_view model, std::int64_t tokens) {
    b.span(trace_id(id), id, 0, kNow - static_cast<std::int64_t>(id), 5, "chat",
           {b.text("gen_ai.operation.name", "chat"), b.text("gen_ai.provider.name", "anthropic"),
            b.text("gen_ai.request.model", model), Batch::number("gen_ai.usage.input_tokens", tokens),
            Batch::number("gen_ai.usage.output_tokens", 1)});
  };
  call(1, "claude-sonnet-4", 1'000'000);
  call(2, "claude-sonnet-4", 10);
  call(3, "a-model-without-price", 1'000'000);
  insert(b);
  const auto found = span_ids("cost>0.5");
  // What the list says of each span decides.
  auto list = queries_.spans(caller_, search(""));
  ASSERT_TRUE(list);
  std::vector<std::uint64_t> expected;
  for (const auto& s : list->spans) {
    const auto cost = cost_of(s.span.usage, {list->pool[s.span.model], list->pool[s.span.provider]},
                              s.span.start, std::nullopt)
                          .best();
    if (cost && *cost > 500'000'000) expected.push_back(s.span.span_id);
  }
  EXPECT_EQ(expected, std::vector<std::uint64_t>{1});  // the one model with a price and a million tokens
  EXPECT_EQ(found, expected);
  EXPECT_EQ(trace_ids("cost>0.5").size(), expected.size());
  const auto dear = queries_.facets(caller_, search("cost>0.5"), false, {"model", "kind"});
  ASSERT_TRUE(dear) << dear.error().message;
  for (const auto& f : *dear) {
    ASSERT_EQ(f.values.size(), 1u) << f.field;
    EXPECT_EQ(f.values[0].count, expected.size()) << f.field;
  }
  EXPECT_TRUE(queries_.timeseries(caller_, search("cost>0.5"), true, 10));
}

TEST_F(StoredTraces, a_rare_attribute_is_found_without_reading_the_whole_table) {
  Batch b;
  constexpr std::uint64_t kSpans = 40'000;
  for (std::uint64_t i = 0; i < kSpans; ++i)
    b.span(trace_id(i / 9), i + 1, 0, kNow - static_cast<std::int64_t>(i) * 1'000, 5, "n",
           {b.text("request.id", "r" + std::to_string(i))});
  insert(b);
  const auto tree = parse_search("request.id:r23456");
  const auto filter = to_filter(tree->get(), {}, 1000);
  Sql sql("SELECT span_id FROM spans WHERE project = ");
  sql.u32(caller_.project) << " AND ";
  sql.append(filter->predicate);
  const auto answer = test::Store::get().engine().query({.sql = sql.text(), .params = sql.params()});
  ASSERT_TRUE(answer) << answer.error().message;
  store::RowReader in(answer->bytes);
  EXPECT_EQ(in.u64(), 23'457u);
  EXPECT_FALSE(in.more());
  EXPECT_LT(answer->rows_read, kSpans / 3);  // granules whose bloom filters know key and value
}

TEST_F(StoredTraces, a_cancelled_caller_stops_the_query) {
  Caller gone = caller_;
  gone.cancelled = [] { return true; };
  // A scan that would take far longer than the pause between two looks at the flag.
  const std::string_view sql = "SELECT count() FROM numbers(1000000000000) WHERE cityHash64(number) = 1";
  const auto start = std::chrono::steady_clock::now();
  const auto answer = test::Store::get().engine().query({.sql = sql, .cancelled = &gone.cancelled});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(8));
}

TEST_F(StoredTraces, structure_follows_the_tree) {
  Batch b("svc");
  const auto x = trace_id(901), y = trace_id(902);
  // x: run > search > llm that fails; y: run > llm that fails, search beside it.
  b.span(x, 1, 0, kNow - kHour, kSecond, "run");
  b.span(x, 2, 1, kNow - kHour + 1, kSecond, "search", {b.text("gen_ai.tool.name", "search")});
  b.span(x, 3, 2, kNow - kHour + 2, kSecond, "step");
  b.span(x, 4, 3, kNow - kHour + 3, kSecond, "model").status = otlp::StatusCode::error;
  b.span(y, 5, 0, kNow - kHour, kSecond, "run");
  b.span(y, 6, 5, kNow - kHour + 1, kSecond, "search", {b.text("gen_ai.tool.name", "search")});
  b.span(y, 7, 5, kNow - kHour + 2, kSecond, "model").status = otlp::StatusCode::error;
  insert(b);
  using Ids = std::vector<std::uint64_t>;
  EXPECT_EQ(span_ids("{name:search} >> {status:error}"), Ids({2}));
  EXPECT_EQ(span_ids("{name:search} > {status:error}"), Ids{});
  EXPECT_EQ(span_ids("{name:run} > {status:error}"), Ids({5}));
  EXPECT_EQ(span_ids("{status:error} << {name:search}"), Ids({4}));
  EXPECT_EQ(span_ids("{name:step} < {name:search}"), Ids({3}));
  EXPECT_EQ(span_ids("{name:run} >> {name:search} >> {name:model}"), Ids({1}));
  EXPECT_EQ(trace_ids("{name:run} >> {status:error} not {name:search} >> {status:error}").size(), 2u);
  EXPECT_EQ(trace_ids("{} > {name:step}"), std::vector<otlp::TraceId>({x}));
  auto bad = queries_.spans(caller_, search("a:1 {duration>5} >> {b:1}"));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().position, 14u);
}

TEST_F(StoredTraces, points_and_what_sets_a_cloud_of_them_apart) {
  Batch b("svc");
  for (std::uint64_t i = 0; i < 20; ++i) {
    const bool slow = i < 6;
    b.span(trace_id(1000 + i), 100 + i, 0, kNow - kHour + static_cast<std::int64_t>(i) * kSecond,
           slow ? 50 * kSecond : kSecond, "run",
           {b.text("shard", slow ? "eu-2" : "eu-1"), b.text("same", "for all"),
            b.text("request", std::to_string(i))});
  }
  insert(b);
  auto request = search("", 5'000);
  const auto points = value(queries_.scatter(caller_, request, true));
  ASSERT_EQ(points.points.size(), 20u);
  EXPECT_FALSE(points.more);
  EXPECT_EQ(points.points.back().duration, static_cast<std::uint64_t>(50 * kSecond));
  EXPECT_FALSE(points.points.front().tokens);
  Cloud cloud;
  cloud.time = {0, INT64_MAX};
  cloud.least = 10 * kSecond;
  for (const bool traces : {true, false}) {
    const auto d = value(queries_.difference(caller_, request, traces, cloud));
    EXPECT_EQ(d.inside, 6u);
    EXPECT_EQ(d.outside, 14u);
    ASSERT_EQ(d.rows.size(), 1u);
    EXPECT_EQ(d.rows[0].key, "shard");
    EXPECT_EQ(d.rows[0].value, "eu-2");
    EXPECT_EQ(d.rows[0].inside, 6u);
    EXPECT_EQ(d.rows[0].outside, 0u);
  }
  request.limit = 3;
  EXPECT_TRUE(value(queries_.scatter(caller_, request, false)).more);
}

TEST_F(StoredTraces, the_context_of_each_call_is_told_by_part) {
  Batch b("svc");
  const auto t = trace_id(1100);
  const auto call = [&](std::uint64_t id, std::int64_t at, std::string_view input) {
    b.span(t, id, 1, kNow - kHour + at, kSecond, "chat",
           {b.text("gen_ai.operation.name", "chat"), b.text("gen_ai.request.model", "m"),
            Batch::number("gen_ai.usage.input_tokens", 10), b.text("gen_ai.input.messages", input)});
  };
  b.span(t, 1, 0, kNow - kHour, 10 * kSecond, "run");
  call(
      2, 1,
      R"([{"role":"system","parts":[{"type":"text","content":"abcd"}]},{"role":"user","parts":[{"type":"text","content":"hi"}]}])");
  call(
      3, 2 * kSecond,
      R"([{"role":"system","parts":[{"type":"text","content":"abcd"}]},{"role":"user","parts":[{"type":"text","content":"hi"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"look","arguments":{"a":1}}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","result":"found"}]}])");
  insert(b);
  const auto index = value(queries_.trace(caller_, t));
  const auto context = value(queries_.context(caller_, *index));
  ASSERT_EQ(context.calls.size(), 2u);
  EXPECT_EQ(context.calls[0].resent_messages, 0u);
  EXPECT_EQ(context.calls[1].messages, 4u);
  EXPECT_EQ(context.calls[1].resent_messages, 2u);
  std::uint64_t fresh = 0;
  bool result = false;
  for (const auto& p : context.calls[1].parts) {
    fresh += p.new_bytes;
    if (p.type != ContextPart::Type::tool_result) continue;
    result = true;
    EXPECT_EQ(p.name, "look");
    EXPECT_EQ(p.bytes, 5u);
  }
  EXPECT_TRUE(result);
  EXPECT_EQ(fresh, 5u + 7u);  // the result, and {"a":1}
}

TEST_F(StoredTraces, spans_that_have_begun_are_told_from_those_that_ended) {
  Batch b("svc");
  const auto t = trace_id(1150);
  // As Logfire sends them: a span of its own below the one that it announces.
  const auto begun = [&](std::uint64_t id, std::uint64_t of, std::string_view parent, otlp::KeyValue more) {
    b.span(t, id, of, kNow - kHour, 0, "run",
           {b.text("logfire.span_type", "pending_span"), b.text("logfire.pending_parent_id", parent), more});
  };
  begun(100, 1, "0000000000000000", b.text("gen_ai.operation.name", "invoke_agent"));
  begun(101, 2, "0000000000000001", b.text("gen_ai.tool.name", "look"));
  b.span(t, 3, 2, kNow - kHour + kSecond, kSecond, "tool");
  b.span(t, 4, 1, kNow - kHour + kSecond, 0, "no end").end_unix_nano = 0;
  insert(b);
  const auto index = value(queries_.trace(caller_, t));
  EXPECT_TRUE(index->size() == 4 && index->complete());
  EXPECT_EQ(index->nodes()[index->find(3)].depth, 2u);
  for (const std::uint64_t id : {100, 101, 4}) EXPECT_TRUE(index->spans()[index->find(id)].unfinished) << id;
  EXPECT_EQ(index->spans()[index->find(100)].kind, static_cast<std::uint8_t>(genai::Kind::agent));
  EXPECT_EQ(index->spans()[index->find(101)].kind, static_cast<std::uint8_t>(genai::Kind::tool));
  EXPECT_EQ(minimap(*index)[0].duration, static_cast<std::uint64_t>(2 * kSecond));
  Batch ended("svc");
  ended.span(t, 2, 1, kNow - kHour, 2 * kSecond, "chat");
  insert(ended);
  const auto later = value(queries_.trace(caller_, t));
  EXPECT_EQ(later->find(101), later->find(2));
  EXPECT_FALSE(later->spans()[later->find(2)].unfinished);
}

TEST_F(StoredTraces, messages_that_a_call_before_sent_or_got_are_not_new) {
  Batch b;
  const auto t = trace_id(9001);
  const auto message = [](std::string_view role, std::string_view text) {
    return std::string(R"({"role":")") + std::string(role) + R"(","parts":[{"type":"text","content":")" +
           std::string(text) + R"("}]})";
  };
  const auto call = [&](std::uint64_t id, std::int64_t at, const std::string& in, const std::string& out) {
    b.span(t, id, 1, kNow + at * kSecond, kSecond / 2, "chat",
           {b.text("gen_ai.operation.name", "chat"), b.text("gen_ai.input.messages", "[" + in + "]"),
            b.text("gen_ai.output.messages", "[" + out + "]")});
  };
  b.span(t, 1, 0, kNow, 10 * kSecond, "agent");
  const auto asked = message("user", "first question"), said = message("assistant", "first answer"),
             more = message("user", "second question");
  call(2, 1, asked, said);
  call(3, 2, asked + "," + said + "," + more, message("assistant", "second answer"));
  insert(b);
  const auto trace = value(queries_.trace(caller_, t));
  const auto first = value(queries_.said_before(caller_, *trace, trace->find(2)));
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->empty()) << "nothing was said before the first call";
  const auto second = value(queries_.said_before(caller_, *trace, trace->find(3)));
  ASSERT_TRUE(second);
  const auto stored = value(queries_.span(caller_, *trace, 3));
  const auto view = genai::view(stored->spans[0].span, {}, {});
  ASSERT_EQ(view.input.size(), 3u);
  EXPECT_TRUE(second->contains(part_hash(view.input[0].message.parts[0])));
  EXPECT_TRUE(second->contains(part_hash(view.input[1].message.parts[0]))) << "what it answered itself";
  EXPECT_FALSE(second->contains(part_hash(view.input[2].message.parts[0])));
  EXPECT_FALSE(value(queries_.said_before(caller_, *trace, trace->find(1)))) << "no model call";
}

TEST_F(StoredTraces, log_records_join_their_span_as_they_were_received) {
  Batch b;
  const auto t = trace_id(9002);
  b.span(t, 1, 0, kNow, kSecond, "chat m", {b.text("gen_ai.operation.name", "chat")});
  b.span(t, 2, 1, kNow, kSecond, "other");
  insert(b);
  otlp::LogRecord question, choice, elsewhere;
  question.trace_id = t;
  question.span_id = 1;
  question.time_unix_nano = static_cast<std::uint64_t>(kNow) + 5;
  question.event_name = "gen_ai.user.message";
  question.severity_number = 9;
  otlp::KeyValue content{"content", {}};
  content.value.type = otlp::AnyValue::Type::string;
  content.value.text = "Where is my \"order\"?";
  question.body.type = otlp::AnyValue::Type::kvlist;
  question.body.fields = {&content, 1};
  const otlp::KeyValue system = b.text("gen_ai.system", "openai");
  question.attributes = {&system, 1};
  choice = question;
  choice.event_name = "gen_ai.choice";
  choice.time_unix_nano += 1;
  choice.body = {};
  choice.body.type = otlp::AnyValue::Type::string;
  choice.body.text = "plain text";
  elsewhere = question;
  elsewhere.span_id = 2;
  test::Store::get().insert_as<store::LogBlock>("logs", caller_.project, "svc",
                                                std::vector{choice, question, elsewhere, question}, kNow);
  const auto trace = value(queries_.trace(caller_, t));
  const auto logs = value(queries_.span_logs(caller_, *trace, trace->find(1)));
  ASSERT_EQ(logs->records.size(), 2u) << "its own, in order of time, the one sent twice once";
  EXPECT_FALSE(logs->more);
  EXPECT_EQ(logs->records[0].event_name, "gen_ai.user.message");
  ASSERT_EQ(logs->records[0].body.type, otlp::AnyValue::Type::kvlist);
  EXPECT_EQ(logs->records[0].body.fields[0].value.text, "Where is my \"order\"?");
  ASSERT_EQ(logs->records[0].attributes.size(), 1u);
  EXPECT_EQ(logs->records[0].attributes[0].value.text, "openai");
  EXPECT_EQ(logs->records[1].body.text, "plain text");
  EXPECT_EQ(logs->lines[0].severity, 9);
  EXPECT_TRUE(logs->lines[0].body_is_json);
  // What the record says is what the span's view shows.
  std::vector<const otlp::LogRecord*> records{&logs->records[0]};
  const auto stored = value(queries_.span(caller_, *trace, 1));
  const auto view = genai::view(stored->spans[0].span, {}, {}, records);
  ASSERT_EQ(view.input.size(), 1u);
  EXPECT_EQ(view.input[0].message.role, "user");
}

TEST_F(StoredTraces, metrics_are_series_by_attribute) {
  Batch b;
  const auto point = [&](std::int64_t second, std::int64_t start, std::uint64_t count, double sum,
                         std::vector<std::uint64_t>& buckets, const std::vector<double>& bounds,
                         const otlp::KeyValue& type) {
    otlp::HistogramPoint p;
    p.time_unix_nano = static_cast<std::uint64_t>(kNow + second * kSecond);
    p.start_unix_nano = static_cast<std::uint64_t>(kNow + start * kSecond);
    p.count = count;
    p.sum = sum;
    p.has_sum = true;
    p.bucket_counts = buckets;
    p.bounds = bounds;
    p.attributes = {&type, 1};
    return p;
  };
  const auto input = b.text("gen_ai.token.type", "input"), output = b.text("gen_ai.token.type", "output");
  const std::vector<double> bounds{10, 100, 1'000};
  std::vector<std::uint64_t> none{1, 0, 0, 0}, some{1, 4, 0, 0}, more{1, 4, 5, 0};
  const std::vector<otlp::HistogramPoint> points{
      point(-30, -600, 1, 5, none, bounds, input), point(30, -600, 5, 205, some, bounds, input),
      point(90, -600, 10, 2'705, more, bounds, input), point(30, 10, 5, 50, some, bounds, output)};
  otlp::Metric tokens;
  tokens.name = "gen_ai.client.token.usage";
  tokens.unit = "{token}";
  tokens.type = otlp::MetricType::histogram;
  tokens.temporality = otlp::Temporality::cumulative;
  tokens.histograms = points;
  std::vector<otlp::NumberPoint> numbers(2);
  for (std::size_t i = 0; i < 2; ++i) {
    numbers[i].time_unix_nano =
        static_cast<std::uint64_t>(kNow + static_cast<std::int64_t>(i) * 60 * kSecond);
    numbers[i].value.type = otlp::AnyValue::Type::integer;
    numbers[i].value.integer = static_cast<std::int64_t>(i) + 2;
  }
  otlp::Metric active;
  active.name = "agent.active_turns";
  active.type = otlp::MetricType::gauge;
  active.numbers = numbers;
  test::Store::get().insert_as<store::MetricBlock>("metrics", caller_.project, "shop",
                                                   std::vector{tokens, active}, kNow);

  const TimeRange range{kNow, kNow + 120 * kSecond};
  const auto list = value(queries_.metrics(caller_, range));
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_EQ(list.items[0].name, "agent.active_turns");
  EXPECT_EQ(list.items[1].unit, "{token}");
  EXPECT_EQ(list.items[1].attributes, std::vector<std::string>{"gen_ai.token.type"});
  EXPECT_EQ(list.items[1].services, std::vector<std::string>{"shop"});

  MetricRequest r;
  r.name = "gen_ai.client.token.usage";
  r.ask.range = range;
  r.ask.step = 60 * kSecond;
  r.by = {"gen_ai.token.type"};
  const auto sums = value(queries_.metric(caller_, r));
  ASSERT_EQ(sums.series.size(), 2u);
  EXPECT_EQ(sums.series[0].key, std::vector<std::string>{"input"}) << "the largest first";
  EXPECT_EQ(sums.series[0].values, (std::vector<std::optional<double>>{200, 2'500}));
  EXPECT_EQ(sums.series[1].values, (std::vector<std::optional<double>>{50, std::nullopt}))
      << "began in the range";
  r.ask.function = MetricFunction::quantile;
  r.ask.quantile = 0.5;
  r.where = {{"gen_ai.token.type", "input"}, {"service", "shop"}};
  const auto median = value(queries_.metric(caller_, r));
  ASSERT_EQ(median.series.size(), 1u);
  EXPECT_EQ(median.series[0].values[0], 55) << "in the middle of (10, 100]";
  EXPECT_EQ(median.series[0].values[1], 550);
  r.where = {{"gen_ai.token.type", "x"}};
  const auto nothing = queries_.metric(caller_, r);
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().kind, ErrorKind::not_found);
  r.ask.step = 1;
  EXPECT_EQ(queries_.metric(caller_, r).error().field, "step");
  MetricRequest g;
  g.name = "agent.active_turns";
  g.ask = r.ask;
  g.ask.step = 60 * kSecond;
  g.ask.function = MetricFunction::last;
  EXPECT_EQ(value(queries_.metric(caller_, g)).series.at(0).values,
            (std::vector<std::optional<double>>{2, 3}));
  Caller other;
  other.project = caller_.project + 1'000;
  EXPECT_TRUE(value(queries_.metrics(other, range)).items.empty());
}

}  // namespace
}  // namespace turnscope::query
