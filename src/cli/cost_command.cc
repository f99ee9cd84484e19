#include "cli/cost_command.h"

#include <fmt/format.h>

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

struct CostOptions {
  std::string server = "http://127.0.0.1:16686", trace, span;
  bool json = false, explain = false;
};

void line(const std::string& text) { std::printf("%s\n", printable(text).c_str()); }

/// "$0.0123 (12300000 nano-dollars)", or what is known instead.
std::string money(const json::value& from, std::string_view key, std::string_view otherwise) {
  const auto nano = number(from, key);
  return nano ? fmt::format("{} ({} nano-dollars)", format_money(*nano), *nano) : std::string(otherwise);
}

std::string or_else(const std::string& text, std::string_view otherwise) {
  return text.empty() ? std::string(otherwise) : text;
}

void explain(const json::value& a) {
  line(fmt::format("usage          {} (basis: {})", text(a, "role"), text(a, "basis")));
  line("region         " + or_else(text(a, "region"), "not told"));
  if (const auto* rule = field(a, "rule")) {
    line(fmt::format("rule           {} {} of {} in {}, valid from {} to {}", text(*rule, "match"),
                     text(*rule, "model"), or_else(text(*rule, "provider"), "any provider"),
                     or_else(text(*rule, "region"), "any region"), or_else(text(*rule, "valid_from"), "ever"),
                     or_else(text(*rule, "valid_to"), "now")));
    line(fmt::format("from           {}{}{}", text(*rule, "from"),
                     text(*rule, "source").empty() ? "" : ", " + text(*rule, "source"),
                     text(*rule, "date").empty() ? "" : ", read on " + text(*rule, "date")));
  } else {
    line("rule           none: no price is known for this model at the call's time");
  }
  if (const auto* tier = field(a, "tier"))
    line(fmt::format(
        "tier           {}{}", or_else(text(*tier, "service_tier"), "standard"),
        number(*tier, "context_above").value_or(0) > 0
            ? fmt::format(", input above {} tokens (this call: {})", *number(*tier, "context_above"),
                          number(a, "total_input_tokens").value_or(0))
            : std::string()));
  for (const auto& b : items(a, "buckets"))
    line(fmt::format(
        "  {}{} tokens × {} = {}", pad(text(b, "bucket"), 16), number(b, "tokens").value_or(0),
        text(b, "dollars_per_million").empty() ? "no price" : "$" + text(b, "dollars_per_million") + "/M",
        text(b, "nano_usd").empty() ? "unknown" : text(b, "nano_usd") + " nano-dollars"));
  line("arithmetic     " + text(a, "arithmetic"));
}

int cost(const CostOptions& o) {
  const auto answer = ApiClient(o.server).get("/api/v1/traces/" + o.trace + "/spans/" + o.span + "/cost");
  if (!answer) return say(answer.error());
  if (o.json) {
    std::printf("%s\n", json::serialize(*answer).c_str());
    return ok;
  }
  line(fmt::format("model          {} {}", text(*answer, "provider"),
                   or_else(text(*answer, "model"), "(not told)")));
  line(fmt::format("cost           {}", money(*answer, "nano_usd", "unknown")) + ", " +
       text(*answer, "state"));
  line("reported       " + money(*answer, "reported_nano_usd", "the client reported none"));
  if (number(*answer, "difference_nano_usd"))
    line("difference     " + money(*answer, "difference_nano_usd", ""));
  if (o.explain) explain(*answer);
  return ok;
}

}  // namespace

void add_cost_command(Command& app, std::function<int()>& run) {
  auto o = std::make_shared<CostOptions>();
  auto* command = app.add_subcommand(
      "cost", "What one model call cost, beside what its client reported (docs/prices.md)");
  command->add_option("trace", o->trace, "Trace id")->required();
  command->add_option("span", o->span, "Span id")->required();
  command->add_flag("--explain", o->explain, "Show the price rule, the buckets and the arithmetic");
  command->add_option("--server", o->server, "Address of the server's UI port")->capture_default_str();
  command->add_flag("--json", o->json, "Print the server's JSON instead of text");
  command->callback([o, &run] { run = [o] { return cost(*o); }; });
}

}  // namespace turnscope::cli
