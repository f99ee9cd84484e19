#include "api/recent_arrivals.h"

#include <algorithm>
#include <map>

namespace turnscope::api {

void RecentArrivals::add(std::uint64_t position, store::Arrivals brought) {
  if (!brought.told) {
    inserts_.clear();
    floor_ = std::max(floor_, position);
    return;
  }
  inserts_.push_back({position, std::move(brought)});
  if (inserts_.size() <= kInserts) return;
  floor_ = inserts_.front().position;
  inserts_.pop_front();
}

std::optional<query::ChangedTraces> RecentArrivals::since(std::uint32_t project, std::uint64_t seen,
                                                          std::size_t most) const {
  if (seen < floor_) return std::nullopt;
  query::ChangedTraces out;
  out.version = seen << 20;
  std::map<otlp::TraceId, std::size_t> place;
  for (auto insert = inserts_.rbegin(); insert != inserts_.rend() && insert->position > seen; ++insert) {
    out.more = out.more || insert->brought.more;
    for (const auto& t : insert->brought.traces) {
      if (t.project != project) continue;
      const auto [at, added] = place.try_emplace(t.id, out.trace_ids.size());
      if (added && out.trace_ids.size() == most) {
        out.more = true;
        place.erase(at);
        continue;
      }
      if (added) {
        out.trace_ids.push_back(t.id);
        out.spans.push_back(0);
      }
      out.spans[at->second] += t.spans;
      out.from = std::min(out.from, t.from);
      out.to = std::max(out.to, t.to);
    }
  }
  return out;
}

}  // namespace turnscope::api
