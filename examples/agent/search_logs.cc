// The tool `search_logs`: RE2, so that no pattern of the model's can take exponential time.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "examples/agent/tools.h"

namespace turnscope::example {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr std::int64_t default_results = 20, max_results = 5'000;
constexpr std::uintmax_t max_bytes = 64u << 20;
constexpr std::size_t max_line = 2'000;

class SearchLogs final : public Tool {
 public:
  explicit SearchLogs(std::string directory) : directory_(std::move(directory)) {}

  std::string_view name() const override { return "search_logs"; }
  std::string_view description() const override {
    return "Searches the services' log files (gateway.log, payments.log, worker.log) with a regular "
           "expression (RE2) and "
           "returns matching lines in file order. 'file' narrows to one file; 'max_results' is 20 unless "
           "told, 5000 at most.";
  }
  json::object input_schema() const override {
    return {{"type", "object"},
            {"properties",
             {{"pattern", {{"type", "string"}}},
              {"file", {{"type", "string"}}},
              {"max_results", {{"type", "integer"}}}}},
            {"required", json::array{"pattern"}}};
  }

  ToolResult execute(const json::object& arguments) override {
    auto pattern = string_argument(arguments, "pattern");
    if (!pattern) return std::unexpected(pattern.error());
    std::string only;
    if (const auto* file = arguments.if_contains("file"); file && file->is_string())
      only = std::string(file->get_string());
    std::int64_t limit = default_results;
    if (const auto* given = arguments.if_contains("max_results"); given && given->is_int64())
      limit = std::clamp<std::int64_t>(given->get_int64(), 1, max_results);

    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(8 << 20);
    const re2::RE2 expression(*pattern, options);
    if (!expression.ok())
      return std::unexpected(
          ToolError{"InvalidPatternError",
                    fmt::format("the pattern is not a regular expression: {}", expression.error())});
    std::vector<fs::path> files;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(directory_, failed))
      if (entry.path().extension() == ".log" && (only.empty() || entry.path().filename() == only))
        files.push_back(entry.path());
    if (failed) return std::unexpected(ToolError{"LogDirectoryError", failed.message()});
    if (files.empty())
      return std::unexpected(
          ToolError{"LogFileNotFoundError", fmt::format("there is no log file '{}'", only)});
    std::sort(files.begin(), files.end());
    return search(files, expression, limit);
  }

 private:
  static ToolResult search(const std::vector<fs::path>& files, const re2::RE2& expression,
                           std::int64_t limit) {
    json::array matches;
    std::int64_t count = 0;
    std::uintmax_t bytes = 0;
    bool truncated = false;
    for (const auto& file : files) {
      std::ifstream in(file);
      if (!in)
        return std::unexpected(
            ToolError{"LogFileNotFoundError", fmt::format("cannot read {}", file.filename().string())});
      std::string line;
      for (std::int64_t number = 1; !truncated && std::getline(in, line); ++number) {
        if ((bytes += line.size() + 1) > max_bytes) truncated = true;
        if (!re2::RE2::PartialMatch(line, expression)) continue;
        ++count;
        if (count > limit) continue;  // go on counting: "20 of 412" tells the model to narrow the search
        if (line.size() > max_line) line.resize(max_line);
        matches.push_back(json::object{{"file", file.filename().string()}, {"line", number}, {"text", line}});
      }
    }
    return json::serialize(json::object{
        {"matches", std::move(matches)}, {"match_count", count}, {"truncated", truncated || count > limit}});
  }

  std::string directory_;
};

}  // namespace

std::unique_ptr<Tool> make_search_logs(std::string directory) {
  return std::make_unique<SearchLogs>(std::move(directory));
}

}  // namespace turnscope::example
