// The tool `calculate`: an evaluator of arithmetic expressions, nothing else (no variables, no assignment, no
// I/O).
#pragma once
#include <expected>
#include <string>
#include <string_view>

namespace turnscope::example {

/// Evaluates `expression` in double precision. Grammar: + - * / % and ^ (right associative), unary minus,
/// parentheses, numbers (1_000.5e3), pi, and abs, sqrt, floor, ceil, round(x[, digits]), min, max, sum, avg
/// over any number of arguments. Error: one sentence with the column. Limits: 4,096 characters, nesting
/// of 64.
std::expected<double, std::string> evaluate(std::string_view expression);

/// Shortest text that reads back as the same number; whole numbers without a point.
std::string format_number(double value);

}  // namespace turnscope::example
