#include "server/serve_command.h"

#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <memory>

#include "base/logger.h"
#include "cli/exit_code.h"
#include "server/config.h"
#include "server/server.h"
#include "server/signals.h"

namespace turnscope::server {
namespace {

struct ServeOptions {
  std::string config, data, grpc, http, ui;
  std::vector<std::string> overrides;
};

int serve(const ServeOptions& options) {
  block_stop_signals();
  std::vector<std::string> overrides;
  const std::pair<std::string_view, const std::string*> flags[] = {{"data", &options.data},
                                                                   {"listen.grpc", &options.grpc},
                                                                   {"listen.http", &options.http},
                                                                   {"listen.ui", &options.ui}};
  for (const auto& [key, value] : flags) {
    if (!value->empty()) overrides.push_back(fmt::format("{}={}", key, *value));
  }
  overrides.insert(overrides.end(), options.overrides.begin(), options.overrides.end());
  const auto config = load_config(options.config, overrides);
  if (!config) {
    std::fprintf(stderr, "turnscope: the configuration is wrong\n%s\n", config.error().message.c_str());
    return cli::usage;
  }
  auto server = Server::start(*config);
  if (!server) {
    std::fprintf(stderr, "turnscope: %s\n", printable(server.error().message).c_str());
    return cli::failed;
  }
  const Addresses at = (*server)->addresses();
  const boost::json::object ready{{"ready", true}, {"grpc", at.grpc},      {"http", at.http},
                                  {"ui", at.ui},   {"data", config->data}, {"pid", getpid()}};
  std::printf("%s\n", boost::json::serialize(ready).c_str());
  std::fflush(stdout);
  const int signal_number = wait_for_stop_signal();
  log_info("stopping: signal {}", signal_number);
  (*server)->stop();
  log_info("stopped");
  return cli::ok;
}

}  // namespace

void add_serve_command(cli::Command& app, std::function<int()>& run) {
  auto options = std::make_shared<ServeOptions>();
  auto* command = app.add_subcommand("serve", "Receive, keep and show traces until SIGTERM or Ctrl-C");
  command->add_option("--config", options->config, "YAML file; `turnscope config print` shows every key");
  command->add_option("--data", options->data,
                      "Directory of the log and the store (default: turnscope-data)");
  command->add_option("--listen-grpc", options->grpc,
                      "OTLP/gRPC, host:port (default 127.0.0.1:4317; port 0: a free one)");
  command->add_option("--listen-http", options->http, "OTLP/HTTP (default 127.0.0.1:4318)");
  command->add_option("--listen-ui", options->ui, "Web UI and query APIs (default 127.0.0.1:16686)");
  command->add_option("--set", options->overrides, "key.path=value, over the file; may be repeated");
  command->callback([options, &run] { run = [options] { return serve(*options); }; });
}

}  // namespace turnscope::server
