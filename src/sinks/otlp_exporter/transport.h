// One request to the far side and what became of it. Implementations: http_transport.cc (libcurl),
// grpc_transport.cc. A transport belongs to one thread.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "log/log.h"
#include "sinks/otlp_exporter/options.h"

namespace turnscope::sinks {

struct Outcome {
  enum class Kind {
    accepted,  ///< all of it, or all but `rejected` items: not to be sent again
    retry,     ///< the far side is busy, down or not to be reached; the same bytes later
    refused,   ///< these bytes will never be taken
    doubtful,  ///< an internal error over there: final by the book, in practice often a database that is down
    too_large,  ///< in smaller pieces perhaps
    not_us,   ///< wrong key, wrong path, wrong certificate: a person must change something; nothing is wrong
              ///< with the spans
    stopped,  ///< we were told to stop
  };
  Kind kind = Kind::accepted;
  std::string message;                                   ///< a sentence with the far side's own words, cut
  std::optional<std::chrono::milliseconds> retry_after;  ///< as the far side said
  std::uint64_t rejected = 0;                            ///< accepted: items that it did not take
};

/// What a request under way gets when we are told to stop.
constexpr std::chrono::milliseconds kStopGrace{1'000};

class Transport {
 public:
  virtual ~Transport() = default;
  /// `body`: an Export…ServiceRequest in protobuf. Blocks until answered, timed out, or `stop` became true.
  /// `hops`: servers of our kind that it was forwarded by, this one included.
  virtual Outcome send(log::Signal, std::string_view body, std::uint16_t hops,
                       const std::atomic<bool>& stop) = 0;
};

Result<std::unique_ptr<Transport>> make_http_transport(const ExporterOptions&);
Result<std::unique_ptr<Transport>> make_grpc_transport(const ExporterOptions&);

inline Result<std::unique_ptr<Transport>> make_transport(const ExporterOptions& o) {
  return o.protocol == Protocol::grpc ? make_grpc_transport(o) : make_http_transport(o);
}

}  // namespace turnscope::sinks
