#include "sinks/duplicate_review.h"

#include <algorithm>

#include "store/params.h"
#include "store/random_token.h"
#include "store/row_reader.h"

namespace turnscope::sinks {

Status DuplicateReview::doubt(const std::vector<Read>& read) {
  if (read.empty()) return {};
  std::map<Key, std::int64_t> starts;
  std::vector<otlp::TraceId> traces;
  for (const auto& r : read) {
    starts.emplace(Key{r.trace, r.span}, r.start);
    traces.push_back(r.trace);
  }
  std::sort(traces.begin(), traces.end());
  traces.erase(std::unique(traces.begin(), traces.end()), traces.end());
  store::Params params;
  store::add_param(params, "project", project_);
  store::add_param(params, "traces", traces);
  TS_ASSIGN(
      const auto answer,
      engine_.query({.sql = "SELECT trace_id, span_id, of_trace_id, of_span_id FROM duplicate_calls FINAL "
                            "WHERE project = {project:UInt32} AND trace_id IN "
                            "{traces:Array(FixedString(16))}",
                     .params = std::move(params)}));
  store::RowReader in(answer.bytes);
  while (in.more()) {
    Key key{in.trace_id(), 0};
    key.second = in.u64();
    Mark mark;
    mark.of.first = in.trace_id();
    mark.of.second = in.u64();
    const auto it = starts.find(key);
    if (it == starts.end()) continue;
    mark.start = it->second;
    doubtful_[key] = mark;
  }
  return in.status();
}

Status DuplicateReview::take(const std::vector<Read>& read, const std::vector<SeenCall>& calls,
                             std::vector<store::DuplicateCall> found, std::int64_t now) {
  TS_TRY(doubt(read));
  window_.add(calls, found);
  store::DuplicateBlock fresh;
  for (const auto& d : found) {
    const auto it = doubtful_.find({d.trace, d.span});
    const bool known = it != doubtful_.end() && it->second.of == Key{d.of_trace, d.of_span};
    if (it != doubtful_.end()) doubtful_.erase(it);
    // The mark lives in today's partition: it must not be dropped before the span that it is about.
    if (!known) fresh.add(d, now);
  }
  if (fresh.rows() != 0) {
    const auto& pieces = fresh.native();
    TS_TRY(engine_.insert({.table = "duplicate_calls",
                           .block = pieces,
                           .columns = fresh.columns(),
                           .token = store::random_token("renormalise")}));
    added_ += fresh.rows();
  }
  const std::int64_t newest = calls.empty() ? (read.empty() ? 0 : read.back().start) : calls.back().received;
  return settle(newest - 2 * CallWindow::kAge);
}

Status DuplicateReview::finish() { return settle(INT64_MAX); }

Status DuplicateReview::settle(std::int64_t before) {
  std::vector<otlp::TraceId> traces;
  std::vector<std::uint64_t> spans;
  for (auto it = doubtful_.begin(); it != doubtful_.end() && traces.size() < 10'000;) {
    if (it->second.start >= before) {
      ++it;
      continue;
    }
    traces.push_back(it->first.first);
    spans.push_back(it->first.second);
    it = doubtful_.erase(it);
  }
  if (traces.empty()) return {};
  store::Params params;
  store::add_param(params, "project", project_);
  store::add_param(params, "traces", traces);
  store::add_param(params, "spans", spans);
  TS_TRY(engine_.execute(
      "ALTER TABLE duplicate_calls DELETE WHERE project = {project:UInt32} AND "
      "has(arrayZip({traces:Array(FixedString(16))}, {spans:Array(UInt64)}), (trace_id, span_id)) "
      "SETTINGS mutations_sync = 1",
      params));
  removed_ += traces.size();
  return traces.size() == 10'000 ? settle(before) : Status{};
}

}  // namespace turnscope::sinks
