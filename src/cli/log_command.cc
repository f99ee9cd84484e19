#include "cli/log_command.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/filesystem.h"
#include "base/logger.h"
#include "cli/exit_code.h"
#include "log/log.h"

namespace turnscope::cli {
namespace {

boost::json::object to_json(const log::VerifyReport& report) {
  boost::json::array damage, cursors;
  for (const auto& d : report.damage) {
    damage.push_back({{"file", d.file},
                      {"offset", d.offset},
                      {"bytes", d.bytes},
                      {"records", d.records},
                      {"message", d.message}});
  }
  for (const auto& c : report.cursors) {
    cursors.push_back({{"name", c.name}, {"position", c.position}, {"damaged", c.damaged}});
  }
  return {{"ok", report.ok()},           {"segments", report.segments},     {"records", report.records},
          {"items", report.items},       {"bytes", report.bytes},           {"first", report.first},
          {"next", report.next},         {"torn_bytes", report.torn_bytes}, {"in_use", report.in_use},
          {"damage", std::move(damage)}, {"cursors", std::move(cursors)}};
}

int verify(const std::string& data, bool json) {
  // Both the data directory and the log's own folder are accepted.
  std::error_code ignored;
  const std::string inner = data + "/log";
  const auto report =
      log::verify(posix_filesystem(), std::filesystem::is_directory(inner, ignored) ? inner : data);
  if (!report || (report->segments == 0 && !std::filesystem::is_directory(inner, ignored)))
    return say(report || report.error().kind == ErrorKind::not_found
                   ? Error(ErrorKind::not_found,
                           "there is no log in '" + data +
                               "'; name the data directory of a server: turnscope log verify DIRECTORY")
                   : report.error());
  if (json) {
    std::printf("%s\n", boost::json::serialize(to_json(*report)).c_str());
  } else {
    std::printf(
        "%llu records (%llu spans, log records or points) in %llu segments, %llu bytes, positions %llu to "
        "%llu%s\n",
        static_cast<unsigned long long>(report->records), static_cast<unsigned long long>(report->items),
        static_cast<unsigned long long>(report->segments), static_cast<unsigned long long>(report->bytes),
        static_cast<unsigned long long>(report->first), static_cast<unsigned long long>(report->next),
        report->in_use ? " (a server is using it)" : "");
    for (const auto& c : report->cursors) {
      std::printf("cursor %s at %llu%s\n", printable(c.name).c_str(),
                  static_cast<unsigned long long>(c.position),
                  c.damaged ? ", damaged: it will start again from the oldest record" : "");
    }
    if (report->torn_bytes > 0) {
      std::printf("%llu bytes behind the last whole record: a write that was under way; never acknowledged\n",
                  static_cast<unsigned long long>(report->torn_bytes));
    }
    for (const auto& d : report->damage) {
      std::printf("DAMAGE %s at byte %llu (%llu bytes, %llu records): %s\n", printable(d.file).c_str(),
                  static_cast<unsigned long long>(d.offset), static_cast<unsigned long long>(d.bytes),
                  static_cast<unsigned long long>(d.records), printable(d.message).c_str());
    }
    std::printf("%s\n", report->ok()
                            ? "ok"
                            : "damaged; the server starts all the same and skips exactly these records");
  }
  return report->ok() ? ok : failed;
}

}  // namespace

void add_log_command(Command& app, std::function<int()>& run) {
  struct Options {
    std::string data = "turnscope-data";
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("log", "Look after the durable log");
  command->require_subcommand();
  auto* check = command->add_subcommand(
      "verify", "Read every byte of the log and report damage; exit code 1 if there is any");
  check->add_option("data", options->data, "Data directory")->capture_default_str();
  check->add_flag("--json", options->json, "Print JSON");
  check->callback([options, &run] { run = [options] { return verify(options->data, options->json); }; });
}

}  // namespace turnscope::cli
