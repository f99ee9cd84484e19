#include "pipeline/tier.h"

#include <algorithm>
#include <string>

#include "base/anomaly.h"
#include "pipeline/bounds.h"
#include "pipeline/content.h"

namespace turnscope::pipeline {
namespace {

using otlp::Attributes;
using otlp::KeyValue;

constexpr std::string_view kFound = "turnscope.redacted.";

bool found_in(Attributes list) {
  return std::ranges::any_of(list, [](const KeyValue& kv) {
    return kv.key.starts_with(kFound) || kv.key == "turnscope.content.removed";
  });
}

class TierProcessor final : public Processor {
 public:
  explicit TierProcessor(const TierOptions& o) : options_(o) {}

  void process(otlp::Traces& traces, Batch& batch) override {
    for (auto& r : writable(traces.resources)) {
      const bool whole = options_.found && found_in(r.resource.attributes);
      const std::string_view service = service_name(r.resource);
      for (auto& s : writable(r.scopes))
        for (otlp::Span& span : writable(s.spans)) {
          const bool found = whole || (options_.found && found_in(span.attributes));
          mark(span.attributes, found, batch, [&](const DropRule& rule) {
            return conditions_hold(rule, service, span.name, span.attributes, r.resource.attributes);
          });
        }
    }
  }
  void process(otlp::Logs& logs, Batch& batch) override {
    for (auto& r : writable(logs.resources)) {
      const bool whole = options_.found && found_in(r.resource.attributes);
      const std::string_view service = service_name(r.resource);
      for (auto& s : writable(r.scopes))
        for (otlp::LogRecord& record : writable(s.records)) {
          const bool found = whole || (options_.found && found_in(record.attributes));
          mark(record.attributes, found, batch, [&](const DropRule& rule) {
            return conditions_hold(rule, service, record.event_name, record.attributes,
                                   r.resource.attributes);
          });
        }
    }
  }
  void process(otlp::Metrics&, Batch&) override {}  // numbers and names

 private:
  template <typename Holds>
  void mark(Attributes& list, bool found, Batch& batch, Holds&& holds) const {
    std::string_view why = found ? "found" : std::string_view{};
    for (std::size_t k = 0; why.empty() && k < options_.rules.size(); ++k)
      if (holds(options_.rules[k].when)) why = options_.rules[k].name;
    if (why.empty()) return;
    const KeyValue kv = text_attribute(kRestricted, keep(batch.arena, why));
    add_attributes(list, {&kv, 1}, batch.arena);
    batch.changed = true;
    count(Anomaly::restricted_items);
  }

  const TierOptions options_;
};

/// Numbers and names of structure only, as in redaction without content.
void without_content(Attributes& list, otlp::Arena& arena) {
  std::span<KeyValue> all = writable(list);
  const auto end = std::remove_if(all.begin(), all.end(), [](const KeyValue& kv) {
    const auto t = kv.value.type;
    const bool plain = t == otlp::AnyValue::Type::integer || t == otlp::AnyValue::Type::real ||
                       t == otlp::AnyValue::Type::boolean;
    return kv.key != kRestricted && !plain && !structural_key(kv.key);
  });
  list = list.first(static_cast<std::size_t>(end - all.begin()));
  KeyValue withheld;
  withheld.key = "turnscope.withheld";
  withheld.value.type = otlp::AnyValue::Type::boolean;
  withheld.value.boolean = true;
  add_attributes(list, {&withheld, 1}, arena);
}

}  // namespace

std::unique_ptr<Processor> make_tier_processor(const TierOptions& o) {
  return std::make_unique<TierProcessor>(o);
}

bool is_restricted(Attributes list) { return find_attribute(list, kRestricted) != nullptr; }

void keep_tier(otlp::Traces& traces, Tier tier, otlp::Arena& arena) {
  if (tier == Tier::all) return;
  for (auto& r : writable(traces.resources))
    for (auto& s : writable(r.scopes)) {
      std::span<otlp::Span> all = writable(s.spans);
      if (tier == Tier::restricted) {
        const auto end = std::remove_if(all.begin(), all.end(),
                                        [](const otlp::Span& x) { return !is_restricted(x.attributes); });
        s.spans = s.spans.first(static_cast<std::size_t>(end - all.begin()));
        continue;
      }
      for (otlp::Span& span : all) {
        if (!is_restricted(span.attributes)) continue;
        span.name = kWithheldName;
        span.trace_state = span.status_message = {};
        span.dropped_events += static_cast<std::uint32_t>(span.events.size());
        span.events = {};
        span.links = {};
        without_content(span.attributes, arena);
      }
    }
}

void keep_tier(otlp::Logs& logs, Tier tier, otlp::Arena&) {
  if (tier == Tier::all) return;
  for (auto& r : writable(logs.resources))
    for (auto& s : writable(r.scopes)) {
      std::span<otlp::LogRecord> all = writable(s.records);
      const auto end = std::remove_if(all.begin(), all.end(), [&](const otlp::LogRecord& x) {
        return is_restricted(x.attributes) != (tier == Tier::restricted);
      });
      s.records = s.records.first(static_cast<std::size_t>(end - all.begin()));
    }
}

}  // namespace turnscope::pipeline
