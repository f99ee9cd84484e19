#include "server/config_command.h"

#include <cstdio>
#include <memory>

#include "cli/exit_code.h"
#include "server/config.h"
#include "server/config_files.h"

namespace turnscope::server {
namespace {

struct ConfigOptions {
  std::string file;
  std::vector<std::string> overrides;
  bool effective = false;
};

int check(const ConfigOptions& options) {
  const auto config = load_config(options.file, options.overrides);
  if (!config) {
    std::fprintf(stderr, "%s\n", config.error().message.c_str());
    return config.error().kind == ErrorKind::not_found ? cli::not_found : cli::usage;
  }
  const auto problems = check_files(*config);
  for (const auto& problem : problems) std::fprintf(stderr, "%s\n", problem.c_str());
  if (!problems.empty()) return cli::usage;
  std::printf("%s: ok\n", options.file.empty() ? "defaults" : options.file.c_str());
  return cli::ok;
}

int print(const ConfigOptions& options) {
  const auto config = load_config(options.file, options.overrides);
  if (!config) {
    std::fprintf(stderr, "%s\n", config.error().message.c_str());
    return config.error().kind == ErrorKind::not_found ? cli::not_found : cli::usage;
  }
  std::printf("%s", effective_yaml(*config).c_str());
  return cli::ok;
}

}  // namespace

void add_config_command(cli::Command& app, std::function<int()>& run) {
  auto options = std::make_shared<ConfigOptions>();
  auto* command = app.add_subcommand("config", "Check or print the configuration");
  command->require_subcommand();
  auto* check_command = command->add_subcommand(
      "check", "Say what is wrong with a file and with those that it names; exit code 2 if anything is");
  check_command->add_option("file", options->file, "YAML file")->required();
  check_command->add_option("--set", options->overrides, "key.path=value, as serve takes it");
  check_command->callback([options, &run] { run = [options] { return check(*options); }; });
  auto* print_command =
      command->add_subcommand("print", "Every key with its value and what it is for, as YAML");
  print_command->add_option("--config", options->file, "YAML file");
  print_command->add_option("--set", options->overrides, "key.path=value");
  print_command->add_flag("--effective", options->effective,
                          "The default and only form: file, overrides and defaults together");
  print_command->callback([options, &run] { run = [options] { return print(*options); }; });
}

}  // namespace turnscope::server
