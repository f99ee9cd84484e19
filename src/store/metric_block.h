// Rows for the table `metrics`: one a data point.
#pragma once
#include "store/attribute_columns.h"
#include "store/span_block.h"
#include "store/table_block.h"

namespace turnscope::store {

class MetricBlock : public TableBlock<MetricBlock> {
 public:
  /// All points of the metric; `version` is that of the first and grows by one a point. Returns how many.
  std::size_t add(const otlp::Metric&, const RowContext&, std::uint64_t version);

  template <typename F>
  void each(F&& f) {
    constexpr std::string_view kLc = "LowCardinality(String)";
    f(project_, "project", "UInt32");
    f(name_, "name", kLc);
    f(series_, "series", "UInt64");
    f(time_, "time", "DateTime64(9, 'UTC')");
    f(raw_time_, "raw_time", "UInt64");
    f(start_, "start", "UInt64");
    f(version_, "version", "UInt64");
    f(received_, "received", "DateTime64(3, 'UTC')");
    f(type_, "type", "UInt8");
    f(temporality_, "temporality", "UInt8");
    f(monotonic_, "monotonic", "UInt8");
    f(description_, "description", kLc);
    f(unit_, "unit", kLc);
    f(service_, "service", kLc);
    f(value_kind_, "value_kind", "UInt8");
    f(number_int_, "number_int", "Int64");
    f(number_, "number", "Float64");
    f(count_, "count", "UInt64");
    f(sum_, "sum", "Float64");
    f(min_, "min", "Float64");
    f(max_, "max", "Float64");
    f(has_, "has", "UInt8");
    f(bounds_, "bounds", "Array(Float64)");
    f(buckets_, "buckets", "Array(UInt64)");
    f(scale_, "scale", "Int32");
    f(zero_count_, "zero_count", "UInt64");
    f(zero_threshold_, "zero_threshold", "Float64");
    f(positive_offset_, "positive_offset", "Int32");
    f(negative_offset_, "negative_offset", "Int32");
    f(negative_buckets_, "negative_buckets", "Array(UInt64)");
    f(quantile_values_, "quantile_values", "Array(Float64)");
    f(exemplars_, "exemplars", "Array(String)");
    f(flags_, "flags", "UInt32");
    attributes_.each(f);
    f(scope_, "scope", kLc);
    f(scope_version_, "scope_version", kLc);
    f(scope_id_, "scope_id", "UInt64");
    f(resource_id_, "resource_id", "UInt64");
  }

 private:
  struct Point {
    otlp::Attributes attributes;
    std::uint64_t start = 0, time = 0, count = 0, zero_count = 0;
    const otlp::AnyValue* value = nullptr;
    double sum = 0, min = 0, max = 0, zero_threshold = 0;
    std::uint8_t has = 0;
    std::int32_t scale = 0, positive_offset = 0, negative_offset = 0;
    std::span<const double> bounds = {};
    std::span<const std::uint64_t> buckets = {}, negative = {};
    std::span<const std::pair<double, double>> quantiles = {};
    std::span<const otlp::Exemplar> exemplars = {};
    std::uint32_t flags = 0;
  };
  void add(const otlp::Metric&, const Point&, const RowContext&, std::uint64_t version);

  std::string json_, key_;
  NumberColumn<std::uint32_t> project_, flags_;
  NumberColumn<std::int64_t> time_, received_, number_int_;
  NumberColumn<std::uint64_t> series_, raw_time_, start_, version_, count_, zero_count_, scope_id_,
      resource_id_;
  NumberColumn<std::uint8_t> type_, temporality_, monotonic_, value_kind_, has_;
  NumberColumn<double> number_, sum_, min_, max_, zero_threshold_;
  NumberColumn<std::int32_t> scale_, positive_offset_, negative_offset_;
  LowCardinalityColumn name_, description_, unit_, service_, scope_, scope_version_;
  ArrayColumn<NumberColumn<double>> bounds_, quantile_values_;
  ArrayColumn<NumberColumn<std::uint64_t>> buckets_, negative_buckets_;
  ArrayColumn<StringColumn> exemplars_;
  AttributeColumns attributes_;
};

}  // namespace turnscope::store
