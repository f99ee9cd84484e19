// Rows for the table `duplicate_calls`: model calls that another span of the same call stands for.
#pragma once
#include <cstdint>

#include "store/table_block.h"

namespace turnscope::store {

struct DuplicateCall {
  std::uint32_t project = 1;
  otlp::TraceId trace{}, of_trace{};
  otlp::SpanId span = 0, of_span = 0;
  std::uint64_t start = 0, end = 0;  ///< of the span, as sent
};

class DuplicateBlock : public TableBlock<DuplicateBlock> {
 public:
  void add(const DuplicateCall& d, std::int64_t received_unix_nano) {
    project_.add(d.project);
    trace_id_.add(d.trace);
    span_id_.add(d.span);
    of_trace_id_.add(d.of_trace);
    of_span_id_.add(d.of_span);
    received_.add(received_unix_nano / 1'000'000);
    ++rows_;
  }

  template <typename F>
  void each(F&& f) {
    f(project_, "project", "UInt32");
    f(trace_id_, "trace_id", "FixedString(16)");
    f(span_id_, "span_id", "UInt64");
    f(of_trace_id_, "of_trace_id", "FixedString(16)");
    f(of_span_id_, "of_span_id", "UInt64");
    f(received_, "received", "DateTime64(3, 'UTC')");
  }

 private:
  NumberColumn<std::uint32_t> project_;
  IdColumn trace_id_, of_trace_id_;
  NumberColumn<std::uint64_t> span_id_, of_span_id_;
  NumberColumn<std::int64_t> received_;
};

}  // namespace turnscope::store
