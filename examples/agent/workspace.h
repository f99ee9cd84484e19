// The little shop the example agent works for: a SQLite database and log files, the same bytes every time.
#pragma once
#include <expected>
#include <string>

namespace turnscope::example {

/// Creates DIR/shop.sqlite (60 customers, 400 orders, charges, refunds) and DIR/logs/*.log (about 9,000
/// lines), unless they are there already. The content depends on nothing but this code. Error: one sentence.
std::expected<void, std::string> make_workspace(const std::string& directory);

/// Holds the write lock of a workspace's database, as a month-end job would: readers wait until this is
/// destroyed.
class DatabaseLock {
 public:
  explicit DatabaseLock(const std::string& workspace);
  ~DatabaseLock();
  DatabaseLock(const DatabaseLock&) = delete;
  DatabaseLock& operator=(const DatabaseLock&) = delete;
  bool held() const { return held_; }

 private:
  void* database_ = nullptr;
  bool held_ = false;
};

}  // namespace turnscope::example
