// The last resort: an HTTP client span to a host that is known to serve models is a model call, when no GenAI
// instrumentation says more. Its host tells the provider, its path the operation and, for some, the model.
#pragma once
#include <optional>
#include <string_view>

#include "genai/gather.h"

namespace turnscope::genai {

struct HttpCall {
  Kind kind = Kind::llm;
  Field by = Field::http_url;
  std::string_view provider, operation, model;
};

/// Nothing when the span is no HTTP client call to a known host and path.
std::optional<HttpCall> http_call(const Gathered&);

}  // namespace turnscope::genai
