// The few JSON texts that go into columns: strings, and attribute values in OTLP/JSON form.
#pragma once
#include <string>
#include <string_view>

#include "otlp/model.h"

namespace turnscope::store {

/// `text` in quotes; valid UTF-8 is assumed (the decoder repairs it).
void append_json_string(std::string& out, std::string_view text);
/// {"stringValue":"…"}, {"intValue":"1"}, {"arrayValue":{"values":[…]}} …; {} for no value.
void append_json_value(std::string& out, const otlp::AnyValue& value);
/// [{"key":"…","value":{…}}, …]
void append_json_attributes(std::string& out, otlp::Attributes attributes);

}  // namespace turnscope::store
