#include "store/log_block.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace turnscope::store {

void LogBlock::add(const otlp::LogRecord& r, const RowContext& c, std::uint64_t version) {
  const auto sent = r.time_unix_nano != 0 ? r.time_unix_nano : r.observed_unix_nano;
  const auto t = span_times(sent, 0, c.received_unix_nano);
  project_.add(c.project);
  time_.add(t.start);
  raw_time_.add(r.time_unix_nano == static_cast<std::uint64_t>(t.start) ? 0 : r.time_unix_nano);
  observed_.add(r.observed_unix_nano);
  version_.add(version);
  received_.add(sane_received(c.received_unix_nano) / 1'000'000);
  trace_id_.add(r.trace_id);
  span_id_.add(r.span_id);
  flags_.add(r.flags);
  severity_number_.add(r.severity_number);
  severity_text_.add(r.severity_text);
  event_name_.add(r.event_name);
  service_.add(c.service);
  json_.clear();
  const bool text = r.body.type == otlp::AnyValue::Type::string;
  if (!text && r.body.type != otlp::AnyValue::Type::none) append_json_value(json_, r.body);
  const auto body = text ? r.body.text : std::string_view(json_);
  body_.add(body);
  body_json_.add(!text && !body.empty());

  // What makes two records of one nanosecond different records, the time of receipt left out: a re-sent one
  // folds.
  key_.clear();
  append_json_attributes(key_, r.attributes);
  key_.append(body).append(r.severity_text).append(r.event_name);
  const std::uint64_t ids[] = {r.span_id, r.observed_unix_nano, c.resource_id, c.scope_id,
                               static_cast<std::uint64_t>(r.severity_number)};
  key_.append(reinterpret_cast<const char*>(r.trace_id.data()), r.trace_id.size());
  key_.append(reinterpret_cast<const char*>(ids), sizeof ids);
  hash_.add(XXH3_64bits(key_.data(), key_.size()));

  attributes_.row(r.attributes);
  dropped_.add(r.dropped_attributes);
  scope_.add(c.scope != nullptr ? c.scope->name : std::string_view{});
  scope_version_.add(c.scope != nullptr ? c.scope->version : std::string_view{});
  scope_id_.add(c.scope_id);
  resource_id_.add(c.resource_id);
  ++rows_;
}

}  // namespace turnscope::store
