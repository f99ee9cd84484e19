#include "otel_bridge.h"

#include <opentelemetry/trace/context.h>
#include <opentelemetry/trace/default_span.h>
#include <opentelemetry/trace/span_context.h>
#include <opentelemetry/trace/trace_state.h>

#include <algorithm>
#include <string>

namespace turnscope::sdk {

namespace otel = opentelemetry;

Context from_otel(const otel::context::Context& theirs) {
  const otel::trace::SpanContext span = otel::trace::GetSpan(theirs)->GetContext();
  if (!span.IsValid()) return {};
  SpanContext ours;
  std::copy_n(span.trace_id().Id().data(), ours.trace_id.bytes.size(), ours.trace_id.bytes.begin());
  std::copy_n(span.span_id().Id().data(), ours.span_id.bytes.size(), ours.span_id.bytes.begin());
  ours.flags = span.trace_flags().flags();
  ours.remote = span.IsRemote();
  ours.trace_state = TraceState::parse(span.trace_state()->ToHeader());
  return Context().with_span(std::move(ours));
}

otel::context::Context to_otel(const Context& ours, const otel::context::Context& base) {
  const SpanContext& span = ours.span();
  if (!span.valid()) return base;
  const otel::trace::SpanContext theirs(
      otel::trace::TraceId(otel::nostd::span<const std::uint8_t, 16>(span.trace_id.bytes.data(), 16)),
      otel::trace::SpanId(otel::nostd::span<const std::uint8_t, 8>(span.span_id.bytes.data(), 8)),
      otel::trace::TraceFlags(span.flags), span.remote,
      otel::trace::TraceState::FromHeader(std::string(span.trace_state.header())));
  otel::context::Context copy = base;
  return otel::trace::SetSpan(
      copy, otel::nostd::shared_ptr<otel::trace::Span>(new otel::trace::DefaultSpan(theirs)));
}

}  // namespace turnscope::sdk
