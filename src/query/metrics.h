// Questions about the metrics that agents send: which there are, and one of them as series over time.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "query/metric_series.h"
#include "query/time_range.h"

namespace turnscope::query {

struct MetricInfo {
  std::string name, unit, description;
  std::uint8_t type = 0, temporality = 0;  ///< otlp::MetricType, otlp::Temporality
  bool monotonic = false;
  std::uint64_t series = 0, points = 0;
  std::int64_t last = 0;                          ///< time of the newest point
  std::vector<std::string> services, attributes;  ///< at most 50 of each
};

struct MetricRequest {
  std::string name;
  MetricAsk ask;
  std::vector<std::string> by;                             ///< attribute keys, or "service"; at most 4
  std::vector<std::pair<std::string, std::string>> where;  ///< attribute (or "service") → its text; at most 8
  std::size_t limit = 100;                                 ///< series, those with the largest sum first
};

struct MetricAnswer {
  std::string unit;
  std::uint8_t type = 0, temporality = 0;
  std::uint64_t points = 0;
  std::vector<MetricSeries> series;
  bool more = false;
};

}  // namespace turnscope::query
