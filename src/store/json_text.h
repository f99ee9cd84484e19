// Attribute values in OTLP/JSON form, as they go into columns. Valid UTF-8 is assumed (the decoder repairs
// it).
#pragma once
#include <string>
#include <string_view>

#include "otlp/model.h"

namespace turnscope::store {

/// {"stringValue":"…"}, {"intValue":"1"}, {"arrayValue":{"values":[…]}} …; {} for no value.
void append_json_value(std::string& out, const otlp::AnyValue& value);
/// [{"key":"…","value":{…}}, …]
void append_json_attributes(std::string& out, otlp::Attributes attributes);

}  // namespace turnscope::store
