#include "turnscope/sdk/metrics.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "clock.h"
#include "encode.h"
#include "log.h"
#include "resource.h"
#include "sender.h"
#include "utf8.h"

namespace turnscope::sdk {
namespace detail {
namespace {

enum class Kind : std::uint8_t { counter, up_down, histogram };
enum Temporality : std::uint8_t { delta = 1, cumulative = 2 };

const std::vector<double> default_bounds{0,   5,   10,   25,   50,   75,   100,  250,
                                         500, 750, 1000, 2500, 5000, 7500, 10000};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
};

}  // namespace

struct Instrument {
  Kind kind = Kind::counter;
  std::string scope, name, unit, description;
  bool integer = false;
  std::vector<double> bounds;
  std::uint32_t cardinality = 2000;
  std::atomic<std::uint64_t>* overflowed = nullptr;
  std::shared_ptr<void> owner;  // what `overflowed` is part of

  struct Point {
    std::int64_t start = 0;
    double sum = 0, min = 0, max = 0;
    std::uint64_t count = 0;
    std::vector<std::uint64_t> buckets;
  };
  std::mutex mutex;
  /// By their attributes, encoded in the order of their keys.
  std::unordered_map<std::string, Point, TextHash, std::equal_to<>> points;

  char attribute_tag() const { return tag_len(kind == Kind::histogram ? 9 : 7); }

  void record(double value, Attributes attributes) {
    if (!std::isfinite(value)) return;
    std::vector<Attribute> sorted(attributes.begin(), attributes.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const Attribute& a, const Attribute& b) { return a.key < b.key; });
    Bytes key;
    append_attributes(key, attribute_tag(), sorted, no_limit, no_limit);
    std::lock_guard lock(mutex);
    auto it = points.find(key.view());
    if (it == points.end()) {
      if (points.size() + 1 >= cardinality) {  // the last place is the overflow set's
        overflowed->fetch_add(1, std::memory_order_relaxed);
        key.clear();
        append_attribute(key, attribute_tag(), "otel.metric.overflow", true, no_limit);
      }
      it = points.try_emplace(std::string(key.view())).first;
      if (!it->second.start) {
        it->second.start = wall_nanos();
        it->second.buckets.resize(kind == Kind::histogram ? bounds.size() + 1 : 0);
        it->second.min = it->second.max = value;
      }
    }
    Point& p = it->second;
    p.sum += value;
    ++p.count;
    if (kind != Kind::histogram) return;
    p.min = std::min(p.min, value);
    p.max = std::max(p.max, value);
    ++p.buckets[static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), value) -
                                         bounds.begin())];
  }

  // NumberDataPoint: start 2, time 3, as_double 4, as_int 6, attributes 7. HistogramDataPoint: start 2, time
  // 3, count 4, sum 5, bucket_counts 6, explicit_bounds 7, attributes 9, min 11, max 12.
  void encode_point(Bytes& out, const std::string& attributes, const Point& p, std::int64_t now) const {
    append_fixed64(out, tag_fixed64(2), static_cast<std::uint64_t>(p.start));
    append_fixed64(out, tag_fixed64(3), static_cast<std::uint64_t>(now));
    if (kind == Kind::histogram) {
      append_fixed64(out, tag_fixed64(4), p.count);
      append_fixed64(out, tag_fixed64(5), std::bit_cast<std::uint64_t>(p.sum));
      append_text(out, tag_len(6), {reinterpret_cast<const char*>(p.buckets.data()), p.buckets.size() * 8});
      append_text(out, tag_len(7), {reinterpret_cast<const char*>(bounds.data()), bounds.size() * 8});
      out.append(attributes);
      append_fixed64(out, tag_fixed64(11), std::bit_cast<std::uint64_t>(p.min));
      append_fixed64(out, tag_fixed64(12), std::bit_cast<std::uint64_t>(p.max));
    } else {
      if (integer)
        append_fixed64(out, tag_fixed64(6), static_cast<std::uint64_t>(std::llround(p.sum)));
      else
        append_fixed64(out, tag_fixed64(4), std::bit_cast<std::uint64_t>(p.sum));
      out.append(attributes);
    }
  }

  /// Metric: name 1, description 2, unit 3, sum 7, histogram 9. Returns how many points; with delta they
  /// start anew.
  std::size_t collect(Bytes& metric, bool as_delta, std::int64_t now) {
    as_delta = as_delta && kind != Kind::up_down;
    Bytes data, point;
    std::size_t count = 0;
    {
      std::lock_guard lock(mutex);
      for (const auto& [attributes, p] : points) {
        point.clear();
        encode_point(point, attributes, p, now);
        append_message(data, tag_len(1), point);
        ++count;
      }
      if (as_delta) points.clear();
    }
    if (!count) return 0;
    append_varint(data, tag_varint(2), as_delta ? Temporality::delta : Temporality::cumulative);
    if (kind == Kind::counter) append_varint(data, tag_varint(3), 1);
    append_text(metric, tag_len(1), name);
    if (!description.empty()) append_text(metric, tag_len(2), description);
    if (!unit.empty()) append_text(metric, tag_len(3), unit);
    append_message(metric, tag_len(kind == Kind::histogram ? 9 : 7), data);
    return count;
  }
};

struct MeterState : std::enable_shared_from_this<MeterState> {
  explicit MeterState(Config c) : config(std::move(c)) {}
  const Config config;
  std::string resource;
  std::mutex mutex;  // instruments
  std::map<std::pair<std::string, std::string>, std::shared_ptr<Instrument>> instruments;
  std::unique_ptr<Sender> sender;
  std::atomic<std::uint64_t> exports{0}, failed{0}, rejected{0};
  std::shared_ptr<std::atomic<std::uint64_t>> overflowed = std::make_shared<std::atomic<std::uint64_t>>(0);

  using Steady = std::chrono::steady_clock;
  std::mutex control;
  std::condition_variable changed;
  std::uint64_t asked = 0, done = 0;
  bool stopping = false, stopped = true;
  Steady::time_point stop_deadline = Steady::time_point::max();
  std::thread thread;

  void open() {
    resource = encode_resource(config);
    sender = std::make_unique<Sender>(make_transport(Signal::metrics, config), config.retry,
                                      config.metrics.timeout);
    stopped = false;
    thread = std::thread([this] { run(); });
  }

  std::shared_ptr<Instrument> instrument(Kind kind, std::string_view scope, std::string_view name,
                                         InstrumentOptions& o) {
    std::lock_guard lock(mutex);
    auto& slot = instruments[{std::string(scope), std::string(name)}];
    if (slot) {
      if (slot->kind != kind)
        log(LogLevel::warning, "instrument",
            "metric '" + std::string(name) + "' was made twice, as different kinds; the first one counts");
      return slot;
    }
    slot = std::make_shared<Instrument>();
    slot->kind = kind;
    slot->scope = scope;
    slot->name = name;
    slot->unit = o.unit;
    slot->description = o.description;
    slot->integer = o.integer;
    slot->bounds = std::move(o.bounds);
    if (slot->bounds.empty()) slot->bounds = default_bounds;
    std::sort(slot->bounds.begin(), slot->bounds.end());
    slot->cardinality = std::max<std::uint32_t>(2, config.metric.cardinality);
    slot->overflowed = overflowed.get();
    slot->owner = overflowed;
    return slot;
  }

  bool export_all() {
    std::map<std::string, Bytes> scopes;
    const std::int64_t now = wall_nanos();
    std::size_t points = 0;
    {
      std::lock_guard lock(mutex);
      for (auto& [key, i] : instruments) {
        Bytes metric;
        const std::size_t n = i->collect(metric, config.metric.delta, now);
        if (n) append_message(scopes[i->scope], tag_len(2), metric);
        points += n;
      }
    }
    if (!points) return true;
    Bytes all;
    all.append(resource);
    for (auto& [name, metrics] : scopes) {
      Bytes scope;
      append_scope(scope, tag_len(1), name, {});
      scope.append(metrics.view());
      append_message(all, tag_len(2), scope);
    }
    Bytes request;
    append_message(request, tag_len(1), all);
    const auto limit = Steady::now() + config.metric.export_timeout;
    const SendResult result = sender->send(
        request.view(),
        [&] {
          std::lock_guard lock(control);
          return std::min(limit, stop_deadline);
        },
        [&](Steady::time_point when) {
          std::unique_lock lock(control);
          const bool was = stopping;
          changed.wait_until(lock, when, [&] { return stopping != was; });
        });
    if (!result.ok) {
      ++failed;
      log(LogLevel::error, "metrics export failed",
          std::to_string(points) + " metric points not delivered: " + result.message);
      return false;
    }
    ++exports;
    rejected += result.rejected;
    if (result.rejected || !result.message.empty())
      log(LogLevel::warning, "metrics partial success",
          "the collector rejected " + std::to_string(result.rejected) + " metric points: " + result.message);
    return true;
  }

  void run() {
    std::unique_lock lock(control);
    auto next = Steady::now() + config.metric.export_interval;
    for (;;) {
      changed.wait_until(lock, next, [&] { return stopping || asked != done; });
      const bool stop = stopping;
      const std::uint64_t mine = asked;
      lock.unlock();
      export_all();
      lock.lock();
      done = mine;
      if (stop) stopped = true;
      changed.notify_all();
      if (stop) return;
      next = Steady::now() + config.metric.export_interval;
    }
  }

  bool flush(std::chrono::milliseconds timeout) {
    std::unique_lock lock(control);
    if (stopped || stopping) return true;
    const std::uint64_t mine = ++asked, bad = failed;
    changed.notify_all();
    return changed.wait_for(lock, timeout, [&] { return done >= mine || stopped; }) && failed == bad;
  }

  bool shutdown(std::chrono::milliseconds timeout) {
    std::thread t;
    const std::uint64_t bad = failed;
    {
      std::lock_guard lock(control);
      stopping = true;
      stop_deadline = std::min(stop_deadline, Steady::now() + timeout);
      t.swap(thread);
      changed.notify_all();
    }
    if (t.joinable()) t.join();
    return failed == bad;
  }
};

namespace {

/// For the end of the process: providers that nobody closed send what they have.
struct Meters {
  std::mutex mutex;
  std::vector<std::weak_ptr<MeterState>> all;
};
Meters& meters() {
  static Meters& m = *new Meters;
  [[maybe_unused]] static const int once = std::atexit([] {
    std::vector<std::weak_ptr<MeterState>> all;
    {
      std::lock_guard lock(meters().mutex);
      all.swap(meters().all);
    }
    for (auto& weak : all)
      if (auto state = weak.lock()) state->shutdown(state->config.exit_timeout);
  });
  return m;
}

}  // namespace
}  // namespace detail

using namespace detail;

void Counter::add(double amount, Attributes attributes) {
  if (instrument_ && amount >= 0) instrument_->record(amount, attributes);
}
void UpDownCounter::add(double amount, Attributes attributes) {
  if (instrument_) instrument_->record(amount, attributes);
}
void Histogram::record(double value, Attributes attributes) {
  if (instrument_) instrument_->record(value, attributes);
}

MeterProvider::MeterProvider(Config config) : state_(std::make_shared<MeterState>(std::move(config))) {
  if (state_->config.disabled || !state_->config.metrics.enabled) return;
  state_->open();
  std::lock_guard lock(meters().mutex);
  std::erase_if(meters().all, [](const auto& weak) { return weak.expired(); });
  meters().all.push_back(state_);
}
MeterProvider::~MeterProvider() {
  if (state_) state_->shutdown(state_->config.exit_timeout);
}
MeterProvider::MeterProvider(MeterProvider&&) noexcept = default;
MeterProvider& MeterProvider::operator=(MeterProvider&& other) noexcept {
  if (this != &other) {
    if (state_) state_->shutdown(state_->config.exit_timeout);
    state_ = std::move(other.state_);
  }
  return *this;
}

Counter MeterProvider::counter(std::string_view scope, std::string_view name, InstrumentOptions o) {
  Counter c;
  if (!state_->stopped) c.instrument_ = state_->instrument(Kind::counter, scope, name, o);
  return c;
}
UpDownCounter MeterProvider::up_down_counter(std::string_view scope, std::string_view name,
                                             InstrumentOptions o) {
  UpDownCounter c;
  if (!state_->stopped) c.instrument_ = state_->instrument(Kind::up_down, scope, name, o);
  return c;
}
Histogram MeterProvider::histogram(std::string_view scope, std::string_view name, InstrumentOptions o) {
  Histogram h;
  if (!state_->stopped) h.instrument_ = state_->instrument(Kind::histogram, scope, name, o);
  return h;
}
bool MeterProvider::force_flush(std::chrono::milliseconds timeout) { return state_->flush(timeout); }
bool MeterProvider::shutdown(std::chrono::milliseconds timeout) { return state_->shutdown(timeout); }
MetricStats MeterProvider::stats() const {
  return {state_->exports, state_->failed, state_->rejected, *state_->overflowed};
}

}  // namespace turnscope::sdk
