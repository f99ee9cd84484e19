// Rows for the table `calls`: of each span that has usage what sums of tokens and money read, so that they
// need not read the other spans. One row a span and version, as in `spans`; the later version wins.
#pragma once
#include <cstdint>
#include <string_view>

#include "genai/view.h"
#include "otlp/model.h"
#include "store/derived_facts.h"
#include "store/table_block.h"

namespace turnscope::store {

/// Whether a span has a row. Also model calls without usage: a span that is sent again without it must win
/// over what it said before (schema.h has the same condition in SQL).
inline bool has_call_row(const DerivedFacts& d) {
  return d.usage_role != 0 || d.kind == static_cast<std::uint8_t>(genai::Kind::llm) ||
         d.kind == static_cast<std::uint8_t>(genai::Kind::embedding);
}

class CallBlock : public TableBlock<CallBlock> {
 public:
  struct Row {
    std::uint32_t project = 1, weight = 1'000;
    std::int64_t start = 0, received_ms = 0;
    std::uint64_t version = 0;
    std::string_view service;
  };
  void add(const otlp::Span& span, const Row& r, const DerivedFacts& d) {
    project_.add(r.project);
    start_.add(r.start);
    trace_id_.add(span.trace_id);
    span_id_.add(span.span_id);
    version_.add(r.version);
    received_.add(r.received_ms);
    model_.add(d.model);
    provider_.add(d.provider);
    service_.add(r.service);
    service_tier_.add(d.service_tier);
    region_.add(d.region);
    usage_role_.add(d.usage_role);
    usage_known_.add(d.usage_known);
    is_error_.add(d.is_error);
    tok_input_.add(d.tok_input);
    tok_cache_read_.add(d.tok_cache_read);
    tok_cache_write_.add(d.tok_cache_write);
    tok_output_.add(d.tok_output);
    tok_reasoning_.add(d.tok_reasoning);
    for (std::size_t i = 0; i < d.others; ++i)
      if (!d.other[i].first.starts_with("reported_")) tok_other_.add(d.other[i].first, d.other[i].second);
    tok_other_.end_row();
    reported_cost_nano_.add(d.reported_cost_nano);
    weight_.add(r.weight);
    ++rows_;
  }

  template <typename F>
  void each(F&& f) {
    constexpr std::string_view kLc = "LowCardinality(String)";
    f(project_, "project", "UInt32");
    f(start_, "start", "DateTime64(9, 'UTC')");
    f(trace_id_, "trace_id", "FixedString(16)");
    f(span_id_, "span_id", "UInt64");
    f(version_, "version", "UInt64");
    f(received_, "received", "DateTime64(3, 'UTC')");
    f(model_, "model", kLc);
    f(provider_, "provider", kLc);
    f(service_, "service", kLc);
    f(service_tier_, "service_tier", kLc);
    f(region_, "region", kLc);
    f(usage_role_, "usage_role", "UInt8");
    f(usage_known_, "usage_known", "UInt16");
    f(is_error_, "is_error", "UInt8");
    f(tok_input_, "tok_input", "UInt64");
    f(tok_cache_read_, "tok_cache_read", "UInt64");
    f(tok_cache_write_, "tok_cache_write", "UInt64");
    f(tok_output_, "tok_output", "UInt64");
    f(tok_reasoning_, "tok_reasoning", "UInt64");
    f(tok_other_, "tok_other", "Map(LowCardinality(String), UInt64)");
    f(reported_cost_nano_, "reported_cost_nano", "Int64");
    f(weight_, "weight", "UInt32");
  }

 private:
  NumberColumn<std::uint32_t> project_, weight_;
  NumberColumn<std::int64_t> start_, received_, reported_cost_nano_;
  IdColumn trace_id_;
  NumberColumn<std::uint64_t> span_id_, version_, tok_input_, tok_cache_read_, tok_cache_write_, tok_output_,
      tok_reasoning_;
  LowCardinalityColumn model_, provider_, service_, service_tier_, region_;
  NumberColumn<std::uint8_t> usage_role_, is_error_;
  NumberColumn<std::uint16_t> usage_known_;
  MapColumn<NumberColumn<std::uint64_t>> tok_other_;
};

}  // namespace turnscope::store
