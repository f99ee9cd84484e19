#include "store/chdb_engine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <vector>

#include "base/anomaly.h"
#include "base/logger.h"
#include "store/chdb_config.h"
#include "store/chdb_connection.h"
#include "store/chdb_library.h"
#include "store/insert_settings.h"
#include "store/query_watch.h"
#include "store/sql_guard.h"

namespace turnscope::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// One process a folder, said in a sentence (the engine's own refusal is a line on standard error).
class FolderLock {
 public:
  static Result<FolderLock> take(const std::filesystem::path& folder) {
    const auto file = folder / "lock";
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
      return fail(ErrorKind::io, fmt::format("cannot open {}: {}", file.string(), std::strerror(errno)));
    FolderLock lock(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
      return fail(
          ErrorKind::unavailable,
          fmt::format("the store folder {} is in use by another process: stop it, or use another data folder",
                      folder.string()));
    return lock;
  }
  FolderLock(FolderLock&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

// The signals whose handlers the library would take over.
using Handlers = std::array<struct sigaction, 6>;
Handlers handlers() {
  Handlers out{};
  std::size_t i = 0;
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTSTP})
    ::sigaction(signal, nullptr, &out[i++]);
  return out;
}
bool same(const Handlers& a, const Handlers& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].sa_sigaction != b[i].sa_sigaction) return false;
  return true;
}

// The library leaves threads behind that use its static objects, so running their destructors at exit ends in
// an abort now and then. The process ends without them instead, with the status it was given; what was to be
// written is. Armed when an engine is closed (handlers run in reverse order: after every static of the
// library).
class LeaveWithoutStatics {
 public:
  ~LeaveWithoutStatics() {
    ::on_exit(
        [](int status, void*) {
          std::fflush(nullptr);
          ::_exit(status);
        },
        nullptr);
  }
};

class ChdbEngine final : public Engine {
 public:
  /// `lock`: none for a further database of a folder that is locked already.
  ChdbEngine(ChdbOptions options, const ChdbLibrary& lib, std::optional<FolderLock> lock, std::string config,
             std::string database = {})
      : options_(std::move(options)),
        lib_(lib),
        lock_(std::move(lock)),
        config_(std::move(config)),
        database_(std::move(database)) {}

  // Order: no new queries (our caller), the watch, then connections; the lock last.
  ~ChdbEngine() override { watch_.reset(); }

  Status open() {
    const auto before = handlers();
    TS_TRY(connect(writer_, {"--log_comment=insert", "--max_threads=1"}));
    if (!same(before, handlers()))
      return fail(
          ErrorKind::internal,
          "the engine took over signal handlers although it was told not to: a crash would hang; use the "
          "pinned library (./dev setup)");
    TS_TRY(connect(admin_, {"--log_comment=ddl"}));
    TS_TRY(connect(killer_, {"--log_comment=kill"}));
    for (unsigned i = 0; i < std::max(1u, options_.read_connections); ++i) {
      auto reader = std::make_unique<ReadConnection>();
      reader->name = fmt::format("{}query{}", database_, i);
      TS_TRY(connect_reader(reader->connection, reader->name));
      free_.push_back(reader.get());
      readers_.push_back(std::move(reader));
    }
    TS_TRY(verify());
    watch_ = std::make_unique<QueryWatch>([this](const std::string& name) { kill(name); });
    let_go_of_pages(lib_);
    return {};
  }

  Result<QueryResult> query(const Query& q) override {
    TS_TRY(check_read_only(q.sql));
    const auto deadline = steady_clock::now() + q.limits.time;
    TS_ASSIGN(const Lease lease, take(deadline));
    TS_TRY(renew(lease.get()));
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    const auto memory = std::min<std::uint64_t>(q.limits.memory_bytes, options_.query_memory_bytes);
    auto sql = fmt::format(
        "{}\nSETTINGS max_execution_time = {:.3f}, max_memory_usage = {}, max_result_rows = {}, "
        "max_result_bytes = {}",
        q.sql, static_cast<double>(std::max<std::int64_t>(left.count(), 1)) / 1000.0, memory,
        q.limits.result_rows, q.limits.result_bytes);
    if (q.limits.read_rows != 0) sql += fmt::format(", max_rows_to_read = {}", q.limits.read_rows);
    if (!q.settings.empty()) sql.append(", ").append(q.settings);
    Result<QueryResult> result = fail(ErrorKind::internal, "not run");
    bool cancelled = false, late = false;
    {
      // One second of grace: the engine stops most queries itself and says where they were.
      const QueryWatch::Guard guard(*watch_, {lease.get().name, q.cancelled, deadline + milliseconds(1000)});
      result = lease.get().connection->query(sql, q.params, q.format);
      cancelled = guard.was_cancelled();
      late = guard.was_late();
    }
    // A stopped query can end as if it had succeeded, with a part of the rows.
    if (result && !cancelled && !late) return result;
    Error error = result ? Error(ErrorKind::cancelled, "the query was cancelled") : std::move(result).error();
    if (error.kind == ErrorKind::cancelled && !cancelled && late)
      error = Error(
          ErrorKind::deadline_exceeded,
          fmt::format("the query did not end within {} ms: narrow the time range", q.limits.time.count()));
    // What a query had put out before it failed can come with the connection's next answer.
    lease.get().spoiled = true;
    if (auto renewed = renew(lease.get()); !renewed)
      log_warn("a query connection could not be renewed: {}", renewed.error().message);
    if (error.kind == ErrorKind::deadline_exceeded) count(Anomaly::query_deadline);
    if (error.kind == ErrorKind::overloaded) count(Anomaly::query_memory);
    return fail(std::move(error));
  }

  Status execute(std::string_view sql, const Params& params) override {
    const std::lock_guard lock(admin_mutex_);
    auto result = admin_->query(sql, params, "RowBinary");
    if (!result) return std::unexpected(std::move(result).error());
    return {};
  }

  Status insert(const Insert& i) override {
    const std::lock_guard lock(writer_mutex_);
    return writer_->insert(insert_statement(i), i.block);
  }

  std::string version() const override { return fmt::format("chdb {}", lib_.version()); }

 private:
  struct ReadConnection {
    std::string name;
    std::unique_ptr<Connection> connection;
    bool spoiled = false;  ///< its last query failed: no other may run on it
  };
  /// A read connection taken from the pool; given back at the end.
  class Lease {
   public:
    Lease(ChdbEngine& engine, ReadConnection& c) : engine_(&engine), connection_(&c) {}
    Lease(Lease&& o) noexcept : engine_(o.engine_), connection_(std::exchange(o.connection_, nullptr)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_ == nullptr) return;
      {
        const std::lock_guard lock(engine_->pool_mutex_);
        engine_->free_.push_back(connection_);
      }
      engine_->pool_free_.notify_one();
    }
    ReadConnection& get() const { return *connection_; }

   private:
    ChdbEngine* engine_;
    ReadConnection* connection_;
  };

  Status connect_reader(std::unique_ptr<Connection>& to, const std::string& name) {
    return connect(to, {"--log_comment=" + name, fmt::format("--max_threads={}", options_.threads),
                        fmt::format("--max_memory_usage={}", options_.query_memory_bytes),
                        // Else a query has one thread for each GiB that the engine may still take: here, one.
                        "--max_threads_min_free_memory_per_thread=0",
                        // A thread more pays from some granules on: long texts, maps.
                        "--merge_tree_min_rows_for_concurrent_read=32768",
                        "--merge_tree_min_bytes_for_concurrent_read=8000000", "--result_overflow_mode=throw",
                        "--read_overflow_mode=throw", "--timeout_overflow_mode=throw", "--readonly=2"});
  }

  Status renew(ReadConnection& c) {
    if (!c.spoiled) return {};
    TS_TRY(connect_reader(c.connection, c.name));
    c.spoiled = false;
    return {};
  }

  Result<Lease> take(steady_clock::time_point deadline) {
    std::unique_lock lock(pool_mutex_);
    if (!pool_free_.wait_until(lock, deadline, [this] { return !free_.empty(); })) {
      count(Anomaly::query_deadline);
      return fail(Error(
          ErrorKind::overloaded,
          fmt::format("all {} query connections of the store were busy until the query's time limit: try "
                      "again, or raise store.read_connections",
                      readers_.size()),
          milliseconds(1000)));
    }
    auto* connection = free_.back();
    free_.pop_back();
    return Lease(*this, *connection);
  }

  Status connect(std::unique_ptr<Connection>& to, std::vector<std::string> more) {
    const auto data = std::filesystem::absolute(options_.directory) / "data";
    // JIT off: an early run of each statement shape would take 25–110 ms. Query condition cache off: it is
    // kept for parts of queries that were stopped half-way too, and only a query repeated letter by letter
    // gains.
    std::vector<std::string> arguments{"--path=" + data.string(),       "--config-file=" + config_,
                                       "--compile_expressions=0",       "--compile_aggregate_expressions=0",
                                       "--compile_sort_description=0",  "--async_insert=0",
                                       "--use_query_condition_cache=0", "--allow_introspection_functions=0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    TS_ASSIGN(auto connection, Connection::open(lib_, arguments));
    to = std::make_unique<Connection>(std::move(connection));
    if (database_.empty()) return {};
    if (&to == &writer_) {
      auto made = to->query(fmt::format("CREATE DATABASE IF NOT EXISTS {}", database_), {}, "RowBinary");
      if (!made) return fail(made.error().with_context("database " + database_));
    }
    auto chosen = to->query(fmt::format("USE {}", database_), {}, "RowBinary");
    if (!chosen) return fail(chosen.error().with_context("database " + database_));
    return {};
  }

  // What the promises stand on is asked of the engine, not assumed.
  Status verify() {
    struct Check {
      Connection* connection;
      std::string_view sql, expected, what;
    };
    const Check checks[] = {
        {writer_.get(), "SELECT toString(getSetting('async_insert'))", "false", "async_insert is off"},
        {readers_.front()->connection.get(), "SELECT toString(getSetting('readonly'))", "2",
         "queries are read-only"},
        {readers_.front()->connection.get(), "SELECT toString(getSetting('compile_expressions'))", "false",
         "JIT is off"},
        {readers_.front()->connection.get(),
         "SELECT toString(getSetting('max_threads_min_free_memory_per_thread'))", "0",
         "queries have all their threads"},
    };
    for (const auto& c : checks) {
      TS_ASSIGN(const auto answer, c.connection->query(c.sql, {}, "TabSeparatedRaw"));
      auto text = std::string_view(answer.bytes);
      while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
      if (text != c.expected && !(c.expected == "false" && text == "0"))
        return fail(
            ErrorKind::internal,
            fmt::format("the engine does not keep to its settings: wanted {}, got '{}'", c.what, text));
    }
    return {};
  }

  void kill(const std::string& name) {
    Params params{{"name", name}};
    auto done = killer_->query("KILL QUERY WHERE Settings['log_comment'] = {name:String} ASYNC", params,
                               "TabSeparated");
    if (!done) log_warn("a query could not be stopped: {}", done.error().message);
  }

  const LeaveWithoutStatics leave_;  // first in, last out
  const ChdbOptions options_;
  const ChdbLibrary& lib_;
  const std::optional<FolderLock> lock_;
  const std::string config_, database_;
  std::unique_ptr<Connection> writer_, admin_, killer_;
  std::mutex writer_mutex_, admin_mutex_;
  std::vector<std::unique_ptr<ReadConnection>> readers_;
  std::mutex pool_mutex_;
  std::condition_variable pool_free_;
  std::vector<ReadConnection*> free_;
  std::unique_ptr<QueryWatch> watch_;
};

}  // namespace

Result<std::unique_ptr<Engine>> open_chdb(const ChdbOptions& options) {
  std::error_code ec;
  std::filesystem::create_directories(std::filesystem::path(options.directory) / "data", ec);
  if (ec)
    return fail(ErrorKind::io,
                fmt::format("cannot make the store folder {}: {}", options.directory, ec.message()));
  TS_ASSIGN(auto lock, FolderLock::take(options.directory));
  TS_ASSIGN(const ChdbLibrary* lib, load_chdb(options.library));
  TS_ASSIGN(const auto config, write_chdb_config(options));
  auto engine = std::make_unique<ChdbEngine>(options, *lib, std::move(lock), config.string());
  TS_TRY(engine->open());
  return engine;
}

Result<std::unique_ptr<Engine>> open_chdb_database(const ChdbOptions& of, const std::string& database) {
  TS_ASSIGN(const ChdbLibrary* lib, load_chdb(of.library));
  const auto config = std::filesystem::absolute(of.directory) / "config" / "engine.xml";
  auto engine = std::make_unique<ChdbEngine>(of, *lib, std::nullopt, config.string(), database);
  TS_TRY(engine->open());
  return engine;
}

}  // namespace turnscope::store
