#include "api/live.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "api/json_writer.h"
#include "base/anomaly.h"
#include "otlp/decode.h"

namespace turnscope::api {
namespace {

using namespace std::chrono_literals;
constexpr auto kBetweenEvents = 120ms;
constexpr auto kSlowAtMost = 60s;  // then the viewer is cut off; its page connects again
constexpr auto kKeepAlive = 15s;

}  // namespace

LiveHub::LiveHub(query::Queries& queries, std::size_t max_viewers)
    : queries_(queries), max_viewers_(max_viewers), thread_([this] { run(); }) {}

LiveHub::~LiveHub() { close(); }

void LiveHub::close() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  const std::lock_guard closing(closing_);
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  for (auto& v : viewers_) v->stream->close();
  viewers_.clear();
}

void LiveHub::stored(std::uint64_t position, store::Arrivals arrivals) {
  {
    const std::lock_guard lock(mutex_);
    position_ = std::max(position_, position);
    recent_.add(position, std::move(arrivals));
  }
  changed_.notify_all();
}

std::size_t LiveHub::viewers() const {
  const std::lock_guard lock(mutex_);
  return viewers_.size();
}

bool LiveHub::add(std::shared_ptr<net::ResponseStream> stream, std::uint32_t project, std::string q) {
  auto viewer = std::make_shared<Viewer>();
  viewer->stream = std::move(stream);
  viewer->project = project;
  viewer->q = std::move(q);
  viewer->last_write = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    if (stop_ || viewers_.size() >= max_viewers_) return false;
    viewer->seen = position_;
    viewers_.push_back(viewer);
    watched_ = true;
  }
  viewer->stream->write("event: hello\ndata: {}\n\n");
  return true;
}

class LiveHub::Round {
 public:
  Round(query::Queries& queries, std::uint64_t up_to) : queries_(queries), up_to_(up_to) {}
  std::uint64_t up_to() const { return up_to_; }
  void know(std::uint32_t project, std::uint64_t seen, const RecentArrivals& recent) {
    auto [at, added] = traces_.try_emplace({project, seen}, std::nullopt);
    if (!added) return;
    if (auto known = recent.since(project, seen, kMaxIds)) at->second = std::move(*known);
  }
  /// Nothing: the store has to be asked.
  std::optional<query::Changes> known(const Viewer& v) const {
    const auto at = traces_.find({v.project, v.seen});
    if (at == traces_.end() || !at->second || !*at->second) return std::nullopt;
    return query::Queries::changes(**at->second, v.q);
  }
  const query::QueryAnswer<query::Changes>& asked(const Viewer& v) {
    const std::tuple key(v.project, v.seen, v.q);
    if (const auto it = answers_.find(key); it != answers_.end()) return it->second;
    query::Caller caller;
    caller.project = v.project;
    auto& traces = traces_[{v.project, v.seen}];
    if (!traces) traces = queries_.changed(caller, v.seen << 20, kMaxIds);
    query::QueryAnswer<query::Changes> answer = *traces ? queries_.changes(caller, **traces, v.q)
                                                        : std::unexpected(query::QueryError(traces->error()));
    return answers_.emplace(key, std::move(answer)).first->second;
  }

 private:
  query::Queries& queries_;
  const std::uint64_t up_to_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::optional<Result<query::ChangedTraces>>> traces_;
  std::map<std::tuple<std::uint32_t, std::uint64_t, std::string>, query::QueryAnswer<query::Changes>>
      answers_;
};

void LiveHub::run() {
  std::unique_lock lock(mutex_);
  std::chrono::steady_clock::time_point next_round{}, next_asking{};
  while (!stop_) {
    watched_ = !viewers_.empty();
    const auto now = std::chrono::steady_clock::now();
    auto next = now + 1s;
    // All in one round: viewers that were told at different times would each ask for themselves.
    Round round(queries_, position_);
    std::vector<std::shared_ptr<Viewer>> due, asking;
    for (auto& v : viewers_) {
      if (v->seen >= position_) {
        if (now - v->last_write >= kKeepAlive) due.push_back(v);
        continue;
      }
      if (now < next_round) {
        next = std::min(next, next_round);
        continue;
      }
      round.know(v->project, v->seen, recent_);
      if (round.known(*v))
        due.push_back(v);
      else if (now >= next_asking)
        asking.push_back(v);
      else
        next = std::min(next, next_asking);
    }
    if (due.empty() && asking.empty()) {
      std::erase_if(viewers_, [](const auto& v) { return v->dead || !v->stream->open(); });
      changed_.wait_until(lock, next);
      continue;
    }
    next_round = std::max(next_round, now + kBetweenEvents);
    lock.unlock();
    for (auto& v : due) tell(*v, round);
    if (!asking.empty()) {
      const auto began = std::chrono::steady_clock::now();
      for (auto& v : asking) tell(*v, round);
      // Many different searches take long: then they are asked less often, so that the store stays free.
      const auto end = std::chrono::steady_clock::now();
      next_asking = end + 3 * (end - began);
    }
    lock.lock();
    std::erase_if(viewers_, [](const auto& v) { return v->dead; });
  }
}

void LiveHub::tell(Viewer& viewer, Round& round) {
  const auto now = std::chrono::steady_clock::now();
  if (lags(viewer, round.up_to(), now)) return;
  if (viewer.seen >= round.up_to()) return send(viewer, ": still here\n\n", now);
  auto changes = round.known(viewer);
  if (!changes) {
    const auto& asked = round.asked(viewer);
    if (!asked) return;  // the store is busy: the next round tells it
    changes = *asked;
  }
  viewer.seen = round.up_to();
  if (changes->trace_ids.empty() && !changes->more) return;
  JsonWriter json;
  json.begin_object().key("trace_ids").begin_array();
  for (const auto& id : changes->trace_ids) json.value(otlp::hex(id));
  json.end_array().field("spans", changes->spans);
  if (changes->more) json.field("more", true);
  json.end_object();
  send(viewer, "event: traces\ndata: " + json.take() + "\n\n", now);
}

bool LiveHub::lags(Viewer& viewer, std::uint64_t up_to, std::chrono::steady_clock::time_point now) {
  if (viewer.stream->waiting() > kSlowBytes) {
    if (!viewer.slow) {
      viewer.slow = true;
      viewer.slow_since = now;
      summaries_.fetch_add(1, std::memory_order_relaxed);
      count(Anomaly::live_viewer_lagged);
    }
    viewer.last_write = now;
    if (now - viewer.slow_since > kSlowAtMost) {
      viewer.dead = true;
      viewer.stream->close();
      count(Anomaly::live_viewer_dropped);
    }
    return true;
  }
  if (!viewer.slow) return false;
  viewer.slow = false;
  viewer.seen = up_to;
  send(viewer, "event: traces\ndata: {\"trace_ids\":[],\"spans\":0,\"more\":true}\n\n", now);
  return true;
}

void LiveHub::send(Viewer& viewer, std::string_view event, std::chrono::steady_clock::time_point now) {
  viewer.last_write = now;
  if (viewer.stream->write(event)) return;
  viewer.dead = true;
  viewer.stream->close();
  count(Anomaly::live_viewer_dropped);
}

}  // namespace turnscope::api
