// Requests, errors, latency, tokens and cost by service and what was called; bounded in the number of series.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "genai/view.h"
#include "otlp/model.h"
#include "sinks/span_metrics/exponential_histogram.h"

namespace turnscope::sinks {

struct SeriesKey {
  std::string service, kind, model, tool;
  auto operator<=>(const SeriesKey&) const = default;
};

struct Series {
  std::uint64_t requests = 0, errors = 0;
  std::uint64_t input_tokens = 0, output_tokens = 0, cached_tokens = 0;
  std::uint64_t calls_without_tokens = 0;  ///< model calls that told none: unknown, not 0
  std::int64_t cost_nano_usd = 0;
  std::uint64_t calls_without_price = 0;
  ExponentialHistogram duration;  ///< seconds
};

class SpanSeries {
 public:
  using CostOf =
      std::function<std::optional<std::int64_t>(const genai::Columns&, std::int64_t start_unix_nano)>;
  SpanSeries(std::size_t max_series, CostOf cost) : max_(max_series), cost_of_(std::move(cost)) {}

  void add(const otlp::Span&, const otlp::Resource&, const otlp::Scope&);
  /// Prometheus' text format: histograms by powers of two.
  void append_prometheus(std::string& out) const;
  /// ExportMetricsServiceRequest with exponential histograms, cumulative since `start`.
  std::string otlp_metrics(std::uint64_t start_unix_nano, std::uint64_t now_unix_nano) const;
  std::size_t size() const { return series_.size(); }
  std::size_t points() const { return series_.size() * 6; }
  const std::map<SeriesKey, Series>& all() const { return series_; }

 private:
  const std::size_t max_;
  const CostOf cost_of_;
  std::map<SeriesKey, Series> series_;
  genai::Columns view_;
  SeriesKey key_;
};

}  // namespace turnscope::sinks
