#include "server/demo_command.h"

#include <boost/json/value.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>

#include "base/logger.h"
#include "cli/api_client.h"
#include "cli/exit_code.h"
#include "cli/json_access.h"
#include "cli/trace_tree.h"
#include "examples/agent/demo.h"
#include "server/config.h"
#include "server/server.h"
#include "server/signals.h"

namespace turnscope::server {
namespace {

struct DemoOptions {
  std::string data;
  bool once = false;
  std::vector<std::string> overrides;
};

// A directory of its own for --once, removed at the end; kept otherwise.
class DemoData {
 public:
  explicit DemoData(const DemoOptions& options) : path_(options.data) {
    if (!path_.empty()) return;
    if (!options.once) {
      path_ = "turnscope-demo";
      return;
    }
    std::string pattern = (std::filesystem::temp_directory_path() / "turnscope-demo-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) {
      path_ = pattern;
      remove_ = true;
    }
  }
  ~DemoData() {
    std::error_code ignored;
    if (remove_) std::filesystem::remove_all(path_, ignored);
  }
  DemoData(const DemoData&) = delete;
  DemoData& operator=(const DemoData&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool remove_ = false;
};

// The usual ports, so that the usual bookmark works; free ones when they are taken or for --once.
Result<std::unique_ptr<Server>> start_server(const DemoOptions& options, const std::string& data) {
  const auto config = [&](bool free_ports) {
    std::vector<std::string> overrides{"data=" + data, "log_level=warn"};
    if (free_ports) {
      for (const auto* key : {"grpc", "http", "ui"})
        overrides.push_back(fmt::format("listen.{}=127.0.0.1:0", key));
    }
    overrides.insert(overrides.end(), options.overrides.begin(), options.overrides.end());
    return load_config("", overrides);
  };
  if (!options.once) {
    TS_ASSIGN(const Config usual, config(false));
    auto server = Server::start(usual);
    if (server || server.error().message.find("in use") == std::string::npos) return server;
    std::printf("the usual ports are taken (%s); taking free ones\n",
                printable(server.error().message).c_str());
  }
  TS_ASSIGN(const Config any, config(true));
  return Server::start(any);
}

// Everything the agent did is in the store: root, turns and calls as the agent itself counted them.
Status check_run(const cli::ApiClient& client, const example::RunResult& run) {
  TS_ASSIGN(const auto header, client.get("/api/v1/traces/" + run.trace_id));
  const auto expect = [&](std::string_view field, std::int64_t least) -> Status {
    const auto found = cli::number(header, field).value_or(-1);
    if (found < least) {
      return fail(ErrorKind::not_found, fmt::format("{}: {} should be at least {}, the store has {}",
                                                    run.name, field, least, found));
    }
    return {};
  };
  if (!cli::field(header, "root")) return fail(ErrorKind::not_found, run.name + ": the root span is missing");
  if (!cli::flag(header, "complete"))
    return fail(ErrorKind::not_found, run.name + ": a parent span is missing");
  TS_TRY(expect("turns", run.turns));
  TS_TRY(expect("llm_calls", run.model_calls));
  TS_TRY(expect("tool_calls", run.tool_calls));
  if (run.failed) TS_TRY(expect("errors", 1));
  return {};
}

// Waits on the condition, at most 30 s: spans are searchable about a second after they were acknowledged.
Status wait_for_runs(const cli::ApiClient& client, const std::vector<example::RunResult>& runs) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  Status last;
  for (const auto& run : runs) {
    while (!(last = check_run(client, run))) {
      if (std::chrono::steady_clock::now() > deadline) return last;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  return {};
}

Status show_tree(const cli::ApiClient& client, const std::string& trace_id, const cli::Terminal& terminal) {
  TS_ASSIGN(const auto header, client.get("/api/v1/traces/" + trace_id));
  TS_ASSIGN(const auto window,
            client.get("/api/v1/traces/" + trace_id + "/window", {{"first", "0"}, {"count", "500"}}));
  std::printf("%s\n", cli::render_trace(header, window, terminal).c_str());
  return {};
}

int report(const Error& error) {
  std::fprintf(stderr, "turnscope: %s\n", printable(error.message).c_str());
  return cli::failed;
}

int demo(const DemoOptions& options) {
  block_stop_signals();
  const DemoData data(options);
  if (data.path().empty())
    return report(Error(ErrorKind::io, "no temporary directory can be made; name one with --data"));
  auto server = start_server(options, data.path());
  if (!server) return report(server.error());
  const Addresses at = (*server)->addresses();
  const cli::Terminal terminal = cli::Terminal::detect();
  const cli::ApiClient client(at.ui);

  std::printf("Server ready: UI http://%s, OTLP/gRPC %s, OTLP/HTTP %s, data in %s\n", at.ui.c_str(),
              at.grpc.c_str(), at.http.c_str(), data.path().c_str());
  std::printf("Running the example agent with real tools against %s …\n",
              std::getenv("ANTHROPIC_API_KEY")
                  ? "the bundled scripted model (the demo is the same everywhere)"
                  : "the bundled scripted model");
  std::fflush(stdout);
  example::DemoOptions demo_options;
  demo_options.otlp_endpoint = "http://" + at.http;
  demo_options.on_run_done = [&](const example::RunResult& run) {
    std::printf("  %s %s %d turns, %d model calls, %d tool calls%s\n",
                run.failed ? terminal.styled(cli::Style::red, "▲").c_str()
                           : terminal.styled(cli::Style::green, "✓").c_str(),
                cli::pad(run.name, 14).c_str(), run.turns, run.model_calls, run.tool_calls,
                run.failed ? (": " + printable(run.error)).c_str() : "");
    std::fflush(stdout);
  };
  const auto runs = example::run_demo(demo_options);
  if (const auto ok = wait_for_runs(client, runs); !ok) return report(ok.error());

  for (const auto* name : {"good", "failed"}) {
    for (const auto& run : runs) {
      if (run.name != name) continue;
      std::printf("\n");
      if (const auto shown = show_tree(client, run.trace_id, terminal); !shown) return report(shown.error());
    }
  }
  if (options.once) {
    (*server)->stop();
    std::printf("%zu traces came out of the store whole.\n", runs.size());
    return cli::ok;
  }
  std::printf("All runs:   http://%s\n", at.ui.c_str());
  for (const auto& [name, what] :
       {std::pair{"failed", "Failed run"}, {"slow-tool", "Slow tool"}, {"dear-call", "Dear call"}}) {
    for (const auto& run : runs) {
      if (run.name == name)
        std::printf("%s http://%s/t/%s\n", cli::pad(std::string(what) + ":", 11).c_str(), at.ui.c_str(),
                    run.trace_id.c_str());
    }
  }
  std::printf("Serving until Ctrl-C.\n");
  std::fflush(stdout);
  wait_for_stop_signal();
  (*server)->stop();
  return cli::ok;
}

}  // namespace

void add_demo_command(cli::Command& app, std::function<int()>& run) {
  auto options = std::make_shared<DemoOptions>();
  auto* command = app.add_subcommand("demo", "Start a server, run the example agent, show its traces");
  command->add_flag("--once", options->once,
                    "Check that every trace came out of the store, stop; exit code 1 if one did not");
  command->add_option("--data", options->data,
                      "Data directory (default: turnscope-demo; with --once a temporary one)");
  command->add_option("--set", options->overrides, "key.path=value for the server");
  command->callback([options, &run] { run = [options] { return demo(*options); }; });
}

}  // namespace turnscope::server
