#include "cli/exporters_command.h"

#include <boost/json/serialize.hpp>
#include <cstdio>
#include <memory>

#include "base/logger.h"
#include "cli/api_client.h"
#include "cli/exit_code.h"
#include "cli/json_access.h"

namespace turnscope::cli {
namespace {

struct ExportersOptions {
  std::string server = "http://127.0.0.1:16686", name;
  bool json = false;
};

const boost::json::array& items(const boost::json::value& v, const char* key) {
  static const boost::json::array none;
  const auto* list = v.is_object() ? v.as_object().if_contains(key) : nullptr;
  return list != nullptr && list->is_array() ? list->as_array() : none;
}

/// As people read it: text as it is, numbers as digits.
std::string shown(const boost::json::value& v, std::string_view key) {
  const auto* t = field(v, key);
  if (t == nullptr) return {};
  return printable(t->is_string() ? std::string(t->as_string()) : boost::json::serialize(*t));
}

int list_exporters(const ExportersOptions& o) {
  const auto answer = ApiClient(o.server).get("/api/v1/exporters");
  if (!answer) return say(answer.error());
  if (o.json) {
    std::printf("%s\n", boost::json::serialize(*answer).c_str());
    return ok;
  }
  bool all_well = true;
  for (const auto& e : items(*answer, "exporters")) {
    const bool well = shown(e, "ok") == "true";
    all_well = all_well && well;
    std::printf(
        "%s → %s (%s): %s, %s records behind, %s items sent in %s requests, %s retries, %s dead letters\n",
        shown(e, "name").c_str(), shown(e, "endpoint").c_str(), shown(e, "protocol").c_str(),
        well ? "ok" : shown(e, "message").c_str(), shown(e, "lag_records").c_str(), shown(e, "items").c_str(),
        shown(e, "requests").c_str(), shown(e, "retries").c_str(), shown(e, "dead_letters").c_str());
  }
  return all_well ? ok : failed;
}

int dead_letters(const ExportersOptions& o) {
  const auto answer =
      ApiClient(o.server).get("/api/v1/exporters/" + o.name + "/dead-letters", {{"limit", "1000"}});
  if (!answer) return say(answer.error());
  if (o.json) {
    std::printf("%s\n", boost::json::serialize(*answer).c_str());
    return ok;
  }
  for (const auto& l : items(*answer, "dead_letters"))
    std::printf("%s: %s %s, %s bytes, of log records %s to %s: %s\n", shown(l, "position").c_str(),
                shown(l, "items").c_str(), shown(l, "signal").c_str(), shown(l, "bytes").c_str(),
                shown(l, "log_first").c_str(), shown(l, "log_end").c_str(), shown(l, "reason").c_str());
  return ok;
}

int replay(const ExportersOptions& o) {
  const auto answer = ApiClient(o.server).post("/api/v1/exporters/" + o.name + "/replay");
  if (!answer) return say(answer.error());
  if (o.json)
    std::printf("%s\n", boost::json::serialize(*answer).c_str());
  else
    std::printf("%s dead letters are sent again; turnscope exporters list shows how it goes\n",
                shown(*answer, "dead_letters").c_str());
  return ok;
}

}  // namespace

void add_exporters_command(Command& app, std::function<int()>& run) {
  auto o = std::make_shared<ExportersOptions>();
  auto* command = app.add_subcommand("exporters", "Look after forwarding to other backends (docs/export.md)");
  command->require_subcommand();
  const auto common = [&](Command* c) {
    c->add_option("--server", o->server, "Address of the server's UI port")->capture_default_str();
    c->add_flag("--json", o->json, "Print the server's JSON instead of text");
  };
  auto* l = command->add_subcommand("list", "Each exporter with its state; exit code 1 if one does not work");
  common(l);
  l->callback([o, &run] { run = [o] { return list_exporters(*o); }; });
  auto* d = command->add_subcommand("dead-letters", "What a far side refused for good, with its reason");
  d->add_option("name", o->name, "The exporter's name")->required();
  common(d);
  d->callback([o, &run] { run = [o] { return dead_letters(*o); }; });
  auto* r = command->add_subcommand("replay", "Send the dead letters again; what is refused again stays");
  r->add_option("name", o->name, "The exporter's name")->required();
  common(r);
  r->callback([o, &run] { run = [o] { return replay(*o); }; });
}

}  // namespace turnscope::cli
