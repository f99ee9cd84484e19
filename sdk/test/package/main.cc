#include <turnscope/sdk/sdk.h>
#ifdef WITH_GRPC
#include <turnscope/sdk/grpc.h>
#endif

#include <cstdio>

/// Counts instead of sending.
class Count final : public turnscope::sdk::Transport {
 public:
  turnscope::sdk::SendResult send(std::string_view request, std::chrono::milliseconds,
                                  const std::function<bool()>&) override {
    std::printf("sent %zu bytes\n", request.size());
    turnscope::sdk::SendResult r;
    r.ok = true;
    return r;
  }
};

int main() {
  namespace sdk = turnscope::sdk;
#ifdef WITH_GRPC
  sdk::use_grpc();
#endif
  sdk::Config config;
  config.service_name = "consumer";
  config.transport = [](sdk::Signal, const sdk::Config&) { return std::make_unique<Count>(); };
  auto all = sdk::start(config);
  auto run = all.agent({.agent_name = "a", .provider = "p"}).run({.user_message = "hello"});
  run.finish({.answer = "bye"});
  return all.tracers.force_flush() && all.tracers.stats().exported == 1 ? 0 : 1;
}
