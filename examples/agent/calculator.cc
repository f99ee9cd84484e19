#include "examples/agent/calculator.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

namespace turnscope::example {
namespace {

constexpr std::size_t max_length = 4096;
constexpr int max_nesting = 64;

using Value = std::expected<double, std::string>;

class Evaluator {
 public:
  explicit Evaluator(std::string_view text) : text_(text) {}

  Value run() {
    Value value = sum();
    if (!value) return value;
    skip_blanks();
    if (at_ < text_.size()) return error(fmt::format("unexpected '{}'", text_[at_]));
    if (!std::isfinite(*value)) return error("the result is not a finite number");
    return value;
  }

 private:
  std::unexpected<std::string> error(std::string_view what) const {
    return std::unexpected(fmt::format("{} at column {}", what, at_ + 1));
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Value sum() {
    Value left = product();
    while (left) {
      const bool plus = accept('+');
      if (!plus && !accept('-')) break;
      Value right = product();
      if (!right) return right;
      *left = plus ? *left + *right : *left - *right;
    }
    return left;
  }

  Value product() {
    Value left = signed_power();
    while (left) {
      skip_blanks();
      const char op = at_ < text_.size() ? text_[at_] : '\0';
      if (op != '*' && op != '/' && op != '%') break;
      ++at_;
      Value right = signed_power();
      if (!right) return right;
      if (op != '*' && *right == 0) return error("division by zero");
      *left = op == '*' ? *left * *right : op == '/' ? *left / *right : std::fmod(*left, *right);
    }
    return left;
  }

  Value signed_power() {
    if (++nesting_ > max_nesting) return error(fmt::format("nesting is deeper than {}", max_nesting));
    const bool minus = accept('-');
    Value value = minus || accept('+') ? signed_power() : power();
    if (minus && value) *value = -*value;
    --nesting_;
    return value;
  }

  Value power() {
    Value base = primary();
    if (!base || !accept('^')) return base;
    Value exponent = signed_power();
    if (!exponent) return exponent;
    return std::pow(*base, *exponent);
  }

  Value primary() {
    skip_blanks();
    if (at_ >= text_.size()) return error("the expression ends too early");
    const char c = text_[at_];
    if (accept('(')) {
      Value value = sum();
      if (value && !accept(')')) return error("')' is missing");
      return value;
    }
    if ((c >= '0' && c <= '9') || c == '.') return number();
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return named();
    return error(fmt::format("unexpected '{}'", c));
  }

  Value number() {
    std::string digits;
    const std::size_t start = at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool exponent_sign =
          (c == '+' || c == '-') && !digits.empty() && (digits.back() == 'e' || digits.back() == 'E');
      if (!((c >= '0' && c <= '9') || c == '.' || c == '_' || c == 'e' || c == 'E' || exponent_sign)) break;
      if (c != '_') digits += c;
      ++at_;
    }
    double value = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (code != std::errc{} || end != digits.data() + digits.size()) {
      at_ = start;
      return error(fmt::format("'{}' is not a number", digits));
    }
    return value;
  }

  Value named() {
    const std::size_t start = at_;
    std::string name;
    while (at_ < text_.size() && std::isalpha(static_cast<unsigned char>(text_[at_])))
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(text_[at_++])));
    if (name == "pi") return std::numbers::pi;
    if (!accept('(')) {
      at_ = start;
      return error(fmt::format("'{}' is not known", name));
    }
    std::vector<double> args;
    if (!accept(')')) {
      do {
        Value value = sum();
        if (!value) return value;
        args.push_back(*value);
      } while (accept(','));
      if (!accept(')')) return error("')' is missing");
    }
    return call(name, args, start);
  }

  Value call(std::string_view name, const std::vector<double>& args, std::size_t start) {
    if (args.empty()) {
      at_ = start;
      return error(fmt::format("{}() needs an argument", name));
    }
    if (name == "sum") return std::accumulate(args.begin(), args.end(), 0.0);
    if (name == "avg")
      return std::accumulate(args.begin(), args.end(), 0.0) / static_cast<double>(args.size());
    if (name == "min") return *std::min_element(args.begin(), args.end());
    if (name == "max") return *std::max_element(args.begin(), args.end());
    if (name == "round" && args.size() == 2) {
      const double scale = std::pow(10.0, std::clamp(std::trunc(args[1]), -15.0, 15.0));
      return std::round(args[0] * scale) / scale;
    }
    if (args.size() == 1) {
      if (name == "round") return std::round(args[0]);
      if (name == "abs") return std::fabs(args[0]);
      if (name == "floor") return std::floor(args[0]);
      if (name == "ceil") return std::ceil(args[0]);
      if (name == "sqrt" && args[0] >= 0) return std::sqrt(args[0]);
    }
    at_ = start;
    return error(fmt::format("{}() with {} argument(s) is not known", name, args.size()));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace

std::expected<double, std::string> evaluate(std::string_view expression) {
  if (expression.size() > max_length)
    return std::unexpected(
        fmt::format("the expression has {} characters, the limit is {}", expression.size(), max_length));
  return Evaluator(expression).run();
}

std::string format_number(double value) {
  if (std::fabs(value) < 1e15 && value == std::trunc(value)) return fmt::format("{:.0f}", value + 0.0);
  // 15 significant digits hide the binary noise of 0.1 + 0.2.
  return fmt::format("{:.15g}", value);
}

}  // namespace turnscope::example
