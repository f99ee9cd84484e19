// scripted_model_server [--port N] [--script FILE]: prints one line of JSON with its address, serves until
// SIGTERM or SIGINT.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <fstream>
#include <sstream>

#include "examples/agent/model_server/server.h"

int main(int argc, char** argv) {
  using namespace turnscope::example;
  CLI::App app("A scripted model that speaks Anthropic's Messages API on 127.0.0.1", "scripted_model_server");
  ModelServerOptions options;
  std::string file;
  app.add_option("--port", options.port, "port; 0 picks a free one")->capture_default_str();
  app.add_option("--script", file, "JSON script (see model_server/script.h); default: the bundled one")
      ->check(CLI::ExistingFile);
  CLI11_PARSE(app, argc, argv);

  Script script = Script::bundled();
  if (!file.empty()) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    auto parsed = Script::parse(text.str());
    if (!parsed) {
      fmt::print(stderr, "{}: {}\n", file, parsed.error());
      return 2;
    }
    script = *parsed;
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread starts: sigwait below takes them
  std::signal(SIGPIPE, SIG_IGN);
  auto server = ModelServer::start(options, std::move(script));
  if (!server) {
    fmt::print(stderr, "{}\n", server.error());
    return 1;
  }
  fmt::print("{{\"base_url\":\"{}\"}}\n", (*server)->base_url());
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  return 0;
}
