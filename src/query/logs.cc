// Log records of one trace, in order of time.
#include <fmt/format.h>

#include "query/impl.h"

namespace turnscope::query {

Result<TraceLogs> Queries::logs(const Caller& caller, const otlp::TraceId& trace, std::size_t limit) {
  TraceLogs out;
  Sql sql(
      "SELECT toInt64(toUnixTimestamp64Nano(time)), span_id, severity_number, severity_text, event_name, "
      "service, "
      "substringUTF8(body, 1, 16384), toUInt64(length(body)), body_json, attrs_str, attrs_int, attrs_dbl, "
      "attrs_bool, "
      "attrs_json FROM logs FINAL WHERE project = ");
  sql.u32(caller.project) << " AND trace_id = ";
  sql.trace(trace) << " ORDER BY time, hash LIMIT ";
  sql.u64(limit + 1);
  TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
  store::RowReader in(rows.bytes);
  while (in.more()) {
    LogLine line;
    line.time = in.i64();
    line.span_id = in.u64();
    line.severity = in.i32();
    line.severity_text = in.string();
    line.event_name = in.string();
    line.service = in.string();
    line.body = in.string();
    line.cut = in.u64() > line.body.size();
    line.body_is_json = in.u8() == 1;
    const auto key = [&] { return in.string(); };
    for (const auto& [k, v] : in.map(key, [&] { return in.string(); })) line.attributes.emplace_back(k, v);
    for (const auto& [k, v] : in.map(key, [&] { return in.i64(); }))
      line.attributes.emplace_back(k, fmt::format("{}", v));
    for (const auto& [k, v] : in.map(key, [&] { return in.f64(); }))
      line.attributes.emplace_back(k, fmt::format("{}", v));
    for (const auto& [k, v] : in.map(key, [&] { return in.u8(); }))
      line.attributes.emplace_back(k, v ? "true" : "false");
    for (const auto& [k, v] : in.map(key, [&] { return in.string(); })) line.attributes.emplace_back(k, v);
    out.lines.push_back(std::move(line));
  }
  TS_TRY(in.status());
  out.more = out.lines.size() > limit;
  if (out.more) out.lines.resize(limit);
  return out;
}

}  // namespace turnscope::query
