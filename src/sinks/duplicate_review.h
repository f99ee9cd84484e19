// The marks of `duplicate_calls` looked at again when kinds, models or response ids of stored spans may have
// changed: calls in order of their start go through the same window as calls that come in, marks that are new
// are added, and those that the window does not find again are removed. Memory: the window and the marks in
// it.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sinks/call_window.h"
#include "store/engine.h"

namespace turnscope::sinks {

class DuplicateReview {
 public:
  DuplicateReview(store::Engine& engine, std::uint32_t project) : engine_(engine), project_(project) {}

  struct Read {
    otlp::TraceId trace{};
    otlp::SpanId span = 0;
    std::int64_t start = 0;
    auto operator<=>(const Read&) const = default;
  };
  /// The next spans in order of start: all that were read (their marks are in doubt from now on), the calls
  /// among them (`received` is their start) and those that are known to repeat another.
  Status take(const std::vector<Read>& read, const std::vector<SeenCall>& calls,
              std::vector<store::DuplicateCall> found, std::int64_t now);
  /// Removes the marks that are still in doubt. Call when there are no more spans.
  Status finish();

  std::uint64_t added() const { return added_; }
  std::uint64_t removed() const { return removed_; }

 private:
  using Key = std::pair<otlp::TraceId, otlp::SpanId>;
  struct Mark {
    Key of;
    std::int64_t start = 0;
  };
  Status doubt(const std::vector<Read>& read);
  Status settle(std::int64_t before);

  store::Engine& engine_;
  const std::uint32_t project_;
  CallWindow window_;
  std::map<Key, Mark> doubtful_;
  std::uint64_t added_ = 0, removed_ = 0;
};

}  // namespace turnscope::sinks
