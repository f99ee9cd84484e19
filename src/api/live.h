// The live feed: tells viewers (server-sent events) which traces changed, at most eight times a second. One
// thread; inserts are never slowed: while somebody looks they leave behind what they brought and go on. Who
// follows everything or one trace is told from that; what other searches match is asked of the store, for a
// quarter of the time at most. A viewer that does not keep up
// is told nothing until it does, then once that much has changed: a summary instead of every step.
#pragma once
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/recent_arrivals.h"
#include "net/http_server.h"
#include "query/queries.h"

namespace turnscope::api {

class LiveHub {
 public:
  LiveHub(query::Queries& queries, std::size_t max_viewers);
  ~LiveHub();  ///< closes all streams

  /// Everything before that log position is searchable. Any thread, never blocks on the store.
  void stored(std::uint64_t log_position, store::Arrivals = {});
  /// False: too many viewers.
  bool add(std::shared_ptr<net::ResponseStream> stream, std::uint32_t project, std::string q);
  std::size_t viewers() const;
  /// Times that a viewer lagged and was told in sum.
  std::uint64_t summaries() const { return summaries_.load(std::memory_order_relaxed); }
  /// Somebody is there. Any thread, never waits.
  bool watched() const { return watched_.load(std::memory_order_relaxed); }
  /// Ends all streams and takes no more. Safe twice.
  void close();

  static constexpr std::size_t kSlowBytes = 16u << 10;  ///< waiting to be sent: the viewer does not keep up
  static constexpr std::size_t kMaxIds =
      200;  ///< trace ids in one event; beyond, `more` is true and the page reloads its list

 private:
  struct Viewer {
    std::shared_ptr<net::ResponseStream> stream;
    std::uint32_t project = 1;
    std::string q;
    std::chrono::steady_clock::time_point last_write{};
    std::uint64_t seen = 0;  ///< versions below have been told
    std::chrono::steady_clock::time_point slow_since{};
    bool slow = false;
    bool dead = false;
  };
  void run();
  /// What many viewers ask alike is asked of the store once a round.
  class Round;
  void tell(Viewer&, Round&);
  /// True: the viewer lags, or has just caught up and was told in sum.
  bool lags(Viewer&, std::uint64_t up_to, std::chrono::steady_clock::time_point now);
  void send(Viewer&, std::string_view event, std::chrono::steady_clock::time_point now);

  query::Queries& queries_;
  const std::size_t max_viewers_;
  mutable std::mutex mutex_;
  std::mutex closing_;
  std::condition_variable changed_;
  std::uint64_t position_ = 0;
  RecentArrivals recent_;
  std::atomic<bool> watched_{false};
  std::atomic<std::uint64_t> summaries_{0};
  bool stop_ = false;
  std::vector<std::shared_ptr<Viewer>> viewers_;
  std::thread thread_;
};

}  // namespace turnscope::api
