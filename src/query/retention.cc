#include "query/retention.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/anomaly.h"
#include "base/crash_point.h"
#include "base/logger.h"
#include "query/cost/price_book.h"
#include "store/row_reader.h"

namespace turnscope::query {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
/// A trace that runs longer is decided by its last days.
constexpr std::int64_t kLongestTraceMs = 7 * kDayMs;
constexpr std::size_t kObjectsAtOnce = 200;
/// A day whose models are too many for one statement is decided in so many shares at most.
constexpr std::uint64_t kMostShares = 1'024;

std::atomic<std::uint64_t> g_epoch{0};

void received_between(Sql& sql, std::int64_t from_ms, std::int64_t to_ms) {
  sql << "received >= fromUnixTimestamp64Milli(";
  sql.i64(from_ms) << ", 'UTC') AND received < fromUnixTimestamp64Milli(";
  sql.i64(to_ms) << ", 'UTC')";
}

/// `column` is one of the patterns ("*" at the end stands for anything).
void one_of(Sql& sql, Fragment column, const std::vector<std::string>& patterns) {
  sql << "(";
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (i) sql << " OR ";
    const std::string& p = patterns[i];
    if (p.ends_with('*')) {
      sql << "startsWith(toString(" << column << "), ";
      sql.str(std::string_view(p).substr(0, p.size() - 1)) << ")";
    } else {
      sql << column << " = ";
      sql.str(p);
    }
  }
  sql << ")";
}

void attribute_is(Sql& sql, const std::string& key, const std::string& pattern) {
  sql << "(mapContains(attrs_str, ";
  sql.str(key) << ") AND ";
  if (pattern.ends_with('*')) {
    sql << "startsWith(attrs_str[";
    sql.str(key) << "], ";
    sql.str(std::string_view(pattern).substr(0, pattern.size() - 1)) << ")";
  } else {
    sql << "attrs_str[";
    sql.str(key) << "] = ";
    sql.str(pattern);
  }
  sql << ")";
}

/// An evaluation's result under the limit, in the events of a span: [{"key": …, "value": {"doubleValue": …}},
/// …].
void score_below(Sql& sql, const std::string& name, double limit) {
  sql << "arrayExists((n, a) -> n = 'gen_ai.evaluation.result' AND ";
  if (name != "*") {
    const bool prefix = name.ends_with('*');
    sql << (prefix ? Fragment("startsWith(") : Fragment("equals("))
        << "JSONExtractString(arrayFirst(x -> JSONExtractString(x, 'key') = 'gen_ai.evaluation.name', "
           "JSONExtractArrayRaw(a)), 'value', 'stringValue'), ";
    sql.str(prefix ? std::string_view(name).substr(0, name.size() - 1) : std::string_view(name)) << ") AND ";
  }
  sql << "arrayExists(x -> JSONExtractString(x, 'key') = 'gen_ai.evaluation.score.value' AND "
         "if(JSONHas(x, 'value', 'doubleValue'), JSONExtractFloat(x, 'value', 'doubleValue'), "
         "toFloat64OrDefault(JSONExtractString(x, 'value', 'intValue'), inf)) < ";
  sql.f64(limit) << ", JSONExtractArrayRaw(a)), ev_name, ev_attrs)";
}

/// The policy's conditions over the spans of one trace. Where the cost is not known, it may be any.
void holds(Sql& sql, const KeepPolicy& p, bool cost_known) {
  sql << "1";
  if (p.error) sql << (*p.error ? Fragment(" AND max(is_error) = 1") : Fragment(" AND max(is_error) = 0"));
  if (p.latency_above) {
    sql << " AND dateDiff('nanosecond', min(start), max(addNanoseconds(start, least(duration_ns, "
           "toUInt64(315360000000000000))))) > ";
    sql.i64(p.latency_above->count() * 1'000'000);
  }
  if (p.cost_above_nano_usd && cost_known) {
    sql << " AND sumIf(toInt128(if(bitTest(usage_known, 8), reported_cost_nano, cost_nano)), usage_role = 1) "
           "> ";
    sql.i64(*p.cost_above_nano_usd);
  }
  if (p.tokens_above) {
    sql << " AND sumIf(tok_input + tok_cache_read + tok_cache_write + tok_output + tok_reasoning, "
           "usage_role = 1) > ";
    sql.u64(*p.tokens_above);
  }
  if (!p.tool.empty()) {
    sql << " AND countIf(kind = 4 AND ";
    one_of(sql, "tool", p.tool);
    sql << ") > 0";
  }
  if (!p.service.empty()) {
    sql << " AND countIf(";
    one_of(sql, "service", p.service);
    sql << ") > 0";
  }
  for (const auto& [name, limit] : p.score_below) {
    sql << " AND max(";
    score_below(sql, name, limit);
    sql << ") = 1";
  }
  if (!p.attributes.empty()) {
    sql << " AND countIf(1";
    for (const auto& [key, value] : p.attributes) {
      sql << " AND (";
      attribute_is(sql, key, value);
      sql << " OR resource_id IN (SELECT id FROM resources WHERE is_scope = 0 AND ";
      attribute_is(sql, key, value);
      sql << "))";
    }
    sql << ") > 0";
  }
}

/// Thousandths of a trace that one kept of `share` per mille stands for.
std::uint64_t weight_of(std::uint64_t share) { return (1'000'000 + share / 2) / share; }

}  // namespace

std::uint64_t retention_epoch() { return g_epoch.load(std::memory_order_acquire); }

Retention::Retention(store::Engine& engine, const Clock& clock, RetentionOptions options, Remove remove)
    : engine_(engine), clock_(clock), options_(std::move(options)), remove_(std::move(remove)) {}

Status Retention::execute(const Sql& sql) { return engine_.execute(sql.text(), sql.params()); }

Status Retention::mutate(Fragment table, const Sql& sql) {
  TS_TRY(execute(sql));
  // It runs in the background, also after a restart; a stop need not wait for it.
  Sql running(
      "SELECT count(), max(latest_fail_reason) FROM system.mutations WHERE NOT is_done AND database = "
      "currentDatabase() AND table = '");
  running << table << "'";
  for (auto pause = std::chrono::milliseconds(5);;
       pause = std::min(pause * 2, std::chrono::milliseconds(500))) {
    TS_ASSIGN(const auto rows, engine_.query({.sql = running.text(), .params = running.params()}));
    store::RowReader in(rows.bytes);
    const auto left = in.u64();
    const std::string failed(in.string());
    TS_TRY(in.status());
    if (left == 0) return {};
    if (!failed.empty())
      return fail(ErrorKind::internal,
                  fmt::format("rewriting {} fails: {}", table.text(), failed.substr(0, 500)));
    if (stop_ && stop_()) return fail(ErrorKind::cancelled, "stopping");
    std::this_thread::sleep_for(pause);
  }
}

Result<std::uint64_t> Retention::number(const Sql& sql) {
  TS_ASSIGN(const auto rows,
            engine_.query(
                {.sql = sql.text(), .params = sql.params(), .limits = {.time = std::chrono::minutes(10)}}));
  store::RowReader in(rows.bytes);
  const auto n = in.u64();
  TS_TRY(in.status());
  return n;
}

Result<std::vector<Retention::Day>> Retention::days(Fragment table) {
  Sql sql(
      "SELECT partition, toInt64(toUnixTimestamp(toDateTime(toDate(partition), 'UTC'))) * 1000 FROM "
      "system.parts WHERE active AND database = currentDatabase() AND rows > 0 AND table = '");
  sql << table << "' GROUP BY partition ORDER BY partition LIMIT 100000";
  TS_ASSIGN(const auto rows, engine_.query({.sql = sql.text(), .params = sql.params()}));
  std::vector<Day> out;
  store::RowReader in(rows.bytes);
  while (in.more()) {
    Day d{std::string(in.string()), 0};
    d.begin = in.i64();
    out.push_back(std::move(d));
  }
  TS_TRY(in.status());
  return out;
}

Status Retention::drop_old(Fragment table, std::chrono::milliseconds keep, Done& done) {
  if (keep.count() == 0) return {};
  TS_ASSIGN(const auto all, days(table));
  for (const Day& d : all) {
    if (d.begin + kDayMs + keep.count() > now_ms()) break;
    if (table.text() == "spans" && remove_) {
      Sql which;
      received_between(which, d.begin, d.begin + kDayMs);
      TS_TRY(remove_objects(which));
    }
    Sql sql("ALTER TABLE ");
    sql << table << " DROP PARTITION ";
    sql.str(d.name);
    TS_TRY(execute(sql));
    CRASH_POINT("retention.after_drop");
    log_info("retention: {} of {} went", table.text(), d.name);
    ++done.days_dropped;
    count(Anomaly::retention_days_dropped);
    g_epoch.fetch_add(1, std::memory_order_acq_rel);
  }
  return {};
}

Status Retention::tidy_traces() {
  // Bounds and verdicts of traces whose last span went: older than the oldest row that is left.
  TS_ASSIGN(const auto oldest, number(Sql("SELECT min(version) FROM spans")));
  if (oldest == 0) return {};
  Sql traces("ALTER TABLE traces DELETE WHERE max_version < ");
  traces.u64(oldest);
  TS_TRY(mutate("traces", traces));
  Sql kept(
      "ALTER TABLE retained DELETE WHERE (project, trace_id) NOT IN (SELECT project, trace_id FROM traces)");
  TS_TRY(mutate("retained", kept));
  // Resources are written again in each hour in which they are seen.
  Sql resources(
      "ALTER TABLE resources DELETE WHERE seen < toDateTime((SELECT min(received) FROM spans)) - 7200 AND "
      "seen < ifNull((SELECT minOrNull(received) FROM logs), now()) - 7200 AND "
      "seen < ifNull((SELECT minOrNull(received) FROM metrics), now()) - 7200");
  return mutate("resources", resources);
}

Status Retention::remove_objects(const Sql& which) {
  if (!remove_) return {};
  // What is linked is told by ids and names: the text of a link may be anybody's.
  Sql sql(
      "SELECT project, trace_id, span_id, substring(key, 21) FROM (SELECT project, trace_id, span_id, "
      "arrayJoin(arrayFilter(k -> startsWith(k, 'turnscope.offloaded.'), mapKeys(attrs_str))) AS key FROM "
      "spans "
      "WHERE ");
  sql.start_names_at(which.next_name());
  sql.append(which) << ")";
  TS_ASSIGN(const auto rows,
            engine_.query({.sql = sql.text(),
                           .params = sql.params(),
                           .limits = {.time = std::chrono::minutes(10), .result_rows = 50'000'000}}));
  std::vector<LinkedObject> some;
  store::RowReader in(rows.bytes);
  while (in.more()) {
    LinkedObject o;
    o.project = in.u32();
    o.trace_id = in.trace_id();
    o.span_id = in.u64();
    o.field = in.string();
    some.push_back(std::move(o));
    if (some.size() < kObjectsAtOnce) continue;
    TS_TRY(remove_(some));
    some.clear();
    if (stop_ && stop_()) return fail(ErrorKind::cancelled, "stopping");
  }
  TS_TRY(in.status());
  return some.empty() ? Status{} : remove_(some);
}

void Retention::Share::condition(Sql& sql) const {
  if (of == 1) return;
  sql << " AND sipHash64(trace_id) % ";
  sql.u64(of) << " = ";
  sql.u64(number);
}

Result<std::vector<Sold>> Retention::sold(const Day& d, Share share, const PriceTable& prices) {
  Sql sql("SELECT DISTINCT ");
  sql << sold_columns(prices) << " FROM spans WHERE ";
  received_between(sql, d.begin - kLongestTraceMs, d.begin + kDayMs);
  share.condition(sql);
  sql << " AND model != '' AND usage_role = 1 LIMIT ";
  sql.u64(kMostSold + 1);
  TS_ASSIGN(const auto rows,
            engine_.query(
                {.sql = sql.text(), .params = sql.params(), .limits = {.time = std::chrono::minutes(10)}}));
  return read_all_sold(rows, prices);
}

Status Retention::decide(const Day& d, Share share) {
  if (stop_ && stop_()) return fail(ErrorKind::cancelled, "stopping");
  bool costs =
      std::ranges::any_of(options_.policies, [](const auto& p) { return p.cost_above_nano_usd.has_value(); });
  std::vector<Sold> models;
  const auto table = prices_in_use();
  const TimeRange ever{0, INT64_MAX};
  if (costs) {
    auto all = sold(d, share, *table);
    if (all) {
      models = std::move(*all);
    } else if (all.error().kind != ErrorKind::too_large) {
      return fail(all.error());
    } else if (share.of < kMostShares) {
      TS_TRY(decide(d, {share.of * 2, share.number}));
      return decide(d, {share.of * 2, share.number + share.of});
    } else {
      log_warn("retention: of {} a share of the traces called too many models to price; it counts as dear",
               d.name);
      costs = false;
    }
  }
  Sql sql("INSERT INTO retained (project, trace_id, day, share, decided) ");
  const CostSql cost(*table, models, ever);
  sql << "SELECT project, trace_id, toDate(";
  sql.str(d.name) << "), share, now() FROM (SELECT project, trace_id, greatest(0";
  for (const KeepPolicy& p : options_.policies) {
    sql << ", if(";
    holds(sql, p, costs);
    sql << ", ";
    sql.u64(p.keep_per_mille) << ", 0)";
  }
  sql << ") AS share FROM ";
  if (costs) {
    sql << "(";
    cost.with(sql);
    sql << "SELECT *, ";
    cost.columns(sql, true);
    sql << " FROM spans)";
  } else {
    sql << "spans";
  }
  sql << " WHERE ";
  received_between(sql, d.begin - kLongestTraceMs, d.begin + kDayMs);
  share.condition(sql);
  sql << " AND (project, trace_id) IN (SELECT project, trace_id FROM spans WHERE ";
  received_between(sql, d.begin, d.begin + kDayMs);
  sql << ") AND (project, trace_id) NOT IN (SELECT project, trace_id FROM spans WHERE ";
  received_between(sql, d.begin + kDayMs, INT64_MAX / 1'000'000);
  sql << ") AND (project, trace_id) NOT IN (SELECT project, trace_id FROM retained) GROUP BY project, "
         "trace_id) "
         "WHERE sipHash64(trace_id) % 1000 < share";
  return execute(sql);
}

Status Retention::sample(const Day& d, Done& done) {
  const auto later = [&](Sql& sql) {
    sql << "(project, trace_id) NOT IN (SELECT project, trace_id FROM retained) AND (project, trace_id) NOT "
           "IN "
           "(SELECT project, trace_id FROM spans WHERE ";
    received_between(sql, d.begin + kDayMs, INT64_MAX / 1'000'000);
    sql << ")";
  };
  const auto of_day = [&](Sql& sql) {
    sql << "(project, trace_id) IN (SELECT project, trace_id FROM spans WHERE ";
    received_between(sql, d.begin, d.begin + kDayMs);
    sql << ")";
  };
  TS_TRY(decide(d, {}));
  CRASH_POINT("retention.after_decide");
  Sql going("SELECT count() FROM spans WHERE ");
  received_between(going, d.begin - kLongestTraceMs, d.begin + kDayMs);
  going << " AND ";
  of_day(going);
  going << " AND ";
  later(going);
  TS_ASSIGN(const auto spans, number(going));
  Sql traces("SELECT uniqExact(project, trace_id) FROM spans WHERE ");
  received_between(traces, d.begin, d.begin + kDayMs);
  traces << " AND ";
  later(traces);
  TS_ASSIGN(const auto dropped, number(traces));
  if (remove_) {
    Sql which;
    received_between(which, d.begin - kLongestTraceMs, d.begin + kDayMs);
    which << " AND ";
    of_day(which);
    which << " AND ";
    later(which);
    TS_TRY(remove_objects(which));
  }
  CRASH_POINT("retention.after_objects");
  TS_ASSIGN(const auto all, days("spans"));
  // Log records go with their trace, and earlier days of a trace before its last one: what says that they
  // belong together goes last.
  const auto thin = [&](Fragment table, const std::string& day, bool own) -> Status {
    Sql sql("ALTER TABLE ");
    sql << table << " DELETE IN PARTITION ";
    sql.str(day) << " WHERE ";
    if (!own) {
      of_day(sql);
      sql << " AND ";
    }
    later(sql);
    if (table.text() != "logs") {
      sql << ", UPDATE weight = multiIf(";
      for (const KeepPolicy& p : options_.policies) {
        if (p.keep_per_mille == 0 || p.keep_per_mille >= 1000) continue;
        sql << "(project, trace_id) IN (SELECT project, trace_id FROM retained WHERE share = ";
        sql.u64(p.keep_per_mille) << "), ";
        sql.u64(weight_of(p.keep_per_mille)) << ", ";
      }
      sql << "0, 0, weight) IN PARTITION ";
      sql.str(day) << " WHERE 1";
    }
    return mutate(table, sql);
  };
  TS_ASSIGN(const auto log_days, days("logs"));
  for (const Day& p : log_days)
    if (p.begin >= d.begin - kLongestTraceMs && p.begin <= d.begin) TS_TRY(thin("logs", p.name, false));
  TS_ASSIGN(const auto call_days, days("calls"));
  for (const Day& p : call_days)
    if (p.begin >= d.begin - kLongestTraceMs && p.begin <= d.begin)
      TS_TRY(thin("calls", p.name, p.begin == d.begin));
  CRASH_POINT("retention.after_logs");
  for (const Day& p : all) {
    if (p.begin < d.begin - kLongestTraceMs || p.begin >= d.begin) continue;
    Sql any("SELECT count() FROM spans WHERE ");
    received_between(any, p.begin, p.begin + kDayMs);
    any << " AND ";
    of_day(any);
    TS_ASSIGN(const auto rows, number(any));
    if (rows != 0) TS_TRY(thin("spans", p.name, false));
  }
  CRASH_POINT("retention.before_day");
  TS_TRY(thin("spans", d.name, true));
  Sql parts("ALTER TABLE content_parts DELETE IN PARTITION ");
  parts.str(d.name) << " WHERE (project, id) NOT IN (SELECT project, arrayJoin(shared) FROM spans WHERE ";
  received_between(parts, d.begin, d.begin + kDayMs);
  parts << ")";
  TS_ASSIGN(const auto part_days, days("content_parts"));
  if (std::ranges::any_of(part_days, [&](const Day& p) { return p.name == d.name; }))
    TS_TRY(mutate("content_parts", parts));
  Sql finished("INSERT INTO retention_runs SELECT toDate(");
  finished.str(d.name) << "), now(), ";
  finished.u64(dropped) << ", ";
  finished.u64(spans);
  TS_TRY(execute(finished));
  log_info("retention: of {} {} traces with {} spans went, by sampling", d.name, dropped, spans);
  count(Anomaly::retention_traces_dropped, dropped);
  done.traces_dropped += dropped;
  done.spans_dropped += spans;
  ++done.days_sampled;
  g_epoch.fetch_add(1, std::memory_order_acq_rel);
  return {};
}

Result<Retention::Done> Retention::run(const std::function<bool()>& stop) {
  auto done = pass(stop);
  if (!done && done.error().kind != ErrorKind::cancelled) count(Anomaly::retention_failed);
  return done;
}

Result<Retention::Done> Retention::pass(const std::function<bool()>& stop) {
  Done done;
  stop_ = stop;
  const auto stopped = [&] { return stop && stop(); };
  if (stopped()) return done;
  TS_TRY(drop_old("spans", options_.spans, done));
  // They serve spans only.
  TS_TRY(drop_old("content_parts", options_.spans, done));
  TS_TRY(drop_old("calls", options_.spans, done));
  TS_TRY(drop_old("text_grams", options_.spans, done));
  TS_TRY(drop_old("duplicate_calls", options_.spans, done));
  TS_TRY(drop_old("logs", options_.logs, done));
  TS_TRY(drop_old("metrics", options_.metrics, done));
  if (done.days_dropped != 0) TS_TRY(tidy_traces());
  if (!options_.sampling) return done;
  TS_ASSIGN(const auto all, days("spans"));
  for (const Day& d : all) {
    if (d.begin + kDayMs + options_.sample_after.count() > now_ms() || stopped()) break;
    Sql known("SELECT count() FROM retention_runs WHERE day = toDate(");
    known.str(d.name) << ")";
    TS_ASSIGN(const auto before, number(known));
    if (before == 0) TS_TRY(sample(d, done));
  }
  return done;
}

}  // namespace turnscope::query
