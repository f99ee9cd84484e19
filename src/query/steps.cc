#include "query/steps.h"

#include <algorithm>
#include <functional>

#include "query/language/filter.h"

namespace turnscope::query {
namespace {

constexpr std::size_t kFirstChunks = 26;

}  // namespace

Steps::Steps(const Filter& filter, TimeRange range)
    : from_(range.from), cuts_(filter.chunk_ends), even_(!cuts_.empty()) {
  // What small columns decide is cheap to look for in vain: the newest part of the range, then larger ones.
  if (!even_ && !filter.first.text().empty())
    for (const int part : {32, 8}) cuts_.push_back(range.to - (range.to - range.from) / part);
  std::erase_if(cuts_, [&](std::int64_t t) { return t <= range.from || t >= range.to; });
}

std::int64_t Steps::next(std::int64_t line, std::size_t found, std::size_t wanted) const {
  const auto below = std::upper_bound(cuts_.begin(), cuts_.end(), line, std::greater<>());
  const auto left = static_cast<std::size_t>(cuts_.end() - below);
  std::size_t further = 1;
  if (even_) {
    const auto read = static_cast<std::size_t>(below - cuts_.begin());
    const std::size_t missing = wanted > found ? wanted - found : 1;
    // A quarter more than it should take; not more than fourfold, as matches may be rare just here.
    further = found == 0 ? std::max(kFirstChunks, 2 * read)
                         : std::clamp(read * missing / found * 5 / 4 + 2, std::size_t{4}, 4 * read + 4);
  }
  return further > left ? from_ : below[static_cast<std::ptrdiff_t>(further) - 1];
}

}  // namespace turnscope::query
