#include "server/redact_command.h"

#include <cstdio>
#include <memory>

#include "base/logger.h"
#include "base/named_file.h"
#include "cli/exit_code.h"
#include "otlp/text.h"
#include "pipeline/redact_trial.h"
#include "server/config.h"

namespace turnscope::server {
namespace {

constexpr std::size_t kMostBytes = 64u << 20;

struct RedactOptions {
  std::string file, config, key, service, role;
  std::vector<std::string> overrides;
  bool json = false;
};

int test(const RedactOptions& options) {
  const auto config = load_config(options.config, options.overrides);
  if (!config) {
    std::fprintf(stderr, "%s\n", config.error().message.c_str());
    return config.error().kind == ErrorKind::not_found ? cli::not_found : cli::usage;
  }
  const auto pipeline = make_pipeline(*config);
  if (!pipeline) {
    std::fprintf(stderr, "%s\n", pipeline.error().message.c_str());
    return cli::usage;
  }
  auto read = read_named_file(options.file == "-" ? "/dev/stdin" : options.file, kMostBytes);
  if (!read) return cli::say(read.error());
  std::string text = std::move(*read);
  if (!otlp::valid_utf8(text)) {
    std::string repaired;
    otlp::repair_utf8(text, repaired);
    text = std::move(repaired);
  }
  const auto trial =
      pipeline::try_redaction(*(*pipeline)->redactor(), {text, options.key, options.service, options.role});
  if (options.json) {
    std::printf("%s\n", pipeline::trial_json(trial, config->redact_enabled).c_str());
    return cli::ok;
  }
  std::fwrite(trial.text.data(), 1, trial.text.size(), stdout);
  std::fflush(stdout);
  for (std::size_t d = 0; d <= pipeline::kDetectors; ++d) {
    if (!trial.found[d]) continue;
    const auto what =
        d == pipeline::kWholeValues ? std::string_view("whole values") : pipeline::kDetectorTable[d].name;
    std::fprintf(stderr, "%8u  %.*s\n", trial.found[d], static_cast<int>(what.size()), what.data());
  }
  if (!trial.changed) std::fprintf(stderr, "nothing found\n");
  if (!config->redact_enabled)
    std::fprintf(stderr, "redaction is off in this configuration (redact.enabled: false)\n");
  return cli::ok;
}

}  // namespace

void add_redact_command(cli::Command& app, std::function<int()>& run) {
  auto options = std::make_shared<RedactOptions>();
  auto* command = app.add_subcommand("redact", "Try redaction on a text");
  command->require_subcommand();
  auto* sub = command->add_subcommand(
      "test", "Print a text as it would be stored; what was found, by detector, goes to standard error");
  sub->add_option("file", options->file, "Text or JSON; - reads standard input")->required();
  sub->add_option("--config", options->config, "YAML file, as serve takes it");
  sub->add_option("--set", options->overrides, "key.path=value, as serve takes it");
  sub->add_option("--key", options->key,
                  "The attribute that the text would stand under: chooses rules, tells what numbers are");
  sub->add_option("--service", options->service, "The service that would send it: chooses rules");
  sub->add_option("--role", options->role, "The role of the message: chooses rules");
  sub->add_flag("--json", options->json, "Print JSON: {\"changed\", \"text\", \"found\", \"replacements\"}");
  sub->callback([options, &run] { run = [options] { return test(*options); }; });
}

}  // namespace turnscope::server
