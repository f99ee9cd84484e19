// Attributes in typed maps: strings, integers, reals, booleans, and everything else as OTLP/JSON AnyValue.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "store/json_text.h"
#include "store/native_block.h"

namespace turnscope::store {

struct AttributeColumns {
  MapColumn<StringColumn> str;
  MapColumn<NumberColumn<std::int64_t>> integer;
  MapColumn<NumberColumn<double>> real;
  MapColumn<NumberColumn<std::uint8_t>> boolean;
  MapColumn<StringColumn> json;

  void add(const otlp::KeyValue& kv) {
    using Type = otlp::AnyValue::Type;
    switch (kv.value.type) {
      case Type::string:
        str.add(kv.key, kv.value.text);
        break;
      case Type::integer:
        integer.add(kv.key, kv.value.integer);
        break;
      case Type::real:
        real.add(kv.key, kv.value.real);
        break;
      case Type::boolean:
        boolean.add(kv.key, static_cast<std::uint8_t>(kv.value.boolean));
        break;
      default:
        scratch_.clear();
        append_json_value(scratch_, kv.value);
        json.add(kv.key, scratch_);
    }
  }
  void end_row() {
    str.end_row();
    integer.end_row();
    real.end_row();
    boolean.end_row();
    json.end_row();
  }
  void row(otlp::Attributes attributes) {
    for (const auto& kv : attributes) add(kv);
    end_row();
  }
  template <typename F>
  void each(F&& f) {
    f(str, "attrs_str", "Map(LowCardinality(String), String)");
    f(integer, "attrs_int", "Map(LowCardinality(String), Int64)");
    f(real, "attrs_dbl", "Map(LowCardinality(String), Float64)");
    f(boolean, "attrs_bool", "Map(LowCardinality(String), UInt8)");
    f(json, "attrs_json", "Map(LowCardinality(String), String)");
  }

 private:
  std::string scratch_;
};

}  // namespace turnscope::store
