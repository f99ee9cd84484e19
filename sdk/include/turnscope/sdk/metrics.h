// Metrics over OTLP: counters, up-down counters, histograms with explicit bounds. Recording takes one short
// lock of the instrument; export runs on a thread of its own.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "turnscope/sdk/config.h"
#include "turnscope/sdk/value.h"

namespace turnscope::sdk {

namespace detail {
struct MeterState;
struct Instrument;
}  // namespace detail

/// Monotonic sum. A negative amount is ignored.
class Counter {
 public:
  Counter() = default;
  void add(double amount, Attributes attributes = {});

 private:
  friend class MeterProvider;
  std::shared_ptr<detail::Instrument> instrument_;
};

class UpDownCounter {
 public:
  UpDownCounter() = default;
  void add(double amount, Attributes attributes = {});

 private:
  friend class MeterProvider;
  std::shared_ptr<detail::Instrument> instrument_;
};

class Histogram {
 public:
  Histogram() = default;
  void record(double value, Attributes attributes = {});

 private:
  friend class MeterProvider;
  std::shared_ptr<detail::Instrument> instrument_;
};

struct InstrumentOptions {
  std::string_view unit{}, description{};
  bool integer = false;          ///< sums: points are encoded as as_int
  std::vector<double> bounds{};  ///< histograms, ascending; empty: the specification's default bounds
};

struct MetricStats {
  std::uint64_t exports = 0;         ///< requests accepted by the server
  std::uint64_t failed_exports = 0;  ///< requests given up
  std::uint64_t rejected_points = 0;
  std::uint64_t overflowed = 0;  ///< measurements that went to the overflow set
};

/// An instrument asked for twice by name and scope is the same instrument.
class MeterProvider {
 public:
  explicit MeterProvider(Config config = Config::from_env());
  ~MeterProvider();
  MeterProvider(MeterProvider&&) noexcept;
  MeterProvider& operator=(MeterProvider&&) noexcept;

  Counter counter(std::string_view scope, std::string_view name, InstrumentOptions options = {});
  UpDownCounter up_down_counter(std::string_view scope, std::string_view name,
                                InstrumentOptions options = {});
  Histogram histogram(std::string_view scope, std::string_view name, InstrumentOptions options = {});

  bool force_flush(std::chrono::milliseconds timeout = std::chrono::seconds(30));
  bool shutdown(std::chrono::milliseconds timeout = std::chrono::seconds(30));
  MetricStats stats() const;

 private:
  std::shared_ptr<detail::MeterState> state_;
};

}  // namespace turnscope::sdk
