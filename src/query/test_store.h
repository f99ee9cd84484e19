// A real store in a folder of its own, filled as the store writer fills it. One a process: tests keep apart
// by project.
#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "genai/view.h"
#include "query/queries.h"
#include "store/chdb_engine.h"
#include "store/log_block.h"
#include "store/metric_block.h"
#include "store/resource_block.h"
#include "store/schema.h"
#include "store/span_block.h"
#include "store/test_folder.h"
#include "store/trace_block.h"

namespace turnscope::query::test {

inline constexpr std::int64_t kSecond = 1'000'000'000;

/// Spans of one resource and scope, with texts that it keeps.
class Batch {
 public:
  explicit Batch(std::string_view service = "svc") : service_(keep(service)) {}

  std::string_view keep(std::string_view text) { return texts_.emplace_back(text); }
  otlp::KeyValue text(std::string_view key, std::string_view value) {
    otlp::KeyValue kv{keep(key), {}};
    kv.value.type = otlp::AnyValue::Type::string;
    kv.value.text = keep(value);
    return kv;
  }
  static otlp::KeyValue number(std::string_view key, std::int64_t value) {
    otlp::KeyValue kv{key, {}};
    kv.value.type = otlp::AnyValue::Type::integer;
    kv.value.integer = value;
    return kv;
  }
  static otlp::KeyValue real(std::string_view key, double value) {
    otlp::KeyValue kv{key, {}};
    kv.value.type = otlp::AnyValue::Type::real;
    kv.value.real = value;
    return kv;
  }
  static otlp::KeyValue flag(std::string_view key, bool value) {
    otlp::KeyValue kv{key, {}};
    kv.value.type = otlp::AnyValue::Type::boolean;
    kv.value.boolean = value;
    return kv;
  }

  otlp::Span& span(const otlp::TraceId& trace, std::uint64_t id, std::uint64_t parent, std::int64_t start,
                   std::int64_t duration, std::string_view name,
                   std::vector<otlp::KeyValue> attributes = {}) {
    auto& s = spans_.emplace_back();
    s.trace_id = trace;
    s.span_id = id;
    s.parent_span_id = parent;
    s.start_unix_nano = static_cast<std::uint64_t>(start);
    s.end_unix_nano = static_cast<std::uint64_t>(start + duration);
    s.name = keep(name);
    s.kind = otlp::SpanKind::internal;
    s.attributes = attributes_.emplace_back(std::move(attributes));
    return s;
  }
  void events(otlp::Span& span, std::vector<otlp::Event> events) {
    span.events = events_.emplace_back(std::move(events));
  }
  otlp::Attributes attributes(std::vector<otlp::KeyValue> list) {
    return attributes_.emplace_back(std::move(list));
  }
  void resource(std::vector<otlp::KeyValue> extra) { extra_ = std::move(extra); }

  std::deque<otlp::Span>& spans() { return spans_; }
  std::string_view service() const { return service_; }
  const std::vector<otlp::KeyValue>& extra() const { return extra_; }

 private:
  std::deque<std::string> texts_;
  std::deque<otlp::Span> spans_;
  std::deque<std::vector<otlp::KeyValue>> attributes_;
  std::deque<std::vector<otlp::Event>> events_;
  std::string_view service_;
  std::vector<otlp::KeyValue> extra_;
};

inline otlp::TraceId trace_id(std::uint64_t n) {
  otlp::TraceId id{};
  n = n * 0x9e3779b97f4a7c15u + 1;
  for (int i = 0; i < 8; ++i) id[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(n >> (8 * i));
  id[15] = 1;
  return id;
}

class Store {
 public:
  /// The one of this process, opened when first asked for.
  static Store& get() {
    static Store store;
    return store;
  }
  store::Engine& engine() { return *engine_; }
  /// The stricter tier's database beside it, opened when first asked for.
  store::Engine& restricted() {
    if (!restricted_) {
      auto second = store::open_chdb_database(options_, "restricted");
      if (!second) ADD_FAILURE() << second.error().message;
      restricted_ = std::move(*second);
      const auto migrated = store::migrate(*restricted_);
      if (!migrated) ADD_FAILURE() << migrated.error().message;
    }
    return *restricted_;
  }
  std::uint32_t fresh_project() { return next_project_++; }

  /// `share`: texts that repeat earlier ones are stored apart, as the store writer does it.
  void insert(std::uint32_t project, Batch& batch, std::int64_t received,
              store::SharedTexts* share = nullptr) {
    insert(*engine_, project, batch, received, share);
  }
  void insert(store::Engine& into, std::uint32_t project, Batch& batch, std::int64_t received,
              store::SharedTexts* share = nullptr) {
    std::vector<otlp::KeyValue> attributes = batch.extra();
    otlp::KeyValue name{"service.name", {}};
    name.value.type = otlp::AnyValue::Type::string;
    name.value.text = batch.service();
    attributes.push_back(name);
    otlp::Resource resource;
    resource.attributes = attributes;
    otlp::Scope scope;
    scope.name = "test";
    scope.version = "1";
    store::SpanBlock spans;
    store::GramBlock grams;
    store::CallBlock calls;
    spans.index(&words_);
    spans.tell_usage(&calls);
    store::PartBlock parts;
    if (share != nullptr) spans.share(share, &parts);
    store::TraceBlock traces;
    store::ResourceBlock resources;
    store::SeenResources seen;
    store::RowContext context;
    context.project = project;
    context.received_unix_nano = received;
    context.service = batch.service();
    context.resource_id = resources.add(project, resource, batch.service(), received, seen);
    context.scope = &scope;
    context.scope_id = resources.add(project, scope, received, seen);
    genai::Columns view;
    std::uint64_t index = 0;
    const auto position = ++position_;
    for (const auto& span : batch.spans()) {
      genai::columns(span, resource, scope, view);
      const auto times = store::span_times(span.start_unix_nano, span.end_unix_nano, received);
      const auto version = position << 20 | index++;
      spans.add(span, context, times, view, version);
      traces.add(project, span.trace_id, times, span.parent_span_id == 0, view.is_error, version);
    }
    traces.build();
    words_.emit(grams);
    put(into, resources, "resources");
    put(into, grams, "text_grams");
    put(into, calls, "calls");
    put(into, parts, "content_parts");
    put(into, traces, "traces");
    put(into, spans, "spans");
  }
  /// Metrics or log records of one service, as the store writer puts them in.
  template <typename Block, typename Item>
  void insert_as(std::string_view table, std::uint32_t project, std::string_view service,
                 const std::vector<Item>& items, std::int64_t received, store::Engine* into = nullptr) {
    Block block;
    store::RowContext context;
    context.project = project;
    context.received_unix_nano = received;
    context.service = service;
    const auto position = ++position_;
    std::uint64_t index = 0;
    for (const auto& item : items) block.add(item, context, position << 20 | index++);
    put(into ? *into : *engine_, block, table);
  }
  std::uint64_t position() const { return position_; }

 private:
  Store() {
    options_.directory = folder_.path() / "store";
    auto engine = store::open_chdb(options_);
    if (!engine) ADD_FAILURE() << engine.error().message;
    engine_ = std::move(*engine);
    const auto migrated = store::migrate(*engine_);
    if (!migrated) ADD_FAILURE() << migrated.error().message;
  }
  template <typename Block>
  void put(store::Engine& into, Block& block, std::string_view table) {
    if (block.rows() == 0) return;
    const auto token = std::string(table) + std::to_string(position_);
    const auto& pieces = block.native();
    const auto done =
        into.insert({.table = table, .block = pieces, .columns = block.columns(), .token = token});
    if (!done) ADD_FAILURE() << done.error().message;
  }
  TestFolder folder_;
  store::ChdbOptions options_;
  std::unique_ptr<store::Engine> engine_, restricted_;  // the second goes first
  store::GramIndex words_;
  std::uint64_t position_ = 0;
  std::uint32_t next_project_ = 10;
};

/// A clock that stands where it is put.
class FixedClock final : public Clock {
 public:
  explicit FixedClock(std::int64_t now) : now_(now) {}
  std::int64_t unix_nanos() const override { return now_; }
  std::chrono::steady_clock::time_point steady() const override { return std::chrono::steady_clock::now(); }

 private:
  std::int64_t now_;
};

}  // namespace turnscope::query::test
