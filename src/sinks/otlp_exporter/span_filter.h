// What of a record goes to an exporter, and how it is changed on the way. A record that goes as it is is not
// decoded.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "log/log.h"
#include "otlp/decode.h"
#include "pipeline/pipeline.h"
#include "sinks/otlp_exporter/options.h"

namespace turnscope::sinks {

/// Asked for each span that meets the conditions; null: all.
using KeepTrace = std::function<bool(const otlp::TraceId&)>;

/// What other sections of the configuration do to what leaves: before the changes, behind the conditions.
struct SpanSteps {
  std::shared_ptr<pipeline::Pipeline> redact;
  std::function<void(otlp::Traces&, std::uint32_t project, otlp::Arena&)> link_large;
  bool empty() const { return !redact && !link_large; }
};

struct Filtered {
  std::size_t taken = 0;  ///< spans, log records or metrics that were written
  std::size_t left = 0;   ///< that did not meet the conditions
};

class SpanFilter {
 public:
  SpanFilter(const SpanMatch&, const SpanChanges&, SpanSteps = {});
  ~SpanFilter();
  SpanFilter(const SpanFilter&) = delete;
  SpanFilter& operator=(const SpanFilter&) = delete;

  /// Nothing is asked and nothing changed: the bytes may go as they lie in the log.
  bool passes_all() const { return passes_all_; }

  /// Appends what remains to `out` as protobuf (messages put behind each other are one message). Errors: the
  /// record cannot be decoded; overloaded: there is no memory to redact it now.
  Result<Filtered> apply(log::Signal, std::string_view bytes, const KeepTrace&, std::string& out,
                         std::uint32_t project = 1) const;

 private:
  struct Work;
  Result<Filtered> traces(std::string_view, const KeepTrace&, std::uint32_t project, std::string& out) const;
  Result<Filtered> logs(std::string_view, std::string& out) const;
  Result<Filtered> metrics(std::string_view, std::string& out) const;

  const SpanMatch match_;
  const SpanChanges changes_;
  const SpanSteps steps_;
  const bool passes_all_;
};

/// "abc" matches itself, "abc*" what begins with it.
bool matches_pattern(std::string_view pattern, std::string_view text);
bool matches_any(const std::vector<std::string>& patterns, std::string_view text);
/// The value's text (numbers and booleans as people write them) against a pattern.
bool value_matches(std::string_view pattern, const otlp::AnyValue&);
std::string_view service_of(const otlp::Resource&);

/// Cuts a request of traces into requests of at most `max_bytes` and `max_spans` each (a single span may be
/// larger). One piece and the same bytes when it cannot be decoded.
std::vector<std::string> split_traces(std::string_view request, std::size_t max_bytes, std::size_t max_spans);

}  // namespace turnscope::sinks
