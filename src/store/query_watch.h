// Stops queries that were cancelled, and those that overrun their time limit because the engine looks at the
// clock too rarely. Each query runs on a connection with a name of its own (the setting log_comment); the
// watch stops it by that name from another connection.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace turnscope::store {

class QueryWatch {
 public:
  using Kill = std::function<void(const std::string& name)>;
  explicit QueryWatch(Kill kill);
  ~QueryWatch();
  QueryWatch(const QueryWatch&) = delete;

  struct Entry {
    std::string name;
    const std::function<bool()>* cancelled;
    std::chrono::steady_clock::time_point deadline;
    bool was_cancelled = false;
    bool was_late = false;
  };
  /// Watches while it lives. After its end `cancelled` is not called and the query of that name is not
  /// stopped.
  class Guard {
   public:
    Guard(QueryWatch& watch, Entry entry);
    ~Guard();
    Guard(const Guard&) = delete;
    bool was_cancelled() const;
    bool was_late() const;

   private:
    QueryWatch& watch_;
    std::list<Entry>::iterator entry_;
  };

 private:
  void run();
  Kill kill_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::list<Entry> entries_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace turnscope::store
