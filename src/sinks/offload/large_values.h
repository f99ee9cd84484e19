// Values over a size, as the store writer and the offloader both see them: the one leaves a preview and a
// link in the span, the other puts the whole value under the link's key. Neither tells the other.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "otlp/model.h"

namespace turnscope::sinks {

struct OffloadRule {
  std::uint64_t above = 0;        ///< bytes of one value; 0: nothing is offloaded
  std::uint64_t preview = 2'048;  ///< of it that stay in the span
};

/// Attribute that names a value's object: kOffloaded + field.
inline constexpr std::string_view kOffloaded = "turnscope.offloaded.";

struct LargeValue {
  const otlp::Span* span;
  std::string_view field;  ///< as object_key() takes it
  std::string_view value;
};
/// Calls `f` for each value of the request that goes elsewhere.
void each_large_value(const otlp::Traces&, const OffloadRule&,
                      const std::function<void(const LargeValue&)>& f);
/// Leaves previews and links.
void leave_previews(otlp::Traces&, std::uint32_t project, const OffloadRule&, otlp::Arena&);

}  // namespace turnscope::sinks
