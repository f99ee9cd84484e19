// A histogram whose bucket borders grow exponentially, as OpenTelemetry defines it: bucket i at scale s holds
// values in (2^(i/2^s), 2^((i+1)/2^s)]. It begins fine and halves its resolution when the values spread over
// too many buckets.
#pragma once
#include <cstdint>
#include <utility>
#include <vector>

namespace turnscope::sinks {

class ExponentialHistogram {
 public:
  static constexpr std::int32_t kFirstScale = 8, kLowestScale = -10;
  static constexpr std::size_t kMaxBuckets = 160;

  /// Values that are not positive and finite count as zero.
  void add(double value);

  std::uint64_t count() const { return count_; }
  std::uint64_t zero_count() const { return zeros_; }
  double sum() const { return sum_; }
  double min() const { return min_; }
  double max() const { return max_; }
  std::int32_t scale() const { return scale_; }
  std::int32_t offset() const { return offset_; }  ///< index of the first bucket
  const std::vector<std::uint64_t>& buckets() const { return buckets_; }

  /// (2^k, how many values are not above it), rising, from the first power of two at or above the smallest
  /// value to the first at or above the largest: exact while the scale is 0 or finer, which 160 buckets allow
  /// up to a spread of 2^160.
  std::vector<std::pair<double, std::uint64_t>> at_powers_of_two() const;

 private:
  std::int32_t index_of(double value) const;
  void coarsen(unsigned by);

  std::int32_t scale_ = kFirstScale, offset_ = 0;
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0, zeros_ = 0;
  double sum_ = 0, min_ = 0, max_ = 0;
};

}  // namespace turnscope::sinks
