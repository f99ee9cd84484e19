// One pass over a span: which attribute won each canonical field, and which attributes belong to indexed
// families. Both views (columns.cc, explain.cc) read from here, so that they agree.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "genai/registry.h"
#include "otlp/model.h"

namespace turnscope::genai {

struct Winner {
  const otlp::AnyValue* value = nullptr;
  const KeyEntry* rule = nullptr;
  std::int32_t attribute = -1;  ///< index into the attributes of the span or event
  std::int32_t event = -1;      ///< -1: the span's own attributes; -2 and below: log record -(event + 2)
};

struct FamilyHit {
  Family family;
  std::uint16_t prefix_length;
  std::uint32_t attribute;
};

struct Gathered {
  std::array<Winner, kFields> fields;
  std::vector<FamilyHit> families;     ///< in the order of the attributes; only families other than `known`
  std::vector<std::uint32_t> unknown;  ///< attributes that no dialect knows
  std::uint32_t families_seen = 0;     ///< bit set of Family
  std::uint16_t traits = 0;            ///< ScopeTrait
  const Registry* tables = nullptr;
  const otlp::Span* span = nullptr;
  const otlp::Resource* resource = nullptr;
  const otlp::Scope* scope = nullptr;

  const Winner& operator[](Field f) const { return fields[static_cast<std::size_t>(f)]; }
  bool has(Field f) const { return (*this)[f].value != nullptr; }
  bool has(Family f) const { return (families_seen >> static_cast<unsigned>(f)) & 1u; }
  bool trait(ScopeTrait t) const { return (traits & t) != 0; }
  void clear();
};

/// Fills `out` (cleared first) from the span's own attributes. Content attributes are appended to `content`
/// when given.
void gather(const Registry&, const otlp::Span&, const otlp::Resource&, const otlp::Scope&, Gathered& out,
            std::vector<ContentRef>* content);
/// Offers one more value (of an event or a log record) to the fields, with the usual ranks.
void offer(Gathered&, std::string_view key, const otlp::AnyValue&, std::int32_t attribute,
           std::int32_t event);

/// Offers what the user's rules read from an event.
void offer_mapped(Gathered&, const otlp::Event&, std::int32_t event);

/// Values, tolerant of types: numbers as text, doubles for integers, integers for text. Absent if it cannot
/// be read so.
std::optional<std::int64_t> as_integer(const otlp::AnyValue&);
std::optional<std::uint64_t> as_count(const otlp::AnyValue&);  ///< a whole number ≥ 0
std::optional<double> as_number(const otlp::AnyValue&);
std::optional<bool> as_boolean(const otlp::AnyValue&);
/// Text of strings; "" for everything else.
inline std::string_view text_of(const otlp::AnyValue& v) {
  return v.type == otlp::AnyValue::Type::string ? v.text : std::string_view{};
}
std::optional<double> number_in(std::string_view text);
/// Text that may be a JSON string with its quotes: without them; decoded into `made` when it has escapes.
std::string_view unquoted(std::string_view text, std::string& made);

struct KindFound {
  Kind kind = Kind::other;
  Field by = Field::count;  ///< the field that told, or count: the span's name
  bool by_name = false;
};
KindFound kind_of(const Gathered&);
/// "Anthropic" → "anthropic", "openai.responses" → "openai": the vendor's name as the conventions write it.
std::string_view provider_name(std::string_view sent, std::string& made);
/// Content direction of a field: 0 none, 1 input, 2 output.
int content_direction(Field);

}  // namespace turnscope::genai
