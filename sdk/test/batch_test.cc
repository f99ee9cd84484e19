#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "memory_transport.h"

namespace turnscope::sdk::test {
namespace {

using testing::Each;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

SendResult refused(bool retryable, std::string message = "no") {
  SendResult r;
  r.retryable = retryable;
  r.message = std::move(message);
  return r;
}

struct Batch : testing::Test {
  std::shared_ptr<Collector> collector = std::make_shared<Collector>();
  Config config = memory_config(collector);
};

TEST_F(Batch, full_queue_drops_with_a_count_and_never_waits) {
  collector->hold = true;
  config.batch.max_queue_size = 100;
  config.batch.max_export_batch_size = 10;
  TracerProvider p(config);
  const Tracer t = p.tracer("s");
  for (int i = 0; i < 10; ++i) t.start("first");
  collector->wait_for_held_request();  // the collector hangs from now on
  for (int i = 0; i < 1000; ++i) t.start("s");
  TraceStats stats = p.stats();
  EXPECT_EQ(stats.ended, 1010u);
  EXPECT_EQ(stats.queued, 100u);
  EXPECT_EQ(stats.dropped_queue, 910u);
  collector->release();
  EXPECT_TRUE(p.force_flush());
  stats = p.stats();
  EXPECT_EQ(stats.exported, 100u);
  EXPECT_EQ(stats.queued, 0u);
  EXPECT_EQ(stats.queued_bytes, 0u);
  EXPECT_THAT(collector->spans(), SizeIs(100));
}

TEST_F(Batch, queue_is_bounded_in_bytes_too) {
  collector->hold = true;
  config.batch.max_queue_bytes = 64 << 10;
  config.batch.max_export_batch_size = 1;
  TracerProvider p(config);
  const Tracer t = p.tracer("s");
  t.start("first");
  collector->wait_for_held_request();
  const std::string text(10'000, 'x');
  for (int i = 0; i < 100; ++i) t.start("s").set_attribute("text", text);
  t.start("giant").set_attribute("text", std::string(100'000, 'x'));
  EXPECT_LE(p.stats().queued_bytes, 64u << 10);
  EXPECT_EQ(p.stats().queued, 7u);
  EXPECT_EQ(p.stats().dropped_queue, 95u);
  collector->release();
}

TEST_F(Batch, requests_hold_at_most_the_batch_size_in_spans_and_bytes) {
  config.batch.max_export_batch_size = 10;
  config.batch.max_export_batch_bytes = 4096;
  TracerProvider p(config);
  const Tracer t = p.tracer("s");
  for (int i = 0; i < 95; ++i) t.start("small");
  for (int i = 0; i < 5; ++i) t.start("big").set_attribute("text", std::string(1500, 'x'));
  ASSERT_TRUE(p.force_flush());
  std::size_t total = 0;
  for (const auto& r : collector->traces) {
    const auto n = read_traces(r).spans.size();
    EXPECT_LE(n, 10u);
    EXPECT_LE(r.size(), 4096u + 1024);  // the resource comes on top
    total += n;
  }
  EXPECT_EQ(total, 100u);
}

TEST_F(Batch, a_full_batch_goes_out_before_the_delay) {
  config.batch.schedule_delay = 1h;
  config.batch.max_export_batch_size = 20;
  TracerProvider p(config);
  const Tracer t = p.tracer("s");
  for (int i = 0; i < 20; ++i) t.start("s");
  std::unique_lock lock(collector->mutex);
  EXPECT_TRUE(collector->changed.wait_for(lock, 20s, [&] { return !collector->traces.empty(); }));
}

TEST_F(Batch, many_bytes_go_out_before_the_delay) {
  config.batch.schedule_delay = 1h;
  config.batch.max_queue_bytes = 200'000;
  TracerProvider p(config);
  const Tracer t = p.tracer("s");
  for (int i = 0; i < 12; ++i) t.start("s").set_attribute("text", std::string(10'000, 'x'));
  std::unique_lock lock(collector->mutex);
  EXPECT_TRUE(collector->changed.wait_for(lock, 20s, [&] { return !collector->traces.empty(); }));
}

TEST_F(Batch, delay_sends_what_there_is) {
  config.batch.schedule_delay = 10ms;
  TracerProvider p(config);
  p.tracer("s").start("lonely");
  std::unique_lock lock(collector->mutex);
  EXPECT_TRUE(collector->changed.wait_for(lock, 20s, [&] { return !collector->traces.empty(); }));
}

TEST_F(Batch, scopes_of_one_batch_stay_apart) {
  TracerProvider p(config);
  p.tracer("a", "1").start("in a");
  p.tracer("b").start("in b");
  p.tracer("a", "1").start("in a too");
  ASSERT_TRUE(p.force_flush());
  EXPECT_THAT(collector->traces, SizeIs(1));
  EXPECT_EQ(collector->span("in a").scope, "a");
  EXPECT_EQ(collector->span("in a").scope_version, "1");
  EXPECT_EQ(collector->span("in b").scope, "b");
  EXPECT_EQ(collector->span("in a too").scope, "a");
}

TEST_F(Batch, retryable_failure_is_tried_again_and_loses_nothing) {
  collector->answers = {refused(true), refused(true)};
  TracerProvider p(config);
  p.tracer("s").start("s");
  EXPECT_TRUE(p.force_flush());
  EXPECT_THAT(collector->spans(), SizeIs(1));
  EXPECT_EQ(p.stats().exported, 1u);
  EXPECT_EQ(p.stats().dropped_export, 0u);
}

TEST_F(Batch, final_refusal_is_counted_and_the_next_batch_goes_on) {
  collector->answers = {refused(false, "bad request")};
  TracerProvider p(config);
  p.tracer("s").start("lost");
  EXPECT_FALSE(p.force_flush());
  p.tracer("s").start("kept");
  EXPECT_TRUE(p.force_flush());
  EXPECT_EQ(p.stats().dropped_export, 1u);
  EXPECT_EQ(p.stats().exported, 1u);
  EXPECT_EQ(collector->spans().at(0).name, "kept");
}

TEST_F(Batch, partial_success_is_counted_and_said) {
  std::mutex mutex;
  std::vector<std::string> lines;
  set_log_handler([&](LogLevel, std::string_view line) {
    std::lock_guard lock(mutex);
    lines.emplace_back(line);
  });
  SendResult partly;
  partly.ok = true;
  partly.rejected = 2;
  partly.message = "two names are too long";
  collector->answers = {partly};
  TracerProvider p(config);
  for (int i = 0; i < 5; ++i) p.tracer("s").start("s");
  EXPECT_TRUE(p.force_flush());
  set_log_handler(nullptr);
  EXPECT_EQ(p.stats().exported, 3u);
  EXPECT_EQ(p.stats().rejected, 2u);
  std::lock_guard lock(mutex);
  EXPECT_THAT(lines, testing::Contains(testing::HasSubstr("rejected 2 of 5 spans: two names are too long")));
}

TEST_F(Batch, flush_gives_up_after_its_timeout) {
  collector->hold = true;
  TracerProvider p(config);
  p.tracer("s").start("s");
  EXPECT_FALSE(p.force_flush(20ms));
  collector->release();
  EXPECT_TRUE(p.force_flush());
  EXPECT_THAT(collector->spans(), SizeIs(1));
}

TEST_F(Batch, shutdown_with_a_dead_collector_ends_in_time_and_counts_the_loss) {
  collector->hold = true;
  TracerProvider p(config);
  p.tracer("s").start("s");
  const auto from = std::chrono::steady_clock::now();
  EXPECT_FALSE(p.shutdown(50ms));
  EXPECT_LT(std::chrono::steady_clock::now() - from, 20s);
  EXPECT_EQ(p.stats().dropped_export, 1u);
  p.tracer("s").start("after");
  EXPECT_TRUE(p.shutdown());
}

TEST_F(Batch, span_that_ends_after_shutdown_is_counted) {
  TracerProvider p(config);
  Span late = p.tracer("s").start("late");
  EXPECT_TRUE(p.shutdown());
  late.end();
  EXPECT_EQ(p.stats().after_shutdown, 1u);
  EXPECT_THAT(collector->spans(), IsEmpty());
}

TEST_F(Batch, span_that_outlives_its_provider_is_harmless) {
  Span late;
  Tracer tracer;
  {
    TracerProvider p(config);
    tracer = p.tracer("s");
    late = tracer.start("late");
  }
  late.set_attribute("a", 1);
  late.end();
  EXPECT_FALSE(tracer.start("more").recording());
}

TEST_F(Batch, destructor_sends_what_is_queued) {
  {
    TracerProvider p(config);
    p.tracer("s").start("s");
  }
  EXPECT_THAT(collector->spans(), SizeIs(1));
}

TEST_F(Batch, threads_that_end_spans_together_lose_none) {
  config.batch.max_queue_size = 1 << 20;
  config.batch.max_queue_bytes = 1 << 30;
  TracerProvider p(config);
  const Tracer t = p.tracer("s");
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i)
    threads.emplace_back([&, i] {
      for (int k = 0; k < 500; ++k) t.start("s").set_attribute("n", i * 500 + k);
    });
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE(p.force_flush());
  std::set<std::string> seen;
  for (const auto& s : collector->spans()) seen.insert(s.attributes.at("n"));
  EXPECT_THAT(seen, SizeIs(6000));
  EXPECT_EQ(p.stats().exported, 6000u);
}

TEST_F(Batch, span_may_end_on_another_thread) {
  TracerProvider p(config);
  Span s = p.tracer("s").start("s");
  std::thread([moved = std::move(s)]() mutable { moved.set_attribute("where", "there"); }).join();
  ASSERT_TRUE(p.force_flush());
  EXPECT_EQ(collector->spans().at(0).attributes.at("where"), "s:there");
}

/// Sends into a pipe: what arrives outlives the process that sent it.
class PipeTransport final : public Transport {
 public:
  explicit PipeTransport(int fd) : fd_(fd) {}
  SendResult send(std::string_view request, std::chrono::milliseconds,
                  const std::function<bool()>&) override {
    SendResult r;
    r.ok = write(fd_, request.data(), request.size()) == static_cast<ssize_t>(request.size());
    return r;
  }

 private:
  int fd_;
};

TEST(AtExit, exit_sends_what_is_queued_though_no_destructor_runs) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    Config c;
    c.batch.schedule_delay = std::chrono::hours(1);
    c.transport = [&](Signal, const Config&) { return std::make_unique<PipeTransport>(ends[1]); };
    auto* leaked = new TracerProvider(c);
    leaked->tracer("s").start("last words");
    std::exit(0);
  }
  close(ends[1]);
  std::string got;
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
    got.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  const auto seen = read_traces(got);
  ASSERT_THAT(seen.spans, SizeIs(1));
  EXPECT_EQ(seen.spans[0].name, "last words");
}

TEST_F(Batch, child_of_a_fork_sends_nothing_of_its_parents_and_ends) {
  TracerProvider p(config);
  const Tracer t = p.tracer("s");
  t.start("of the parent");
  const pid_t child = fork();
  if (child == 0) {
    Span s = t.start("of the child");
    s.end();
    _exit(p.shutdown(10ms) && !s.recording() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(p.force_flush());
  EXPECT_THAT(collector->spans(), SizeIs(1));
}

TEST_F(Batch, resource_names_the_service_and_what_was_detected) {
  config.service_name = "agent-1";
  config.resource = {
      {"deployment.environment.name", "test"}, {"service.name", "loses"}, {"host.name", "given"}};
  TracerProvider p(config);
  p.tracer("s").start("s");
  ASSERT_TRUE(p.force_flush());
  const auto r = read_traces(collector->traces.at(0)).resource;
  EXPECT_EQ(r.at("service.name"), "s:agent-1");
  EXPECT_EQ(r.at("deployment.environment.name"), "s:test");
  EXPECT_EQ(r.at("host.name"), "s:given");
  EXPECT_EQ(r.at("telemetry.sdk.language"), "s:cpp");
  EXPECT_EQ(r.at("telemetry.sdk.name"), "s:turnscope");
  EXPECT_EQ(r.at("process.pid"), "i:" + std::to_string(getpid()));
  EXPECT_EQ(r.at("os.type"), "s:linux");
  EXPECT_EQ(r.at("service.instance.id").size(), 2 + 36u);
}

}  // namespace
}  // namespace turnscope::sdk::test
