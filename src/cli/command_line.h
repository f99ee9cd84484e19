// The command line: CLI11 behind a small face, because its headers cost each file that sees them eight
// seconds.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace turnscope::cli {

/// One option or flag; each call returns the same option, so that they chain.
class Option {
 public:
  explicit Option(void* option) : option_(option) {}
  Option* required();
  /// Shows the variable's present value in --help.
  Option* capture_default_str();
  Option* range(std::int64_t least, std::int64_t most);
  Option* one_of(std::vector<std::string> values);

 private:
  void* option_;  // CLI::Option, owned by its command
};

/// A command with options and commands below it. What it fills in must live until parse() has returned.
class Command {
 public:
  virtual ~Command();
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  Command* add_subcommand(const std::string& name, const std::string& help);
  /// Exactly one of the commands below has to be given.
  void require_subcommand();
  void callback(std::function<void()>);
  void footer(const std::string& text);

  /// `name` is "--long", "-s,--long", or "word" for a positional argument.
  Option* add_option(const std::string& name, std::string& value, const std::string& help = "");
  Option* add_option(const std::string& name, std::vector<std::string>& value, const std::string& help = "");
  Option* add_option(const std::string& name, int& value, const std::string& help = "");
  Option* add_option(const std::string& name, unsigned& value, const std::string& help = "");
  Option* add_option(const std::string& name, std::uint64_t& value, const std::string& help = "");
  Option* add_option(const std::string& name, double& value, const std::string& help = "");
  /// "!--no-x" clears the value.
  Option* add_flag(const std::string& name, bool& value, const std::string& help = "");

 protected:
  explicit Command(void* command);

 private:
  template <class T>
  Option* add(const std::string& name, T& value, const std::string& help);
  Option* keep(void* option);

  void* command_;  // CLI::App; the whole is owned by CommandLine
  std::vector<std::unique_ptr<Command>> below_;
  std::vector<std::unique_ptr<Option>> options_;
};

class CommandLine : public Command {
 public:
  explicit CommandLine(const std::string& description);
  ~CommandLine() override;
  void set_version(const std::string& text);
  /// Nothing: go on. Otherwise help or an error was printed, and this is the exit code (cli::ok or
  /// cli::usage).
  std::optional<int> parse(int argc, const char* const* argv);

 private:
  struct Root;
  explicit CommandLine(std::unique_ptr<Root>);
  std::unique_ptr<Root> root_;
};

}  // namespace turnscope::cli
