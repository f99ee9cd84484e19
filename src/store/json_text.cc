#include "store/json_text.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "base/json_text.h"
#include "otlp/text.h"

namespace turnscope::store {
namespace {

void append_real(std::string& out, double v) {
  if (std::isnan(v))
    out += "\"NaN\"";
  else if (std::isinf(v))
    out += v < 0 ? "\"-Infinity\"" : "\"Infinity\"";
  else {
    const auto from = out.size();
    fmt::format_to(std::back_inserter(out), "{}", v);
    // 1 and -0 would come back as integers.
    if (out.find_first_of(".en", from) == out.npos) out += ".0";
  }
}

}  // namespace

void append_json_value(std::string& out, const otlp::AnyValue& v) {
  using Type = otlp::AnyValue::Type;
  switch (v.type) {
    case Type::none:
      out += "{}";
      return;
    case Type::string:
      out += "{\"stringValue\":";
      append_json_string(out, v.text);
      break;
    case Type::boolean:
      out += v.boolean ? "{\"boolValue\":true" : "{\"boolValue\":false";
      break;
    case Type::integer:
      fmt::format_to(std::back_inserter(out), "{{\"intValue\":\"{}\"", v.integer);
      break;
    case Type::real:
      out += "{\"doubleValue\":";
      append_real(out, v.real);
      break;
    case Type::array: {
      out += "{\"arrayValue\":{\"values\":[";
      bool first = true;
      for (const auto& item : v.values) {
        if (!first) out += ',';
        first = false;
        append_json_value(out, item);
      }
      out += "]}";
      break;
    }
    case Type::kvlist:
      out += "{\"kvlistValue\":{\"values\":";
      append_json_attributes(out, v.fields);
      out += '}';
      break;
    case Type::bytes:
      out += "{\"bytesValue\":\"";
      otlp::base64_encode(v.text, out);
      out += '"';
      break;
  }
  out += '}';
}

void append_json_attributes(std::string& out, otlp::Attributes attributes) {
  out += '[';
  bool first = true;
  for (const auto& kv : attributes) {
    out += first ? "{\"key\":" : ",{\"key\":";
    first = false;
    append_json_string(out, kv.key);
    out += ",\"value\":";
    append_json_value(out, kv.value);
    out += '}';
  }
  out += ']';
}

}  // namespace turnscope::store
