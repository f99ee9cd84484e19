// Jaeger's classic JSON: the tags, logs and references that its own OTLP translation makes of a span, and its
// search parameters as a query of ours.
#pragma once
#include <string>

#include "api/json_writer.h"
#include "api/router.h"
#include "query/queries.h"

namespace turnscope::api {

/// A trace under construction: spans in pieces, processes at the end.
class JaegerTrace {
 public:
  JaegerTrace(JsonWriter& json, const otlp::TraceId&);
  void add(const query::StoredSpans&);
  void finish();

 private:
  std::string process_of(const query::StoredSpan&);
  JsonWriter& json_;
  std::string trace_id_;
  std::map<std::string, std::string> processes_;  ///< JSON of the process → "p1"
};

struct JaegerSearch {
  query::SearchRequest request;
  std::vector<otlp::TraceId> trace_ids;  ///< if not empty: these, whatever else is asked
};
/// Parameters of GET /api/traces. Errors name the parameter.
query::QueryAnswer<JaegerSearch> parse_jaeger_search(
    const std::vector<std::pair<std::string, std::string>>& parameters, std::int64_t now);

}  // namespace turnscope::api
