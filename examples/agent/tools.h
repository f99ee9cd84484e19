// What the agent can do besides talking: three tools over a workspace of its own.
#pragma once
#include <boost/json.hpp>

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace turnscope::example {

/// A tool's failure, as it is told to the model and recorded as an exception event.
struct ToolError {
  std::string type;     ///< "DatabaseReadOnlyError"
  std::string message;  ///< one sentence
};
using ToolResult = std::expected<std::string, ToolError>;

/// A tool of the Messages API. execute() may be called from one thread at a time.
class Tool {
 public:
  virtual ~Tool() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view description() const = 0;
  virtual boost::json::object input_schema() const = 0;
  /// Runs with the model's arguments (hostile: checked here); returns text for the model.
  virtual ToolResult execute(const boost::json::object& arguments) = 0;
};

/// SQL, one reading statement, over the SQLite file: JSON {"columns","rows":[{…}],"row_count","truncated"}.
/// Refuses whatever writes; stops after 200 rows and 10 s. Waits up to 10 s for a lock that another program
/// holds.
std::unique_ptr<Tool> make_query_database(std::string database_file);

/// RE2 search over *.log files of a directory: JSON
/// {"matches":[{"file","line","text"}],"match_count","truncated"}. Stops after `max_results` (argument, at
/// most 5,000) matches and 64 MiB of logs.
std::unique_ptr<Tool> make_search_logs(std::string directory);

/// Arithmetic (calculator.h): JSON {"expression","value"}.
std::unique_ptr<Tool> make_calculate();

/// The three tools over a workspace made by make_workspace().
std::vector<std::unique_ptr<Tool>> make_tools(const std::string& workspace);

/// A string argument, or the error to return.
std::expected<std::string, ToolError> string_argument(const boost::json::object& arguments,
                                                      std::string_view key);

}  // namespace turnscope::example
