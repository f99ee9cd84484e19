#include "examples/agent/workspace.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace turnscope::example {
namespace {

namespace fs = std::filesystem;

/// SplitMix64: small, and the same on every machine (std distributions are not).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  template <typename T, std::size_t N>
  T pick(const std::array<T, N>& from) {
    return from[below(N)];
  }

 private:
  std::uint64_t state_;
};

constexpr std::array<std::string_view, 12> first_names = {"Amara",  "Bruno", "Chiara", "Dmitri",
                                                          "Elena",  "Farid", "Grace",  "Hiro",
                                                          "Ingrid", "Jonas", "Keiko",  "Lucia"};
constexpr std::array<std::string_view, 10> last_names = {"Adeyemi", "Bianchi", "Costa",  "Dvorak", "Eriksen",
                                                         "Fischer", "Garcia",  "Haddad", "Ito",    "Jensen"};
constexpr std::array<std::string_view, 6> countries = {"DE", "FR", "IT", "JP", "NG", "US"};
constexpr std::array<std::string_view, 3> plans = {"free", "team", "business"};
constexpr std::array<std::string_view, 3> failures = {"card_declined", "insufficient_funds",
                                                      "gateway_timeout"};

std::string day(std::uint64_t offset) {
  return fmt::format("2026-{:02}-{:02}", 9 + offset / 30, 1 + offset % 30);
}
std::string clock_time(std::uint64_t seconds) {
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

constexpr std::string_view schema = R"sql(
CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT, email TEXT, country TEXT, plan TEXT, created_at TEXT);
CREATE TABLE orders(id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), status TEXT, total_cents INTEGER,
                    currency TEXT, created_at TEXT);
CREATE TABLE charges(id TEXT PRIMARY KEY, order_id INTEGER REFERENCES orders(id), status TEXT, amount_cents INTEGER,
                     currency TEXT, card_last4 TEXT, failure_code TEXT, created_at TEXT);
CREATE TABLE refunds(id TEXT PRIMARY KEY, charge_id TEXT REFERENCES charges(id), amount_cents INTEGER, reason TEXT,
                     created_at TEXT);
CREATE INDEX orders_by_customer ON orders(customer_id);
CREATE INDEX charges_by_order ON charges(order_id);
)sql";

std::string rows() {
  Dice dice(2026);
  std::string sql = "BEGIN;";
  for (int id = 1; id <= 60; ++id) {
    const auto first = dice.pick(first_names), last = dice.pick(last_names);
    sql += fmt::format(
        "INSERT INTO customers VALUES({},'{} {}','customer{}@shop.example','{}','{}','2025-{:02}-{:02}');\n",
        id, first, last, id, dice.pick(countries), dice.pick(plans), 1 + dice.below(12), 1 + dice.below(28));
  }
  int charge = 9000;
  for (int id = 1001; id <= 1400; ++id) {
    const std::uint64_t total = 500 + dice.below(40'000), offset = dice.below(80),
                        second = dice.below(86'400);
    // Order 1042 was charged again by a retry after a gateway timeout: what the demo's question is about.
    const std::uint64_t rolled = dice.below(20), kind = id == 1042 ? 3 : rolled;
    const std::string at = day(offset) + "T" + clock_time(second) + "Z";
    const std::string_view status = kind == 0 ? "cancelled" : kind < 3 ? "pending" : "paid";
    sql += fmt::format("INSERT INTO orders VALUES({},{},'{}',{},'EUR','{}');\n", id, 1 + dice.below(60),
                       status, total, at);
    const auto add_charge = [&](std::string_view state, std::string_view failure) {
      sql += fmt::format("INSERT INTO charges VALUES('ch_{}',{},'{}',{},'EUR','{:04}',{},'{}');\n", ++charge,
                         id, state, total, dice.below(10'000),
                         failure.empty() ? "NULL" : fmt::format("'{}'", failure), at);
    };
    if (kind < 3) add_charge("failed", dice.pick(failures));
    if (status == "paid") {
      if (kind == 3) add_charge("failed", "gateway_timeout");
      add_charge("succeeded", "");
      if (kind == 3) add_charge("succeeded", "");
      if (kind == 19) {
        sql += fmt::format("INSERT INTO refunds VALUES('re_{}','ch_{}',{},'requested_by_customer','{}');\n",
                           charge, charge, total / 2, at);
      }
    }
  }
  return sql + "COMMIT;";
}

std::expected<void, std::string> make_database(const fs::path& file) {
  const fs::path unfinished = fs::path(file).concat(".new");
  std::error_code ignored;
  fs::remove(unfinished, ignored);
  sqlite3* db = nullptr;
  std::string problem;
  if (sqlite3_open(unfinished.c_str(), &db) != SQLITE_OK ||
      sqlite3_exec(db, std::string(schema).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK ||
      sqlite3_exec(db, rows().c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    problem = fmt::format("cannot create {}: {}", file.string(), sqlite3_errmsg(db));
  sqlite3_close(db);
  if (!problem.empty()) return std::unexpected(problem);
  std::error_code failed;
  fs::rename(unfinished, file, failed);  // whole or not there at all
  if (failed) return std::unexpected(fmt::format("cannot create {}: {}", file.string(), failed.message()));
  return {};
}

void write_gateway(std::ostream& out) {
  Dice dice(11);
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    const std::uint64_t second = 36'000 + i * 3;
    const std::uint64_t order = 1001 + dice.below(400), took = 20 + dice.below(180);
    const bool slow = second > 43'200 && second < 44'400 && dice.below(4) == 0;
    out << fmt::format(
        "2026-11-20T{}Z {} gateway request_id=req-{:05} method=POST path=/v1/orders/{}/pay status={} "
        "took_ms={}{}\n",
        clock_time(second), slow ? "ERROR" : "INFO", i, order, slow ? 504 : 200, slow ? 30'000 + took : took,
        slow ? " error=\"upstream payments timed out after 30000 ms\"" : "");
  }
}

void write_payments(std::ostream& out) {
  Dice dice(12);
  for (std::uint64_t i = 0; i < 3'000; ++i) {
    const std::uint64_t second = 36'000 + i * 5, drawn = 1001 + dice.below(400),
                        order = i == 2'000 ? 1042 : drawn;
    const bool exhausted = second > 43'200 && second < 44'400 && dice.below(3) == 0;
    if (exhausted)
      out << fmt::format(
          "2026-11-20T{}Z WARN payments pool=card-processor waiting={} in_use=50 max=50 message=\"connection "
          "pool exhausted\"\n",
          clock_time(second), 1 + dice.below(90));
    else
      out << fmt::format("2026-11-20T{}Z INFO payments order={} action=charge attempt=1 result=succeeded\n",
                         clock_time(second), order);
    if (order == 1042 && !exhausted)
      out << fmt::format(
          "2026-11-20T{}Z WARN payments order=1042 action=charge attempt=2 idempotency_key=missing "
          "message=\"retry after gateway "
          "timeout charged again\"\n",
          clock_time(second + 31));
  }
}

void write_worker(std::ostream& out) {
  Dice dice(13);
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    const std::uint64_t second = 36'000 + i * 15;
    out << fmt::format("2026-11-20T{}Z INFO worker job=settle-{:04} rows={} took_ms={}\n", clock_time(second),
                       i, 100 + dice.below(900), 40 + dice.below(400));
  }
}

std::expected<void, std::string> make_log(const fs::path& file, void (*write)(std::ostream&)) {
  const fs::path unfinished = fs::path(file).concat(".new");
  {
    std::ofstream out(unfinished, std::ios::trunc);
    write(out);
    if (!out.flush()) return std::unexpected(fmt::format("cannot write {}", unfinished.string()));
  }
  std::error_code failed;
  fs::rename(unfinished, file, failed);
  if (failed) return std::unexpected(fmt::format("cannot create {}: {}", file.string(), failed.message()));
  return {};
}

}  // namespace

std::expected<void, std::string> make_workspace(const std::string& directory) {
  const fs::path root = directory, logs = root / "logs";
  std::error_code failed;
  fs::create_directories(logs, failed);
  if (failed) return std::unexpected(fmt::format("cannot create {}: {}", logs.string(), failed.message()));
  if (!fs::exists(root / "shop.sqlite"))
    if (auto made = make_database(root / "shop.sqlite"); !made) return made;
  const std::pair<const char*, void (*)(std::ostream&)> files[] = {
      {"gateway.log", write_gateway}, {"payments.log", write_payments}, {"worker.log", write_worker}};
  for (const auto& [name, write] : files)
    if (!fs::exists(logs / name))
      if (auto made = make_log(logs / name, write); !made) return made;
  return {};
}

DatabaseLock::DatabaseLock(const std::string& workspace) {
  sqlite3* db = nullptr;
  const std::string file = workspace + "/shop.sqlite";
  held_ = sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK &&
          sqlite3_exec(db, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr) == SQLITE_OK;
  database_ = db;
}

DatabaseLock::~DatabaseLock() {
  auto* db = static_cast<sqlite3*>(database_);
  if (held_) sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(db);
}

}  // namespace turnscope::example
