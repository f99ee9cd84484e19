#include "examples/agent/calculator.h"

#include <gmock/gmock.h>

namespace turnscope::example {
namespace {

using ::testing::HasSubstr;

TEST(Calculator, precedence_associativity_and_functions) {
  const std::pair<const char*, const char*> cases[] = {{"1 + 2 * 3", "7"},
                                                       {"(1 + 2) * 3", "9"},
                                                       {"2 ^ 3 ^ 2", "512"},
                                                       {"-2 ^ 2", "-4"},
                                                       {"2 ^ -1", "0.5"},
                                                       {"10 - 4 - 3", "3"},
                                                       {"7 % 4", "3"},
                                                       {"0.1 + 0.2", "0.3"},
                                                       {"1_000.5e1", "10005"},
                                                       {"round(2.345, 2)", "2.35"},
                                                       {"avg(1, 2, 6)", "3"},
                                                       {"max(1, -5, 3) - min(4, 2)", "1"},
                                                       {"sum(104.50, 99)", "203.5"},
                                                       {"-(3 - 5)", "2"},
                                                       {"sqrt(16) + abs(-1)", "5"},
                                                       {"1e3 * 2", "2000"}};
  for (const auto& [expression, expected] : cases) {
    const auto value = evaluate(expression);
    ASSERT_TRUE(value) << expression << ": " << value.error();
    EXPECT_EQ(format_number(*value), expected) << expression;
  }
}

TEST(Calculator, refusals_say_what_and_where) {
  const std::pair<const char*, const char*> cases[] = {
      {"1 / 0", "division by zero"}, {"1 +", "ends too early"},
      {"(1", "')' is missing"},      {"2 3", "unexpected '3' at column 3"},
      {"foo(1)", "foo()"},           {"x", "'x' is not known"},
      {"1.2.3", "not a number"},     {"", "ends too early"},
      {"sqrt(-1)", "sqrt()"},        {"10 ^ 400", "not a finite"},
      {"system('ls')", "unexpected"}};
  for (const auto& [expression, expected] : cases) {
    const auto value = evaluate(expression);
    ASSERT_FALSE(value) << expression;
    EXPECT_THAT(value.error(), HasSubstr(expected)) << expression;
  }
}

TEST(Calculator, nesting_and_length_are_limited) {
  EXPECT_THAT(evaluate(std::string(100'000, '(')).error(), HasSubstr("limit is 4096"));
  EXPECT_THAT(evaluate(std::string(4'000, '(')).error(), HasSubstr("nesting"));
  EXPECT_THAT(evaluate(std::string(4'000, '-')).error(), HasSubstr("nesting"));
}

}  // namespace
}  // namespace turnscope::example
