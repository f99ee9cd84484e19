// What the store keeps of a span's canonical view: the columns that follow from the tables of dialects,
// beside those that repeat what was sent. Made when a span is stored, and again when the tables have changed.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "genai/view.h"
#include "otlp/model.h"
#include "store/row_reader.h"

namespace turnscope::store {

/// Views point into the span, its view or the row that was read.
struct DerivedFacts {
  std::uint8_t kind = 0, is_error = 0, usage_role = 0, usage_basis = 0;
  std::uint16_t usage_known = 0;
  std::int32_t turn_number = -1;
  std::uint64_t first_token_ns = 0;
  std::uint64_t tok_input = 0, tok_cache_read = 0, tok_cache_write = 0, tok_output = 0, tok_reasoning = 0;
  std::int64_t reported_cost_nano = 0;
  std::string_view environment, provider, operation, request_model, response_model, model, response_id,
      service_tier, region, tool, agent, session, user, prompt_name, prompt_version, experiment, variant,
      error_type, error_message, question, answer;
  /// tok_other: the first `others` of these.
  std::array<std::pair<std::string_view, std::uint64_t>, 9> other{};
  std::uint8_t others = 0;

  bool operator==(const DerivedFacts&) const = default;
};

DerivedFacts derived_facts(const otlp::Span&, const genai::Columns&);

/// The SELECT list that read_derived expects.
inline constexpr std::string_view kDerivedColumns =
    "kind, is_error, usage_role, usage_basis, usage_known, turn_number, first_token_ns, tok_input, "
    "tok_cache_read, tok_cache_write, tok_output, tok_reasoning, reported_cost_nano, environment, provider, "
    "operation, request_model, response_model, model, response_id, service_tier, region, tool, agent, "
    "session, user, "
    "prompt_name, prompt_version, experiment, variant, error_type, error_message, question, answer, "
    "tok_other";
DerivedFacts read_derived(RowReader&);

}  // namespace turnscope::store
