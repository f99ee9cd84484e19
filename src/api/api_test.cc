#include <gtest/gtest.h>
#include <atomic>
#include <thread>

#include <filesystem>
#include <fstream>

#include "api/handlers.h"
#include "api/jaeger.h"
#include "api/json_writer.h"
#include "api/live.h"
#include "api/panel_store.h"
#include "base/anomaly.h"
#include "base/clock.h"
#include "otlp/decode.h"
#include "query/language/ast.h"
#include "store/test_folder.h"

namespace turnscope::api {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonWriter, broken_utf8_becomes_replacement_characters) {
  EXPECT_EQ(json("a\"\\\n\x01"), R"("a\"\\\n\u0001")");
  EXPECT_EQ(json("数é😀"), "\"数é😀\"");
  EXPECT_EQ(json("\xff"), "\"\xef\xbf\xbd\"");
  EXPECT_EQ(json("\xc3"), "\"\xef\xbf\xbd\"");
  EXPECT_EQ(json("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");  // a lone surrogate
  EXPECT_EQ(json("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");                  // overlong
}

TEST(JsonWriter, numbers_that_json_or_a_double_has_not_are_strings) {
  JsonWriter w;
  w.begin_array()
      .value(std::uint64_t{9007199254740992})
      .value(std::uint64_t{9007199254740993})
      .value(std::int64_t{-9007199254740993});
  w.value(0.5)
      .value(std::numeric_limits<double>::quiet_NaN())
      .value(-std::numeric_limits<double>::infinity())
      .end_array();
  EXPECT_EQ(w.text(), R"([9007199254740992,"9007199254740993","-9007199254740993",0.5,"NaN","-Infinity"])");
}

TEST(JsonWriter, texts_are_cut_between_characters) {
  EXPECT_EQ(cut_text("aé", 2), "a");
  EXPECT_EQ(cut_text("aé", 3), "aé");
  EXPECT_EQ(cut_text("😀", 3), "");
}

TEST(Router, patterns_match_whole_paths_only) {
  Router router;
  const auto handler = [](const ApiRequest&) -> query::QueryAnswer<Answer> { return Answer{}; };
  router.add({"GET", "/api/v1/traces", handler, false});
  router.add({"GET", "/api/v1/traces/{id}", handler, false});
  router.add({"GET", "/api/v1/traces/{id}/spans/{span}", handler, false});
  EXPECT_EQ(router.match("GET", "/api/v1/traces").route->pattern, "/api/v1/traces");
  EXPECT_EQ(router.match("HEAD", "/api/v1/traces/").route->pattern, "/api/v1/traces");
  const auto match = router.match("GET", "/api/v1/traces/ab/spans/cd");
  EXPECT_EQ(match.path.at("id"), "ab");
  EXPECT_EQ(match.path.at("span"), "cd");
  for (const auto* path : {"", "/", "/api/v1", "/api/v1/traces/", "/api/v1/traces//spans/x",
                           "/api/v1/traces/a/b", "api/v1/traces", "//api/v1/traces"}) {
    const auto m = router.match("GET", path);
    if (std::string_view(path) == "/api/v1/traces/") continue;
    EXPECT_EQ(m.route, nullptr) << path;
  }
  EXPECT_EQ(router.match("POST", "/api/v1/traces").other_method, "GET");
}

query::QueryAnswer<JaegerSearch> jaeger(const std::vector<std::pair<std::string, std::string>>& parameters) {
  return parse_jaeger_search(parameters, 1'795'000'000'000'000'000);
}

TEST(JaegerSearch, parameters_become_a_search_of_ours) {
  auto s = jaeger({{"service", "a \"b\""},
                   {"operation", "GET /x"},
                   {"tags", R"({"http.status_code":"500","error":"true","span.kind":"client","k":"it's"})"},
                   {"minDuration", "1.2s"},
                   {"maxDuration", "100ms"},
                   {"limit", "7"},
                   {"start", "1794999000000000"},
                   {"end", "1795000000000000"}});
  ASSERT_TRUE(s) << s.error().message;
  EXPECT_EQ(
      s->request.q,
      R"(service:"a \"b\"" name:"GET /x" "http.status_code"=500 error:true span_kind:"client" "k"="it's" duration>=1200000000ns duration<=100000000ns)");
  EXPECT_TRUE(query::parse_search(s->request.q));
  EXPECT_EQ(s->request.limit, 7u);
  EXPECT_EQ(s->request.range.from, 1'794'999'000'000'000'000);
  EXPECT_EQ(jaeger({{"service", "s"}, {"lookback", "1h"}})->request.range.to -
                jaeger({{"service", "s"}, {"lookback", "1h"}})->request.range.from,
            3'600'000'000'000);
}

TEST(JaegerSearch, wrong_parameters_are_named) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"tags", "[1]"},
                                                        {"tags", "{\"a\":"},
                                                        {"tags", "{\"\":\"x\"}"},
                                                        {"tag", "novalue"},
                                                        {"start", "-1"},
                                                        {"start", "x"},
                                                        {"end", "99999999999999999999"},
                                                        {"minDuration", "5"},
                                                        {"limit", "0"},
                                                        {"limit", "x"},
                                                        {"traceID", "zz"},
                                                        {"lookback", "1y"}}) {
    auto s = jaeger({{"service", "s"}, {name, value}});
    ASSERT_FALSE(s) << name << "=" << value;
    EXPECT_EQ(s.error().field, name);
  }
  EXPECT_FALSE(jaeger({{"service", "s"}, {"start", "1795000000000000"}, {"end", "1794000000000000"}}));
}

TEST(StaticUi, nothing_outside_the_folder_is_ever_served) {
  TestFolder folder;
  const auto root = folder.path() / "ui";
  std::filesystem::create_directories(root / "assets");
  std::ofstream(root / "index.html") << "<title>index</title>";
  std::ofstream(root / "assets/app-AbCdEf12.js") << "app";
  std::ofstream(folder.path() / "secret.txt") << "secret";
  std::filesystem::create_symlink(folder.path() / "secret.txt", root / "link.txt");
  std::filesystem::create_directory_symlink(folder.path(), root / "up");
  const StaticUi ui(root);
  EXPECT_EQ(ui.serve("/", "", false).body, "<title>index</title>");
  EXPECT_EQ(ui.serve("/trace/abc", "", false).body, "<title>index</title>");  // the page's own route
  const auto asset = ui.serve("/assets/app-AbCdEf12.js", "", false);
  EXPECT_EQ(asset.body, "app");
  EXPECT_EQ(asset.content_type, "text/javascript; charset=utf-8");
  for (const auto& [name, value] : asset.headers) {
    if (name == "cache-control") {
      EXPECT_NE(value.find("immutable"), std::string::npos);
    }
    if (name == "etag") {
      EXPECT_EQ(ui.serve("/assets/app-AbCdEf12.js", value, false).status, 304);
    }
  }
  for (const auto* path :
       {"/../secret.txt", "/assets/../../secret.txt", "/link.txt", "/up/secret.txt", "//etc/passwd.txt",
        "/./../secret.txt", "/assets/..%2fsecret.txt", "/%2e%2e/secret.txt", "/assets\\..\\secret.txt",
        "/index.html/../../secret.txt", "/.git/config.txt", "/missing.js"}) {
    const auto answer = ui.serve(path, "", false);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.body.find("secret"), std::string::npos) << path;
  }
}

TEST(Gzip, packs_what_zlib_unpacks) {
  const std::string text(10'000, 'a');
  const auto packed = gzip(text, 1);
  EXPECT_LT(packed.size(), 200u);
  EXPECT_EQ(packed.substr(0, 2), "\x1f\x8b");
}

TEST(Errors, have_one_shape) {
  const auto answer = error_answer(query::QueryError(ErrorKind::invalid_argument, "a \"b\"", "q", 3));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body,
            R"({"error":{"kind":"invalid_argument","message":"a \"b\"","field":"q","position":3}})");
  for (int k = 0; k <= static_cast<int>(ErrorKind::internal); ++k)
    EXPECT_GE(status_of(static_cast<ErrorKind>(k)), 400);
}

/// A viewer whose buffer is full: it is open and takes nothing more.
class DeafStream : public net::ResponseStream {
 public:
  bool write(std::string_view) override { return false; }
  void close() override { closed = true; }
  bool open() const override { return !closed; }
  std::atomic<bool> closed{false};
};
class NoEngine : public store::Engine {
 public:
  Result<store::QueryResult> query(const store::Query&) override {
    return fail(ErrorKind::unavailable, "none");
  }
  Status execute(std::string_view, const store::Params&) override { return {}; }
  Status insert(const store::Insert&) override { return {}; }
  std::string version() const override { return "none"; }
};

TEST(PanelStore, keeps_panels_over_a_restart_and_refuses_what_is_wrong) {
  const TestFolder folder;
  const auto path = (folder.path() / "panels.json").string();
  {
    PanelStore panels(path);
    EXPECT_EQ(panels.get().revision, 0u);
    const auto first =
        panels.put(0, std::vector<Panel>{{"Failing tools", "kind:tool status:error", "spans", "tool"}});
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(*first, 1u);
    // Who was not first reads again; what is wrong changes nothing.
    EXPECT_FALSE(panels.put(0, {}));
    EXPECT_FALSE(panels.put(1, std::vector<Panel>{{"", "", "spans", ""}}));
    EXPECT_FALSE(panels.put(1, std::vector<Panel>{{"x", "(", "spans", ""}}));
    EXPECT_FALSE(panels.put(1, std::vector<Panel>{{"x", "", "money", ""}}));
    EXPECT_FALSE(panels.put(1, std::vector<Panel>{{"x", "", "spans", "nonsense"}}));
    EXPECT_FALSE(panels.put(1, std::vector<Panel>(PanelStore::kMost + 1, {"x", "", "spans", ""})));
  }
  {
    PanelStore again(path);
    ASSERT_EQ(again.get().panels.size(), 1u);
    EXPECT_EQ(again.get().revision, 1u);
    EXPECT_EQ(again.get().panels[0].q, "kind:tool status:error");
  }
  std::ofstream(path) << "{\"revision\": 3, \"panels\": [{\"title\": 7}]}";
  PanelStore broken(path);
  EXPECT_TRUE(broken.get().panels.empty());
  EXPECT_TRUE(std::filesystem::exists(path + ".bad"));
  EXPECT_TRUE(broken.put(0, std::vector<Panel>{{"x", "", "p95", ""}}));
}

TEST(LiveHub, a_viewer_that_takes_nothing_more_is_cut_off_and_counted) {
  NoEngine engine;
  query::Queries queries(engine, {}, system_clock());
  LiveHub hub(queries, 10);
  const auto before = counted(Anomaly::live_viewer_dropped);
  const auto stream = std::make_shared<DeafStream>();
  ASSERT_TRUE(hub.add(stream, 1, ""));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (hub.viewers() != 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(hub.viewers(), 0u);
  EXPECT_TRUE(stream->closed);
  EXPECT_EQ(counted(Anomaly::live_viewer_dropped) - before, 1u);
}

/// A client that takes nothing until it is told to.
class SlowStream : public net::ResponseStream {
 public:
  bool write(std::string_view chunk) override {
    const std::lock_guard lock(mutex);
    text.append(chunk);
    return true;
  }
  void close() override {}
  bool open() const override { return true; }
  std::size_t waiting() const override { return lagging ? LiveHub::kSlowBytes + 1 : 0; }
  std::string seen() const {
    const std::lock_guard lock(mutex);
    return text;
  }
  mutable std::mutex mutex;
  std::string text;
  std::atomic<bool> lagging{true};
};

TEST(LiveHub, who_follows_all_or_one_trace_is_told_without_asking_the_store) {
  NoEngine engine;
  query::Queries queries(engine, {}, system_clock());
  LiveHub hub(queries, 10);
  const otlp::TraceId one{1}, two{2};
  std::vector<std::shared_ptr<SlowStream>> streams;
  for (const auto& [project, q] : std::vector<std::pair<std::uint32_t, std::string>>{
           {1, ""}, {1, "trace:" + otlp::hex(one)}, {2, ""}, {1, "kind:llm"}}) {
    streams.push_back(std::make_shared<SlowStream>());
    streams.back()->lagging = false;
    ASSERT_TRUE(hub.add(streams.back(), project, q));
  }
  const auto told = [](const std::string& ids, int spans) {
    return "event: traces\ndata: {\"trace_ids\":[" + ids + "],\"spans\":" + std::to_string(spans) + "}\n\n";
  };
  const auto quoted = [](const otlp::TraceId& id) { return '"' + otlp::hex(id) + '"'; };
  const auto has = [&](std::size_t i, const std::string& text) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (streams[i]->seen().find(text) == std::string::npos && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return streams[i]->seen().find(text) != std::string::npos;
  };
  hub.stored(7, {.traces = {{1, one, 10, 20, 3}, {1, two, 5, 6, 4}}, .told = true});
  EXPECT_TRUE(has(0, told(quoted(one) + "," + quoted(two), 7)));
  EXPECT_TRUE(has(1, told(quoted(one), 3)));
  hub.stored(8, {.traces = {{2, two, 5, 6, 1}}, .told = true});
  EXPECT_TRUE(has(2, told(quoted(two), 1)));
  EXPECT_EQ(streams[0]->seen().find(told(quoted(two), 1)), std::string::npos) << "of another project";
  EXPECT_EQ(streams[3]->seen(), "event: hello\ndata: {}\n\n") << "the store does not answer here";
}

TEST(RecentArrivals, what_came_is_known_as_long_as_all_of_it_was_told) {
  RecentArrivals recent;
  const auto brought = [](std::uint8_t first, std::size_t n) {
    store::Arrivals a;
    a.told = true;
    for (std::size_t i = 0; i < n; ++i)
      a.traces.push_back({1, otlp::TraceId{first, static_cast<std::uint8_t>(i)}, 10, 20, 1});
    return a;
  };
  recent.add(5, brought(1, 2));
  recent.add(9, brought(1, 3));
  const auto both = recent.since(1, 4, 10);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->trace_ids.size(), 3u);
  EXPECT_EQ(both->spans, (std::vector<std::uint64_t>{2, 2, 1}));
  EXPECT_EQ(recent.since(1, 5, 10)->spans, (std::vector<std::uint64_t>{1, 1, 1}));
  EXPECT_TRUE(recent.since(1, 9, 10)->trace_ids.empty());
  EXPECT_TRUE(recent.since(1, 4, 2)->more);
  EXPECT_EQ(recent.since(1, 4, 2)->trace_ids.size(), 2u);
  EXPECT_TRUE(recent.since(2, 4, 10)->trace_ids.empty());
  recent.add(12, {});
  EXPECT_FALSE(recent.since(1, 9, 10)) << "nobody looked at what came then";
  EXPECT_TRUE(recent.since(1, 12, 10));
  for (std::uint64_t p = 13; p < 100; ++p) recent.add(p, brought(2, 1));
  EXPECT_FALSE(recent.since(1, 12, 10)) << "too long ago";
  EXPECT_EQ(recent.since(1, 98, 10)->spans, std::vector<std::uint64_t>{1});
}

TEST(LiveHub, a_viewer_that_lags_is_told_in_sum_once_it_keeps_up) {
  NoEngine engine;
  query::Queries queries(engine, {}, system_clock());
  LiveHub hub(queries, 10);
  EXPECT_FALSE(hub.watched());
  const auto stream = std::make_shared<SlowStream>();
  ASSERT_TRUE(hub.add(stream, 1, ""));
  EXPECT_TRUE(hub.watched());
  hub.stored(7);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  const auto until = [&](auto condition) {
    while (!condition() && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return condition();
  };
  ASSERT_TRUE(until([&] { return hub.summaries() == 1; }));
  EXPECT_EQ(stream->seen(), "event: hello\ndata: {}\n\n");
  stream->lagging = false;
  ASSERT_TRUE(until([&] { return stream->seen().find("event: traces") != std::string::npos; }));
  EXPECT_NE(stream->seen().find(R"({"trace_ids":[],"spans":0,"more":true})"), std::string::npos);
  EXPECT_EQ(hub.summaries(), 1u);
}

}  // namespace
}  // namespace turnscope::api
