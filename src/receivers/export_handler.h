// One export, whatever carried it: admit by bytes, decompress, decode and validate, pass through the
// pipeline, append to the log, answer when it is durable. A request that finds no room waits up to `hold`
// before it is refused: a short queue here is worth more than an error there, because some clients give up
// after ten seconds.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/memory.h"
#include "log/log.h"
#include "otlp/decode.h"
#include "pipeline/pipeline.h"
#include "receivers/decompress.h"
#include "receivers/export_reply.h"

namespace turnscope::receivers {

struct ExportOptions {
  otlp::Limits limits;
  std::size_t in_flight_bytes =
      256u << 20;  ///< requests being decoded or waiting for the disk; half as much again may wait
  std::chrono::milliseconds hold{2'000};  ///< how long a request waits for room before it is refused
  MemoryCeiling* memory = nullptr;        ///< asked before much is taken; must outlive the handler
  std::shared_ptr<pipeline::Pipeline> pipeline =
      nullptr;  ///< what happens between decoding and the log; null: nothing
};

struct ExportRequest {
  log::Signal signal = log::Signal::traces;
  Encoding encoding = Encoding::protobuf;
  Compression compression = Compression::none;
  std::string_view bytes;             ///< as received
  std::shared_ptr<const void> owner;  ///< keeps `bytes` alive
  std::uint32_t project = 1;
  std::uint16_t hops = 0;  ///< as the header kHopsHeader says
};

/// Servers that forward say how many of their kind a request came through, so that a loop of several ends.
inline constexpr std::string_view kHopsHeader = "turnscope-hops";
inline constexpr std::uint16_t kMostHops = 8;
/// The header's number; what is no number counts as none.
std::uint16_t parse_hops(std::string_view header);

/// Counters since the start, for /metrics and health.
struct ReceiverStats {
  std::uint64_t requests = 0;
  std::uint64_t spans = 0, log_records = 0, data_points = 0;  ///< durable
  std::uint64_t rejected_items = 0;                           ///< told in partial_success
  std::uint64_t refused_invalid = 0, refused_too_large = 0, refused_overload = 0,
                refused_other = 0;                 ///< whole requests
  std::uint64_t bytes = 0;                         ///< as received, before decompression
  std::uint64_t in_flight_bytes = 0, waiting = 0;  ///< now
};

class ExportHandler {
 public:
  /// Called exactly once a request, on any thread; must not block.
  using Done = std::function<void(ExportReply)>;

  ExportHandler(log::Log& log, ExportOptions options, const Clock& clock = system_clock());
  /// Refuses what still waits. Close the log (or let it answer) before destroying it; answers may come after
  /// this.
  ~ExportHandler();
  ExportHandler(const ExportHandler&) = delete;
  ExportHandler& operator=(const ExportHandler&) = delete;

  /// Decodes on the calling thread; `done` comes when the log has synced.
  void handle(ExportRequest request, Done done);
  const ExportOptions& options() const;
  ReceiverStats stats() const;
  /// Counts a refusal that the transport made itself (too large, malformed head …).
  void count_refusal(ErrorKind kind);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace turnscope::receivers
