// Writes JSON text. Strings may hold any bytes: what is not valid UTF-8 becomes U+FFFD. There is no NaN in
// JSON: such numbers are written as strings, and so are integers that a double cannot hold exactly.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "otlp/model.h"

namespace turnscope::api {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool v) { return raw(v ? "true" : "false"); }
  JsonWriter& value(std::uint64_t v);
  JsonWriter& value(std::int64_t v);
  JsonWriter& value(std::uint32_t v) { return value(std::uint64_t{v}); }
  JsonWriter& value(std::int32_t v) { return value(std::int64_t{v}); }
  JsonWriter& value(double v);
  JsonWriter& null() { return raw("null"); }
  /// A decimal string, whatever the size (times).
  JsonWriter& text_of(std::int64_t v);
  JsonWriter& text_of(std::uint64_t v);
  /// JSON text made elsewhere; must be one valid value.
  JsonWriter& raw(std::string_view json);

  template <typename T>
  JsonWriter& field(std::string_view name, const T& v) {
    return key(name).value(v);
  }
  template <typename T>
  JsonWriter& field(std::string_view name, const std::optional<T>& v) {
    key(name);
    return v ? value(*v) : null();
  }
  /// null when the text is empty: an unknown fact.
  JsonWriter& text_or_null(std::string_view name, std::string_view text) {
    key(name);
    return text.empty() ? null() : value(text);
  }

  const std::string& text() const { return out_; }
  std::string take() { return std::move(out_); }
  std::size_t size() const { return out_.size(); }

 private:
  JsonWriter& open(char c) {
    comma();
    out_ += c;
    first_ = true;
    return *this;
  }
  JsonWriter& close(char c) {
    out_ += c;
    first_ = false;
    return *this;
  }
  void comma() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  std::string out_;
  bool first_ = true;
};

/// Appends `text` as a JSON string with quotes; what is no UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// At most `bytes` bytes, cut on a character boundary.
std::string_view cut_text(std::string_view text, std::size_t bytes);

}  // namespace turnscope::api
