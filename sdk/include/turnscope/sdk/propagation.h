// W3C Trace Context and Baggage over any carrier: HTTP headers, attributes of a queue message, gRPC metadata.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "turnscope/sdk/context.h"

namespace turnscope::sdk {

/// Reads a carrier: calls `yield` once for each value that it has under `name`, in order, names compared
/// without case. Two header lines of one name are two values: a doubled `traceparent` must be seen to be
/// refused.
using CarrierReader =
    std::function<void(std::string_view name, const std::function<void(std::string_view)>& yield)>;
/// Sets `name` to `value` in a carrier, replacing what was there.
using CarrierWriter = std::function<void(std::string_view name, std::string_view value)>;

/// OTEL_PROPAGATORS: which formats inject and extract handle.
struct Propagators {
  bool trace_context = true;
  bool baggage = true;
  static Propagators from_env();
};

/// The context that the carrier brings, on top of `base`. An invalid or doubled `traceparent` leaves `base`
/// as it is (a new trace starts) and its `tracestate` is not looked at. The extracted span context is marked
/// remote.
Context extract(const CarrierReader& carrier, const Context& base = {}, Propagators which = {});
/// Writes `traceparent`, `tracestate` and `baggage`; nothing for a context without a valid span or without
/// baggage.
void inject(const Context& context, const CarrierWriter& carrier, Propagators which = {});

/// Ready carriers. HTTP headers and message attributes are lists of pairs (duplicates allowed) or maps.
using Headers = std::vector<std::pair<std::string, std::string>>;
CarrierReader reader(const Headers& headers);
CarrierWriter writer(Headers& headers);
CarrierReader reader(const std::map<std::string, std::string>& attributes);
CarrierWriter writer(std::map<std::string, std::string>& attributes);
CarrierReader reader(const std::multimap<std::string, std::string>& headers);
CarrierWriter writer(std::multimap<std::string, std::string>& headers);

/// One `traceparent` value, white space around it allowed; nothing when it breaks the rules of the
/// recommendation.
std::optional<SpanContext> parse_traceparent(std::string_view value);
/// Version 00; of the flags only `sampled` and `random` are passed on.
std::string format_traceparent(const SpanContext& span);
Baggage parse_baggage(const std::vector<std::string_view>& headers);
/// At most 64 members and 8,192 bytes: what does not fit is left out, whole members only.
std::string format_baggage(const Baggage& baggage);

}  // namespace turnscope::sdk
