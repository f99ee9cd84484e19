// Building spans for tests: owns the values that the model views.
#pragma once
#include <deque>
#include <initializer_list>
#include <string>
#include <vector>

#include "genai/explain.h"
#include "genai/view.h"
#include "otlp/model.h"

namespace turnscope::genai::test {

class Maker {
 public:
  otlp::AnyValue text(std::string s) {
    otlp::AnyValue v;
    v.type = otlp::AnyValue::Type::string;
    v.text = texts_.emplace_back(std::move(s));
    return v;
  }
  otlp::AnyValue number(std::int64_t n) {
    otlp::AnyValue v;
    v.type = otlp::AnyValue::Type::integer;
    v.integer = n;
    return v;
  }
  otlp::AnyValue real(double d) {
    otlp::AnyValue v;
    v.type = otlp::AnyValue::Type::real;
    v.real = d;
    return v;
  }
  otlp::AnyValue list(std::vector<otlp::AnyValue> values) {
    otlp::AnyValue v;
    v.type = otlp::AnyValue::Type::array;
    v.values = lists_.emplace_back(std::move(values));
    return v;
  }
  otlp::AnyValue map(std::vector<otlp::KeyValue> fields) {
    otlp::AnyValue v;
    v.type = otlp::AnyValue::Type::kvlist;
    v.fields = keys_.emplace_back(std::move(fields));
    return v;
  }
  otlp::Attributes attributes(std::vector<otlp::KeyValue> fields) {
    return keys_.emplace_back(std::move(fields));
  }
  std::string_view key(std::string s) { return texts_.emplace_back(std::move(s)); }

  otlp::Span span(std::string name, std::vector<otlp::KeyValue> attributes_of) {
    otlp::Span s;
    s.trace_id[15] = 1;
    s.span_id = ++next_;
    s.parent_span_id = 999;
    s.name = key(std::move(name));
    s.attributes = attributes(std::move(attributes_of));
    return s;
  }
  otlp::Scope scope(std::string name) {
    otlp::Scope s;
    s.name = key(std::move(name));
    return s;
  }

 private:
  std::deque<std::string> texts_;
  std::deque<std::vector<otlp::AnyValue>> lists_;
  std::deque<std::vector<otlp::KeyValue>> keys_;
  otlp::SpanId next_ = 0;
};

inline Columns columns_of(const otlp::Span& span, const otlp::Scope& scope = {}) {
  Columns c;
  columns(span, {}, scope, c);
  return c;
}

}  // namespace turnscope::genai::test
