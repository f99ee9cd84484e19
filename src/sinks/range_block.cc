#include "sinks/range_block.h"

#include "base/anomaly.h"
#include "base/logger.h"
#include "genai/registry.h"
#include "pipeline/processor.h"

namespace turnscope::sinks {
namespace {

constexpr std::size_t kRangeArena = 2u << 20;
constexpr std::int64_t kDayMs = 86'400'000;
constexpr unsigned kIndexBits = 20;

std::int64_t received_ms(const log::Record& r) {
  return store::sane_received(r.head.received_unix_nano) / 1'000'000;
}
std::int64_t day_of(const log::Record& r) { return received_ms(r) / kDayMs; }

store::RowContext context(const log::RecordHead& head, std::string_view service, std::uint64_t resource_id) {
  store::RowContext c;
  c.project = head.project;
  c.received_unix_nano = head.received_unix_nano;
  c.service = service;
  c.resource_id = resource_id;
  return c;
}

}  // namespace

std::uint64_t row_version(log::Position position, std::size_t index) {
  return position << kIndexBits | std::min<std::size_t>(index, (1u << kIndexBits) - 1);
}

RangeBlock::RangeBlock(RangeLimits limits)
    : limits_(limits), arena_buffer_(std::make_unique<std::byte[]>(kRangeArena)) {
  spans.tell_usage(&calls);
}

bool RangeBlock::take(const log::Record& r, store::SeenResources& seen) {
  // One day a range: the tables' partitions are days of receipt, so a block stays one part.
  if (records_ != 0 && (full() || day_of(r) != day_)) return false;
  add(r, seen);
  return true;
}

void RangeBlock::add(const log::Record& r, store::SeenResources& seen) {
  if (records_ == 0) {
    first_ = r.position;
    day_ = day_of(r);
    oldest_received_ = r.head.received_unix_nano;
    first_received_ms_ = last_received_ms_ = received_ms(r);
  }
  end_ = r.position + 1;
  ++records_;
  oldest_received_ = std::min(oldest_received_, r.head.received_unix_nano);
  first_received_ms_ = std::min(first_received_ms_, received_ms(r));
  last_received_ms_ = std::max(last_received_ms_, received_ms(r));
  switch (r.head.signal) {
    case log::Signal::traces:
      add_traces(r, seen);
      break;
    case log::Signal::logs:
      add_logs(r, seen);
      break;
    case log::Signal::metrics:
      add_metrics(r, seen);
      break;
    default:
      undecodable(r, Error(ErrorKind::corrupt, "a signal that this version does not know"));
  }
  bytes_ = spans.bytes() + logs.bytes() + metrics.bytes() + resources.bytes() + parts.bytes() +
           calls.bytes() + storms_.bytes();
}

void RangeBlock::clear() {
  spans.clear();
  traces.clear();
  resources.clear();
  logs.clear();
  metrics.clear();
  duplicates.clear();
  parts.clear();
  calls.clear();
  grams.clear();
  storms_.clear();
  calls_.clear();
  pending_.clear();
  records_ = bytes_ = 0;
  first_ = end_ = 0;
  oldest_received_ = 0;
}

void RangeBlock::release() {
  spans.release();
  traces.release();
  resources.release();
  logs.release();
  metrics.release();
  duplicates.release();
  parts.release();
  calls.release();
  grams.release();
  calls_ = {};
  pending_ = {};
  clear();
}

void RangeBlock::undecodable(const log::Record& r, const Error& e) {
  count(Anomaly::store_record_undecodable);
  log_error("record {} of the log cannot be stored and was skipped: {}", r.position, e.message);
}

/// Without looking closer: nothing of the record belongs to the stricter tier.
static bool none_marked(std::string_view bytes) { return bytes.find(pipeline::kRestricted) == bytes.npos; }

void RangeBlock::add_traces(const log::Record& r, store::SeenResources& seen) {
  const bool plain = limits_.tier == pipeline::Tier::all || none_marked(r.bytes);
  if (plain && limits_.tier == pipeline::Tier::restricted) return;
  otlp::Arena arena(arena_buffer_.get(), kRangeArena);
  otlp::DecodeReport report;
  auto decoded = otlp::decode_traces_protobuf(r.bytes, arena, limits_.decode, report);
  if (!decoded) return undecodable(r, decoded.error());
  if (!plain) pipeline::keep_tier(*decoded, limits_.tier, arena);
  if (limits_.offload.above != 0 && r.bytes.size() > limits_.offload.above)
    leave_previews(*decoded, r.head.project, limits_.offload, arena);
  static const std::vector<bool> nothing;
  const auto version = row_version(r.position, 0);
  const bool stormy = limits_.fold_storms && !StormHeaps::none_in(r.bytes);
  add_spans(*decoded, r.head, version, stormy ? storms_.take(*decoded, r.head, version) : nothing, seen);
}

void RangeBlock::add_spans(otlp::Traces& model, const log::RecordHead& head, std::uint64_t version,
                           const std::vector<bool>& left_out, store::SeenResources& seen) {
  constexpr std::size_t last_index = (1u << kIndexBits) - 1;
  std::size_t index = 0;
  for (const auto& rs : model.resources) {
    const auto service = store::service_name(rs.resource);
    auto c = context(head, service,
                     resources.add(head.project, rs.resource, service, head.received_unix_nano, seen));
    for (const auto& ss : rs.scopes) {
      c.scope = &ss.scope;
      c.scope_id = resources.add(head.project, ss.scope, head.received_unix_nano, seen);
      const auto traits = genai::registry().scope_traits(ss.scope.name);
      for (otlp::Span& span : pipeline::writable(ss.spans)) {
        const auto v = version + std::min(index, last_index);
        const bool out = index < left_out.size() && left_out[index];
        ++index;
        if (out) continue;
        storms_.hang(span);
        genai::columns(span, rs.resource, ss.scope, view_);
        const auto times =
            store::span_times(span.start_unix_nano, span.end_unix_nano, head.received_unix_nano);
        if ((times.flags & store::SpanTimes::kStartClamped) != 0) count(Anomaly::store_time_clamped);
        spans.add(span, c, times, view_, v);
        collect_call(head.project, span, ss.scope, traits, view_, head.received_unix_nano, calls_, pending_);
        traces.add(head.project, span.trace_id, times, span.parent_span_id == 0, view_.is_error, v);
      }
    }
  }
}

void RangeBlock::finish(store::SeenResources& seen) {
  std::size_t into_others = 0;
  storms_.each([&](const StormHeaps::Folds& heap) {
    otlp::Arena arena(arena_buffer_.get(), kRangeArena);
    otlp::DecodeReport report;
    auto one = otlp::decode_traces_protobuf(heap.request, arena, limits_.decode, report);
    if (!one || one->resources.empty() || one->resources[0].scopes.empty()) return;
    const auto list = pipeline::writable(one->resources[0].scopes[0].spans);
    if (list.empty()) return;
    otlp::Span& folded = list[0];
    folded.span_id = heap.id;
    folded.start_unix_nano = heap.start;
    folded.end_unix_nano = heap.end;
    pipeline::mark_folded(folded, heap.sum, arena);
    add_spans(*one, heap.head, heap.version, {}, seen);
    into_others += heap.members.size() - 1;
  });
  if (into_others != 0) count(Anomaly::bounds_spans_folded, into_others);
  storms_.clear();
}

void RangeBlock::mark_duplicates(CallWindow& window) {
  if (duplicates.rows() != 0) return;
  window.add(calls_, pending_);
  for (const auto& d : pending_) {
    duplicates.add(d, day_ * kDayMs * 1'000'000);
    // Whoever holds the trace of the repeating span in memory reads it again.
    const auto times = store::span_times(d.start, d.end, oldest_received_);
    traces.add(d.project, d.trace, times, false, false, row_version(end_, 0), 0);
  }
  calls_.clear();
  pending_.clear();
}

void RangeBlock::add_logs(const log::Record& r, store::SeenResources& seen) {
  const bool plain = limits_.tier == pipeline::Tier::all || none_marked(r.bytes);
  if (plain && limits_.tier == pipeline::Tier::restricted) return;
  otlp::Arena arena(arena_buffer_.get(), kRangeArena);
  otlp::DecodeReport report;
  auto decoded = otlp::decode_logs_protobuf(r.bytes, arena, limits_.decode, report);
  if (!decoded) return undecodable(r, decoded.error());
  if (!plain) pipeline::keep_tier(*decoded, limits_.tier, arena);
  std::size_t index = 0;
  for (const auto& rl : decoded->resources) {
    const auto service = store::service_name(rl.resource);
    auto c = context(r.head, service,
                     resources.add(r.head.project, rl.resource, service, r.head.received_unix_nano, seen));
    for (const auto& sl : rl.scopes) {
      c.scope = &sl.scope;
      c.scope_id = resources.add(r.head.project, sl.scope, r.head.received_unix_nano, seen);
      for (const auto& record : sl.records) logs.add(record, c, row_version(r.position, index++));
    }
  }
}

void RangeBlock::add_metrics(const log::Record& r, store::SeenResources& seen) {
  if (limits_.tier == pipeline::Tier::restricted) return;
  otlp::Arena arena(arena_buffer_.get(), kRangeArena);
  otlp::DecodeReport report;
  const auto decoded = otlp::decode_metrics_protobuf(r.bytes, arena, limits_.decode, report);
  if (!decoded) return undecodable(r, decoded.error());
  std::size_t index = 0;
  for (const auto& rm : decoded->resources) {
    const auto service = store::service_name(rm.resource);
    auto c = context(r.head, service,
                     resources.add(r.head.project, rm.resource, service, r.head.received_unix_nano, seen));
    for (const auto& sm : rm.scopes) {
      c.scope = &sm.scope;
      c.scope_id = resources.add(r.head.project, sm.scope, r.head.received_unix_nano, seen);
      for (const auto& metric : sm.metrics) index += metrics.add(metric, c, row_version(r.position, index));
    }
  }
}

}  // namespace turnscope::sinks
