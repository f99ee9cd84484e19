#include "cli/traces_command.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <memory>
#include <set>

#include "base/logger.h"
#include "cli/api_client.h"
#include "cli/exit_code.h"
#include "cli/json_access.h"
#include "cli/trace_tree.h"

namespace turnscope::cli {
namespace {

struct TracesOptions {
  std::string server = "http://127.0.0.1:16686";
  bool json = false;
  std::string query, from = "now-24h", to, cursor, trace_id;
  int limit = 20;
};

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int list_traces(const TracesOptions& options) {
  const ApiClient client(options.server);
  QueryParams params{{"q", options.query}, {"from", options.from}, {"limit", std::to_string(options.limit)}};
  if (!options.to.empty()) params.emplace_back("to", options.to);
  if (!options.cursor.empty()) params.emplace_back("cursor", options.cursor);
  const auto answer = client.get("/api/v1/traces", params);
  if (!answer) return say(answer.error());
  print(options.json ? boost::json::serialize(*answer) + "\n"
                     : render_trace_list(*answer, Terminal::detect()));
  return ok;
}

int show(const TracesOptions& options) {
  const ApiClient client(options.server);
  const auto header = client.get("/api/v1/traces/" + options.trace_id);
  if (!header) return say(header.error());
  const auto window =
      client.get("/api/v1/traces/" + options.trace_id + "/window", {{"first", "0"}, {"count", "2000"}});
  if (!window) return say(window.error());
  if (options.json) {
    print(boost::json::serialize(boost::json::object{{"trace", *header}, {"window", *window}}) + "\n");
  } else {
    print(render_trace(*header, *window, Terminal::detect()));
  }
  return ok;
}

// One line a trace when it is first seen, again when its root arrives.
int tail(const TracesOptions& options) {
  const ApiClient client(options.server);
  std::set<std::string> shown;
  const Terminal terminal = Terminal::detect();
  const auto status = client.events(
      "/api/v1/live", {{"q", options.query}}, [&](std::string_view event, std::string_view data) {
        if (event != "traces") return true;
        boost::system::error_code error;
        const auto json = boost::json::parse(data, error);
        if (error) return true;
        if (options.json) {
          print(boost::json::serialize(json) + "\n");
          return true;
        }
        for (const auto& id : items(json, "trace_ids")) {
          if (!id.is_string()) continue;
          const auto header = client.get("/api/v1/traces/" + std::string(id.as_string()));
          if (!header) continue;
          const bool finished = field(*header, "root") != nullptr;
          const std::string key = std::string(id.as_string()) + (finished ? "+" : "");
          if (!shown.insert(key).second) continue;
          if (shown.size() > 10'000) shown.clear();
          std::string what = text(*header, "question");
          if (const auto* root = field(*header, "root"); what.empty() && root) what = text(*root, "name");
          const auto errors = number(*header, "errors").value_or(0);
          print(fmt::format(
              "{}  {}  {}  {}  {} spans{}  {}\n",
              format_clock(number(*header, "start_unix_nano").value_or(0)), std::string(id.as_string()),
              finished ? "done   " : "running",
              pad_left(format_nanos(static_cast<std::uint64_t>(number(*header, "duration_ns").value_or(0))),
                       12),
              number(*header, "spans").value_or(0),
              errors > 0 ? terminal.styled(Style::red, fmt::format(", {} failed", errors)) : "",
              printable(fit(what, 60))));
        }
        return true;
      });
  return status ? ok : say(status.error());
}

}  // namespace

void add_traces_command(Command& app, std::function<int()>& run) {
  auto options = std::make_shared<TracesOptions>();
  auto* traces = app.add_subcommand("traces", "List, show and follow traces of a running server");
  traces->require_subcommand();
  const auto common = [&](Command* command) {
    command->add_option("--server", options->server, "Address of the server's UI port")
        ->capture_default_str();
    command->add_flag("--json", options->json, "Print the server's JSON instead of text");
  };
  auto* list_command = traces->add_subcommand("list", "Newest traces, one a line");
  common(list_command);
  list_command->add_option("-q,--query", options->query,
                           "Search language, as 'kind:llm status:error duration>2s'");
  list_command
      ->add_option("--from", options->from, "Start of the time range: now-1h, RFC 3339 or unix seconds")
      ->capture_default_str();
  list_command->add_option("--to", options->to, "End of the time range (default: now)");
  list_command->add_option("--limit", options->limit, "Traces at most")->range(1, 500)->capture_default_str();
  list_command->add_option("--cursor", options->cursor, "next_cursor of the page before");
  list_command->callback([options, &run] { run = [options] { return list_traces(*options); }; });

  auto* show_command = traces->add_subcommand("show", "One trace as a tree");
  common(show_command);
  show_command->add_option("trace_id", options->trace_id, "Up to 32 hex digits")->required();
  show_command->callback([options, &run] { run = [options] { return show(*options); }; });

  auto* tail_command = traces->add_subcommand("tail", "Follow traces as they arrive, until Ctrl-C");
  common(tail_command);
  tail_command->add_option("-q,--query", options->query, "Only traces with a span that matches");
  tail_command->callback([options, &run] { run = [options] { return tail(*options); }; });
}

}  // namespace turnscope::cli
