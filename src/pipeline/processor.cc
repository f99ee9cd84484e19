#include "pipeline/processor.h"

#include <algorithm>

#include "pipeline/options.h"

namespace turnscope::pipeline {

void add_attributes(otlp::Attributes& attributes, std::span<const otlp::KeyValue> more, otlp::Arena& arena) {
  if (more.empty()) return;
  const std::size_t room = attributes.size() + more.size();
  auto* list =
      static_cast<otlp::KeyValue*>(arena.allocate(room * sizeof(otlp::KeyValue), alignof(otlp::KeyValue)));
  std::uninitialized_copy(attributes.begin(), attributes.end(), list);
  std::size_t n = attributes.size();
  for (const otlp::KeyValue& kv : more) {
    auto* same = std::find_if(list, list + n, [&](const otlp::KeyValue& o) { return o.key == kv.key; });
    if (same != list + n)
      same->value = kv.value;
    else
      std::construct_at(list + n++, kv);
  }
  attributes = {list, n};
}

const otlp::AnyValue* find_attribute(otlp::Attributes attributes, std::string_view key) {
  for (const otlp::KeyValue& kv : attributes)
    if (kv.key == key) return &kv.value;
  return nullptr;
}

std::string_view service_name(const otlp::Resource& resource) {
  const otlp::AnyValue* v = find_attribute(resource.attributes, "service.name");
  return v && v->type == otlp::AnyValue::Type::string ? v->text : std::string_view{};
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = pattern.npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace turnscope::pipeline
