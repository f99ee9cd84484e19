// Contexts between opentelemetry-cpp and this SDK, for programs that use both: spans of one become parents of
// the other's.
#pragma once
#include <opentelemetry/context/context.h>
#include <opentelemetry/context/runtime_context.h>
#include <opentelemetry/nostd/unique_ptr.h>

#include "turnscope/sdk/context.h"

namespace turnscope::sdk {

/// Their current span and trace state (not the baggage) as a context of ours: StartOptions{.parent =
/// from_otel()}.
Context from_otel(
    const opentelemetry::context::Context& theirs = opentelemetry::context::RuntimeContext::GetCurrent());

/// A context of theirs in which `ours` is the parent of what is started.
opentelemetry::context::Context to_otel(
    const Context& ours,
    const opentelemetry::context::Context& base = opentelemetry::context::RuntimeContext::GetCurrent());

/// Makes `ours` current in both SDKs until it is destroyed.
class [[nodiscard]] BothScope {
 public:
  explicit BothScope(const Context& ours)
      : ours_(ours), theirs_(opentelemetry::context::RuntimeContext::Attach(to_otel(ours))) {}

 private:
  ContextScope ours_;
  opentelemetry::nostd::unique_ptr<opentelemetry::context::Token> theirs_;
};

}  // namespace turnscope::sdk
