#include "pipeline/pipeline.h"

#include "pipeline/bounds.h"
#include "pipeline/redact_processor.h"
#include "pipeline/tier.h"

namespace turnscope::pipeline {

Result<std::unique_ptr<Pipeline>> Pipeline::make(const Options& options) {
  std::unique_ptr<Pipeline> out(new Pipeline);
  TS_ASSIGN(auto redactor, Redactor::make(options.redact));
  out->redactor_ = std::move(redactor);
  if (options.bounds.drops()) out->steps_.push_back(make_drop_processor(options.bounds));
  if (options.redact.enabled) out->steps_.push_back(make_redact_processor(out->redactor_));
  if (options.tier.enabled) out->steps_.push_back(make_tier_processor(options.tier));
  if (options.bounds.cuts()) out->steps_.push_back(make_bounds_processor(options.bounds));
  return out;
}

std::size_t item_count(const otlp::Traces& traces) {
  std::size_t n = 0;
  for (const auto& r : traces.resources)
    for (const auto& s : r.scopes) n += s.spans.size();
  return n;
}
std::size_t item_count(const otlp::Logs& logs) {
  std::size_t n = 0;
  for (const auto& r : logs.resources)
    for (const auto& s : r.scopes) n += s.records.size();
  return n;
}
std::size_t item_count(const otlp::Metrics& metrics) {
  std::size_t n = 0;
  for (const auto& r : metrics.resources)
    for (const auto& s : r.scopes)
      for (const auto& m : s.metrics)
        n += m.numbers.size() + m.histograms.size() + m.exponentials.size() + m.summaries.size();
  return n;
}

}  // namespace turnscope::pipeline
