#include "sinks/tail_sampler/tail_sampler.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>

#include "base/anomaly.h"
#include "otlp/decode.h"
#include "sinks/otlp_exporter/span_filter.h"

namespace turnscope::sinks {
namespace {

constexpr std::size_t kMaxPolicies = 32;
/// Room is made for so many at once: finding the longest idle ones reads all of them.
constexpr std::size_t kRoomShare = 100;

void add_varint(std::string& out, std::uint64_t n) {
  for (; n > 0x7F; n >>= 7) out += static_cast<char>(n | 0x80);
  out += static_cast<char>(n);
}

template <typename F>
void each_position(log::Position first, std::string_view deltas, F&& f) {
  log::Position p = first;
  f(p);
  std::uint64_t n = 0;
  unsigned shift = 0;
  for (const char c : deltas) {
    n |= std::uint64_t{static_cast<std::uint8_t>(c) & 0x7Fu} << shift;
    shift += 7;
    if ((static_cast<std::uint8_t>(c) & 0x80u) != 0) continue;
    p += n;
    f(p);
    n = shift = 0;
  }
}

std::uint64_t sum(std::initializer_list<std::optional<std::uint64_t>> parts) {
  std::uint64_t total = 0;
  for (const auto& p : parts)
    if (p && __builtin_add_overflow(total, *p, &total)) return std::numeric_limits<std::uint64_t>::max();
  return total;
}

std::optional<double> number_of(const otlp::AnyValue& v) {
  if (v.type == otlp::AnyValue::Type::real) return v.real;
  if (v.type == otlp::AnyValue::Type::integer) return static_cast<double>(v.integer);
  return std::nullopt;
}

/// gen_ai.evaluation.result, as an event or as attributes of a span of its own.
bool low_score(otlp::Attributes attributes, const std::map<std::string, double>& below) {
  std::string_view name;
  std::optional<double> score;
  for (const auto& kv : attributes) {
    if (kv.key == "gen_ai.evaluation.name" && kv.value.type == otlp::AnyValue::Type::string)
      name = kv.value.text;
    if (kv.key == "gen_ai.evaluation.score.value") score = number_of(kv.value);
  }
  if (!score) return false;
  return std::ranges::any_of(
      below, [&](const auto& b) { return matches_pattern(b.first, name) && *score < b.second; });
}

}  // namespace

std::size_t TraceIdHash::operator()(const otlp::TraceId& id) const {
  return XXH3_64bits(id.data(), id.size());
}

std::vector<Policy> default_policies() {
  Policy errors, slow, rest;
  errors.name = "errors";
  errors.error = true;
  slow.name = "slow";
  slow.latency_above = std::chrono::seconds(10);
  rest.name = "rest";
  rest.keep_per_mille = 100;
  return {errors, slow, rest};
}

TailSampler::TailSampler(SamplingOptions options, Verdicts& verdicts, CostOf cost)
    : options_(std::move(options)),
      policies_(options_.policies.empty() ? default_policies() : options_.policies),
      verdicts_(verdicts),
      cost_of_(std::move(cost)),
      budgets_(policies_.size()) {
  for (const auto& p : policies_)
    needs_view_ = needs_view_ || p.error || p.cost_above_nano_usd || p.tokens_above || !p.tool.empty();
}

void TailSampler::facts(Trace& t, const otlp::Span& s, const otlp::Resource& r, const otlp::Scope& scope) {
  if (s.start_unix_nano != 0) t.start = std::min(t.start, s.start_unix_nano);
  t.end = std::max(t.end, s.end_unix_nano);
  t.root = t.root || s.parent_span_id == 0;
  if (needs_view_) {
    genai::columns(s, r, scope, view_);
    t.error = t.error || view_.is_error;
    const auto& u = view_.usage;
    if (u.role == genai::UsageRole::own) {
      t.tokens += sum({u.input, u.cache_read, u.cache_write, u.cache_write_5m, u.cache_write_1h,
                       u.input_audio, u.input_image, u.output, u.reasoning, u.output_audio, u.output_image});
      auto cost = view_.reported_cost_nano_usd;
      if (!cost && cost_of_) cost = cost_of_(view_, static_cast<std::int64_t>(s.start_unix_nano));
      if (cost) t.cost += *cost;
    }
  }
  for (std::size_t i = 0; i < policies_.size(); ++i) {
    const auto& p = policies_[i];
    const auto bit = 1u << i;
    if (!p.tool.empty() && view_.kind == genai::Kind::tool && matches_any(p.tool, view_.tool_name))
      t.tool |= bit;
    if (!p.service.empty() && matches_any(p.service, service_of(r))) t.service |= bit;
    if (!p.attributes.empty() && (t.attributes & bit) == 0) {
      const bool all = std::ranges::all_of(p.attributes, [&](const auto& wanted) {
        const auto in = [&](otlp::Attributes list) {
          return std::ranges::any_of(list, [&](const auto& kv) {
            return kv.key == wanted.first && value_matches(wanted.second, kv.value);
          });
        };
        return in(s.attributes) || in(r.attributes);
      });
      if (all) t.attributes |= bit;
    }
    if (!p.score_below.empty() && (t.score & bit) == 0) {
      bool low = low_score(s.attributes, p.score_below);
      for (const auto& e : s.events)
        low = low || (e.name == "gen_ai.evaluation.result" && low_score(e.attributes, p.score_below));
      if (low) t.score |= bit;
    }
  }
}

bool TailSampler::policy_met(std::size_t n, const Trace& t, bool whole) const {
  const auto& p = policies_[n];
  const auto bit = 1u << n;
  if (p.error && *p.error && !t.error) return false;
  if (p.error && !*p.error && (!whole || t.error))
    return false;  // that nothing failed is known at the end only
  if (p.latency_above) {
    const auto limit = static_cast<std::uint64_t>(p.latency_above->count()) * 1'000'000;
    if (t.end <= t.start || t.end - t.start <= limit) return false;
  }
  if (p.cost_above_nano_usd && t.cost <= *p.cost_above_nano_usd) return false;
  if (p.tokens_above && t.tokens <= *p.tokens_above) return false;
  if (!p.tool.empty() && (t.tool & bit) == 0) return false;
  if (!p.service.empty() && (t.service & bit) == 0) return false;
  if (!p.attributes.empty() && (t.attributes & bit) == 0) return false;
  return p.score_below.empty() || (t.score & bit) != 0;
}

bool TailSampler::keep(const otlp::TraceId& id, const Trace& t, bool whole) {
  // Another seed than the verdicts': those keep the hash, this must not follow from it.
  const auto share = XXH3_64bits_withSeed(id.data(), id.size(), 1) % 1000;
  const std::int64_t second = time_ / 1'000'000'000;
  for (std::size_t i = 0; i < policies_.size(); ++i) {
    if (share >= policies_[i].keep_per_mille || !policy_met(i, t, whole)) continue;
    if (policies_[i].budget_per_second == 0) return true;
    auto& b = budgets_[i];
    if (b.second != second) b = {second, 0};
    if (b.used < policies_[i].budget_per_second) {
      ++b.used;
      return true;
    }
  }
  return false;
}

Result<const TraceIds*> TailSampler::see(const log::Record& r, steady::time_point now, bool lagging) {
  // Behind, the times of receipt tell how long nothing came, but a gap may be our own absence: half of the
  // shortest wait at most is believed of each. Caught up, our own clock tells.
  const std::int64_t received = r.head.received_unix_nano;
  const std::int64_t most = options_.idle.count() * 500'000;
  if (lagging)
    tick(last_received_ == 0 ? 0 : std::min(received - last_received_, most));
  else
    quiet(now);
  last_now_ = now;
  last_received_ = received;

  pass_.clear();
  touched_.clear();
  otlp::Arena arena;
  otlp::DecodeReport report;
  TS_ASSIGN(const auto traces,
            otlp::decode_traces_protobuf(r.bytes, arena, otlp::Limits::of_the_log(), report));
  for (const auto& rs : traces.resources)
    for (const auto& ss : rs.scopes)
      for (const auto& span : ss.spans) {
        auto it = traces_.find(span.trace_id);
        if (it == traces_.end()) {
          if (pass_.contains(span.trace_id)) continue;
          if (const auto verdict = verdicts_.find(span.trace_id)) {
            if (*verdict) pass_.insert(span.trace_id);
            continue;
          }
          if (traces_.size() >= options_.max_traces) make_room();
          it = traces_.emplace(span.trace_id, Trace{}).first;
          it->second.first = it->second.last = r.position;
          touched_.push_back(span.trace_id);
        } else if (it->second.last != r.position) {
          const auto before = it->second.positions.capacity();
          add_varint(it->second.positions, r.position - it->second.last);
          position_bytes_ += it->second.positions.capacity() - before;
          it->second.last = r.position;
          touched_.push_back(span.trace_id);
        }
        it->second.seen = time_;
        if (!it->second.kept) facts(it->second, span, rs.resource, ss.scope);
      }
  for (const auto& id : touched_) {
    const auto it = traces_.find(id);
    if (it == traces_.end() || it->second.kept || !keep(id, it->second, false)) continue;
    it->second.kept = true;
    kept_.push_back(id);
  }
  return &pass_;
}

void TailSampler::quiet(steady::time_point now) {
  if (last_now_) tick(std::chrono::duration_cast<std::chrono::nanoseconds>(now - *last_now_).count());
  last_now_ = now;
}

void TailSampler::finish(Traces::iterator it) {
  if (keep(it->first, it->second, true)) {
    it->second.kept = true;
    kept_.push_back(it->first);
    return;
  }
  verdicts_.add(it->first, false);
  ++dropped_count_;
  position_bytes_ -= std::min(position_bytes_, it->second.positions.capacity());
  traces_.erase(it);
}

void TailSampler::decide() {
  for (auto it = traces_.begin(); it != traces_.end();) {
    const auto here = it++;
    const auto wait = here->second.root ? options_.idle : options_.idle_open;
    if (!here->second.kept && time_ - here->second.seen >= wait.count() * 1'000'000) finish(here);
  }
}

void TailSampler::decide_all() {
  for (auto it = traces_.begin(); it != traces_.end();) {
    const auto here = it++;
    if (!here->second.kept) finish(here);
  }
}

void TailSampler::make_room() {
  std::vector<std::pair<std::int64_t, otlp::TraceId>> undecided;
  undecided.reserve(traces_.size());
  for (const auto& [id, t] : traces_)
    if (!t.kept) undecided.emplace_back(t.seen, id);
  const std::size_t n = std::min(undecided.size(), std::max<std::size_t>(1, traces_.size() / kRoomShare));
  std::ranges::nth_element(undecided, undecided.begin() + static_cast<std::ptrdiff_t>(n) - (n > 0 ? 1 : 0));
  for (std::size_t i = 0; i < n; ++i) finish(traces_.find(undecided[i].second));
  count(Anomaly::sampler_decided_early, n);
}

void TailSampler::note_kept() {
  for (const auto& id : kept_) verdicts_.add(id, true);
}

TailSampler::Fetch TailSampler::take_kept() {
  Fetch f;
  f.floor = std::numeric_limits<log::Position>::max();
  for (const auto& id : kept_) {
    const auto it = traces_.find(id);
    f.traces.insert(id);
    f.floor = std::min(f.floor, it->second.first);
    each_position(it->second.first, it->second.positions, [&](log::Position p) { f.positions.push_back(p); });
    position_bytes_ -= std::min(position_bytes_, it->second.positions.capacity());
    traces_.erase(it);
    ++kept_count_;
  }
  kept_.clear();
  std::ranges::sort(f.positions);
  f.positions.erase(std::unique(f.positions.begin(), f.positions.end()), f.positions.end());
  return f;
}

log::Position TailSampler::floor() const {
  auto lowest = std::numeric_limits<log::Position>::max();
  for (const auto& [id, t] : traces_) lowest = std::min(lowest, t.first);
  return lowest;
}

std::size_t TailSampler::bytes() const {
  // A node: the pair, a next pointer and the cached hash, rounded up by the allocator.
  constexpr std::size_t node = sizeof(std::pair<const otlp::TraceId, Trace>) + 2 * sizeof(void*) + 16;
  return traces_.size() * node + traces_.bucket_count() * sizeof(void*) + position_bytes_ + verdicts_.bytes();
}

}  // namespace turnscope::sinks
