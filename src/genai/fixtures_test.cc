// Every captured payload gives its expected facts, all of them, and none that it does not carry.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "genai/explain.h"
#include "otlp/decode.h"

namespace turnscope::genai {
namespace {
namespace fs = std::filesystem;

fs::path fixtures() {
  const char* dir = std::getenv("TURNSCOPE_FIXTURES");
  if (dir) return dir;
  const char* source = std::getenv("TURNSCOPE_SOURCE_DIR");
  return fs::path(source ? source : ".") / "tests/fixtures/otlp";
}

std::string read(const fs::path& p) {
  std::ifstream in(p, std::ios::binary);
  std::ostringstream s;
  s << in.rdbuf();
  return s.str();
}

/// Keys that expected.json speaks of (its README); others are this program's own additions.
const std::set<std::string, std::less<>> kSpanKeys{"name",
                                                   "trace_id",
                                                   "parent",
                                                   "scope",
                                                   "kind",
                                                   "provider",
                                                   "request_model",
                                                   "response_model",
                                                   "model",
                                                   "response_id",
                                                   "input_tokens",
                                                   "output_tokens",
                                                   "cache_read_tokens",
                                                   "cache_write_tokens",
                                                   "reasoning_tokens",
                                                   "usage_role",
                                                   "input_excludes_cache",
                                                   "reported_cost_usd",
                                                   "finish_reasons",
                                                   "system_instructions",
                                                   "input_messages",
                                                   "output_messages",
                                                   "input",
                                                   "output",
                                                   "documents",
                                                   "tool_name",
                                                   "tool_call_id",
                                                   "tool_arguments",
                                                   "tool_result",
                                                   "tool_result_length",
                                                   "session_id",
                                                   "user_id",
                                                   "tags",
                                                   "agent_name",
                                                   "workflow_name",
                                                   "trace_name",
                                                   "environment",
                                                   "release",
                                                   "turn_number",
                                                   "agent_max_turns",
                                                   "agent_turns_used",
                                                   "agent_final_answer_length",
                                                   "agent_hit_max_turns",
                                                   "prompt_id",
                                                   "prompt_version",
                                                   "prompt_template",
                                                   "prompt_variables",
                                                   "experiment_id",
                                                   "experiment_variant",
                                                   "experiment_name",
                                                   "dataset_id",
                                                   "dataset_item_id",
                                                   "scores",
                                                   "error",
                                                   "level",
                                                   "status_message",
                                                   "streamed",
                                                   "links",
                                                   "duplicate_of"};
const std::set<std::string, std::less<>> kTotalKeys{"spans", "model_calls", "input_tokens", "output_tokens",
                                                    "reported_cost_usd"};

bool same(const json::value& a, const json::value& b, double tolerance = 0) {
  if (a.is_number() && b.is_number()) {
    const double x = a.to_number<double>(), y = b.to_number<double>();
    return x == y || std::abs(x - y) <= tolerance;
  }
  if (a.kind() != b.kind()) return false;
  if (a.is_object()) {
    const auto &x = a.get_object(), &y = b.get_object();
    if (x.size() != y.size()) return false;
    for (const auto& kv : x) {
      const json::value* o = y.if_contains(kv.key());
      if (!o || !same(kv.value(), *o, tolerance)) return false;
    }
    return true;
  }
  if (a.is_array()) {
    const auto &x = a.get_array(), &y = b.get_array();
    if (x.size() != y.size()) return false;
    for (std::size_t i = 0; i < x.size(); ++i)
      if (!same(x[i], y[i], tolerance)) return false;
    return true;
  }
  return a == b;
}

std::string shown(const json::value* v) {
  if (!v) return "(nothing)";
  std::string s = json::serialize(*v);
  if (s.size() > 400) s.resize(400), s.append("…");
  return s;
}

struct Tally {
  std::size_t matched = 0, expected = 0, extra = 0;
  std::vector<std::string> differences;
  void fact(const std::string& where, const json::value* want, const json::value* got, double tolerance) {
    if (want) ++expected;
    if (want && got && same(*want, *got, tolerance)) {
      ++matched;
      return;
    }
    if (!want) ++extra;
    differences.push_back(
        fmt::format("{}\n      expected {}\n      got      {}", where, shown(want), shown(got)));
  }
  void object(const std::string& where, const json::object& want, const json::object& got,
              const std::set<std::string, std::less<>>& keys) {
    for (const auto& kv : want)
      fact(where + "." + std::string(kv.key()), &kv.value(), got.if_contains(kv.key()),
           std::string_view(kv.key()) == "reported_cost_usd" ? 1e-9 : 0);
    for (const auto& kv : got)
      if (!want.contains(kv.key()) && keys.contains(std::string_view(kv.key())))
        fact(where + "." + std::string(kv.key()), nullptr, &kv.value(), 0);
  }
};

/// `form`: ".pb" or ".json".
Tally check(const fs::path& expected_file, const std::string& form) {
  Tally t;
  const std::string stem = expected_file.string().substr(
      0, expected_file.string().size() - std::string_view(".expected.json").size());
  const auto expected = parse_json(read(expected_file));
  std::vector<ExplainFile> files;
  for (const std::string part : {"", ".logs", ".metrics"})
    if (fs::exists(stem + part + form)) files.push_back({stem + part + form, read(stem + part + form)});
  const auto text = explain_json(files);
  EXPECT_TRUE(expected) << expected_file;
  EXPECT_TRUE(text) << stem << ": " << (text ? "" : text.error().message);
  if (!expected || !text) return t;
  const auto parsed = parse_json(*text);
  EXPECT_TRUE(parsed) << stem;
  if (!parsed) return t;
  const json::object& got = parsed->get_object();
  const auto& want_spans = expected->at("spans").get_object();
  const auto& got_spans = got.at("spans").get_object();
  for (const auto& kv : want_spans) {
    const json::value* g = got_spans.if_contains(kv.key());
    t.object("spans." + std::string(kv.key()), kv.value().get_object(), g ? g->get_object() : json::object{},
             kSpanKeys);
  }
  for (const auto& kv : got_spans)
    if (!want_spans.contains(kv.key())) t.fact("spans." + std::string(kv.key()), nullptr, &kv.value(), 0);
  const auto& want_totals = expected->at("trace_totals").get_object();
  const auto& got_totals = got.at("trace_totals").get_object();
  for (const auto& kv : want_totals) {
    const json::value* g = got_totals.if_contains(kv.key());
    t.object("trace_totals." + std::string(kv.key()), kv.value().get_object(),
             g ? g->get_object() : json::object{}, kTotalKeys);
  }
  const json::value* want_loose = expected->get_object().if_contains("log_events_without_span");
  const json::value* got_loose = got.if_contains("log_events_without_span");
  if (want_loose || got_loose) t.fact("log_events_without_span", want_loose, got_loose, 0);
  return t;
}

void check_all(const std::string& form) {
  std::vector<fs::path> cases;
  for (const auto& e : fs::recursive_directory_iterator(fixtures()))
    if (e.path().string().ends_with(".expected.json")) cases.push_back(e.path());
  std::sort(cases.begin(), cases.end());
  ASSERT_GE(cases.size(), std::getenv("TURNSCOPE_FIXTURES") ? 1u : 119u)
      << "fixtures are missing below " << fixtures();
  std::size_t matched = 0, expected = 0, extra = 0, clean = 0;
  for (const auto& c : cases) {
    const Tally t = check(c, form);
    matched += t.matched, expected += t.expected, extra += t.extra;
    const std::string name = fs::relative(c, fixtures()).string();
    if (t.differences.empty()) {
      ++clean;
      std::printf("%-60s %zu of %zu facts\n", name.c_str(), t.matched, t.expected);
      continue;
    }
    std::printf("%-60s %zu of %zu facts, %zu not in the payload\n", name.c_str(), t.matched, t.expected,
                t.extra);
    for (const auto& d : t.differences) std::printf("    %s\n", d.c_str());
  }
  std::printf("%s: facts matched %zu of %zu, %zu more than expected, %zu of %zu cases whole\n", form.c_str(),
              matched, expected, extra, clean, cases.size());
  EXPECT_EQ(matched, expected);
  EXPECT_EQ(extra, 0u);
}

TEST(Fixtures, every_captured_protobuf_gives_all_of_its_expected_facts_and_no_other) { check_all(".pb"); }
TEST(Fixtures, every_captured_json_gives_all_of_its_expected_facts_and_no_other) { check_all(".json"); }

TEST(Explain, what_cannot_be_read_is_refused_by_file_name) {
  const ExplainFile broken[] = {{"broken.json", "{\"resourceSpans\": ["}};
  const auto r = explain_json(broken);
  ASSERT_FALSE(r);
  EXPECT_NE(r.error().message.find("broken.json"), std::string::npos);
  EXPECT_FALSE(explain_json({}));
}

/// The columns of the store and the facts of `explain` come from one table: they agree on every captured
/// span.
TEST(Columns, agree_with_the_facts_of_every_captured_span) {
  std::size_t spans = 0;
  for (const auto& e : fs::recursive_directory_iterator(fixtures())) {
    const std::string path = e.path().string();
    if (!path.ends_with(".pb") || path.ends_with(".logs.pb") || path.ends_with(".metrics.pb")) continue;
    const std::string bytes = read(e.path());
    otlp::Arena arena;
    otlp::DecodeReport report;
    const auto traces = otlp::decode_traces_protobuf(bytes, arena, {}, report);
    ASSERT_TRUE(traces);
    for (const auto& rs : traces->resources)
      for (const auto& ss : rs.scopes)
        for (const auto& s : ss.spans) {
          ++spans;
          Columns c;
          columns(s, rs.resource, ss.scope, c);
          const SpanView v = view(s, rs.resource, ss.scope);
          SCOPED_TRACE(path + " " + otlp::hex(s.span_id));
          auto text = [&](std::string_view key) {
            const json::value* f = v.facts.if_contains(key);
            if (!f) return std::string();
            return f->is_string() ? std::string(f->get_string().data(), f->get_string().size())
                                  : json::serialize(*f);
          };
          EXPECT_EQ(c.kind, v.kind);
          EXPECT_EQ(c.provider, text("provider"));
          EXPECT_EQ(c.response_model, text("response_model"));
          EXPECT_EQ(c.response_id, text("response_id"));
          if (v.kind != Kind::chain && !v.facts.contains("response_model")) {
            EXPECT_EQ(c.request_model,
                      v.facts.contains("request_model") ? text("request_model") : text("model"));
          }
          EXPECT_EQ(c.region, text("region"));
          EXPECT_EQ(c.tool_name, text("tool_name"));
          EXPECT_EQ(c.agent_name, text("agent_name"));
          EXPECT_EQ(c.session, text("session_id"));
          EXPECT_EQ(c.user, text("user_id"));
          EXPECT_EQ(c.prompt_name, text("prompt_id"));
          EXPECT_EQ(c.prompt_version, text("prompt_version"));
          EXPECT_EQ(c.usage.reported_input ? std::to_string(*c.usage.reported_input) : "",
                    text("input_tokens"));
          EXPECT_EQ(c.usage.reported_output ? std::to_string(*c.usage.reported_output) : "",
                    text("output_tokens"));
          EXPECT_EQ(c.usage.cache_read ? std::to_string(*c.usage.cache_read) : "", text("cache_read_tokens"));
          EXPECT_EQ(c.is_error, v.facts.contains("error"));
          if (const json::value* cost = v.facts.if_contains("reported_cost_usd")) {
            ASSERT_TRUE(c.reported_cost_nano_usd);
            EXPECT_NEAR(static_cast<double>(*c.reported_cost_nano_usd) / 1e9, cost->to_number<double>(),
                        1e-9);
          }
          for (const ContentRef& ref : c.content) {
            const auto& holder =
                ref.event < 0 ? s.attributes : s.events[static_cast<std::size_t>(ref.event)].attributes;
            EXPECT_LT(ref.attribute, holder.size());
          }
        }
  }
  EXPECT_GE(spans, 300u);
}

}  // namespace
}  // namespace turnscope::genai
