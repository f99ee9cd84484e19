#include "cli/command_line.h"

#include <CLI/CLI.hpp>

#include "base/logger.h"
#include "cli/exit_code.h"

namespace turnscope::cli {
namespace {

CLI::App* app(void* command) { return static_cast<CLI::App*>(command); }
CLI::Option* opt(void* option) { return static_cast<CLI::Option*>(option); }

}  // namespace

Option* Option::required() {
  opt(option_)->required();
  return this;
}

Option* Option::capture_default_str() {
  opt(option_)->capture_default_str();
  return this;
}

Option* Option::range(std::int64_t least, std::int64_t most) {
  opt(option_)->check(CLI::Range(least, most));
  return this;
}

Option* Option::one_of(std::vector<std::string> values) {
  opt(option_)->check(CLI::IsMember(std::move(values)));
  return this;
}

Command::Command(void* command) : command_(command) {}
Command::~Command() = default;

Command* Command::add_subcommand(const std::string& name, const std::string& help) {
  below_.push_back(std::unique_ptr<Command>(new Command(app(command_)->add_subcommand(name, help))));
  return below_.back().get();
}

void Command::require_subcommand() { app(command_)->require_subcommand(1); }
void Command::callback(std::function<void()> f) { app(command_)->callback(std::move(f)); }
void Command::footer(const std::string& text) { app(command_)->footer(text); }

Option* Command::keep(void* option) {
  options_.push_back(std::make_unique<Option>(option));
  return options_.back().get();
}

template <class T>
Option* Command::add(const std::string& name, T& value, const std::string& help) {
  return keep(app(command_)->add_option(name, value, help));
}

Option* Command::add_option(const std::string& name, std::string& value, const std::string& help) {
  return add(name, value, help);
}
Option* Command::add_option(const std::string& name, std::vector<std::string>& value,
                            const std::string& help) {
  return add(name, value, help);
}
Option* Command::add_option(const std::string& name, int& value, const std::string& help) {
  return add(name, value, help);
}
Option* Command::add_option(const std::string& name, unsigned& value, const std::string& help) {
  return add(name, value, help);
}
Option* Command::add_option(const std::string& name, std::uint64_t& value, const std::string& help) {
  return add(name, value, help);
}
Option* Command::add_option(const std::string& name, double& value, const std::string& help) {
  return add(name, value, help);
}
Option* Command::add_flag(const std::string& name, bool& value, const std::string& help) {
  return keep(app(command_)->add_flag(name, value, help));
}

struct CommandLine::Root {
  explicit Root(const std::string& description) : app(description) {}
  CLI::App app;
};

CommandLine::CommandLine(const std::string& description) : CommandLine(std::make_unique<Root>(description)) {}
CommandLine::CommandLine(std::unique_ptr<Root> root) : Command(&root->app), root_(std::move(root)) {}
CommandLine::~CommandLine() = default;

void CommandLine::set_version(const std::string& text) { root_->app.set_version_flag("--version", text); }

std::optional<int> CommandLine::parse(int argc, const char* const* argv) {
  try {
    root_->app.parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    const CLI::App* at = &root_->app;
    while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
    if (at->get_require_subcommand_min() == 0) return root_->app.exit(error), Exit::usage;
    std::string known;
    for (const auto* each : at->get_subcommands({})) known += (known.empty() ? "" : ", ") + each->get_name();
    const auto unknown = at->remaining();
    std::fprintf(stderr, "turnscope: %s; there are %s\n",
                 unknown.empty() ? "a command is missing"
                                 : ("'" + printable(unknown.front()) + "' is no command here").c_str(),
                 known.c_str());
    return Exit::usage;
  } catch (const CLI::ParseError& error) {
    return root_->app.exit(error) == 0 ? Exit::ok : Exit::usage;
  }
  return std::nullopt;
}

}  // namespace turnscope::cli
