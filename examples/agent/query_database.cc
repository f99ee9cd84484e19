// The tool `query_database`. Reading only, in three layers: the file is opened read-only, an authorizer
// refuses ATTACH, PRAGMA and functions that touch files, and sqlite3_stmt_readonly has the last word.
#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>

#include "examples/agent/tools.h"

namespace turnscope::example {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr int max_rows = 200;
constexpr auto time_limit = std::chrono::seconds(10);

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
};

int authorize(void* denied, int action, const char* first, const char* second, const char*, const char*) {
  const std::string_view function = second ? second : "";
  const bool allowed = action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE ||
                       (action == SQLITE_FUNCTION && function != "load_extension");
  if (allowed) return SQLITE_OK;
  *static_cast<std::string*>(denied) = action == SQLITE_FUNCTION ? std::string(function)
                                       : first && *first         ? first
                                                                 : "the database";
  return SQLITE_DENY;
}

int past_deadline(void* deadline) {
  return Clock::now() > *static_cast<Clock::time_point*>(deadline) ? 1 : 0;
}

json::value column_value(sqlite3_stmt* statement, int i) {
  switch (sqlite3_column_type(statement, i)) {
    case SQLITE_INTEGER:
      return sqlite3_column_int64(statement, i);
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, i);
    case SQLITE_TEXT:
      return json::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, i)),
                          static_cast<std::size_t>(sqlite3_column_bytes(statement, i)));
    case SQLITE_BLOB:
      return json::string(fmt::format("({} bytes)", sqlite3_column_bytes(statement, i)));
    default:
      return nullptr;
  }
}

class QueryDatabase final : public Tool {
 public:
  explicit QueryDatabase(std::string file) : file_(std::move(file)) {}

  std::string_view name() const override { return "query_database"; }
  std::string_view description() const override {
    return "Runs one reading SQL statement (SQLite) over the shop's database. Tables: customers(id, name, "
           "email, country, "
           "plan, created_at), orders(id, customer_id, status, total_cents, currency, created_at), "
           "charges(id, order_id, "
           "status, amount_cents, currency, card_last4, failure_code, created_at), refunds(id, charge_id, "
           "amount_cents, "
           "reason, created_at). At most 200 rows.";
  }
  json::object input_schema() const override {
    return {{"type", "object"},
            {"properties", {{"sql", {{"type", "string"}, {"description", "one SELECT statement"}}}}},
            {"required", json::array{"sql"}}};
  }

  ToolResult execute(const json::object& arguments) override {
    auto sql = string_argument(arguments, "sql");
    if (!sql) return std::unexpected(sql.error());
    sqlite3* raw = nullptr;
    const int opened =
        sqlite3_open_v2(file_.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
    std::unique_ptr<sqlite3, CloseDatabase> db(raw);
    if (opened != SQLITE_OK)
      return std::unexpected(
          ToolError{"DatabaseUnavailableError",
                    fmt::format("the database cannot be opened: {}", sqlite3_errmsg(db.get()))});
    sqlite3_busy_timeout(db.get(), 10'000);
    sqlite3_limit(db.get(), SQLITE_LIMIT_LENGTH, 1 << 20);
    Clock::time_point deadline = Clock::now() + time_limit;
    sqlite3_progress_handler(db.get(), 10'000, past_deadline, &deadline);
    std::string denied;
    sqlite3_set_authorizer(db.get(), authorize, &denied);
    return run(db.get(), *sql, denied);
  }

 private:
  ToolResult run(sqlite3* db, const std::string& sql, const std::string& denied) {
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    const int prepared = sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &raw, &tail);
    std::unique_ptr<sqlite3_stmt, FinalizeStatement> statement(raw);
    if (prepared != SQLITE_OK && !denied.empty())
      return std::unexpected(ToolError{
          "DatabaseReadOnlyError",
          fmt::format("'{}' may not be used or changed, this tool only reads: use a SELECT", denied)});
    if (prepared != SQLITE_OK) return std::unexpected(ToolError{"SqlError", sqlite3_errmsg(db)});
    if (!statement) return std::unexpected(ToolError{"SqlError", "the statement is empty"});
    const std::string_view rest(tail, static_cast<std::size_t>(sql.data() + sql.size() - tail));
    if (rest.find_first_not_of(" \t\r\n;") != std::string_view::npos)
      return std::unexpected(
          ToolError{"SqlError", "one statement at a time: remove what stands behind the first ';'"});
    if (!sqlite3_stmt_readonly(statement.get()))
      return std::unexpected(
          ToolError{"DatabaseReadOnlyError", "the statement writes, and this tool only reads"});
    return rows(db, statement.get());
  }

  ToolResult rows(sqlite3* db, sqlite3_stmt* statement) {
    const int columns = sqlite3_column_count(statement);
    json::array names, result;
    for (int i = 0; i < columns; ++i) names.emplace_back(sqlite3_column_name(statement, i));
    bool truncated = false;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      if (result.size() == max_rows) {
        truncated = true;
        break;
      }
      json::object row;
      for (int i = 0; i < columns; ++i) row[sqlite3_column_name(statement, i)] = column_value(statement, i);
      result.emplace_back(std::move(row));
    }
    if (code == SQLITE_INTERRUPT)
      return std::unexpected(
          ToolError{"QueryTimeoutError", fmt::format("the query ran longer than {} s", time_limit.count())});
    if (code == SQLITE_BUSY)
      return std::unexpected(
          ToolError{"DatabaseLockedError", "another program held the database's lock for more than 10 s"});
    if (code != SQLITE_DONE && code != SQLITE_ROW)
      return std::unexpected(ToolError{"SqlError", sqlite3_errmsg(db)});
    const std::size_t count = result.size();
    return json::serialize(json::object{{"columns", std::move(names)},
                                        {"rows", std::move(result)},
                                        {"row_count", count},
                                        {"truncated", truncated}});
  }

  std::string file_;
};

}  // namespace

std::unique_ptr<Tool> make_query_database(std::string database_file) {
  return std::make_unique<QueryDatabase>(std::move(database_file));
}

}  // namespace turnscope::example
