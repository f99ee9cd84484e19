// OTLP's KeyValue (common.proto) from attributes.
#pragma once
#include <cstdint>
#include <string_view>

#include "bytes.h"
#include "turnscope/sdk/value.h"

namespace turnscope::sdk::detail {

/// Appends one KeyValue under `tag` (the tag byte of the repeated field it belongs to). Strings, also inside
/// arrays, are repaired to UTF-8 and cut to `max_characters`.
/// Returns where the key's text begins in `out`.
std::size_t append_attribute(Bytes& out, char tag, std::string_view key, const Value& value,
                             std::uint32_t max_characters);

/// Appends attributes until `max_count`; keys set twice keep the last value, empty keys are left out.
/// Returns how many were dropped for the limit.
std::uint32_t append_attributes(Bytes& out, char tag, Attributes attributes, std::uint32_t max_count,
                                std::uint32_t max_characters);

/// Wraps `message` as a length-delimited field.
inline void append_message(Bytes& out, char tag, const Bytes& message) {
  append_text(out, tag, message.view());
}

/// InstrumentationScope{name, version}.
void append_scope(Bytes& out, char tag, std::string_view name, std::string_view version);

}  // namespace turnscope::sdk::detail
