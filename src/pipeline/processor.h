// A step between a decoded request and the log. Steps change the model where it lies: the decoder made every
// array of it in the request's arena, and nobody else has seen it yet.
#pragma once
#include <cstring>
#include <span>
#include <string_view>

#include "otlp/model.h"

namespace turnscope::pipeline {

/// What the steps of one request share.
struct Batch {
  otlp::Arena& arena;
  bool changed = false;  ///< the bytes that came may not be stored as they are
};

class Processor {
 public:
  virtual ~Processor() = default;
  virtual void process(otlp::Traces&, Batch&) = 0;
  virtual void process(otlp::Logs&, Batch&) = 0;
  virtual void process(otlp::Metrics&, Batch&) = 0;
};

/// The arrays of a model, to be written to.
template <typename T>
std::span<T> writable(std::span<const T> list) {
  return {const_cast<T*>(list.data()), list.size()};
}

inline std::string_view keep(otlp::Arena& arena, std::string_view text) {
  if (text.empty()) return {};
  char* p = static_cast<char*>(arena.allocate(text.size(), 1));
  std::memcpy(p, text.data(), text.size());
  return {p, text.size()};
}

inline otlp::KeyValue text_attribute(std::string_view key, std::string_view value) {
  otlp::KeyValue kv;
  kv.key = key;
  kv.value.type = otlp::AnyValue::Type::string;
  kv.value.text = value;
  return kv;
}
inline otlp::KeyValue number_attribute(std::string_view key, std::int64_t value) {
  otlp::KeyValue kv;
  kv.key = key;
  kv.value.type = otlp::AnyValue::Type::integer;
  kv.value.integer = value;
  return kv;
}

/// Adds to the attributes; one of the same key is replaced, so that keys stay unique.
void add_attributes(otlp::Attributes& attributes, std::span<const otlp::KeyValue> more, otlp::Arena&);
const otlp::AnyValue* find_attribute(otlp::Attributes, std::string_view key);
/// service.name of a resource, "" if it has none.
std::string_view service_name(const otlp::Resource&);

}  // namespace turnscope::pipeline
