// The steps before the log, in their order: drop rules, redaction, bounds. Redaction comes before cutting,
// because half a secret is not recognised any more.
#pragma once
#include <memory>
#include <new>
#include <vector>

#include "base/result.h"
#include "pipeline/options.h"
#include "pipeline/processor.h"
#include "pipeline/redactor.h"

namespace turnscope::pipeline {

class Pipeline {
 public:
  /// Errors name the key of the configuration.
  static Result<std::unique_ptr<Pipeline>> make(const Options& options);

  /// Nothing is configured: requests go to the log as they came.
  bool idle() const { return steps_.empty(); }

  /// Runs the steps over a decoded request. True: it was changed and has to be encoded again. Fails when
  /// there is no memory left; nothing may be stored then. Thread-safe.
  template <typename Model>
  Result<bool> process(Model& model, otlp::Arena& arena) {
    Batch batch{arena};
    try {
      for (const auto& step : steps_) step->process(model, batch);
    } catch (const std::bad_alloc&) {
      return fail(ErrorKind::overloaded, "no memory left to redact the request; try again later");
    }
    return batch.changed;
  }

  /// The redactor as configured, also when redaction is off: for trying it (redact test).
  const std::shared_ptr<const Redactor>& redactor() const { return redactor_; }

 private:
  Pipeline() = default;
  std::vector<std::unique_ptr<Processor>> steps_;
  std::shared_ptr<const Redactor> redactor_;
};

/// Spans, log records or data points of a model.
std::size_t item_count(const otlp::Traces&);
std::size_t item_count(const otlp::Logs&);
std::size_t item_count(const otlp::Metrics&);

}  // namespace turnscope::pipeline
