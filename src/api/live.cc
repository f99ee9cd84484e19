#include "api/live.h"

#include <algorithm>

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

void LiveHub::stored(std::uint64_t position) {
  {
    const std::lock_guard lock(mutex_);
    position_ = std::max(position_, position);
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

void LiveHub::run() {
  std::unique_lock lock(mutex_);
  auto between = std::chrono::steady_clock::duration(kBetweenEvents);
  while (!stop_) {
    watched_ = !viewers_.empty();
    const auto now = std::chrono::steady_clock::now();
    auto next = now + 1s;
    std::vector<std::shared_ptr<Viewer>> due;
    for (auto& v : viewers_) {
      if (v->seen < position_) {
        if (now - v->last_event >= between)
          due.push_back(v);
        else
          next = std::min(next, v->last_event + between);
      } else if (now - v->last_write >= kKeepAlive) {
        due.push_back(v);
      }
    }
    if (due.empty()) {
      std::erase_if(viewers_, [](const auto& v) { return v->dead || !v->stream->open(); });
      changed_.wait_until(lock, next);
      continue;
    }
    const auto up_to = position_;
    lock.unlock();
    std::vector<Asked> asked;
    for (auto& v : due) tell(*v, up_to, asked);
    // Many different searches take long: then they are asked less often, so that the store stays free.
    between = std::max<std::chrono::steady_clock::duration>(kBetweenEvents,
                                                            3 * (std::chrono::steady_clock::now() - now));
    lock.lock();
    std::erase_if(viewers_, [](const auto& v) { return v->dead; });
  }
}

void LiveHub::tell(Viewer& viewer, std::uint64_t up_to, std::vector<Asked>& asked) {
  const auto now = std::chrono::steady_clock::now();
  if (lags(viewer, up_to, now)) return;
  std::string event;
  if (viewer.seen < up_to) {
    auto same = std::find_if(asked.begin(), asked.end(), [&](const Asked& a) {
      return a.project == viewer.project && a.seen == viewer.seen && a.q == viewer.q;
    });
    if (same == asked.end()) {
      query::Caller caller;
      caller.project = viewer.project;
      same = asked.insert(asked.end(), {viewer.project, viewer.seen, viewer.q,
                                        queries_.changes(caller, viewer.seen << 20, viewer.q, kMaxIds)});
    }
    const auto& changes = same->changes;
    viewer.last_event = now;
    if (!changes) return;  // the store is busy: the next round tells it
    viewer.seen = up_to;
    if (changes->trace_ids.empty()) return;
    JsonWriter json;
    json.begin_object().key("trace_ids").begin_array();
    for (const auto& id : changes->trace_ids) json.value(otlp::hex(id));
    json.end_array().field("spans", changes->spans);
    if (changes->more) json.field("more", true);
    json.end_object();
    event = "event: traces\ndata: " + json.take() + "\n\n";
  } else {
    event = ": still here\n\n";
  }
  send(viewer, event, now);
}

bool LiveHub::lags(Viewer& viewer, std::uint64_t up_to, std::chrono::steady_clock::time_point now) {
  if (viewer.stream->waiting() > kSlowBytes) {
    if (!viewer.slow) {
      viewer.slow = true;
      viewer.slow_since = now;
      summaries_.fetch_add(1, std::memory_order_relaxed);
      count(Anomaly::live_viewer_lagged);
    }
    viewer.last_event = viewer.last_write = now;
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
  viewer.last_event = now;
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
