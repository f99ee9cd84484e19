// Points of one metric → series over time: rates, sums, averages, quantiles, by attribute. Cumulative points
// are turned into what was added between two of them (a restart of the client begins anew); explicit and
// exponential histograms are merged bucket by bucket. Pure; the store is read in metrics.cc.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "otlp/model.h"
#include "query/time_range.h"

namespace turnscope::query {

struct MetricPoint {
  std::uint64_t series = 0;
  std::int64_t time = 0;
  std::uint64_t start = 0;  ///< of what a cumulative point has summed; 0: not told
  otlp::MetricType type = otlp::MetricType::none;
  otlp::Temporality temporality = otlp::Temporality::unspecified;
  double value = 0;         ///< of gauges and sums
  std::uint64_t count = 0;  ///< of histograms and summaries
  double sum = 0;
  std::vector<double> bounds;
  std::vector<std::uint64_t> buckets, negative;
  std::int32_t scale = 0, positive_offset = 0, negative_offset = 0;
  std::uint64_t zero_count = 0;
  std::vector<std::string> key;  ///< values of the attributes that are grouped by
};

enum class MetricFunction : std::uint8_t { sum, rate, count, avg, last, min, max, quantile };
Result<MetricFunction> metric_function(std::string_view name);
std::string_view name(MetricFunction);

struct MetricSeries {
  std::vector<std::string> key;
  std::vector<std::optional<double>> values;  ///< one a step; absent: nothing came
};

struct MetricAsk {
  TimeRange range;
  std::int64_t step = 60'000'000'000;
  MetricFunction function = MetricFunction::sum;
  double quantile = 0.95;
};

/// `points` sorted by series and time; those before the range tell where cumulative counts stood.
std::vector<MetricSeries> metric_series(const std::vector<MetricPoint>& points, const MetricAsk&);

/// Counts by value: (from, to] → count. Merges histograms of any layout.
class Distribution {
 public:
  void add(double from, double to, double count) { buckets_[{to, from}] += count; }
  void merge(const Distribution& other) {
    for (const auto& [bounds, count] : other.buckets_) buckets_[bounds] += count;
  }
  double total() const;
  /// Linear inside a bucket; open ends answer with their closed side. Absent without counts.
  std::optional<double> quantile(double q) const;

 private:
  std::map<std::pair<double, double>, double> buckets_;
};

}  // namespace turnscope::query
