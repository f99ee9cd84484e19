// Log records of one trace or one span, in order of time.
#include <fmt/format.h>

#include "otlp/text.h"
#include "query/impl.h"

namespace turnscope::query {
namespace {

constexpr std::size_t kShownBody = 16'384;
constexpr Fragment kLogColumns =
    "SELECT toInt64(toUnixTimestamp64Nano(time)), raw_time, observed, span_id, flags, severity_number, "
    "severity_text, "
    "event_name, service, body, body_json, dropped, attrs_str, attrs_int, attrs_dbl, attrs_bool, attrs_json "
    "FROM logs "
    "FINAL WHERE project = ";

struct LogRow {
  LogLine line;
  otlp::LogRecord record;  ///< without body and attributes
  std::string_view body;
  store::StoredPayload attributes;
};

LogRow read_log(store::RowReader& in) {
  LogRow r;
  r.line.time = in.i64();
  const auto raw_time = in.u64();
  r.record.time_unix_nano = raw_time != 0 ? raw_time : static_cast<std::uint64_t>(r.line.time);
  r.record.observed_unix_nano = in.u64();
  r.line.span_id = r.record.span_id = in.u64();
  r.record.flags = in.u32();
  r.line.severity = r.record.severity_number = in.i32();
  r.line.severity_text = r.record.severity_text = in.string();
  r.line.event_name = r.record.event_name = in.string();
  r.line.service = in.string();
  r.body = in.string();
  r.line.body_is_json = in.u8() == 1;
  r.record.dropped_attributes = in.u32();
  const auto key = [&] { return in.string(); };
  auto& a = r.attributes;
  a.attrs_str = in.map(key, key);
  a.attrs_int = in.map(key, [&] { return in.i64(); });
  a.attrs_dbl = in.map(key, [&] { return in.f64(); });
  a.attrs_bool = in.map(key, [&] { return in.u8(); });
  a.attrs_json = in.map(key, key);
  auto& shown = r.line.attributes;
  for (const auto& [k, v] : a.attrs_str) shown.emplace_back(k, v);
  for (const auto& [k, v] : a.attrs_int) shown.emplace_back(k, fmt::format("{}", v));
  for (const auto& [k, v] : a.attrs_dbl) shown.emplace_back(k, fmt::format("{}", v));
  for (const auto& [k, v] : a.attrs_bool) shown.emplace_back(k, v ? "true" : "false");
  for (const auto& [k, v] : a.attrs_json) shown.emplace_back(k, v);
  auto body = r.body.substr(0, kShownBody);
  // Not in the middle of a character.
  while (body.size() < r.body.size() && !body.empty() &&
         (static_cast<unsigned char>(r.body[body.size()]) & 0xc0) == 0x80)
    body.remove_suffix(1);
  r.line.body = body;
  r.line.cut = body.size() < r.body.size();
  return r;
}

}  // namespace

Result<TraceLogs> Queries::logs(const Caller& caller, const otlp::TraceId& trace, std::size_t limit) {
  TraceLogs out;
  Sql sql(kLogColumns);
  sql.u32(caller.project) << " AND trace_id = ";
  sql.trace(trace) << " ORDER BY time, hash LIMIT ";
  sql.u64(limit + 1);
  TS_ASSIGN(const auto rows, impl_->ask(caller, sql));
  store::RowReader in(rows.bytes);
  while (in.more()) out.lines.push_back(read_log(in).line);
  TS_TRY(in.status());
  out.more = out.lines.size() > limit;
  if (out.more) out.lines.resize(limit);
  return out;
}

Result<std::shared_ptr<const SpanLogs>> Queries::span_logs(const Caller& caller, const TraceIndex& trace,
                                                           std::uint32_t row) {
  constexpr std::size_t kMost = 200;
  constexpr std::int64_t kHour = 3'600'000'000'000;
  const auto& span = trace.spans()[row];
  auto out = std::make_shared<SpanLogs>();
  Sql sql(kLogColumns);
  // Records of a call are made while it runs; a clock that was wrong put them at their time of receipt.
  sql.u32(caller.project) << " AND time >= ";
  sql.time(std::max<std::int64_t>(0, span.start - kHour)) << " AND trace_id = ";
  sql.trace(trace.trace_id()) << " AND span_id = ";
  sql.u64(span.span_id) << " ORDER BY time, hash LIMIT ";
  sql.u64(kMost + 1);
  TS_ASSIGN(auto rows, impl_->ask(caller, sql));
  out->bytes = std::move(rows.bytes);
  store::RowReader in(out->bytes);
  while (in.more()) {
    auto r = read_log(in);
    TS_TRY(in.status());
    if (out->lines.size() == kMost) {
      out->more = true;
      break;
    }
    otlp::Span holder;
    TS_TRY(store::restore(r.attributes, out->arena, holder));
    auto& record = out->records.emplace_back(r.record);
    record.attributes = holder.attributes;
    record.trace_id = trace.trace_id();
    if (r.line.body_is_json) {
      TS_ASSIGN(const auto body, store::restore_attributes(
                                     fmt::format("[{{\"key\":\"body\",\"value\":{}}}]", r.body), out->arena));
      if (!body.empty()) record.body = body.front().value;
    } else if (!r.body.empty()) {
      record.body.type = otlp::AnyValue::Type::string;
      record.body.text = r.body;
    }
    // The severity's text lives in the row; the line has its copy.
    out->lines.push_back(std::move(r.line));
  }
  TS_TRY(in.status());
  return std::shared_ptr<const SpanLogs>(std::move(out));
}

}  // namespace turnscope::query
