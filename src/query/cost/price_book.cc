#include "query/cost/price_book.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <filesystem>

#include "base/filesystem.h"
#include "base/logger.h"
#include "base/named_file.h"

namespace turnscope::query {
namespace {
namespace fs = std::filesystem;
constexpr std::uint64_t kLargestFile = 64u << 20;

Result<std::vector<PriceRule>> read_file(const std::string& path, PriceSource source, bool must_exist) {
  const auto text = read_named_file(path, kLargestFile);
  if (!text && text.error().kind == ErrorKind::not_found && !must_exist) return std::vector<PriceRule>{};
  const std::string_view what = must_exist ? "prices.file" : "prices";
  if (!text) return fail(text.error().with_context(what));
  auto rules = read_price_csv(*text, source);
  if (!rules) return fail(rules.error().with_context(path).with_context(what));
  if (const auto made = PriceTable::make(*rules); !made)
    return fail(made.error().with_context(path).with_context(what));
  return rules;
}

std::atomic<std::shared_ptr<const PriceTable>> g_in_use;
std::atomic<PriceBook*> g_book{nullptr};

std::shared_ptr<const PriceTable> builtin_table() {
  static const auto table = PriceTable::make(builtin_prices()).value_or(nullptr);
  return table;
}
}  // namespace

PriceBook::PriceBook() : table_(builtin_table()) {}

Result<std::unique_ptr<PriceBook>> PriceBook::open(std::string folder, std::string user_file) {
  auto book = std::make_unique<PriceBook>();
  book->folder_ = std::move(folder);
  book->user_file_ = std::move(user_file);
  if (!book->folder_.empty()) {
    std::error_code ec;
    fs::create_directories(book->folder_, ec);
    if (ec) return fail(ErrorKind::io, "cannot make the folder '" + book->folder_ + "': " + ec.message());
  }
  TS_TRY(book->reload());
  return book;
}

Status PriceBook::reload() {
  const std::lock_guard lock(mutex_);
  return reload_locked();
}

std::string PriceBook::stamp() const {
  std::string out;
  for (const auto& path : {folder_.empty() ? std::string() : folder_ + "/user.csv",
                           folder_.empty() ? std::string() : folder_ + "/imported.csv", user_file_}) {
    struct stat s {};
    if (path.empty() || ::stat(path.c_str(), &s) != 0)
      out += "-;";
    else
      out += std::to_string(s.st_size) + ":" + std::to_string(s.st_mtim.tv_sec) + "." +
             std::to_string(s.st_mtim.tv_nsec) + ":" + std::to_string(s.st_ino) + ";";
  }
  return out;
}

Status PriceBook::reload_locked() {
  stamp_ = stamp();
  looked_ = std::chrono::steady_clock::now();
  if (!folder_.empty()) {
    TS_ASSIGN(user_, read_file(folder_ + "/user.csv", PriceSource::user, false));
    TS_ASSIGN(imported_, read_file(folder_ + "/imported.csv", PriceSource::imported, false));
  }
  if (!user_file_.empty()) {
    TS_ASSIGN(file_, read_file(user_file_, PriceSource::user, true));
  }
  return rebuild();
}

Status PriceBook::rebuild() {
  std::vector<PriceRule> all = user_;
  all.insert(all.end(), file_.begin(), file_.end());
  all.insert(all.end(), imported_.begin(), imported_.end());
  all.insert(all.end(), builtin_prices().begin(), builtin_prices().end());
  TS_ASSIGN(table_, PriceTable::make(std::move(all)));
  return {};
}

std::shared_ptr<const PriceTable> PriceBook::table() {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_ > std::chrono::seconds(1) && !(folder_.empty() && user_file_.empty())) {
    looked_ = now;
    if (stamp() != stamp_)
      if (const auto done = reload_locked(); !done)
        log_warn("prices are left as they were: {}", done.error().message);
  }
  return table_;
}

Status PriceBook::set(std::vector<PriceRule> rules) {
  const std::lock_guard lock(mutex_);
  auto before = user_;
  for (PriceRule& r : rules) {
    r.source = PriceSource::user;
    std::erase_if(user_, [&](const PriceRule& old) {
      return old.match == r.match && old.model == r.model && old.provider == r.provider &&
             old.region == r.region && old.valid_from == r.valid_from && old.valid_to == r.valid_to;
    });
    user_.push_back(std::move(r));
  }
  auto done = rebuild();
  if (done && !folder_.empty())
    done = posix_filesystem().replace_file(folder_ + "/user.csv", write_price_csv(user_));
  if (done) {
    stamp_ = stamp();
    return {};
  }
  user_ = std::move(before);
  if (auto again = rebuild(); !again) return again;
  return done;
}

Result<LitellmImport> PriceBook::import(std::string_view litellm_json, std::string_view date) {
  TS_ASSIGN(auto made, import_litellm(litellm_json, date));
  const std::lock_guard lock(mutex_);
  auto before = std::move(imported_);
  imported_ = made.rules;
  auto done = rebuild();
  if (done && !folder_.empty())
    done = posix_filesystem().replace_file(folder_ + "/imported.csv", write_price_csv(imported_));
  if (done) {
    stamp_ = stamp();
    return made;
  }
  imported_ = std::move(before);
  if (auto again = rebuild(); !again) return fail(again.error());
  return fail(done.error());
}

std::shared_ptr<const PriceTable> prices_in_use() {
  if (auto* book = g_book.load(std::memory_order_acquire)) return book->table();
  if (auto t = g_in_use.load(std::memory_order_acquire)) return t;
  return builtin_table();
}

void use_prices(std::shared_ptr<const PriceTable> table) {
  g_in_use.store(std::move(table), std::memory_order_release);
}

void use_prices(PriceBook* book) { g_book.store(book, std::memory_order_release); }

}  // namespace turnscope::query
