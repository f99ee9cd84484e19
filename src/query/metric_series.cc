#include "query/metric_series.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace turnscope::query {
namespace {

constexpr std::pair<std::string_view, MetricFunction> kFunctions[] = {
    {"sum", MetricFunction::sum}, {"rate", MetricFunction::rate},        {"count", MetricFunction::count},
    {"avg", MetricFunction::avg}, {"last", MetricFunction::last},        {"min", MetricFunction::min},
    {"max", MetricFunction::max}, {"quantile", MetricFunction::quantile}};

/// What was added by one point: its own numbers, or those minus the point before it.
struct Added {
  double value = 0, sum = 0;
  double count = 0;
  Distribution buckets;
  bool any = false;
};

bool is_number(otlp::MetricType t) { return t == otlp::MetricType::gauge || t == otlp::MetricType::sum; }

double minus(std::uint64_t a, std::uint64_t b) { return a >= b ? static_cast<double>(a - b) : 0; }

void add_explicit(const MetricPoint& p, const MetricPoint* before, Distribution& to) {
  for (std::size_t i = 0; i < p.buckets.size(); ++i) {
    const double n = before && i < before->buckets.size() ? minus(p.buckets[i], before->buckets[i])
                                                          : static_cast<double>(p.buckets[i]);
    if (n <= 0) continue;
    if (std::isnan(p.bounds[std::min(i, p.bounds.size() - 1)])) continue;
    const double from =
        i == 0 ? -std::numeric_limits<double>::infinity() : p.bounds[std::min(i - 1, p.bounds.size() - 1)];
    const double up = i < p.bounds.size() ? p.bounds[i] : std::numeric_limits<double>::infinity();
    to.add(from, up, n);
  }
}

/// Bucket i of an exponential histogram holds (base^i, base^(i + 1)], base = 2^(2^-scale).
void add_exponential(const std::vector<std::uint64_t>& now, std::int32_t offset, std::int32_t scale,
                     const std::vector<std::uint64_t>* before, std::int32_t before_offset, bool negative,
                     Distribution& to) {
  // What no client can mean: the protocol knows scales from -10 (one bucket holds all doubles) to 20.
  if (scale < -10 || scale > 20) return;
  constexpr double kMost = std::numeric_limits<double>::max();
  const double power = std::exp2(-static_cast<double>(scale));
  for (std::size_t i = 0; i < now.size(); ++i) {
    double n = static_cast<double>(now[i]);
    if (before) {
      const std::int64_t at = static_cast<std::int64_t>(i) + offset - before_offset;
      if (at >= 0 && at < static_cast<std::int64_t>(before->size()))
        n = minus(now[i], (*before)[static_cast<std::size_t>(at)]);
    }
    if (n <= 0) continue;
    const double index = static_cast<double>(offset) + static_cast<double>(i);
    const double low = std::min(std::exp2(index * power), kMost),
                 high = std::min(std::exp2((index + 1) * power), kMost);
    if (negative)
      to.add(-high, -low, n);
    else
      to.add(low, high, n);
  }
}

Added added_by(const MetricPoint& p, const MetricPoint* before) {
  Added a;
  a.any = true;
  a.value = before ? p.value - before->value : p.value;
  a.sum = before ? p.sum - before->sum : p.sum;
  a.count = before ? minus(p.count, before->count) : static_cast<double>(p.count);
  if (p.type == otlp::MetricType::histogram && p.buckets.size() == p.bounds.size() + 1 && !p.bounds.empty())
    add_explicit(p, before && before->bounds == p.bounds ? before : nullptr, a.buckets);
  if (p.type == otlp::MetricType::exponential_histogram) {
    const bool comparable = before && before->scale == p.scale;
    add_exponential(p.buckets, p.positive_offset, p.scale, comparable ? &before->buckets : nullptr,
                    before ? before->positive_offset : 0, false, a.buckets);
    add_exponential(p.negative, p.negative_offset, p.scale, comparable ? &before->negative : nullptr,
                    before ? before->negative_offset : 0, true, a.buckets);
    const double zero = before ? minus(p.zero_count, before->zero_count) : static_cast<double>(p.zero_count);
    if (zero > 0) a.buckets.add(0, 0, zero);
  }
  return a;
}

/// A cumulative series that was begun anew: another start, or less than before.
bool restarted(const MetricPoint& p, const MetricPoint& before) {
  if (p.start != 0 && before.start != 0 && p.start != before.start &&
      p.start >= static_cast<std::uint64_t>(before.time))
    return true;
  return is_number(p.type) ? p.value < before.value : p.count < before.count;
}

struct Step {
  double sum = 0, count = 0;
  double least = std::numeric_limits<double>::infinity(), most = -std::numeric_limits<double>::infinity();
  double values = 0;
  Distribution buckets;
  bool any = false;
  /// The last value of each series: a group's gauges stand beside each other and are summed up.
  std::map<std::uint64_t, double> last;
};

std::optional<double> answer(const Step& s, const MetricAsk& ask, bool numbers) {
  if (!s.any) return std::nullopt;
  switch (ask.function) {
    case MetricFunction::sum:
      return s.sum;
    case MetricFunction::rate:
      return s.sum / (static_cast<double>(ask.step) / 1e9);
    case MetricFunction::count:
      return numbers ? s.values : s.count;
    case MetricFunction::avg:
      if (numbers) return s.values > 0 ? std::optional(s.sum / s.values) : std::nullopt;
      return s.count > 0 ? std::optional(s.sum / s.count) : std::nullopt;
    case MetricFunction::last: {
      double all = 0;
      for (const auto& [series, v] : s.last) all += v;
      return all;
    }
    case MetricFunction::min:
      return std::isfinite(s.least) ? std::optional(s.least) : std::nullopt;
    case MetricFunction::max:
      return std::isfinite(s.most) ? std::optional(s.most) : std::nullopt;
    case MetricFunction::quantile:
      return s.buckets.quantile(ask.quantile);
  }
  return std::nullopt;
}

}  // namespace

Result<MetricFunction> metric_function(std::string_view n) {
  for (const auto& [word, f] : kFunctions)
    if (word == n) return f;
  return fail(ErrorKind::invalid_argument, "fn= is sum, rate, count, avg, last, min, max or quantile");
}

std::string_view name(MetricFunction f) {
  for (const auto& [word, each] : kFunctions)
    if (each == f) return word;
  return "sum";
}

double Distribution::total() const {
  double n = 0;
  for (const auto& [bounds, count] : buckets_) n += count;
  return n;
}

std::optional<double> Distribution::quantile(double q) const {
  const double all = total();
  if (all <= 0) return std::nullopt;
  const double wanted = std::clamp(q, 0.0, 1.0) * all;
  double before = 0;
  for (const auto& [bounds, count] : buckets_) {
    const auto& [to, from] = bounds;
    if (before + count >= wanted || &bounds == &buckets_.rbegin()->first) {
      if (!std::isfinite(to)) return from;
      // The lowest bucket of an explicit histogram is open below; durations and counts begin at 0.
      const double low = std::isfinite(from) ? from : std::min(0.0, to);
      return low + (to - low) * std::clamp((wanted - before) / count, 0.0, 1.0);
    }
    before += count;
  }
  return std::nullopt;
}

std::vector<MetricSeries> metric_series(const std::vector<MetricPoint>& points, const MetricAsk& ask) {
  const auto steps = static_cast<std::size_t>(
      std::max<std::int64_t>(0, (ask.range.to - ask.range.from + ask.step - 1) / ask.step));
  std::map<std::vector<std::string>, std::vector<Step>> groups;
  bool numbers = true;
  const MetricPoint* before = nullptr;
  for (const MetricPoint& p : points) {
    if (before && before->series != p.series) before = nullptr;
    const bool cumulative =
        p.temporality == otlp::Temporality::cumulative && p.type != otlp::MetricType::gauge;
    const MetricPoint* base = cumulative && before && !restarted(p, *before) ? before : nullptr;
    const bool first = cumulative && !before;
    before = &p;
    if (p.time < ask.range.from || p.time >= ask.range.to) continue;
    // The first point of a cumulative series that began before what was read tells nothing of this range.
    if (first && (p.start == 0 || static_cast<std::int64_t>(p.start) < ask.range.from)) {
      if (ask.function != MetricFunction::last) continue;
    }
    numbers = is_number(p.type);
    auto& group = groups[p.key];
    if (group.empty()) group.resize(steps);
    const auto at = static_cast<std::size_t>((p.time - ask.range.from) / ask.step);
    if (at >= steps) continue;
    Step& s = group[at];
    const Added a = added_by(p, base);
    const double value = numbers ? a.value : a.sum;
    s.any = true;
    s.sum += value;
    s.count += a.count;
    s.values += 1;
    const double shown = numbers ? a.value : (a.count > 0 ? a.sum / a.count : 0);
    s.least = std::min(s.least, shown);
    s.most = std::max(s.most, shown);
    s.last[p.series] = numbers ? p.value : p.sum;
    if (ask.function == MetricFunction::quantile) {
      // Sums and gauges have no buckets: each point is one value.
      if (numbers)
        s.buckets.add(a.value, a.value, 1);
      else
        s.buckets.merge(a.buckets);
    }
  }
  std::vector<MetricSeries> out;
  for (auto& [key, group] : groups) {
    MetricSeries series;
    series.key = key;
    for (const Step& s : group) series.values.push_back(answer(s, ask, numbers));
    out.push_back(std::move(series));
  }
  return out;
}

}  // namespace turnscope::query
