#include "receivers/export_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "base/anomaly.h"
#include "receivers/test_support.h"

namespace turnscope::receivers {
namespace {

using namespace std::chrono_literals;

std::future<ExportReply> send(ExportHandler& handler, std::string bytes,
                              Compression compression = Compression::none) {
  auto promise = std::make_shared<std::promise<ExportReply>>();
  auto kept = std::make_shared<std::string>(std::move(bytes));
  ExportRequest request;
  request.bytes = *kept;
  request.owner = kept;
  request.compression = compression;
  handler.handle(std::move(request), [promise](ExportReply reply) { promise->set_value(std::move(reply)); });
  return promise->get_future();
}

TEST(ExportHandler, a_request_waits_for_room_and_is_served_when_there_is_some) {
  StuckLog log;
  ExportOptions options;
  options.in_flight_bytes = 1'000;
  options.hold = 30s;
  ExportHandler handler(log, options);
  auto first = send(handler, trace_request(1, 900));
  auto second = send(handler, trace_request(1, 400));
  EXPECT_EQ(log.waiting(), 1u);
  EXPECT_EQ(handler.stats().waiting, 1u);
  log.answer();
  EXPECT_FALSE(first.get().error.has_value());
  ASSERT_TRUE(eventually([&] { return log.waiting() == 1; }));
  log.answer();
  EXPECT_FALSE(second.get().error.has_value());
  EXPECT_EQ(handler.stats().in_flight_bytes, 0u);
  EXPECT_EQ(handler.stats().waiting, 0u);
}

TEST(ExportHandler, a_request_that_waited_its_time_is_refused_with_a_delay) {
  StuckLog log;
  ExportOptions options;
  options.in_flight_bytes = 1'000;
  options.hold = 50ms;
  ExportHandler handler(log, options);
  auto first = send(handler, trace_request(1, 900));
  const ExportReply reply = send(handler, trace_request(1, 400)).get();
  ASSERT_TRUE(reply.error.has_value());
  EXPECT_EQ(reply.error->kind, ErrorKind::overloaded);
  EXPECT_TRUE(reply.error->retry_after.has_value());
  EXPECT_THAT(reply.error->message, testing::HasSubstr("limits.in_flight_bytes"));
  log.answer();
  first.get();
}

TEST(ExportHandler, more_than_may_wait_is_refused_at_once) {
  StuckLog log;
  ExportOptions options;
  options.in_flight_bytes = 1'000;
  options.hold = 1h;
  ExportHandler handler(log, options);
  auto first = send(handler, trace_request(1, 900)), second = send(handler, trace_request(1, 400));
  const ExportReply third = send(handler, trace_request(1, 400)).get();
  ASSERT_TRUE(third.error.has_value());
  EXPECT_EQ(third.error->kind, ErrorKind::overloaded);
  log.answer();
  ASSERT_TRUE(eventually([&] { return log.waiting() == 1; }));
  log.answer();
  second.get();
}

TEST(ExportHandler, near_the_memory_ceiling_requests_wait_and_are_refused_until_there_is_room) {
  TestLog log;
  std::atomic<std::uint64_t> resident{900};
  MemoryCeiling ceiling(1'000, [&] { return resident.load(); });
  ExportOptions options;
  options.hold = 30ms;
  options.memory = &ceiling;
  ExportHandler handler(*log, options);
  const auto before = counted(Anomaly::receiver_refused_memory);
  const ExportReply refused = send(handler, trace_request(1, 400)).get();
  ASSERT_TRUE(refused.error.has_value());
  EXPECT_EQ(refused.error->kind, ErrorKind::overloaded);
  EXPECT_TRUE(refused.error->retry_after.has_value());
  EXPECT_THAT(refused.error->message, testing::HasSubstr("memory.max"));
  EXPECT_EQ(counted(Anomaly::receiver_refused_memory) - before, 1u);
  EXPECT_EQ(handler.stats().in_flight_bytes, 0u);
  resident = 100;
  EXPECT_FALSE(send(handler, trace_request(1, 400)).get().error.has_value());
  resident = 475;  // 400 more fit exactly; what it inflates to would not
  const ExportReply bomb = send(handler, gzip(std::string(600'000, '\0')), Compression::gzip).get();
  ASSERT_TRUE(bomb.error.has_value());
  EXPECT_EQ(bomb.error->kind, ErrorKind::overloaded) << bomb.error->message;
}

TEST(ExportHandler, a_model_that_finds_no_memory_is_refused_with_a_delay) {
  TestLog log;
  MemoryCeiling ceiling(1u << 30, [calls = std::make_shared<int>(0)]() -> std::uint64_t {
    return ++*calls == 1 ? 0 : 1u << 30;  // room when it is admitted, none for what decoding needs
  });
  ExportOptions options;
  options.memory = &ceiling;
  ExportHandler handler(*log, options);
  const ExportReply reply = send(handler, trace_request(60'000)).get();
  ASSERT_TRUE(reply.error.has_value());
  EXPECT_EQ(reply.error->kind, ErrorKind::overloaded) << reply.error->message;
  EXPECT_EQ(handler.stats().in_flight_bytes, 0u);
}

TEST(ExportHandler, what_comes_out_of_a_compressed_request_needs_room_too) {
  StuckLog log;
  ExportOptions options;
  options.in_flight_bytes = 100'000;
  options.hold = 30s;
  ExportHandler handler(log, options);
  const std::string body = gzip(trace_request(1, 60'000));
  ASSERT_LT(body.size(), 10'000u);
  auto first = send(handler, body, Compression::gzip);
  EXPECT_EQ(log.waiting(), 1u);
  auto second = send(handler, gzip(trace_request(1, 45'000)), Compression::gzip);
  EXPECT_EQ(log.waiting(), 1u);  // would make 105 KB
  EXPECT_EQ(handler.stats().waiting, 1u);
  EXPECT_LE(handler.stats().in_flight_bytes, 100'000u);
  log.answer();
  EXPECT_FALSE(first.get().error.has_value());
  ASSERT_TRUE(eventually([&] { return log.waiting() == 1; }));
  log.answer();
  EXPECT_FALSE(second.get().error.has_value());
  EXPECT_EQ(handler.stats().in_flight_bytes, 0u);
}

TEST(ExportHandler, a_request_larger_than_all_room_is_served_alone) {
  StuckLog log;
  ExportOptions options;
  options.in_flight_bytes = 1'000;
  ExportHandler handler(log, options);
  auto big = send(handler, trace_request(1, 5'000));
  log.answer();
  EXPECT_FALSE(big.get().error.has_value());
}

TEST(ExportHandler, an_append_that_the_log_cannot_take_yet_is_tried_again) {
  StuckLog log;
  ExportOptions options;
  options.hold = 30s;
  ExportHandler handler(log, options);
  log.refuse(Error(ErrorKind::overloaded, "log.max_bytes is used up", 1s));
  auto reply = send(handler, trace_request());
  EXPECT_TRUE(eventually([&] { return handler.stats().waiting == 1; }));
  log.refuse(std::nullopt);
  ASSERT_TRUE(eventually([&] { return log.waiting() == 1; }));
  log.answer();
  EXPECT_FALSE(reply.get().error.has_value());
  EXPECT_EQ(handler.stats().spans, 1u);
}

TEST(ExportHandler, what_the_log_refuses_for_good_is_told_in_its_words) {
  StuckLog log;
  ExportHandler handler(log, {.limits = {}, .in_flight_bytes = 1u << 20, .hold = 20ms});
  log.refuse(Error(ErrorKind::io, "fdatasync failed", 3s));
  ExportReply reply = send(handler, trace_request()).get();
  EXPECT_EQ(reply.error.value().message, "fdatasync failed");
  log.refuse(Error(ErrorKind::overloaded, "log.max_bytes is used up", 3s));
  reply = send(handler, trace_request()).get();
  EXPECT_EQ(reply.error.value().message, "log.max_bytes is used up");
  EXPECT_EQ(reply.error->retry_after, 3s);
}

TEST(ExportHandler, what_still_waits_is_refused_when_it_ends) {
  StuckLog log;
  std::future<ExportReply> waiting;
  {
    ExportHandler handler(log, {.limits = {}, .in_flight_bytes = 1'000, .hold = 1h});
    send(handler, trace_request(1, 900));
    waiting = send(handler, trace_request(1, 400));
  }
  EXPECT_EQ(waiting.get().error.value().kind, ErrorKind::unavailable);
  log.answer();  // the first one's answer comes after the handler's end
}

TEST(ExportHandler, the_room_of_a_compressed_request_is_given_back_whole) {
  TestLog log;
  ExportHandler handler(*log, {});
  EXPECT_FALSE(send(handler, gzip(trace_request(1, 100'000)), Compression::gzip).get().error.has_value());
  EXPECT_EQ(handler.stats().in_flight_bytes, 0u);
  EXPECT_TRUE(send(handler, gzip("garbage"), Compression::gzip).get().error.has_value());
  EXPECT_EQ(handler.stats().in_flight_bytes, 0u);
}

TEST(ExportHandler, many_threads_lose_nothing) {
  TestLog log;
  ExportHandler handler(*log, {});
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) good += !send(handler, trace_request(3)).get().error.has_value();
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(good, 400);
  EXPECT_EQ(log.records().size(), 400u);
  EXPECT_EQ(handler.stats().spans, 1200u);
}

TEST(ExportHandler, what_came_through_too_many_servers_is_accepted_and_goes_no_further) {
  StuckLog log;
  ExportHandler handler(log, {});
  const auto before = counted(Anomaly::exporter_loop_broken);
  const auto with_hops = [&](std::uint16_t hops) {
    auto promise = std::make_shared<std::promise<ExportReply>>();
    auto kept = std::make_shared<std::string>(trace_request(3, 100));
    ExportRequest request;
    request.bytes = *kept;
    request.owner = kept;
    request.hops = hops;
    handler.handle(std::move(request),
                   [promise](ExportReply reply) { promise->set_value(std::move(reply)); });
    return promise->get_future();
  };
  auto stored = with_hops(kMostHops);
  ASSERT_TRUE(eventually([&] { return log.waiting() == 1; }));
  log.answer();
  EXPECT_FALSE(stored.get().error.has_value());
  EXPECT_EQ(counted(Anomaly::exporter_loop_broken), before);
  EXPECT_FALSE(with_hops(kMostHops + 1).get().error.has_value());
  EXPECT_EQ(log.waiting(), 0u);
  EXPECT_EQ(counted(Anomaly::exporter_loop_broken), before + 3);
  EXPECT_EQ(parse_hops("3"), 3);
  EXPECT_EQ(parse_hops(""), 0);
  EXPECT_EQ(parse_hops("-1"), 0);
  EXPECT_EQ(parse_hops("2x"), 0);
  EXPECT_GT(parse_hops("99999999"), kMostHops);
}

}  // namespace
}  // namespace turnscope::receivers
