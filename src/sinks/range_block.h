// The rows of one range of the log, one block a table. Which records belong together is decided by take();
// the same records always make the same blocks.
#pragma once
#include <cstdint>
#include <memory>

#include "genai/view.h"
#include "log/log.h"
#include "otlp/decode.h"
#include "pipeline/tier.h"
#include "sinks/call_window.h"
#include "sinks/offload/large_values.h"
#include "sinks/storm_heaps.h"
#include "store/call_block.h"
#include "store/duplicate_block.h"
#include "store/log_block.h"
#include "store/metric_block.h"
#include "store/resource_block.h"
#include "store/span_block.h"
#include "store/trace_block.h"

namespace turnscope::sinks {

/// Position and place in the record in one number that grows: of two versions of a span the later one wins.
std::uint64_t row_version(log::Position, std::size_t index);

struct RangeLimits {
  std::size_t rows = 100'000;
  std::size_t bytes = 48u << 20;  ///< of encoded columns, all tables together
  otlp::Limits decode;            ///< what the receivers accept, they have written
  pipeline::Tier tier = pipeline::Tier::all;
  OffloadRule offload;       ///< values over a size leave a preview
  bool fold_storms = false;  ///< what stands for like spans in each request becomes one row of the range
};

class RangeBlock {
 public:
  explicit RangeBlock(RangeLimits limits);

  /// False when the record must begin the next range: this one is full, or the record came on another day.
  bool take(const log::Record&, store::SeenResources&);
  /// Takes the record whatever the limits (a range that is repeated keeps its cut).
  void add(const log::Record&, store::SeenResources&);
  /// Names the range as the intent did, should records of it have been lost since.
  void fix_range(log::Position first, log::Position end) {
    first_ = first;
    end_ = end;
  }
  /// Adds what add() and take() held back. Once, behind the last record.
  void finish(store::SeenResources&);
  /// Fills `duplicates` with the calls of this range that repeat another one. Once, before the insert.
  void mark_duplicates(CallWindow&);
  /// From now on texts that repeat earlier ones are stored apart. `texts` must outlive the block.
  void share(store::SharedTexts& texts) { spans.share(&texts, &parts); }
  /// From now on words of texts are counted into `index`, which must outlive the block. Before the block is
  /// stored: index.emit(grams).
  void count_words(store::GramIndex& index) { spans.index(&index); }
  void clear();
  /// Empties and gives the memory back.
  void release();

  bool empty() const { return records_ == 0; }
  bool full() const { return rows() >= limits_.rows || bytes_ >= limits_.bytes; }
  std::size_t rows() const { return spans.rows() + logs.rows() + metrics.rows() + storms_.size(); }
  std::size_t records() const { return records_; }
  log::Position first() const { return first_; }
  log::Position end() const { return end_; }                         ///< behind the last record
  std::int64_t oldest_received() const { return oldest_received_; }  ///< unix nanoseconds; 0: empty
  /// First and last `received` of the rows, unix milliseconds, as the tables have it.
  std::int64_t first_received_ms() const { return first_received_ms_; }
  std::int64_t last_received_ms() const { return last_received_ms_; }

  store::SpanBlock spans;
  store::TraceBlock traces;
  store::ResourceBlock resources;
  store::LogBlock logs;
  store::MetricBlock metrics;
  store::CallBlock calls;            ///< what sums of usage read
  store::PartBlock parts;            ///< texts that spans share
  store::GramBlock grams;            ///< where words can be
  store::DuplicateBlock duplicates;  ///< filled by mark_duplicates()

 private:
  void add_traces(const log::Record&, store::SeenResources&);
  /// `left_out`: spans of it that are not added, by their place.
  void add_spans(otlp::Traces&, const log::RecordHead&, std::uint64_t version,
                 const std::vector<bool>& left_out, store::SeenResources&);
  void add_logs(const log::Record&, store::SeenResources&);
  void add_metrics(const log::Record&, store::SeenResources&);
  void undecodable(const log::Record&, const Error&);

  RangeLimits limits_;
  StormHeaps storms_;
  std::unique_ptr<std::byte[]> arena_buffer_;
  genai::Columns view_;
  std::vector<SeenCall> calls_;
  std::vector<store::DuplicateCall> pending_;  ///< placeholders: they repeat the span above them
  log::Position first_ = 0, end_ = 0;
  std::size_t records_ = 0, bytes_ = 0;
  std::int64_t oldest_received_ = 0, day_ = 0, first_received_ms_ = 0, last_received_ms_ = 0;
};

}  // namespace turnscope::sinks
