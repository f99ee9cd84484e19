#include "cli/explain_command.h"

#include <boost/json.hpp>
#include <cstdio>
#include <memory>
#include <vector>

#include "base/logger.h"
#include "base/named_file.h"
#include "cli/exit_code.h"
#include "cli/terminal.h"
#include "genai/explain.h"
#include "genai/json.h"

namespace turnscope::cli {
namespace {
namespace json = boost::json;

constexpr std::size_t kMostBytes = 1u << 30;

std::string one_line(const json::value& v, int columns) {
  const std::string text = v.is_string() ? std::string(v.get_string()) : json::serialize(v);
  return fit(printable(text), columns);
}

/// Facts of one span, each with the attribute or rule that it came from.
void print_span(const Terminal& terminal, std::string_view id, const json::object& facts) {
  const auto text = [&](std::string_view key) {
    const json::value* v = facts.if_contains(key);
    return v && v->is_string() ? printable(std::string_view(v->get_string())) : std::string();
  };
  std::printf("%s  %s  %s\n", terminal.styled(Style::bold, text("name")).c_str(),
              terminal.styled(Style::cyan, text("kind")).c_str(),
              terminal.styled(Style::dim, std::string(id) + "  scope " + text("scope")).c_str());
  const json::value* origins = facts.if_contains("origins");
  for (const auto& fact : facts) {
    const std::string_view key(fact.key());
    if (key == "origins" || key == "not_understood" || key == "name" || key == "trace_id" || key == "scope" ||
        key == "kind")
      continue;
    std::string from;
    if (origins && origins->is_object())
      if (const json::value* o = origins->get_object().if_contains(key))
        from = std::string(genai::text_member(*o, "from"));
    std::printf("  %s %s  %s\n", pad(key, 22).c_str(),
                pad(one_line(fact.value(), terminal.columns() - 60), terminal.columns() - 60).c_str(),
                terminal.styled(Style::dim, printable(from)).c_str());
  }
  if (const json::value* n = facts.if_contains("not_understood"))
    std::printf("  %s %s\n", pad("not understood", 22).c_str(),
                terminal.styled(Style::yellow, one_line(*n, terminal.columns() - 26)).c_str());
  std::printf("\n");
}

int explain(const std::vector<std::string>& names, bool as_json) {
  std::vector<genai::ExplainFile> files;
  std::size_t bytes = 0;
  for (const auto& name : names) {
    auto text = read_named_file(name, kMostBytes);
    if (!text) return say(text.error());
    files.push_back({name, std::move(*text)});
    bytes += files.back().bytes.size();
    if (bytes > kMostBytes) {
      std::fprintf(stderr, "turnscope: the files are larger than 1 GiB together; explain fewer at once\n");
      return usage;
    }
  }
  const auto answer = genai::explain_json(files);
  if (!answer) return say(answer.error());
  if (as_json) {
    std::printf("%s\n", answer->c_str());
    return ok;
  }
  const auto parsed = genai::parse_json(*answer);
  if (!parsed || !parsed->is_object()) {
    std::printf("%s\n", answer->c_str());
    return ok;
  }
  const Terminal terminal = Terminal::detect();
  std::size_t shown = 0;
  if (const json::value* spans = genai::member(*parsed, "spans"); spans && spans->is_object())
    for (const auto& s : spans->get_object())
      if (s.value().is_object()) {
        print_span(terminal, std::string_view(s.key()), s.value().get_object());
        ++shown;
      }
  if (const json::value* totals = genai::member(*parsed, "trace_totals"); totals && totals->is_object())
    for (const auto& t : totals->get_object())
      std::printf("trace %s  %s\n", std::string(t.key()).c_str(), one_line(t.value(), 300).c_str());
  for (const auto* key : {"log_events_without_span", "notes"})
    if (const json::value* v = genai::member(*parsed, key))
      std::printf("%s: %s\n", key, one_line(*v, 300).c_str());
  if (shown != 0) return ok;
  std::fprintf(stderr, "turnscope: there is no span in what was given; traces are what is explained\n");
  return not_found;
}

}  // namespace

void add_explain_command(Command& app, std::function<int()>& run) {
  struct Options {
    std::vector<std::string> files;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "explain", "Show what is read in OTLP files (protobuf or JSON), and where each fact came from");
  command
      ->add_option("files", options->files,
                   "OTLP files of one run: traces, and NAME.logs.pb or .json for log records")
      ->required();
  command->add_flag("--json", options->json, "Print JSON: {\"spans\": {id: facts}, \"trace_totals\": …}");
  command->callback([options, &run] { run = [options] { return explain(options->files, options->json); }; });
}

}  // namespace turnscope::cli
