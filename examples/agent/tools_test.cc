#include "examples/agent/tools.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "examples/agent/workspace.h"

namespace turnscope::example {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;

class Tools : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/toolsXXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    const auto made = make_workspace(directory_);
    ASSERT_TRUE(made) << made.error();
    tools_ = make_tools(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  ToolResult run(std::string_view name, const json::object& arguments) {
    for (auto& tool : tools_)
      if (tool->name() == name) return tool->execute(arguments);
    return std::unexpected(ToolError{"NoSuchTool", std::string(name)});
  }
  json::value sql(std::string_view statement) {
    auto result = run("query_database", {{"sql", statement}});
    EXPECT_TRUE(result) << result.error().message;
    return result ? json::parse(*result) : json::value();
  }

  std::string directory_;
  std::vector<std::unique_ptr<Tool>> tools_;
};

TEST_F(Tools, the_workspace_holds_the_double_charge_of_order_1042) {
  const auto charges =
      sql("SELECT status, count(*) AS n FROM charges WHERE order_id = 1042 GROUP BY status ORDER BY status");
  EXPECT_EQ(json::serialize(charges.at("rows")),
            R"([{"status":"failed","n":1},{"status":"succeeded","n":2}])");
  const auto logs = run("search_logs", {{"pattern", "order=1042 .*attempt=2"}, {"file", "payments.log"}});
  ASSERT_TRUE(logs);
  EXPECT_THAT(*logs, HasSubstr("charged again"));
}

TEST_F(Tools, a_workspace_is_the_same_bytes_every_time) {
  const std::string other = directory_ + "/other";
  ASSERT_TRUE(make_workspace(other));
  for (const char* file : {"logs/gateway.log", "logs/payments.log", "logs/worker.log", "shop.sqlite"}) {
    std::ifstream a(directory_ + "/" + file, std::ios::binary), b(other + "/" + file, std::ios::binary);
    const std::string first{std::istreambuf_iterator<char>(a), {}},
        second{std::istreambuf_iterator<char>(b), {}};
    EXPECT_GT(first.size(), 10'000u);
    EXPECT_EQ(first, second) << file;
  }
}

TEST_F(Tools, the_database_is_only_read) {
  const std::pair<const char*, const char*> cases[] = {
      {"UPDATE charges SET status = 'refunded'", "DatabaseReadOnlyError"},
      {"DELETE FROM orders", "DatabaseReadOnlyError"},
      {"ATTACH '/etc/passwd' AS x", "DatabaseReadOnlyError"},
      {"PRAGMA journal_mode = WAL", "DatabaseReadOnlyError"},
      {"SELECT load_extension('x')", "DatabaseReadOnlyError"},
      {"CREATE TABLE x(y)", "DatabaseReadOnlyError"},
      {"SELECT 1; DROP TABLE orders", "SqlError"},
      {"SELECT nothing FROM orders", "SqlError"},
      {"  ", "SqlError"}};
  for (const auto& [statement, type] : cases) {
    const auto result = run("query_database", {{"sql", statement}});
    ASSERT_FALSE(result) << statement;
    EXPECT_EQ(result.error().type, type) << statement << ": " << result.error().message;
  }
  EXPECT_EQ(json::serialize(sql("SELECT count(*) AS n FROM orders").at("rows")), R"([{"n":400}])");
}

TEST_F(Tools, rows_are_cut_at_two_hundred_and_it_says_so) {
  const auto orders = sql("SELECT id FROM orders");
  EXPECT_EQ(orders.at("row_count").as_int64(), 200);
  EXPECT_TRUE(orders.at("truncated").as_bool());
}

TEST_F(Tools, arguments_are_checked) {
  for (const auto& tool : tools_) {
    const auto result = tool->execute({{"sql", 1}, {"pattern", nullptr}, {"expression", json::array{}}});
    ASSERT_FALSE(result) << tool->name();
    EXPECT_EQ(result.error().type, "InvalidArgumentsError") << tool->name();
  }
  EXPECT_EQ(run("search_logs", {{"pattern", "("}}).error().type, "InvalidPatternError");
  EXPECT_EQ(run("search_logs", {{"pattern", "x"}, {"file", "../shop.sqlite"}}).error().type,
            "LogFileNotFoundError");
}

TEST_F(Tools, matches_are_counted_beyond_the_limit) {
  const auto result = run("search_logs", {{"pattern", "gateway"}, {"max_results", 3}});
  ASSERT_TRUE(result);
  const auto parsed = json::parse(*result);
  EXPECT_EQ(parsed.at("matches").as_array().size(), 3u);
  EXPECT_GT(parsed.at("match_count").as_int64(), 4'000);
  EXPECT_TRUE(parsed.at("truncated").as_bool());
}

TEST_F(Tools, a_calculation_is_written_as_people_write_numbers) {
  EXPECT_EQ(*run("calculate", {{"expression", "(20900 - 10450) / 100"}}),
            R"({"expression":"(20900 - 10450) / 100","value":104.5})");
  EXPECT_EQ(run("calculate", {{"expression", "1/0"}}).error().type, "CalculationError");
}

}  // namespace
}  // namespace turnscope::example
