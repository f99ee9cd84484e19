#include "cli/usage_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <memory>

#include "base/logger.h"
#include "cli/api_client.h"
#include "cli/exit_code.h"
#include "cli/json_access.h"
#include "cli/terminal.h"

namespace turnscope::cli {
namespace {

namespace json = boost::json;

struct UsageOptions {
  std::string server = "http://127.0.0.1:16686";
  bool json = false;
  std::string by = "model", query, from = "now-24h", to, sort = "cost", session;
  int limit = 50;
};

/// Rows of text under their headings; the first column is to the left, the others to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void print(std::size_t left_columns = 1) const {
    const Terminal terminal = Terminal::detect();
    std::vector<int> widths(rows_[0].size(), 0);
    for (const auto& row : rows_)
      for (std::size_t i = 0; i < row.size(); ++i)
        widths[i] = std::max(widths[i], std::min(display_width(row[i]), 48));
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      std::string line;
      for (std::size_t i = 0; i < rows_[r].size(); ++i) {
        if (i) line += "  ";
        line += i < left_columns ? pad(rows_[r][i], widths[i]) : pad_left(rows_[r][i], widths[i]);
      }
      std::printf("%s\n", (r == 0 ? terminal.styled(Style::dim, line) : line).c_str());
    }
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

std::string count_of(const json::value& v, std::string_view key) {
  const auto n = number(v, key);
  return n ? format_count(static_cast<std::uint64_t>(std::max<std::int64_t>(0, *n))) : "-";
}

const json::value& member(const json::value& v, std::string_view key) {
  static const json::value none;
  const auto* f = field(v, key);
  return f ? *f : none;
}

/// "$1.20", "$1.20 + 3 unpriced", "no price".
std::string cost_of(const json::value& row) {
  const auto& cost = member(row, "cost");
  const auto nano = number(cost, "nano_usd");
  const auto unpriced = number(cost, "unpriced_calls").value_or(0),
             partly = number(cost, "partly_priced_calls").value_or(0);
  if (!nano) return unpriced > 0 ? fmt::format("no price ({} calls)", unpriced) : "-";
  std::string out = format_money(*nano);
  if (unpriced > 0) out += fmt::format(" + {} unpriced", unpriced);
  if (partly > 0) out += fmt::format(", {} partly", partly);
  return out;
}
std::string reported_of(const json::value& row) {
  const auto nano = number(member(row, "cost"), "reported_nano_usd");
  return nano ? format_money(*nano) : "-";
}
std::string hit_rate_of(const json::value& row) {
  const auto* rate = field(row, "cache_hit_rate");
  return rate && rate->is_number() ? fmt::format("{:.0f} %", rate->to_number<double>() * 100) : "-";
}
std::string named(const json::value& v, std::string_view key, int columns = 40) {
  const std::string t = text(v, key);
  return t.empty() ? "(none)" : fit(printable(t), columns);
}

QueryParams usage_range(const UsageOptions& o) {
  QueryParams params{{"from", o.from}, {"limit", std::to_string(o.limit)}};
  if (!o.to.empty()) params.emplace_back("to", o.to);
  if (!o.query.empty()) params.emplace_back("q", o.query);
  return params;
}

/// Asks, prints the JSON when that was asked for, else hands the answer to `show`.
int ask(const UsageOptions& o, const std::string& path, const QueryParams& params,
        const std::function<void(const json::value&)>& show) {
  const auto answer = ApiClient(o.server).get(path, params);
  if (!answer) return say(answer.error());
  if (o.json)
    std::printf("%s\n", json::serialize(*answer).c_str());
  else
    show(*answer);
  return ok;
}

void say_more(const json::value& answer) {
  if (flag(answer, "more")) std::printf("… and more: raise --limit or narrow the time range\n");
  if (flag(answer, "adjusted"))
    std::printf("Estimates: of older traces retention keeps a share, and those count with their weight.\n");
  if (flag(answer, "stored_only"))
    std::printf("Of older traces retention keeps a share; these are figures of what is kept.\n");
}

int usage_report(const UsageOptions& o) {
  auto params = usage_range(o);
  params.emplace_back("by", o.by);
  return ask(o, "/api/v1/usage", params, [&](const json::value& answer) {
    std::vector<std::string> head;
    for (const auto& by : items(answer, "by"))
      head.emplace_back(by.is_string() ? std::string(by.as_string()) : "");
    const std::size_t keys = head.size();
    for (const auto* h : {"calls", "errors", "input", "cached", "output", "hit rate", "cost", "reported"})
      head.emplace_back(h);
    Table table(head);
    const auto add = [&](std::vector<std::string> row, const json::value& v) {
      const auto& tokens = member(v, "tokens");
      row.push_back(count_of(v, "calls"));
      row.push_back(count_of(v, "errors"));
      row.push_back(count_of(tokens, "total_input"));
      row.push_back(count_of(tokens, "cache_read"));
      row.push_back(count_of(tokens, "total_output"));
      row.push_back(hit_rate_of(v));
      row.push_back(cost_of(v));
      row.push_back(reported_of(v));
      table.add(std::move(row));
    };
    for (const auto& row : items(answer, "rows")) {
      std::vector<std::string> line;
      for (std::size_t i = 0; i < keys; ++i) line.push_back(named(member(row, "key"), head[i]));
      add(std::move(line), row);
    }
    if (keys > 0) {
      std::vector<std::string> line(keys);
      line[0] = "total";
      add(std::move(line), member(answer, "total"));
    }
    table.print(std::max<std::size_t>(keys, 1));
    say_more(answer);
  });
}

void print_traces(const json::value& answer) {
  Table table({"trace", "what", "duration", "turns", "model calls", "tools", "errors", "cost"});
  for (const auto& t : items(answer, "traces")) {
    std::string what = text(t, "question");
    if (what.empty()) what = text(member(t, "root"), "name");
    table.add({text(t, "trace_id"), fit(printable(what), 40),
               format_nanos(static_cast<std::uint64_t>(
                   std::max<std::int64_t>(0, number(t, "duration_ns").value_or(0)))),
               count_of(t, "turns"), count_of(t, "llm_calls"), count_of(t, "tool_calls"),
               count_of(t, "errors"), cost_of(t)});
  }
  table.print(2);
  say_more(answer);
}

int runs(const UsageOptions& o) {
  auto params = usage_range(o);
  params.emplace_back("sort", o.sort);
  return ask(o, "/api/v1/runs", params, print_traces);
}

int tools(const UsageOptions& o) {
  return ask(o, "/api/v1/tools", usage_range(o), [](const json::value& answer) {
    Table table({"tool", "calls", "errors", "p50", "p95", "repeated", "traces"});
    const auto time = [](const json::value& v, std::string_view key) {
      return format_nanos(static_cast<std::uint64_t>(std::max<std::int64_t>(0, number(v, key).value_or(0))));
    };
    for (const auto& t : items(answer, "tools"))
      table.add({named(t, "name"), count_of(t, "calls"), count_of(t, "errors"), time(t, "p50_ns"),
                 time(t, "p95_ns"), count_of(t, "repeated_calls"), count_of(t, "traces")});
    table.print();
    say_more(answer);
  });
}

int users(const UsageOptions& o) {
  return ask(o, "/api/v1/users", usage_range(o), [](const json::value& answer) {
    Table table({"user", "last seen", "sessions", "traces", "failed", "calls", "cost"});
    for (const auto& u : items(answer, "users"))
      table.add({named(u, "user"), format_clock(number(u, "last_seen_unix_nano").value_or(0)),
                 count_of(u, "sessions"), count_of(u, "traces"), count_of(u, "failed_traces"),
                 count_of(u, "calls"), cost_of(u)});
    table.print();
    say_more(answer);
  });
}

int sessions(const UsageOptions& o) {
  return ask(o, "/api/v1/sessions", usage_range(o), [](const json::value& answer) {
    Table table({"session", "last question", "user", "last seen", "traces", "turns", "errors", "cost"});
    for (const auto& s : items(answer, "sessions"))
      table.add({named(s, "session", 48), fit(printable(text(s, "last_question")), 40), named(s, "user", 20),
                 format_clock(number(s, "end_unix_nano").value_or(0)), count_of(s, "traces"),
                 count_of(s, "turns"), count_of(s, "errors"), cost_of(s)});
    table.print(3);
    say_more(answer);
  });
}

int session(const UsageOptions& o) {
  return ask(o, "/api/v1/session", {{"id", o.session}}, [](const json::value& answer) {
    Table table({"turn", "when", "question", "answer", "duration", "model calls", "tools", "errors", "cost"});
    for (const auto& t : items(answer, "turns"))
      table.add({count_of(t, "number"), format_clock(number(t, "start_unix_nano").value_or(0)),
                 fit(printable(text(t, "question")), 40), fit(printable(text(t, "answer")), 40),
                 format_nanos(static_cast<std::uint64_t>(
                     std::max<std::int64_t>(0, number(t, "duration_ns").value_or(0)))),
                 count_of(t, "llm_calls"), count_of(t, "tool_calls"), count_of(t, "errors"), cost_of(t)});
    table.print(4);
    say_more(answer);
  });
}

}  // namespace

void add_usage_commands(Command& app, std::function<int()>& run) {
  auto o = std::make_shared<UsageOptions>();
  const auto server = [o](Command* c) {
    c->add_option("--server", o->server, "Address of the server's UI port")->capture_default_str();
    c->add_flag("--json", o->json, "Print the server's JSON instead of text");
  };
  const auto common = [&](Command* c, int most) {
    server(c);
    c->add_option("--from", o->from, "Start of the time range: now-1h, RFC 3339 or unix seconds")
        ->capture_default_str();
    c->add_option("--to", o->to, "End of the time range (default: now)");
    c->add_option("--limit", o->limit, "Rows at most")->range(1, most)->capture_default_str();
  };
  const auto query = [&](Command* c) {
    c->add_option("-q,--query", o->query, "Search language, as 'service:shop model:claude*'");
  };
  const auto add = [&](Command* c, int (*f)(const UsageOptions&)) {
    c->callback([o, f, &run] { run = [o, f] { return f(*o); }; });
  };

  auto* u = app.add_subcommand("usage", "Tokens and cost of model calls by model, user, day …");
  common(u, 10'000);
  query(u);
  u->add_option(
       "--by", o->by,
       "Up to four of model, provider, service, agent, tool, name, environment, user, session, prompt_name, "
       "prompt_version, experiment, variant, day, hour")
      ->capture_default_str();
  add(u, usage_report);
  auto* r = app.add_subcommand("runs", "The dearest, slowest or longest runs");
  common(r, 200);
  query(r);
  r->add_option("--sort", o->sort, "What is large about them")
      ->one_of({"cost", "duration", "turns", "tokens", "tool_calls", "errors"})
      ->capture_default_str();
  add(r, runs);
  auto* t = app.add_subcommand("tools", "Tools: calls, errors, latency, repeated identical calls");
  common(t, 1'000);
  add(t, tools);
  auto* p = app.add_subcommand("users", "Users: when they were here, what they used and what it cost");
  common(p, 1'000);
  add(p, users);
  auto* s = app.add_subcommand("sessions", "Conversations across traces");
  s->require_subcommand();
  auto* list = s->add_subcommand("list", "Sessions, the latest first");
  common(list, 500);
  query(list);
  add(list, sessions);
  auto* show = s->add_subcommand("show", "The turns of one session in order");
  server(show);
  show->add_option("session", o->session, "Id of the session")->required();
  add(show, session);
}

}  // namespace turnscope::cli
