// The window finds the same duplicates, span by span, as `turnscope explain` finds over whole runs: in any
// order of arrival, over any cut into requests.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "genai/explain.h"
#include "genai/json.h"
#include "genai/registry.h"
#include "otlp/decode.h"
#include "sinks/call_window.h"

namespace turnscope::sinks {
namespace {
namespace fs = std::filesystem;

std::string read(const fs::path& p) {
  std::ifstream in(p, std::ios::binary);
  std::ostringstream s;
  s << in.rdbuf();
  return s.str();
}

fs::path fixtures() {
  const char* source = std::getenv("TURNSCOPE_SOURCE_DIR");
  return fs::path(source ? source : ".") / "tests/fixtures/otlp";
}

struct OneRun {
  std::vector<SeenCall> calls;
  std::set<std::string> duplicates;  ///< span ids that explain says repeat another, models only
};

OneRun run_of(const std::string& name, const std::string& bytes, otlp::Arena& arena) {
  OneRun run;
  otlp::DecodeReport report;
  const auto traces = otlp::decode_traces_protobuf(bytes, arena, {}, report);
  EXPECT_TRUE(traces);
  if (!traces) return run;
  std::set<std::string> models;
  std::int64_t received = 1'700'000'000'000'000'000;
  for (const auto& rs : traces->resources)
    for (const auto& ss : rs.scopes)
      for (const auto& s : ss.spans) {
        genai::Columns c;
        genai::columns(s, rs.resource, ss.scope, c);
        if (c.kind != genai::Kind::llm && c.kind != genai::Kind::embedding) continue;
        if (is_pending(s)) continue;
        models.insert(otlp::hex(s.span_id));
        run.calls.push_back(
            seen_call(1, s, ss.scope, genai::registry().scope_traits(ss.scope.name), c, received++));
      }
  const genai::ExplainFile file[] = {{name, bytes}};
  const auto text = genai::explain_json(file);
  EXPECT_TRUE(text);
  const auto parsed = genai::parse_json(*text);
  for (const auto& span : parsed->at("spans").as_object())
    if (span.value().as_object().contains("duplicate_of") && models.contains(std::string(span.key())))
      run.duplicates.insert(std::string(span.key()));
  return run;
}

TEST(CallWindow, finds_what_explain_finds_in_any_order_and_cut) {
  std::mt19937 random(3);
  std::size_t runs_with = 0;
  for (const auto& e : fs::recursive_directory_iterator(fixtures())) {
    const auto name = e.path().string();
    if (!name.ends_with(".pb") || name.ends_with(".logs.pb") || name.ends_with(".metrics.pb")) continue;
    otlp::Arena arena;
    const std::string bytes = read(e.path());
    const OneRun run = run_of(name, bytes, arena);
    runs_with += !run.duplicates.empty();
    for (int order = 0; order < 4; ++order) {
      auto calls = run.calls;
      if (order > 0) std::shuffle(calls.begin(), calls.end(), random);
      CallWindow window;
      std::vector<store::DuplicateCall> found;
      const std::size_t step = order == 0 ? calls.size() + 1 : 1 + random() % 4;
      for (std::size_t at = 0; at < calls.size(); at += step)
        window.add({calls.begin() + static_cast<std::ptrdiff_t>(at),
                    calls.begin() + static_cast<std::ptrdiff_t>(std::min(at + step, calls.size()))},
                   found);
      std::set<std::string> ids;
      for (const auto& d : found) ids.insert(otlp::hex(d.span));
      EXPECT_EQ(ids, run.duplicates) << name << " order " << order;
    }
  }
  EXPECT_GE(runs_with, 10u);
}

SeenCall call(std::uint64_t id, std::uint64_t scope, std::uint64_t response) {
  SeenCall c;
  c.trace[0] = 1;
  c.span = id;
  c.start = id * 1'000, c.end = c.start + 100;
  c.scope = scope;
  c.response_id = response;
  c.has_usage = true;
  c.received = static_cast<std::int64_t>(id);
  return c;
}

TEST(CallWindow, one_instrumentation_never_repeats_itself) {
  CallWindow window;
  std::vector<store::DuplicateCall> found;
  std::vector<SeenCall> calls;
  for (std::uint64_t i = 1; i <= 50'000; ++i)
    calls.push_back(call(i, 7, i % 10));  // a mock that repeats its ids
  window.add(calls, found);
  EXPECT_TRUE(found.empty());
}

TEST(CallWindow, traces_may_have_the_same_span_ids) {
  // Nested calls of two traces whose client counts spans from 1: in each the outermost counts.
  std::vector<SeenCall> calls;
  for (std::uint8_t trace = 1; trace <= 2; ++trace)
    for (std::uint64_t id = 1; id <= 9; ++id) {
      auto c = call(id, 7, 0);
      c.trace[0] = trace;
      c.parent = id / 2;
      calls.push_back(c);
    }
  CallWindow window;
  std::vector<store::DuplicateCall> found;
  window.add(calls, found);
  std::map<std::uint8_t, std::set<std::uint64_t>> spans;
  for (const auto& d : found) spans[d.trace[0]].insert(d.span);
  const std::set<std::uint64_t> inner{2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(spans[1], inner);
  EXPECT_EQ(spans[2], inner);
}

TEST(CallWindow, projects_are_apart_and_old_calls_are_forgotten) {
  CallWindow window;
  std::vector<store::DuplicateCall> found;
  auto other = call(2, 8, 5);
  other.project = 2;
  window.add({call(1, 7, 5), other}, found);
  EXPECT_TRUE(found.empty());
  auto late = call(3, 8, 5);
  late.received = CallWindow::kAge + 10;
  window.add({call(4, 7, 6)}, found);
  window.add({late}, found);
  window.add({call(5, 9, 0)}, found);
  EXPECT_EQ(found.size(), 1u);  // the pair is compared once, when the late one comes
}

}  // namespace
}  // namespace turnscope::sinks
