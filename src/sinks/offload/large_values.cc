#include "sinks/offload/large_values.h"

#include <fmt/format.h>

#include <vector>

#include "otlp/text.h"
#include "pipeline/bounds.h"
#include "pipeline/processor.h"
#include "store/objects/object_store.h"

namespace turnscope::sinks {
namespace {

bool is_large(const otlp::AnyValue& v, const OffloadRule& rule) {
  return (v.type == otlp::AnyValue::Type::string || v.type == otlp::AnyValue::Type::bytes) &&
         v.text.size() > rule.above;
}

/// `f(attribute, field)` for each large value of the span.
template <typename F>
void each(const otlp::Span& s, const OffloadRule& rule, F&& f) {
  for (const otlp::KeyValue& kv : s.attributes)
    if (is_large(kv.value, rule)) f(kv, std::string_view(kv.key));
  for (std::size_t e = 0; e < s.events.size(); ++e)
    for (const otlp::KeyValue& kv : s.events[e].attributes)
      if (is_large(kv.value, rule)) {
        const std::string field = fmt::format("{}@event.{}", kv.key, e);
        f(kv, std::string_view(field));
      }
}

}  // namespace

void each_large_value(const otlp::Traces& traces, const OffloadRule& rule,
                      const std::function<void(const LargeValue&)>& f) {
  if (rule.above == 0) return;
  for (const auto& r : traces.resources)
    for (const auto& sc : r.scopes)
      for (const otlp::Span& s : sc.spans)
        each(s, rule, [&](const otlp::KeyValue& kv, std::string_view field) {
          f({&s, field, kv.value.text});
        });
}

void leave_previews(otlp::Traces& traces, std::uint32_t project, const OffloadRule& rule,
                    otlp::Arena& arena) {
  if (rule.above == 0) return;
  std::vector<otlp::KeyValue> links;
  std::string text;
  for (auto& r : pipeline::writable(traces.resources))
    for (auto& sc : pipeline::writable(r.scopes))
      for (otlp::Span& s : pipeline::writable(sc.spans)) {
        links.clear();
        each(s, rule, [&](const otlp::KeyValue& kv, std::string_view field) {
          auto& value = const_cast<otlp::KeyValue&>(kv).value;  // of the decoder's array: nobody else has it
          links.push_back(pipeline::text_attribute(
              pipeline::keep(arena, std::string(kOffloaded) + std::string(field)),
              pipeline::keep(arena, store::object_key(project, s.trace_id, s.span_id, field))));
          if (value.type == otlp::AnyValue::Type::bytes)
            value.text = value.text.substr(0, rule.preview);
          else if (pipeline::cut_value(value.text, rule.preview, 0, text))
            value.text = pipeline::keep(arena, text);
        });
        pipeline::add_attributes(s.attributes, links, arena);
      }
}

}  // namespace turnscope::sinks
