#include "examples/agent/tools.h"

#include <fmt/format.h>

#include "examples/agent/calculator.h"

namespace turnscope::example {
namespace {

namespace json = boost::json;

class Calculate final : public Tool {
 public:
  std::string_view name() const override { return "calculate"; }
  std::string_view description() const override {
    return "Evaluates an arithmetic expression: + - * / % ^, parentheses, round(x, digits), min, max, sum, "
           "avg, sqrt, abs.";
  }
  json::object input_schema() const override {
    return {{"type", "object"},
            {"properties",
             {{"expression", {{"type", "string"}, {"description", "for example (1042.50 - 99) * 0.2"}}}}},
            {"required", json::array{"expression"}}};
  }
  ToolResult execute(const json::object& arguments) override {
    auto expression = string_argument(arguments, "expression");
    if (!expression) return std::unexpected(expression.error());
    auto value = evaluate(*expression);
    if (!value) return std::unexpected(ToolError{"CalculationError", value.error()});
    // The number is written as we format it, so that the model reads 12.5 and not 1.25E1.
    return fmt::format(R"({{"expression":{},"value":{}}})", json::serialize(json::value(*expression)),
                       format_number(*value));
  }
};

}  // namespace

std::expected<std::string, ToolError> string_argument(const json::object& arguments, std::string_view key) {
  const json::value* value = arguments.if_contains(key);
  if (!value || !value->is_string() || value->get_string().empty())
    return std::unexpected(
        ToolError{"InvalidArgumentsError", fmt::format("argument '{}' must be a non-empty string", key)});
  return std::string(value->get_string());
}

std::unique_ptr<Tool> make_calculate() { return std::make_unique<Calculate>(); }

std::vector<std::unique_ptr<Tool>> make_tools(const std::string& workspace) {
  std::vector<std::unique_ptr<Tool>> tools;
  tools.push_back(make_query_database(workspace + "/shop.sqlite"));
  tools.push_back(make_search_logs(workspace + "/logs"));
  tools.push_back(make_calculate());
  return tools;
}

}  // namespace turnscope::example
