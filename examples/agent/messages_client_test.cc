// The client against the scripted server over real sockets.
#include "examples/agent/messages_client.h"

#include <gmock/gmock.h>

#include <thread>

#include "examples/agent/model_server/server.h"
#include "examples/agent/prices.h"

namespace turnscope::example {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

class MessagesApi : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = ModelServer::start({}, Script::bundled());
    ASSERT_TRUE(started) << started.error();
    server_ = std::move(*started);
  }
  ClientOptions options() const {
    return {.base_url = server_->base_url(), .api_key = "test", .max_retries = 2, .initial_backoff = 1ms};
  }
  static ModelRequest ask(std::string_view question, bool stream) {
    ModelRequest request{.model = "claude-sonnet-4-5", .stream = stream};
    request.messages.push_back(json::object{{"role", "user"}, {"content", question}});
    return request;
  }
  std::unique_ptr<ModelServer> server_;
};

TEST_F(MessagesApi, streamed_and_plain_replies_are_the_same_message) {
  MessagesClient client(options());
  std::string shown;
  const auto streamed =
      client.create(ask("Was order 1042 charged twice?", true), {.on_text = [&](auto t) { shown += t; }});
  const auto plain = client.create(ask("Was order 1042 charged twice?", false));
  ASSERT_TRUE(streamed) << streamed.error().message;
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(streamed->text(), plain->text());
  EXPECT_EQ(shown, plain->text());
  EXPECT_EQ(streamed->stop_reason, "tool_use");
  EXPECT_EQ(streamed->content[1].at("input"), plain->content[1].at("input"));
  EXPECT_EQ(streamed->usage.output_tokens, plain->usage.output_tokens);
  EXPECT_EQ(streamed->usage.cache_read_input_tokens, plain->usage.cache_read_input_tokens);
  EXPECT_NE(streamed->id, plain->id);
  EXPECT_TRUE(streamed->first_token.has_value());
  EXPECT_FALSE(plain->first_token.has_value());
}

TEST_F(MessagesApi, overload_is_retried_and_retry_after_is_honoured) {
  MessagesClient client(options());
  std::vector<std::chrono::milliseconds> delays;
  const auto began = std::chrono::steady_clock::now();
  const auto reply = client.create(ask("[error 529 times=2 retry-after=0.3] please", true),
                                   {.on_retry = [&](const ModelError& e, auto delay) {
                                     EXPECT_EQ(e.type, "overloaded_error");
                                     delays.push_back(delay);
                                   }});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->attempts, 3);
  EXPECT_THAT(delays, ::testing::ElementsAre(300ms, 300ms));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 600ms);
}

TEST_F(MessagesApi, errors_carry_the_vendors_type_and_are_retried_only_where_it_helps) {
  const std::tuple<int, const char*, int> cases[] = {
      {400, "invalid_request_error", 1}, {401, "authentication_error", 1}, {404, "not_found_error", 1},
      {413, "request_too_large", 1},     {429, "rate_limit_error", 3},     {500, "api_error", 3},
      {529, "overloaded_error", 3}};
  MessagesClient client(options());
  for (const auto& [status, type, attempts] : cases) {
    const auto reply = client.create(ask("[error " + std::to_string(status) + "]", false));
    ASSERT_FALSE(reply) << status;
    EXPECT_EQ(reply.error().http_status, status);
    EXPECT_EQ(reply.error().type, type);
    EXPECT_EQ(reply.error().attempts, attempts) << status;
    EXPECT_THAT(reply.error().request_id, HasSubstr("req_"));
  }
}

TEST_F(MessagesApi, without_a_key_the_server_refuses) {
  ClientOptions without = options();
  without.api_key.clear();
  EXPECT_EQ(MessagesClient(without).create(ask("hi", true)).error().type, "authentication_error");
}

TEST_F(MessagesApi, a_server_that_is_gone_is_a_connection_error) {
  const ClientOptions gone = options();
  server_.reset();
  const auto reply = MessagesClient(gone).create(ask("hi", true));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().type, "connection_error");
  EXPECT_EQ(reply.error().attempts, 3);
}

TEST_F(MessagesApi, stopping_the_server_cuts_a_slow_answer) {
  MessagesClient client([&] {
    auto o = options();
    o.max_retries = 0;
    return o;
  }());
  std::thread stopper([&] {
    while (server_->requests() == 0) std::this_thread::yield();
    server_.reset();
  });
  const auto reply = client.create(ask("[slow]", false));
  stopper.join();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().http_status, 0);
}

TEST_F(MessagesApi, a_body_beyond_the_limit_is_request_too_large) {
  auto small = ModelServer::start({.max_body_bytes = 1'000}, Script::bundled());
  ASSERT_TRUE(small);
  ClientOptions to_small = options();
  to_small.base_url = (*small)->base_url();
  const auto reply = MessagesClient(to_small).create(ask(std::string(5'000, 'x'), false));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().type, "request_too_large");
  EXPECT_EQ(reply.error().attempts, 1);
}

TEST(Prices, every_bucket_has_its_price_and_unknown_models_have_none) {
  const ModelUsage usage{.input_tokens = 1'000,
                         .output_tokens = 100,
                         .cache_read_input_tokens = 10'000,
                         .cache_creation_input_tokens = 2'000};
  EXPECT_DOUBLE_EQ(*cost_usd("claude-sonnet-4-5-20250929", usage), 0.003 + 0.0015 + 0.003 + 0.0075);
  EXPECT_FALSE(cost_usd("gpt-9", usage).has_value());
}

}  // namespace
}  // namespace turnscope::example
