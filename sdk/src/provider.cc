#include <pthread.h>
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "clock.h"
#include "encode.h"
#include "ids.h"
#include "log.h"
#include "record.h"
#include "resource.h"
#include "turnscope/sdk/sdk.h"
#include "utf8.h"

namespace turnscope::sdk {

using namespace detail;

namespace {

using Mode = ProviderState::Mode;

/// All providers that were ever made. At the end of the process those still open send what they have.
struct Registry {
  std::mutex mutex;
  std::vector<ProviderState*> all;
};
Registry& registry() {
  static Registry& r = *new Registry;
  [[maybe_unused]] static const int once = [] {
    std::atexit([] {
      std::vector<ProviderState*> all;
      {
        std::lock_guard lock(registry().mutex);
        all = registry().all;
      }
      for (ProviderState* s : all)
        if (s->mode.exchange(Mode::off) == Mode::record) s->processor->shutdown(s->config.exit_timeout);
    });
    pthread_atfork(nullptr, nullptr, [] {
      // The child has no exporter thread. What was queued is the parent's to send.
      if (!registry().mutex.try_lock()) return;
      std::lock_guard lock(registry().mutex, std::adopt_lock);
      for (ProviderState* s : registry().all)
        if (s->mode.exchange(Mode::off) == Mode::record) s->processor->abandon();
    });
    return 0;
  }();
  return r;
}

std::uint64_t ratio_bound(double ratio) {
  if (!(ratio > 0)) return 0;
  return ratio >= 1 ? 1ull << 63 : static_cast<std::uint64_t>(std::ldexp(ratio, 63));
}

bool by_ratio(const ProviderState& s, const TraceId& id) {
  std::uint64_t low = 0;
  for (std::size_t i = 8; i < 16; ++i) low = low << 8 | id.bytes[i];
  return (low >> 1) < s.sample_below;
}

bool sampled(const ProviderState& s, const SpanContext& parent, const TraceId& id) {
  const bool has_parent = parent.valid();
  switch (s.config.sampler) {
    case SamplerKind::always_on:
      return true;
    case SamplerKind::always_off:
      return false;
    case SamplerKind::traceidratio:
      return by_ratio(s, id);
    case SamplerKind::parentbased_always_on:
      return has_parent ? parent.sampled() : true;
    case SamplerKind::parentbased_always_off:
      return has_parent && parent.sampled();
    case SamplerKind::parentbased_traceidratio:
      return has_parent ? parent.sampled() : by_ratio(s, id);
  }
  return true;
}

}  // namespace

Context Context::with_span(SpanContext span) const {
  Context c = *this;
  c.span_ = std::move(span);
  return c;
}

Span Tracer::start(std::string_view name, const StartOptions& o) const {
  const Context& parent = o.parent ? *o.parent : Context::current();
  const SpanContext& up = parent.span();
  Span span(parent);
  if (!state_) return span;
  ProviderState& provider = *state_->provider;
  const Mode mode = provider.mode.load(std::memory_order_relaxed);
  if (mode == Mode::off) return span;  // the parent passes through

  SpanContext& ctx = span.context_.span_;
  ctx.remote = false;
  const bool child = up.valid();
  if (!child) {
    ctx.trace_id = random_trace_id();
    ctx.flags = trace_flags::random;
    ctx.trace_state = {};
  }
  ctx.span_id = random_span_id();
  const bool record = sampled(provider, up, ctx.trace_id);
  ctx.flags =
      static_cast<std::uint8_t>((ctx.flags & trace_flags::random) | (record ? trace_flags::sampled : 0));
  if (!record || mode != Mode::record) return span;

  SpanRecord& r = *SpanRecord::take();
  span.record_ = &r;
  r.tracer = state_;
  r.parent = child ? up.span_id : SpanId{};
  r.parent_remote = child && up.remote;
  r.kind = o.kind;
  r.name.clear();
  if (is_ascii(name)) [[likely]]
    r.name.append(name);
  else
    r.name.append(is_utf8(name) ? std::string(name) : repaired_utf8(name));
  const std::int64_t mono = mono_nanos();
  r.offset = offset_at(mono);
  r.start_wall = o.start ? o.start->time_since_epoch().count() : mono + r.offset;
  for (const Attribute& a : o.attributes) r.set(a.key, a.value);
  for (const Link& link : o.links) span.add_link(link.context, link.attributes);
  return span;
}

bool Tracer::enabled() const {
  return state_ && state_->provider->mode.load(std::memory_order_relaxed) == Mode::record;
}

TracerProvider::TracerProvider(Config config) : state_(new ProviderState) {
  ProviderState& s = *state_;
  s.config = std::move(config);
  s.sample_below = ratio_bound(s.config.sampler_ratio);
  {
    std::lock_guard lock(registry().mutex);
    registry().all.push_back(state_);
  }
  if (s.config.disabled) return;
  s.mode = Mode::ids;
  if (!s.config.traces.enabled) return;
  s.processor = new BatchProcessor(s.config, encode_resource(s.config), [&s](std::uint32_t i) {
    std::lock_guard lock(s.mutex);
    return s.scopes[i].encoded;
  });
  s.mode = Mode::record;
}

TracerProvider::~TracerProvider() {
  if (state_) shutdown(state_->config.exit_timeout);
}
TracerProvider::TracerProvider(TracerProvider&& other) noexcept
    : state_(std::exchange(other.state_, nullptr)) {}
TracerProvider& TracerProvider::operator=(TracerProvider&& other) noexcept {
  if (this != &other) {
    if (state_) shutdown(state_->config.exit_timeout);
    state_ = std::exchange(other.state_, nullptr);
  }
  return *this;
}

Tracer TracerProvider::tracer(std::string_view name, std::string_view scope_version) const {
  ProviderState& s = *state_;
  std::lock_guard lock(s.mutex);
  for (const auto& scope : s.scopes)
    if (scope.name == name && scope.version == scope_version) return Tracer(scope.tracer.get());
  Bytes encoded;
  append_scope(encoded, tag_len(1), name, scope_version);
  auto tracer = std::make_unique<TracerState>(TracerState{&s, static_cast<std::uint32_t>(s.scopes.size())});
  s.scopes.push_back(
      {std::string(name), std::string(scope_version), std::string(encoded.view()), std::move(tracer)});
  return Tracer(s.scopes.back().tracer.get());
}

bool TracerProvider::force_flush(std::chrono::milliseconds timeout) {
  return state_->mode != Mode::record || state_->processor->force_flush(timeout);
}

bool TracerProvider::shutdown(std::chrono::milliseconds timeout) {
  return state_->mode.exchange(Mode::off) != Mode::record || state_->processor->shutdown(timeout);
}

TraceStats TracerProvider::stats() const {
  TraceStats stats;
  if (state_->processor) state_->processor->add_stats(stats);
  stats.ended = stats.exported + stats.dropped_queue + stats.dropped_export + stats.rejected + stats.queued +
                stats.after_shutdown;
  return stats;
}

const Config& TracerProvider::config() const { return state_->config; }

Sdk start(Config config) {
  Config for_metrics = config;
  return {TracerProvider(std::move(config)), MeterProvider(std::move(for_metrics))};
}

Sdk start(std::string_view service_name) {
  Config config = Config::from_env();
  const bool named = std::any_of(config.resource.begin(), config.resource.end(),
                                 [](const auto& a) { return a.first == "service.name"; });
  if (config.service_name.empty() && !named) config.service_name = service_name;
  return start(std::move(config));
}

}  // namespace turnscope::sdk
