#include "examples/agent/demo.h"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include "examples/agent/agent_loop.h"
#include "examples/agent/model_server/server.h"
#include "examples/agent/report_job.h"
#include "examples/agent/temporary_directory.h"
#include "examples/agent/workspace.h"

namespace turnscope::example {
namespace {

using namespace std::chrono_literals;

constexpr const char* support = "checkout-support";
constexpr const char* analyst = "billing-analyst";
constexpr const char* oncall = "ops-oncall";
constexpr const char* reports = "report-worker";
constexpr auto lock_wait = 2'400ms;  ///< how long the slow run's query has to wait

class Demo {
 public:
  Demo(const DemoOptions& options, const std::string& directory, const std::string& base_url)
      : options_(options), directory_(directory), dump_(open_span_dump(options.dump_spans)) {
    model_.base_url = base_url;
    model_.api_key = "scripted";
    for (const char* service : {support, analyst, oncall, reports})
      services_.emplace(service,
                        std::make_unique<Telemetry>(TelemetryOptions{.service_name = service,
                                                                     .environment = "demo",
                                                                     .otlp_endpoint = options.otlp_endpoint,
                                                                     .dump = dump_}));
  }

  std::vector<RunResult> run() {
    std::thread worker([this] { work_on_reports(*services_.at(reports), queue_, model_, directory_); });
    std::vector<std::thread> threads;
    threads.emplace_back([this] { good(); });
    threads.emplace_back([this] { failed(); });
    threads.emplace_back([this] { slow_tool(); });
    threads.emplace_back([this] { dear_call(); });
    threads.emplace_back([this] { max_turns(); });
    threads.emplace_back([this] { regenerated(); });
    threads.emplace_back([this] { chat(); });
    for (std::thread& thread : threads) thread.join();
    queue_.close();
    worker.join();
    bool exported = true;
    for (auto& [name, telemetry] : services_) exported = telemetry->flush() && exported;
    for (RunResult& result : results_) result.exported = exported;
    return std::move(results_);
  }

 private:
  AgentOptions question(const char* text) const {
    AgentOptions options;
    options.question = text;
    return options;
  }

  RunResult ask(const char* name, const char* service, const AgentOptions& options,
                const std::string& workspace, JobQueue* jobs = nullptr) {
    ClientOptions model = model_;
    model.max_retries = options.max_retries;
    model.initial_backoff = 200ms;
    MessagesClient client(model);
    auto tools = make_tools(workspace);
    RunResult result = run_loop(
        {.telemetry = *services_.at(service), .client = client, .tools = tools, .reports = jobs}, options);
    result.name = name;
    std::lock_guard lock(mutex_);
    results_.push_back(result);
    if (options_.on_run_done) options_.on_run_done(result);
    return result;
  }

  void good() {
    AgentOptions options = question("Was order 1042 charged twice, and how much do we owe the customer?");
    options.session_id = "sess-support-7";
    options.user_id = "user-17";
    options.prompt_id = "support-system";
    options.prompt_version = "v3";
    ask("good", support, options, directory_, &queue_);
  }

  void failed() {
    AgentOptions options = question("Please refund charge ch_9012 in full.");
    options.user_id = "user-4";
    options.stream = false;
    ask("failed", support, options, directory_);
  }

  void slow_tool() {
    // A workspace of its own: only this run has to wait for the lock.
    const std::string workspace = directory_ + "/month-end";
    if (!make_workspace(workspace)) return;
    std::atomic<bool> started = false;
    std::thread month_end([&] {
      const DatabaseLock lock(workspace);
      started = true;
      started.notify_one();
      std::this_thread::sleep_for(lock_wait);
    });
    started.wait(false);
    AgentOptions options = question("What is the revenue by country?");
    options.user_id = "user-9";
    ask("slow-tool", analyst, options, workspace);
    month_end.join();
  }

  void dear_call() {
    AgentOptions options = question("Read everything in the logs around noon and explain the incident.");
    options.model = "claude-opus-4-5";
    options.user_id = "user-2";
    ask("dear-call", oncall, options, directory_);
  }

  void max_turns() {
    AgentOptions options = question("Check all orders against their charges, one by one.");
    options.model = "claude-haiku-4-5";
    options.max_turns = 6;
    options.user_id = "user-9";
    ask("max-turns", analyst, options, directory_);
  }

  void regenerated() {
    AgentOptions options = question("Write a short apology to the customer of order 1042.");
    options.session_id = "sess-support-8";
    options.user_id = "user-21";
    options.prompt_id = "apology";
    options.prompt_version = "v1";
    options.experiment_id = "apology-tone";
    options.experiment_variant = "control";
    options.judge = true;
    const RunResult first = ask("answer", support, options, directory_);
    options.question = "Write a short apology to the customer of order 1042. Warmer, please.";
    options.prompt_version = "v2";
    options.experiment_variant = "warm";
    options.link =
        RunLink{first.trace_id, first.root_span_id, "regenerated", "the user asked for another answer"};
    ask("regenerated", support, options, directory_);
  }

  void chat() {
    AgentOptions options;
    options.session_id = "sess-analyst-3";
    options.user_id = "user-9";
    options.model = "claude-haiku-4-5";
    const std::pair<const char*, const char*> turns[] = {{"chat-1", "Which orders of customer 7 do we have?"},
                                                         {"chat-2", "And what is the largest of them all?"},
                                                         {"chat-3", "Thanks, that is all."}};
    for (const auto& [name, text] : turns) {
      options.question = text;
      const RunResult result = ask(name, analyst, options, directory_);
      options.history.push_back({"user", text});
      options.history.push_back({"assistant", result.answer});
      options.link =
          RunLink{result.trace_id, result.root_span_id, "follow_up", "next message of the session"};
    }
  }

  const DemoOptions& options_;
  std::string directory_;
  std::shared_ptr<SpanDump> dump_;
  ClientOptions model_;
  JobQueue queue_;
  std::map<std::string, std::unique_ptr<Telemetry>> services_;
  std::mutex mutex_;
  std::vector<RunResult> results_;  // under mutex_
};

RunResult not_started(std::string error) {
  RunResult result;
  result.name = "demo";
  result.failed = true;
  result.exported = false;
  result.error = std::move(error);
  return result;
}

}  // namespace

std::vector<RunResult> run_demo(const DemoOptions& options) {
  const TemporaryDirectory directory("turnscope-demo");
  if (directory.path().empty())
    return {not_started("no temporary directory can be made: set TMPDIR to one that can be written")};
  if (auto made = make_workspace(directory.path()); !made) return {not_started(made.error())};
  auto model = ModelServer::start({}, Script::bundled());
  if (!model) return {not_started(model.error())};
  return Demo(options, directory.path(), (*model)->base_url()).run();
}

}  // namespace turnscope::example
