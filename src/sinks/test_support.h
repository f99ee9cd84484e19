// For the tests of sinks: a log, an engine and a writer on a folder of their own, and traces to put in.
#pragma once
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/filesystem.h"
#include "log/log.h"
#include "otlp/decode.h"
#include "sinks/store_writer.h"
#include "store/chdb_engine.h"
#include "store/params.h"
#include "store/row_reader.h"
#include "store/schema.h"
#include "store/test_folder.h"

namespace turnscope::sinks::testing {

/// An ExportTraceServiceRequest under construction; keeps what its views point to.
class Batch {
 public:
  otlp::Span& span() { return spans_.emplace_back(); }
  std::string_view text(std::string s) { return texts_.emplace_back(std::move(s)); }
  template <typename T>
  std::span<const T> list(std::vector<T> items) {
    auto kept = std::make_shared<std::vector<T>>(std::move(items));
    keep_.push_back(kept);
    return *kept;
  }
  void resource(std::vector<otlp::KeyValue> attributes) {
    resource_.attributes = list(std::move(attributes));
  }
  otlp::Resource& resource() { return resource_; }
  otlp::Scope& scope() { return scope_; }
  const std::deque<otlp::Span>& spans() const { return spans_; }

  std::string encode() {
    const std::vector<otlp::Span> spans(spans_.begin(), spans_.end());
    const otlp::ScopeSpans scope{scope_, spans};
    const otlp::ResourceSpans resource{resource_, {&scope, 1}};
    std::string out;
    otlp::encode_protobuf(otlp::Traces{{&resource, 1}}, out);
    return out;
  }

 private:
  std::deque<otlp::Span> spans_;
  std::deque<std::string> texts_;
  std::vector<std::shared_ptr<void>> keep_;
  otlp::Resource resource_;
  otlp::Scope scope_;
};

inline otlp::AnyValue str(std::string_view v) {
  otlp::AnyValue a;
  a.type = otlp::AnyValue::Type::string;
  a.text = v;
  return a;
}
inline otlp::AnyValue integer(std::int64_t v) {
  otlp::AnyValue a;
  a.type = otlp::AnyValue::Type::integer;
  a.integer = v;
  return a;
}
inline otlp::AnyValue real(double v) {
  otlp::AnyValue a;
  a.type = otlp::AnyValue::Type::real;
  a.real = v;
  return a;
}
inline otlp::AnyValue boolean(bool v) {
  otlp::AnyValue a;
  a.type = otlp::AnyValue::Type::boolean;
  a.boolean = v;
  return a;
}

inline otlp::TraceId trace_id(std::uint64_t n) {
  otlp::TraceId id{};
  for (int i = 0; i < 8; ++i) id[static_cast<std::size_t>(15 - i)] = static_cast<std::uint8_t>(n >> (8 * i));
  id[0] = 0xab;
  return id;
}

/// `n` spans, span i of trace first / 3, starting a millisecond after each other.
inline std::string simple_batch(std::uint64_t first, std::size_t n, std::int64_t base_nanos) {
  Batch b;
  b.resource({{"service.name", str("shop")}});
  b.scope().name = "test";
  for (std::uint64_t i = first; i < first + n; ++i) {
    auto& s = b.span();
    s.trace_id = trace_id(i / 3 + 1);
    s.span_id = i + 1;
    s.parent_span_id = i % 3 == 0 ? 0 : i;
    s.name = b.text("operation " + std::to_string(i % 7));
    s.start_unix_nano = static_cast<std::uint64_t>(base_nanos) + i * 1'000'000;
    s.end_unix_nano = s.start_unix_nano + 500'000;
    s.attributes = b.list<otlp::KeyValue>({{"n", integer(static_cast<std::int64_t>(i))},
                                           {"text", str(b.text(std::string(50 + i % 400, 'x')))}});
  }
  return b.encode();
}

/// Everything a writer needs, on `folder`; open again after close() to act a restart.
class Rig {
 public:
  explicit Rig(std::filesystem::path folder) : folder_(std::move(folder)) {}
  ~Rig() { close(); }

  void open_log() {
    log::Options options;
    options.directory = folder_ / "log";
    auto opened = log::open_log(posix_filesystem(), system_clock(), options);
    if (!opened) throw std::runtime_error(opened.error().message);
    log_ = std::move(*opened);
  }
  void open_engine() {
    store::ChdbOptions options;
    options.directory = folder_ / "store";
    auto opened = store::open_chdb(options);
    if (!opened) throw std::runtime_error(opened.error().message);
    engine_ = std::move(*opened);
    const auto migrated = store::migrate(*engine_);
    if (!migrated) throw std::runtime_error(migrated.error().message);
  }
  void open(StoreWriterOptions options = {}) {
    open_log();
    open_engine();
    start(std::move(options));
  }
  void start(StoreWriterOptions options = {}) {
    writer_ = std::make_unique<StoreWriter>(*engine_, *log_, system_clock(), std::move(options));
    const auto started = writer_->start();
    if (!started) throw std::runtime_error(started.error().message);
  }
  void close() {
    if (writer_) writer_->stop();
    writer_.reset();
    if (log_) log_->close();
    log_.reset();
    engine_.reset();
  }

  /// Appends and waits until it is durable.
  log::Position append(std::string bytes, log::Signal signal = log::Signal::traces,
                       std::int64_t received = 0) {
    std::promise<Result<log::Position>> promise;
    log::RecordHead head;
    head.signal = signal;
    head.received_unix_nano = received != 0 ? received : system_clock().unix_nanos();
    log_->append(head, log::Payload::of(std::move(bytes)),
                 [&](Result<log::Position> r) { promise.set_value(std::move(r)); });
    auto result = promise.get_future().get();
    EXPECT_TRUE(result) << result.error().message;
    return result ? *result : 0;
  }
  /// Until everything that is durable now is searchable.
  void wait_stored(std::chrono::seconds limit = std::chrono::seconds(60)) {
    const auto until = log_->stats().durable;
    const auto end = std::chrono::steady_clock::now() + limit;
    while (writer_->stored() < until && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (writer_->stored() < until)
      throw std::runtime_error("not stored in time: " + writer_->health().message);
  }
  std::uint64_t number(std::string_view sql, store::Params params = {}) {
    auto answer = engine_->query({.sql = sql, .params = std::move(params)});
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? store::RowReader(answer->bytes).u64() : ~0ull;
  }
  store::Engine& engine() { return *engine_; }
  log::Log& log() { return *log_; }
  StoreWriter& writer() { return *writer_; }

 private:
  std::filesystem::path folder_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<store::Engine> engine_;
  std::unique_ptr<StoreWriter> writer_;
};

}  // namespace turnscope::sinks::testing
