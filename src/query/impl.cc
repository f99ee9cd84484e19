#include "query/impl.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/anomaly.h"
#include "genai/view.h"
#include "otlp/decode.h"
#include "query/cost/cost_sql.h"
#include "query/retention.h"
#include "store/span_block.h"

namespace turnscope::query {

std::shared_ptr<const TraceIndex> IndexCache::get(std::uint32_t project, const otlp::TraceId& id,
                                                  std::uint64_t version) {
  const std::lock_guard lock(mutex_);
  const auto it = by_key_.find({project, id});
  if (it == by_key_.end() || it->second->index->version() < version ||
      it->second->prices != prices_in_use() || it->second->epoch != retention_epoch())
    return nullptr;
  entries_.splice(entries_.begin(), entries_, it->second);
  return it->second->index;
}

std::uint64_t IndexCache::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

void IndexCache::forget() {
  const std::lock_guard lock(mutex_);
  ++generation_;
  entries_.clear();
  by_key_.clear();
  bytes_ = 0;
}

void IndexCache::put(std::uint32_t project, std::shared_ptr<const TraceIndex> index,
                     std::uint64_t generation) {
  const auto bytes = index->bytes() + 200;
  if (bytes > max_bytes_) return;
  const std::lock_guard lock(mutex_);
  if (generation != generation_) return;
  const Key key{project, index->trace_id()};
  if (const auto it = by_key_.find(key); it != by_key_.end()) {
    if (it->second->index->version() > index->version() && it->second->prices == prices_in_use() &&
        it->second->epoch == retention_epoch())
      return;
    bytes_ -= it->second->bytes;
    entries_.erase(it->second);
    by_key_.erase(it);
  }
  entries_.push_front({key, std::move(index), bytes, prices_in_use(), retention_epoch()});
  by_key_[key] = entries_.begin();
  bytes_ += bytes;
  while (bytes_ > max_bytes_) {
    bytes_ -= entries_.back().bytes;
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

std::size_t IndexCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

IndexedSpan read_list_columns(store::RowReader& in, StringPool& pool) {
  IndexedSpan s;
  s.span_id = in.u64();
  s.parent_span_id = in.u64();
  s.start = in.i64();
  s.duration = in.u64();
  s.time_flags = in.u8();
  s.version = in.u64();
  s.span_kind = in.u8();
  s.status = in.u8();
  s.kind = in.u8();
  s.is_error = in.boolean();
  for (auto* text : {&s.name, &s.service, &s.provider, &s.model, &s.tool, &s.agent, &s.session, &s.user,
                     &s.environment, &s.status_message, &s.error_type, &s.error_message, &s.question,
                     &s.answer, &s.prompt_name, &s.prompt_version, &s.service_tier, &s.region})
    *text = pool.intern(in.string());
  s.turn_number = in.i32();
  s.first_token = in.u64();
  s.usage_role = in.u8();
  s.usage_basis = in.u8();
  const auto known = in.u16();
  s.usage.known = known & 31;
  s.has_reported_cost = (known >> 8 & 1) != 0;
  for (auto& tokens : s.usage.tokens) tokens = in.u64();
  s.reported_cost = in.i64();
  s.has_links = in.boolean();
  s.plumbing = in.boolean();
  for (auto& tokens : s.usage.parts) tokens = in.u64();
  s.weight = in.u32();
  s.placeholder = (s.time_flags & store::SpanTimes::kPlaceholder) != 0;
  s.unfinished = (s.time_flags & store::SpanTimes::kEndMissing) != 0;
  if (in.boolean()) s.usage_role = static_cast<std::uint8_t>(genai::UsageRole::duplicate);
  // A hostile end may lie beyond what 63 bits of nanoseconds hold.
  const auto room =
      static_cast<std::uint64_t>(INT64_MAX) - static_cast<std::uint64_t>(std::max<std::int64_t>(s.start, 0));
  s.duration = std::min(s.duration, room);
  return s;
}

constexpr std::uint64_t kRoom = 48u << 20;

Result<store::QueryResult> Queries::Impl::ask(const Caller& caller, const Sql& sql, Fragment settings,
                                              std::uint64_t max_rows) {
  if (caller.cancelled && caller.cancelled()) return fail(ErrorKind::cancelled, "the client has left");
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(caller.deadline -
                                                                          std::chrono::steady_clock::now());
  if (left.count() <= 0) {
    count(Anomaly::query_deadline);
    return fail(ErrorKind::deadline_exceeded,
                "the request needs more statements than its time limit allows: narrow the time range or ask "
                "for less");
  }
  // A statement's answer, the engine's buffers for it, and what is made of it.
  if (options_.ceiling && !options_.ceiling->room_for(kRoom)) {
    count(Anomaly::query_memory);
    return fail(Error(ErrorKind::overloaded,
                      "the server is near its memory ceiling (memory.max); ask again in a moment",
                      std::chrono::milliseconds(1000)));
  }
  store::QueryLimits limits;
  limits.time = std::min(options_.time, left);
  limits.memory_bytes = options_.memory_bytes;
  limits.result_rows = max_rows;
  limits.result_bytes = options_.result_bytes;
  return engine_.query({.sql = sql.text(),
                        .params = sql.params(),
                        .limits = limits,
                        .cancelled = caller.cancelled ? &caller.cancelled : nullptr,
                        .settings = settings.text()});
}

Result<Sql> Queries::Impl::cost_prefix(const Caller& caller, TimeRange range) {
  const auto prices = prices_in_use();
  Sql models("SELECT DISTINCT ");
  models << sold_columns(*prices) << " FROM spans WHERE ";
  in_range(models, caller, range);
  models << " AND model != '' AND usage_role = 1 LIMIT ";
  models.u64(kMostSold + 1);
  TS_ASSIGN(const auto rows, ask(caller, models));
  TS_ASSIGN(const auto sold, read_all_sold(rows, *prices));
  const CostSql cost(*prices, sold, range);
  Sql prefix;
  prefix.start_names_at(2000);
  cost.with(prefix);
  prefix << ", ";
  cost.columns(prefix, true);
  prefix << " ";
  return prefix;
}

QueryAnswer<Filter> Queries::Impl::filter(const Caller& caller, std::string_view q, TimeRange range,
                                          bool with_cost) {
  const auto to_error = [](const SearchError& e) {
    return std::unexpected(QueryError(ErrorKind::invalid_argument, e.message, "q", e.position));
  };
  auto tree = parse_search(q);
  if (!tree) return to_error(tree.error());
  ProbeAnswers answers;
  for (const auto& probe : probes(tree->get(), caller.project)) {
    auto rows = ask(caller, probe.sql);
    if (!rows) return std::unexpected(QueryError(rows.error()));
    auto& ids = answers[{probe.node, probe.scope}];
    store::RowReader in(rows->bytes);
    while (in.more()) ids.push_back(in.u64());
  }
  StructureAnswers found;
  for (const auto* node : structures(tree->get())) {
    auto spans = structure(caller, *node, answers, range);
    if (!spans) return std::unexpected(spans.error());
    found[node] = std::move(*spans);
  }
  TextAnswers texts;
  for (const auto& probe : text_probes(tree->get(), caller.project, range.from, range.to)) {
    // Few rows, each of 16 KiB: two threads are worth it.
    auto rows = ask(caller, probe.sql,
                    "merge_tree_min_rows_for_concurrent_read = 256, "
                    "merge_tree_min_bytes_for_concurrent_read = 1000000");
    if (!rows) return std::unexpected(QueryError(rows.error()));
    std::vector<std::pair<std::int64_t, std::int64_t>> times;
    std::uint64_t since = 0;
    store::RowReader in(rows->bytes);
    while (in.more()) {
      const auto from = in.i64(), to = in.i64();
      const auto version = in.u64();
      if (from == 0 && to == 0)
        since = version;
      else
        times.emplace_back(from, to);
    }
    texts[probe.node] = TextTimes::of(std::move(times), since);
  }
  const bool shared = has_shared_texts(caller);
  const auto make = [project = caller.project, shared](const Node* node, const ProbeAnswers& a,
                                                       const StructureAnswers& s, const TextAnswers& all,
                                                       std::int64_t from, std::int64_t to) {
    TextAnswers some;
    for (const auto& [term, times] : all) some[term] = times.within(from, to);
    return to_filter(node, a, 1000, s, project, some, shared);
  };
  auto filter = make(tree->get(), answers, found, texts, range.from, range.to);
  if (!filter) return to_error(filter.error());
  if (!texts.empty()) {
    auto kept = std::make_shared<
        std::tuple<std::remove_reference_t<decltype(*tree)>, ProbeAnswers, StructureAnswers, TextAnswers>>(
        std::move(*tree), std::move(answers), std::move(found), std::move(texts));
    filter->within = [make, kept](std::int64_t from, std::int64_t to) {
      const auto& [node, a, s, t] = *kept;
      return make(node.get(), a, s, t, from, to);
    };
  }
  if (filter->needs_cost || with_cost) {
    auto prefix = cost_prefix(caller, range);
    if (!prefix) return std::unexpected(QueryError(prefix.error()));
    filter->prefix = std::move(*prefix);
  }
  return std::move(*filter);
}

std::int64_t Queries::Impl::newest_part(const Caller& caller, std::string_view q, TimeRange range) {
  constexpr std::uint64_t kChunks = 512;
  const auto tree = parse_search(q);
  // What a structure is found in is the whole range.
  if (!tree || !structures(tree->get()).empty() ||
      text_probes(tree->get(), caller.project, range.from, range.to).empty())
    return range.from;
  Sql sql("SELECT max_start FROM text_grams WHERE project = ");
  sql.u32(caller.project) << " AND max_start >= ";
  sql.time(range.from) << " AND min_start < ";
  sql.time(range.to) << " ORDER BY max_start DESC LIMIT 1 OFFSET ";
  sql.u64(kChunks);
  const auto rows = ask(caller, sql);
  if (!rows || rows->bytes.empty()) return range.from;
  const auto begin = store::RowReader(rows->bytes).i64();
  return begin < range.to ? std::max(begin, range.from) : range.from;
}

bool Queries::Impl::has_shared_texts(const Caller& caller) {
  return has_rows(caller, Sql("SELECT 1 FROM content_parts WHERE project = "), shared_texts_);
}

bool Queries::Impl::has_duplicates(const Caller& caller) {
  return has_rows(caller, Sql("SELECT 1 FROM duplicate_calls WHERE project = "), duplicates_);
}

bool Queries::Impl::has_weights(const Caller& caller) {
  return has_rows(caller, Sql("SELECT 1 FROM retained WHERE project = "), weights_);
}

bool Queries::Impl::has_rows(const Caller& caller, Sql sql, Known& known) {
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(known_mutex_);
    const auto it = known.find(caller.project);
    if (it != known.end() && (it->second.first || now - it->second.second < std::chrono::seconds(1)))
      return it->second.first;
  }
  sql.u32(caller.project) << " LIMIT 1";
  const auto rows = ask(caller, sql);
  const bool any = !rows || !rows->bytes.empty();  // not known: look at them
  const std::lock_guard lock(known_mutex_);
  if (known.size() > 10'000) known.clear();
  known[caller.project] = {any, now};
  return any;
}

void Queries::Impl::list_columns(Sql& sql, const Caller& caller, const std::vector<otlp::TraceId>& ids) {
  sql << kListColumns;
  // What is known of the project may be a second old: good enough for a list, not for a trace, whose index is
  // kept.
  if (ids.empty() && !has_duplicates(caller)) {
    sql << ", toUInt8(0)";
    return;
  }
  sql << ", (trace_id, span_id) IN (SELECT trace_id, span_id FROM duplicate_calls WHERE project = ";
  sql.u32(caller.project);
  if (!ids.empty()) {
    sql << " AND trace_id IN ";
    sql.traces(ids);
  }
  sql << ")";
}

void in_range(Sql& sql, const Caller& caller, TimeRange range) {
  sql << "project = ";
  sql.u32(caller.project) << " AND start >= ";
  sql.time(range.from) << " AND start < ";
  sql.time(range.to);
}

void in_ranges(Sql& sql, const Caller& caller, std::vector<std::pair<std::int64_t, std::int64_t>> starts) {
  std::sort(starts.begin(), starts.end());
  const auto last = std::max_element(starts.begin(), starts.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  const auto near = (last->second - starts.front().first) / 50;
  std::vector<std::pair<std::int64_t, std::int64_t>> joined;
  for (const auto& range : starts) {
    if (!joined.empty() && range.first - joined.back().second <= near)
      joined.back().second = std::max(joined.back().second, range.second);
    else
      joined.push_back(range);
  }
  sql << "project = ";
  sql.u32(caller.project) << " AND (";
  for (std::size_t i = 0; i < joined.size(); ++i) {
    sql << (i == 0 ? Fragment("(start >= ") : Fragment(" OR (start >= "));
    sql.time(joined[i].first) << " AND start <= ";
    sql.time(joined[i].second) << ")";
  }
  sql << ")";
}

Filter within(const Filter& filter, TimeRange range) {
  if (!filter.within) return filter;
  auto part = filter.within(range.from, range.to);
  if (part) return std::move(*part);
  return filter;
}

void first_in_range(Sql& sql, const Filter& filter, const Caller& caller, TimeRange range) {
  // append() goes on behind the other's names: those of `rest` come later and are taken.
  if (const auto name = sql.next_name(); !filter.first.text().empty()) {
    sql.append(filter.first) << " AND ";
    sql.start_names_at(name);
  }
  in_range(sql, caller, range);
}

void then_rest(Sql& sql, const Filter& filter) {
  if (filter.rest.text().empty()) return;
  if (filter.needs_cost)
    sql << " WHERE ";  // its names are made by the WITH before
  else
    sql << " AND ";
  sql.append(filter.rest);
}

Result<std::map<otlp::TraceId, TraceBounds>> Queries::Impl::bounds(const Caller& caller,
                                                                   const std::vector<otlp::TraceId>& ids) {
  std::map<otlp::TraceId, TraceBounds> out;
  if (ids.empty()) return out;
  Sql sql(
      "SELECT trace_id, min(min_start), max(max_start), max(max_end), max(max_version) FROM traces WHERE "
      "project = ");
  sql.u32(caller.project);
  if (ids.size() == 1) {
    sql << " AND trace_id = ";
    sql.trace(ids.front());
  } else {
    sql << " AND trace_id IN ";
    sql.traces(ids);
  }
  sql << " GROUP BY trace_id";
  TS_ASSIGN(const auto rows, ask(caller, sql));
  store::RowReader in(rows.bytes);
  while (in.more()) {
    TraceBounds b;
    b.id = in.trace_id();
    b.min_start = in.i64();
    b.max_start = in.i64();
    b.max_end = in.i64();
    b.max_version = in.u64();
    out.emplace(b.id, b);
  }
  TS_TRY(in.status());
  return out;
}

namespace {
/// What has begun says less of itself than what has ended: its operation, else what it names.
genai::Kind kind_of_begun(std::string_view name, std::string_view operation, std::string_view tool,
                          std::string_view agent, std::string_view model) {
  for (const auto word : {operation, name.substr(0, name.find(' '))})
    if (const auto kind = genai::kind_of_operation(word); kind != genai::Kind::other) return kind;
  if (!tool.empty()) return genai::Kind::tool;
  if (!model.empty()) return genai::Kind::llm;
  return agent.empty() ? genai::Kind::other : genai::Kind::agent;
}
}  // namespace

Result<Placeholders> Queries::Impl::placeholders(const Caller& caller, const TraceBounds& b) {
  Sql sql("SELECT span_id, parent_span_id, attrs_str, name, operation FROM spans PREWHERE project = ");
  sql.u32(caller.project) << " AND trace_id = ";
  sql.trace(b.id) << " AND start >= ";
  sql.time(b.min_start) << " AND start <= ";
  sql.time(b.max_start) << " AND bitTest(time_flags, 3)";
  TS_ASSIGN(const auto rows, ask(caller, sql, "", options_.max_trace_spans));
  Placeholders out;
  store::RowReader in(rows.bytes);
  while (in.more()) {
    const auto id = in.u64();
    Announced a{.span_id = in.u64()};
    std::string_view tool, agent, model;
    for (const auto& [key, value] : in.map([&] { return in.string(); }, [&] { return in.string(); })) {
      if (const auto parent = genai::announced_parent(key, value)) a.parent_span_id = *parent;
      if (key == "gen_ai.tool.name") tool = value;
      if (key == "gen_ai.agent.name") agent = value;
      if (key == "gen_ai.request.model") model = value;
    }
    const auto name = in.string(), operation = in.string();
    a.kind = static_cast<std::uint8_t>(kind_of_begun(name, operation, tool, agent, model));
    out.emplace(id, a);
  }
  TS_TRY(in.status());
  return out;
}

Result<std::shared_ptr<const TraceIndex>> Queries::Impl::load_one(const Caller& caller,
                                                                  const TraceBounds& b) {
  Sql sql("SELECT ");
  list_columns(sql, caller, {b.id});
  sql << " FROM spans PREWHERE project = ";
  sql.u32(caller.project) << " AND trace_id = ";
  sql.trace(b.id) << " AND start >= ";
  sql.time(b.min_start) << " AND start <= ";
  sql.time(b.max_start);
  const auto generation = cache.generation();
  auto rows = ask(caller, sql, "", options_.max_trace_spans);
  if (!rows) {
    if (rows.error().kind == ErrorKind::too_large)
      return fail(ErrorKind::too_large,
                  fmt::format("trace {} has more than {} spans; search its spans with trace:{} instead",
                              otlp::hex(b.id), options_.max_trace_spans, otlp::hex(b.id)));
    return fail(rows.error());
  }
  std::vector<IndexedSpan> spans;
  StringPool pool;
  store::RowReader in(rows->bytes);
  while (in.more()) spans.push_back(read_list_columns(in, pool));
  TS_TRY(in.status());
  Placeholders begun;
  if (std::any_of(spans.begin(), spans.end(), [](const auto& s) { return s.placeholder; })) {
    TS_ASSIGN(begun, placeholders(caller, b));
  }
  auto index = TraceIndex::build(b.id, std::move(spans), std::move(pool), begun);
  // A trace that `traces` knows and `spans` not yet is asked for again, whatever its version.
  if (index->size() > 0) cache.put(caller.project, index, generation);
  return index;
}

Result<std::vector<std::shared_ptr<const TraceIndex>>> Queries::Impl::load(
    const Caller& caller, const std::vector<TraceBounds>& wanted) {
  std::vector<std::shared_ptr<const TraceIndex>> out(wanted.size());
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    out[i] = cache.get(caller.project, wanted[i].id, wanted[i].max_version);
    if (!out[i]) missing.push_back(i);
  }
  if (missing.size() == 1) {
    TS_ASSIGN(out[missing.front()], load_one(caller, wanted[missing.front()]));
    missing.clear();
  }
  if (!missing.empty()) {
    // One statement for all of them; those that turn out to be big are read alone.
    constexpr std::size_t kSmall = 2'000;
    std::vector<std::pair<std::int64_t, std::int64_t>> starts;
    std::vector<otlp::TraceId> ids;
    std::map<otlp::TraceId, std::size_t> place;
    for (auto i : missing) {
      starts.emplace_back(wanted[i].min_start, wanted[i].max_start);
      ids.push_back(wanted[i].id);
      place[wanted[i].id] = i;
    }
    Sql sql("SELECT trace_id, ");
    list_columns(sql, caller, ids);
    sql << " FROM spans PREWHERE ";
    in_ranges(sql, caller, std::move(starts));
    sql << " AND trace_id IN ";
    sql.traces(ids) << " LIMIT 2001 BY trace_id";
    const auto generation = cache.generation();
    TS_ASSIGN(const auto rows, ask(caller, sql));
    struct Part {
      std::vector<IndexedSpan> spans;
      StringPool pool;
    };
    std::map<otlp::TraceId, Part> parts;
    store::RowReader in(rows.bytes);
    while (in.more()) {
      auto& part = parts[in.trace_id()];
      part.spans.push_back(read_list_columns(in, part.pool));
    }
    TS_TRY(in.status());
    for (auto& [id, part] : parts) {
      const auto i = place.at(id);
      if (part.spans.size() > kSmall ||
          std::any_of(part.spans.begin(), part.spans.end(), [](const auto& s) { return s.placeholder; })) {
        TS_ASSIGN(out[i], load_one(caller, wanted[i]));
        continue;
      }
      out[i] = TraceIndex::build(id, std::move(part.spans), std::move(part.pool));
      cache.put(caller.project, out[i], generation);
    }
  }
  // A trace may be known to `traces` and not yet to `spans`: the two are filled one after the other.
  std::erase_if(out, [](const auto& t) { return !t || t->size() == 0; });
  return out;
}

std::string to_text(const Cursor& c) {
  return fmt::format("{:016x}{}{:016x}", static_cast<std::uint64_t>(c.start), otlp::hex(c.trace_id),
                     c.span_id);
}

QueryAnswer<Cursor> parse_cursor(std::string_view text) {
  Cursor c;
  otlp::SpanId start = 0;
  if (text.size() != 64 || !otlp::parse_hex(text.substr(0, 16), start) ||
      !otlp::parse_hex(text.substr(16, 32), c.trace_id) || !otlp::parse_hex(text.substr(48), c.span_id))
    return std::unexpected(QueryError(
        ErrorKind::invalid_argument, "the cursor is not one of ours; start again without cursor=", "cursor"));
  c.start = static_cast<std::int64_t>(start);
  return c;
}

Queries::Queries(store::Engine& engine, QueryOptions options, const Clock& clock)
    : engine_(engine), options_(options), clock_(clock), impl_(std::make_unique<Impl>(engine, options)) {}
Queries::~Queries() = default;

void Queries::forget() { impl_->cache.forget(); }

}  // namespace turnscope::query
