// Attributes and spans that rules drop, and storms of like spans.
#include <algorithm>
#include <vector>

#include "base/anomaly.h"
#include "pipeline/bounds.h"
#include "pipeline/storms.h"

namespace turnscope::pipeline {
namespace {

using otlp::Attributes;
using otlp::KeyValue;

class DropProcessor final : public Processor {
 public:
  explicit DropProcessor(const BoundsOptions& o) : options_(o) {}

  void process(otlp::Traces& traces, Batch& batch) override {
    std::size_t dropped = 0;
    for (auto& r : writable(traces.resources)) {
      const std::string_view service = service_name(r.resource);
      attributes(r.resource.attributes, batch);
      for (auto& s : writable(r.scopes)) {
        attributes(s.scope.attributes, batch);
        if (!options_.drop_spans.empty()) dropped += drop_spans(s, service);
        if (options_.storm_spans) {
          const auto done = storms_.fold(s, r.resource, batch.arena);
          batch.changed = batch.changed || done.changed;
          if (done.folded) count(Anomaly::bounds_spans_folded, done.folded);
        }
        if (options_.drop_attributes.empty()) continue;
        for (otlp::Span& span : writable(s.spans)) {
          attributes(span.attributes, batch);
          for (otlp::Event& e : writable(span.events)) attributes(e.attributes, batch);
          for (otlp::Link& l : writable(span.links)) attributes(l.attributes, batch);
        }
      }
    }
    if (dropped) {
      batch.changed = true;
      count(Anomaly::bounds_spans_dropped, dropped);
    }
  }
  void process(otlp::Logs& logs, Batch& batch) override {
    for (auto& r : writable(logs.resources)) {
      attributes(r.resource.attributes, batch);
      for (auto& s : writable(r.scopes))
        for (otlp::LogRecord& record : writable(s.records)) attributes(record.attributes, batch);
    }
  }
  void process(otlp::Metrics&, Batch&) override {}

 private:
  void attributes(Attributes& list, Batch& batch) {
    if (options_.drop_attributes.empty()) return;
    std::span<KeyValue> all = writable(list);
    const auto end = std::remove_if(all.begin(), all.end(), [&](const KeyValue& kv) {
      return std::ranges::any_of(options_.drop_attributes,
                                 [&](const std::string& glob) { return glob_matches(glob, kv.key); });
    });
    const auto kept = static_cast<std::size_t>(end - all.begin());
    if (kept == all.size()) return;
    count(Anomaly::bounds_attributes_dropped, all.size() - kept);
    list = list.first(kept);
    batch.changed = true;
  }

  bool unwanted(const otlp::Span& span, std::string_view service) const {
    return std::ranges::any_of(options_.drop_spans, [&](const DropRule& rule) {
      // What failed is kept, unless the rule asks for it in so many words.
      if (span.status == otlp::StatusCode::error && !rule.errors) return false;
      return conditions_hold(rule, service, span.name, span.attributes, {});
    });
  }
  std::size_t drop_spans(otlp::ScopeSpans& s, std::string_view service) const {
    std::span<otlp::Span> all = writable(s.spans);
    const auto end = std::remove_if(all.begin(), all.end(),
                                    [&](const otlp::Span& span) { return unwanted(span, service); });
    const auto kept = static_cast<std::size_t>(end - all.begin());
    s.spans = s.spans.first(kept);
    return all.size() - kept;
  }

  const BoundsOptions options_;
  Storms storms_{options_.storm_spans};
};

}  // namespace

bool conditions_hold(const DropRule& rule, std::string_view service, std::string_view name,
                     otlp::Attributes own, otlp::Attributes resource) {
  if (!rule.service.empty() && !glob_matches(rule.service, service)) return false;
  if (!rule.name.empty() && !glob_matches(rule.name, name)) return false;
  if (rule.attribute.empty()) return true;
  const otlp::AnyValue* v = find_attribute(own, rule.attribute);
  if (!v) v = find_attribute(resource, rule.attribute);
  if (!v) return false;
  if (v->type == otlp::AnyValue::Type::string) return glob_matches(rule.value, v->text);
  if (v->type == otlp::AnyValue::Type::integer) return glob_matches(rule.value, std::to_string(v->integer));
  if (v->type == otlp::AnyValue::Type::boolean)
    return glob_matches(rule.value, v->boolean ? "true" : "false");
  return rule.value == "*";
}

std::unique_ptr<Processor> make_drop_processor(const BoundsOptions& o) {
  return std::make_unique<DropProcessor>(o);
}

}  // namespace turnscope::pipeline
