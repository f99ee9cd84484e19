#include "cli/renormalise_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include "base/logger.h"
#include "cli/api_client.h"
#include "cli/exit_code.h"
#include "cli/json_access.h"
#include "cli/terminal.h"

namespace turnscope::cli {
namespace {

struct RenormaliseOptions {
  std::string server = "http://127.0.0.1:16686", since;
  bool json = false, detach = false, fresh = false;
};

std::string count(const boost::json::value& state, std::string_view key) {
  return format_count(static_cast<std::uint64_t>(number(state, key).value_or(0)));
}

std::string line(const boost::json::value& state) {
  return fmt::format(
      "{}: {} of {} spans read, {} changed, {} left as they were; {} calls newly counted once, {} no "
      "longer; {} days folded",
      text(state, "step"), count(state, "read"), count(state, "rows"), count(state, "changed"),
      count(state, "skipped"), count(state, "duplicates_added"), count(state, "duplicates_removed"),
      count(state, "days_folded"));
}

int run_it(const RenormaliseOptions& o) {
  const ApiClient client(o.server);
  const auto begun =
      client.post("/api/v1/renormalise", "{}", {{"since", o.since}, {"fresh", o.fresh ? "true" : "false"}});
  if (!begun) return say(begun.error());
  auto state = *begun;
  if (number(state, "read_before").value_or(0) > 0)
    std::fprintf(stderr, "goes on where an earlier run was cut off, after %s spans (--fresh begins again)\n",
                 printable(count(state, "read_before")).c_str());
  const bool watched = isatty(STDERR_FILENO) == 1;
  while (!o.detach && flag(state, "running")) {
    std::this_thread::sleep_for(std::chrono::milliseconds(watched ? 250 : 1'000));
    auto next = client.get("/api/v1/renormalise");
    if (!next) return say(next.error());
    state = std::move(*next);
    // On a terminal one line that is written over; else a line a second, for logs.
    std::fprintf(stderr, watched ? "\r\033[K%s" : "%s\n", printable(line(state)).c_str());
  }
  if (watched && !o.detach) std::fprintf(stderr, "\n");
  if (o.json)
    std::printf("%s\n", boost::json::serialize(state).c_str());
  else
    std::printf("%s\n", printable(line(state)).c_str());
  if (const auto error = text(state, "error"); !error.empty())
    std::fprintf(stderr, "turnscope: %s; run it again, it goes on with what is left\n",
                 printable(error).c_str());
  const auto step = text(state, "step");
  return step == "done" || o.detach ? ok : failed;
}

}  // namespace

void add_renormalise_command(Command& app, std::function<int()>& run) {
  auto o = std::make_shared<RenormaliseOptions>();
  auto* command = app.add_subcommand("renormalise",
                                     "Make the columns of stored spans again after mapping rules or the "
                                     "program have changed (docs/genai.md)");
  command
      ->add_option("--since", o->since,
                   "Spans that started then or later: now-30d, 2026-11-01T00:00:00Z; 0: all")
      ->required();
  command->add_option("--server", o->server, "Address of the server's UI port")->capture_default_str();
  command->add_flag("--json", o->json, "Print the server's JSON instead of text");
  command->add_flag("--fresh", o->fresh,
                    "Read everything again, also what an earlier run that was cut off had done");
  command->add_flag("--detach", o->detach,
                    "Do not wait for the end; GET /api/v1/renormalise tells how far it is");
  command->callback([o, &run] { run = [o] { return run_it(*o); }; });
}

}  // namespace turnscope::cli
