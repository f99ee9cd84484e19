// Rows for the table `logs`.
#pragma once
#include "store/attribute_columns.h"
#include "store/span_block.h"
#include "store/table_block.h"

namespace turnscope::store {

class LogBlock : public TableBlock<LogBlock> {
 public:
  void add(const otlp::LogRecord&, const RowContext&, std::uint64_t version);

  template <typename F>
  void each(F&& f) {
    constexpr std::string_view kLc = "LowCardinality(String)";
    f(project_, "project", "UInt32");
    f(time_, "time", "DateTime64(9, 'UTC')");
    f(raw_time_, "raw_time", "UInt64");
    f(observed_, "observed", "UInt64");
    f(hash_, "hash", "UInt64");
    f(version_, "version", "UInt64");
    f(received_, "received", "DateTime64(3, 'UTC')");
    f(trace_id_, "trace_id", "FixedString(16)");
    f(span_id_, "span_id", "UInt64");
    f(flags_, "flags", "UInt32");
    f(severity_number_, "severity_number", "Int32");
    f(severity_text_, "severity_text", kLc);
    f(event_name_, "event_name", kLc);
    f(service_, "service", kLc);
    f(body_, "body", "String");
    f(body_json_, "body_json", "UInt8");
    attributes_.each(f);
    f(dropped_, "dropped", "UInt32");
    f(scope_, "scope", kLc);
    f(scope_version_, "scope_version", kLc);
    f(scope_id_, "scope_id", "UInt64");
    f(resource_id_, "resource_id", "UInt64");
  }

 private:
  std::string json_, key_;
  NumberColumn<std::uint32_t> project_, flags_, dropped_;
  NumberColumn<std::int64_t> time_, received_;
  NumberColumn<std::uint64_t> raw_time_, observed_, hash_, version_, span_id_, scope_id_, resource_id_;
  IdColumn trace_id_;
  NumberColumn<std::int32_t> severity_number_;
  LowCardinalityColumn severity_text_, event_name_, service_, scope_, scope_version_;
  StringColumn body_;
  NumberColumn<std::uint8_t> body_json_;
  AttributeColumns attributes_;
};

}  // namespace turnscope::store
