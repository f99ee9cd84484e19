// Test helpers: a far side over HTTP that answers as it is told and keeps what it took; a log with spans in
// it.
#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "log/testing.h"
#include "net/http_server.h"
#include "otlp/decode.h"
#include "receivers/decompress.h"
#include "sinks/otlp_exporter/exporter.h"

namespace turnscope::sinks::testing {

struct Received {
  net::HttpRequest request;
  std::vector<std::string> spans;  ///< names
  std::chrono::steady_clock::time_point at;
};

inline std::vector<std::string> names_in(std::string_view protobuf) {
  otlp::Arena arena;
  otlp::DecodeReport report;
  std::vector<std::string> names;
  const auto t = otlp::decode_traces_protobuf(protobuf, arena, {}, report);
  if (!t) return names;
  for (const auto& rs : t->resources)
    for (const auto& ss : rs.scopes)
      for (const auto& s : ss.spans) names.emplace_back(s.name);
  return names;
}

class FarSide {
 public:
  /// Asked for each request; the default takes everything.
  using Answer = std::function<net::HttpResponse(const Received&, std::size_t nth)>;
  explicit FarSide(Answer answer = {}) : answer_(std::move(answer)) {
    auto server =
        net::HttpServer::listen({}, [this](net::HttpRequest r, std::shared_ptr<net::Responder> responder) {
          Received got{r, {}, std::chrono::steady_clock::now()};
          const auto encoding = r.header("content-encoding");
          const auto kind = encoding == "gzip"   ? receivers::Compression::gzip
                            : encoding == "zstd" ? receivers::Compression::zstd
                                                 : receivers::Compression::none;
          std::string plain = r.body;
          if (kind != receivers::Compression::none)
            if (const auto inflated = receivers::decompress(kind, r.body, 64u << 20))
              plain = inflated->view();
          got.request.body = plain;
          if (r.path.ends_with("/v1/traces") && r.header("content-type") != "application/json")
            got.spans = names_in(plain);
          std::unique_lock lock(mutex_);
          const auto nth = seen_++;
          const auto reply = answer_ ? answer_(got, nth) : net::HttpResponse{};
          if (reply.status == 200) {
            for (const auto& n : got.spans) ++taken_[n];
            accepted_.push_back(got);
          } else {
            refused_.push_back(got);
          }
          lock.unlock();
          responder->send(reply);
        });
    if (!server) throw std::runtime_error(server.error().message);
    server_ = std::move(*server);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  void answer(Answer a) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(a);
  }
  std::map<std::string, std::size_t> taken() const {
    const std::lock_guard lock(mutex_);
    return taken_;
  }
  std::vector<Received> accepted() const {
    const std::lock_guard lock(mutex_);
    return accepted_;
  }
  std::vector<Received> refused() const {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

 private:
  mutable std::mutex mutex_;
  Answer answer_;
  std::size_t seen_ = 0;
  std::map<std::string, std::size_t> taken_;
  std::vector<Received> accepted_, refused_;
  std::unique_ptr<net::HttpServer> server_;
};

/// One span with what the tests look at; ids follow from `trace` and `span`.
struct SpanSpec {
  std::string name;
  std::uint64_t trace = 1, span = 1, parent = 0;
  bool error = false;
  std::string service = "shop";
  std::vector<std::pair<std::string, std::string>> attributes = {};
  std::uint64_t start = 1'000'000'000, end = 1'001'000'000;
};

inline otlp::TraceId trace_id(std::uint64_t n) {
  otlp::TraceId id{};
  for (int i = 0; i < 8; ++i) id[15 - i] = static_cast<std::uint8_t>(n >> (8 * i));
  id[0] = 1;
  return id;
}

inline std::string request_of(const std::vector<SpanSpec>& specs) {
  std::string out;
  for (const auto& s : specs) {
    std::vector<otlp::KeyValue> attributes;
    for (const auto& [k, v] : s.attributes) {
      otlp::KeyValue kv{k, {}};
      kv.value.type = otlp::AnyValue::Type::string;
      kv.value.text = v;
      attributes.push_back(kv);
    }
    otlp::KeyValue service{"service.name", {}};
    service.value.type = otlp::AnyValue::Type::string;
    service.value.text = s.service;
    otlp::Span span;
    span.trace_id = trace_id(s.trace);
    span.span_id = s.span;
    span.parent_span_id = s.parent;
    span.name = s.name;
    span.start_unix_nano = s.start;
    span.end_unix_nano = s.end;
    span.attributes = attributes;
    if (s.error) span.status = otlp::StatusCode::error;
    otlp::ScopeSpans ss;
    ss.spans = std::span(&span, 1);
    otlp::ResourceSpans rs;
    rs.resource.attributes = std::span(&service, 1);
    rs.scopes = std::span(&ss, 1);
    otlp::encode_protobuf(otlp::Traces{std::span(&rs, 1)}, out);
  }
  return out;
}

class ExporterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    log_ = log::testing::open_or_die(posix_filesystem(), log::testing::small_options(folder_ / "log"));
  }
  void TearDown() override {
    exporter_.reset();
    log_.reset();
  }
  void put(const std::vector<SpanSpec>& specs, std::int64_t received = system_clock().unix_nanos()) {
    const auto done =
        log::testing::append(*log_, request_of(specs),
                             {log::Signal::traces, 1, received, static_cast<std::uint32_t>(specs.size())});
    ASSERT_TRUE(done) << done.error().message;
  }
  static ExporterOptions options(const std::string& url) {
    ExporterOptions o;
    o.name = "far";
    o.endpoint = url;
    o.linger = std::chrono::milliseconds(5);
    o.retry_first = std::chrono::milliseconds(5);
    o.retry_most = std::chrono::milliseconds(50);
    return o;
  }
  OtlpExporter& start(ExporterOptions o) {
    exporter_ = std::make_unique<OtlpExporter>(std::move(o), ExporterPlace{folder_ / "far", 0}, *log_,
                                               system_clock());
    const auto ok = exporter_->start();
    if (!ok) throw std::runtime_error(ok.error().message);
    return *exporter_;
  }
  bool caught_up() const { return exporter_->health().lag_records == 0; }

  log::testing::TemporaryDirectory folder_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<OtlpExporter> exporter_;
};

using log::testing::eventually;

}  // namespace turnscope::sinks::testing
