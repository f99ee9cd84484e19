// Micro-benchmarks of the block writer: columns alone, without decoding and without the engine.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "store/native_block.h"
#include "store/span_block.h"

namespace turnscope::store {
namespace {

void low_cardinality_in_runs(benchmark::State& state) {
  std::vector<std::string> keys;
  for (int i = 0; i < 12; ++i) keys.push_back(fmt::format("gen_ai.attribute.number.{}", i));
  LowCardinalityColumn column;
  std::size_t n = 0;
  for (auto _ : state) {
    column.add(keys[n++ % keys.size()]);
    if (n % 1'000'000 == 0) column.clear();
  }
}
BENCHMARK(low_cardinality_in_runs);

void low_cardinality_at_random(benchmark::State& state) {
  std::vector<std::string> keys;
  for (int i = 0; i < 1000; ++i) keys.push_back(fmt::format("operation {}", i * 7919 % 1000));
  LowCardinalityColumn column;
  std::size_t n = 0;
  for (auto _ : state) {
    column.add(keys[n++ * 617 % keys.size()]);
    if (n % 1'000'000 == 0) column.clear();
  }
}
BENCHMARK(low_cardinality_at_random);

/// A completion as the canonical workload has it: 12 attributes, two events of 1,500 and 500 bytes.
void span_into_columns(benchmark::State& state) {
  const std::string in(1500, 'i'), out(500, 'o');
  const auto text = [](std::string_view v) {
    otlp::AnyValue a;
    a.type = otlp::AnyValue::Type::string;
    a.text = v;
    return a;
  };
  std::vector<std::string> names;
  for (int i = 0; i < 12; ++i) names.push_back(fmt::format("gen_ai.attribute.{}", i));
  std::vector<otlp::KeyValue> attributes;
  for (const auto& name : names) attributes.push_back({name, text("a value of some bytes")});
  const std::vector<otlp::KeyValue> question{{"content", text(in)}, {"role", text("user")}};
  const std::vector<otlp::KeyValue> answer{{"content", text(out)}, {"finish_reason", text("end_turn")}};
  const std::vector<otlp::Event> events{
      {.time_unix_nano = 1, .name = "gen_ai.user.message", .attributes = question},
      {.time_unix_nano = 2, .name = "gen_ai.choice", .attributes = answer}};
  otlp::Span span;
  span.name = "gen_ai.completion";
  span.start_unix_nano = 1'700'000'000'000'000'000;
  span.end_unix_nano = span.start_unix_nano + 1'000'000;
  span.attributes = attributes;
  span.events = events;
  otlp::Scope scope;
  RowContext context;
  context.scope = &scope;
  context.service = "agent";
  context.received_unix_nano = 1'700'000'000'000'000'000;
  genai::Columns view;
  genai::columns(span, {}, scope, view);
  SpanBlock block;
  for (auto _ : state) {
    span.span_id += 0x9e3779b97f4a7c15;
    block.add(span, context, span_times(span.start_unix_nano, span.end_unix_nano, context.received_unix_nano),
              view, span.span_id);
    if (block.rows() == 20'000) {
      benchmark::DoNotOptimize(block.native().data());
      block.clear();
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(span_into_columns);

}  // namespace
}  // namespace turnscope::store
