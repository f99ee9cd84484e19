// Rows for the table `traces`: the bounds of each trace that has a span in the block.
#pragma once
#include <cstdint>
#include <unordered_map>

#include "store/arrivals.h"
#include "store/span_block.h"
#include "store/table_block.h"

namespace turnscope::store {

class TraceBlock : public TableBlock<TraceBlock> {
 public:
  void add(std::uint32_t project, const otlp::TraceId&, const SpanTimes&, bool root, bool error,
           std::uint64_t version, std::uint32_t spans = 1);
  /// Of what was added, so many traces at most.
  Arrivals arrivals(std::size_t most) const;
  /// Makes the columns from what was added; call before native().
  void build();
  std::size_t traces() const { return bounds_.size(); }
  void clear() {
    TableBlock::clear();
    bounds_.clear();
    last_ = nullptr;
  }
  void release() {
    TableBlock::release();
    bounds_ = {};
    last_ = nullptr;
  }

  template <typename F>
  void each(F&& f) {
    f(project_, "project", "UInt32");
    f(trace_id_, "trace_id", "FixedString(16)");
    f(min_start_, "min_start", "DateTime64(9, 'UTC')");
    f(max_end_, "max_end", "DateTime64(9, 'UTC')");
    f(max_start_, "max_start", "DateTime64(9, 'UTC')");
    f(has_root_, "has_root", "UInt8");
    f(has_error_, "has_error", "UInt8");
    f(max_version_, "max_version", "UInt64");
  }

 private:
  struct Key {
    otlp::TraceId id;
    std::uint32_t project;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& k) const;
  };
  struct Bounds {
    std::int64_t min_start, max_end, max_start;
    bool root, error;
    std::uint64_t max_version;
    std::uint32_t spans;
  };
  std::unordered_map<Key, Bounds, Hash> bounds_;
  std::pair<const Key, Bounds>* last_ = nullptr;
  NumberColumn<std::uint32_t> project_;
  IdColumn trace_id_;
  NumberColumn<std::int64_t> min_start_, max_end_, max_start_;
  NumberColumn<std::uint8_t> has_root_, has_error_;
  NumberColumn<std::uint64_t> max_version_;
};

}  // namespace turnscope::store
