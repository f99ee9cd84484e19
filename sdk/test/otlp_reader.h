// An independent reader of what the SDK sends: protozero, field numbers from opentelemetry-proto.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace turnscope::sdk::test {

/// Values as text with a letter for their type: s:text i:42 d:0.5 b:true [s:a,s:b]
using AttributeMap = std::map<std::string, std::string>;

struct EventSeen {
  std::uint64_t time = 0;
  std::string name;
  AttributeMap attributes;
  std::uint32_t dropped = 0;
};
struct LinkSeen {
  std::string trace_id, span_id, trace_state;
  AttributeMap attributes;
  std::uint32_t dropped = 0, flags = 0;
};
struct SpanSeen {
  std::string trace_id, span_id, parent_id, trace_state, name, scope, scope_version;
  int kind = 0, status = 0;
  std::string status_message;
  std::uint64_t start = 0, end = 0;
  AttributeMap attributes;
  std::vector<std::string> keys;  ///< as sent, duplicates included
  std::vector<EventSeen> events;
  std::vector<LinkSeen> links;
  std::uint32_t dropped_attributes = 0, dropped_events = 0, dropped_links = 0, flags = 0;
};
struct PointSeen {
  AttributeMap attributes;
  std::uint64_t start = 0, time = 0, count = 0;
  double sum = 0, min = 0, max = 0;  ///< number points have their value in sum
  bool integer = false;
  std::vector<std::uint64_t> buckets;
  std::vector<double> bounds;
};
struct MetricSeen {
  std::string name, unit, description, scope;
  bool histogram = false, monotonic = false;
  int temporality = 0;
  std::vector<PointSeen> points;
};
struct RequestSeen {
  AttributeMap resource;
  std::vector<SpanSeen> spans;
  std::vector<MetricSeen> metrics;
};

/// Throws protozero::exception on bytes that are no protobuf, std::runtime_error on a string that is no
/// UTF-8.
RequestSeen read_traces(std::string_view request);
RequestSeen read_metrics(std::string_view request);

}  // namespace turnscope::sdk::test
