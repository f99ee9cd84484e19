#include "sinks/span_metrics/exponential_histogram.h"

#include <algorithm>
#include <cmath>

namespace turnscope::sinks {

std::int32_t ExponentialHistogram::index_of(double value) const {
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);  // in [0.5, 1)
  // A power of two belongs to the bucket below its border; computed by whole numbers, so that it always does.
  const bool power = fraction == 0.5;
  if (scale_ <= 0) {
    const std::int32_t index = power ? exponent - 2 : exponent - 1;
    return index >> -scale_;
  }
  const auto per = std::int32_t{1} << scale_;
  if (power) return (exponent - 1) * per - 1;
  const auto within = static_cast<std::int32_t>(std::ceil(std::log2(fraction * 2) * per)) - 1;
  return (exponent - 1) * per + std::clamp(within, std::int32_t{0}, per - 1);
}

void ExponentialHistogram::coarsen(unsigned by) {
  scale_ -= static_cast<std::int32_t>(by);
  if (buckets_.empty()) return;
  const std::int32_t first = offset_ >> by;
  const std::int32_t last = (offset_ + static_cast<std::int32_t>(buckets_.size()) - 1) >> by;
  std::vector<std::uint64_t> merged(static_cast<std::size_t>(last - first + 1));
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    merged[static_cast<std::size_t>(((offset_ + static_cast<std::int32_t>(i)) >> by) - first)] += buckets_[i];
  buckets_ = std::move(merged);
  offset_ = first;
}

void ExponentialHistogram::add(double value) {
  const bool positive = std::isfinite(value) && value > 0;
  const double counted = positive ? value : 0;
  min_ = count_ == 0 ? counted : std::min(min_, counted);
  max_ = count_ == 0 ? counted : std::max(max_, counted);
  ++count_;
  if (!positive) {
    ++zeros_;
    return;
  }
  sum_ += value;
  for (;;) {
    const auto index = index_of(value);
    if (buckets_.empty()) {
      offset_ = index;
      buckets_.push_back(1);
      return;
    }
    const auto low = std::min(offset_, index);
    const auto high = std::max(offset_ + static_cast<std::int32_t>(buckets_.size()) - 1, index);
    const auto width = static_cast<std::size_t>(std::int64_t{high} - low + 1);
    if (width > kMaxBuckets && scale_ > kLowestScale) {
      coarsen(1);
      continue;
    }
    if (index < offset_) {
      buckets_.insert(buckets_.begin(), static_cast<std::size_t>(offset_ - index), 0);
      offset_ = index;
    } else if (width > buckets_.size()) {
      buckets_.resize(width);
    }
    ++buckets_[static_cast<std::size_t>(index - offset_)];
    return;
  }
}

std::vector<std::pair<double, std::uint64_t>> ExponentialHistogram::at_powers_of_two() const {
  std::vector<std::pair<double, std::uint64_t>> out;
  if (buckets_.empty() || scale_ < 0) return out;
  const std::int32_t per = std::int32_t{1} << scale_;
  std::uint64_t below = zeros_;
  std::size_t i = 0;
  // Bucket b ends at 2^((b+1)/per): those up to k·per − 1 are not above 2^k.
  const std::int32_t first = (offset_ >> scale_) + 1;
  const std::int32_t last = ((offset_ + static_cast<std::int32_t>(buckets_.size()) - 1) >> scale_) + 1;
  for (std::int32_t k = first; k <= last; ++k) {
    for (; i < buckets_.size() && offset_ + static_cast<std::int32_t>(i) < k * per; ++i) below += buckets_[i];
    out.emplace_back(std::ldexp(1.0, k), below);
  }
  return out;
}

}  // namespace turnscope::sinks
