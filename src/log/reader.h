// Reads what is durable, in large pieces, from wherever a sink stands. One thread a reader; any number of
// readers.
#pragma once
#include <memory>
#include <optional>

#include "log/damage.h"
#include "log/log.h"
#include "log/scanner.h"
#include "log/timeline.h"

namespace turnscope::log {

class TimelineReader final : public Reader {
 public:
  TimelineReader(std::shared_ptr<Timeline> timeline, std::shared_ptr<DamageLedger> ledger, Position from)
      : timeline_(std::move(timeline)), ledger_(std::move(ledger)), position_(from) {}

  Result<std::optional<Record>> next() override;
  Position position() const override { return position_; }
  bool wait(std::chrono::milliseconds timeout) override;

 private:
  bool open_segment();
  void leave_segment();

  std::shared_ptr<Timeline> timeline_;
  std::shared_ptr<DamageLedger> ledger_;
  Position position_;
  std::shared_ptr<Segment> segment_;
  std::unique_ptr<File> tolerant_;  ///< set after repeated read errors: unreadable pages read as zeros
  std::optional<SegmentScanner> scanner_;
  int failures_ = 0;
};

}  // namespace turnscope::log
