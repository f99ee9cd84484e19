#include "server/retention_task.h"

#include "base/logger.h"

namespace turnscope::server {
namespace {
/// The start has more urgent things to do.
constexpr std::chrono::milliseconds kFirst{2'000};
}  // namespace

query::RetentionOptions retention_options(const Config& c) {
  query::RetentionOptions o;
  o.spans = c.retention_spans;
  o.logs = c.retention_logs;
  o.metrics = c.retention_metrics;
  o.sampling = c.retention_sampling;
  o.sample_after = c.retention_sample_after;
  for (const auto& p : c.retention_policies.empty() ? sinks::default_policies() : c.retention_policies) {
    query::KeepPolicy k;
    k.name = p.name;
    k.error = p.error;
    k.latency_above = p.latency_above;
    k.cost_above_nano_usd = p.cost_above_nano_usd;
    k.tokens_above = p.tokens_above;
    k.score_below = p.score_below;
    k.tool = p.tool;
    k.service = p.service;
    k.attributes = p.attributes;
    k.keep_per_mille = p.keep_per_mille;
    o.policies.push_back(std::move(k));
  }
  return o;
}

query::Retention::Remove remove_from(store::ObjectStore& objects) {
  return [&objects](const std::vector<query::LinkedObject>& all) -> Status {
    for (const auto& o : all)
      TS_TRY(objects.remove(store::object_key(o.project, o.trace_id, o.span_id, o.field)));
    return {};
  };
}

RetentionTask::RetentionTask(store::Engine& engine, const Clock& clock, query::RetentionOptions options,
                             std::chrono::milliseconds every, query::Retention::Remove remove)
    : retention_(engine, clock, std::move(options), std::move(remove)),
      every_(every),
      thread_([this] { work(); }) {}

RetentionTask::~RetentionTask() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void RetentionTask::work() {
  auto pause = std::min(kFirst, every_);
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (changed_.wait_for(lock, pause, [this] { return stop_.load(); })) return;
    }
    pause = every_;
    const auto done = retention_.run([this] { return stop_.load(); });
    if (done || done.error().kind == ErrorKind::cancelled) continue;
    log_warn("retention: {}; the pass is done again in {} s", done.error().message, every_.count() / 1000);
  }
}

}  // namespace turnscope::server
