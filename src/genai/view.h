// What Turnscope understands of one span: the canonical GenAI view. It is a pure function of the span, its
// resource and its scope, driven by tables (one file a dialect). `columns()` is the fast path that the store
// writer takes for every span (≤ 3 µs); `explain()` is the whole view with messages and the origin of every
// fact, made when a person asks.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "otlp/model.h"

namespace turnscope::genai {

/// Kinds of the agent view (stored as these numbers: append only).
enum class Kind : std::uint8_t {
  other = 0,
  agent = 1,
  turn = 2,
  llm = 3,
  tool = 4,
  retrieval = 5,
  embedding = 6,
  chain = 7
};
std::string_view name(Kind);
/// By gen_ai.operation.name alone; other where it says nothing of it.
Kind kind_of_operation(std::string_view operation);

/// Whose tokens a span's usage is (stored as these numbers: append only).
enum class UsageRole : std::uint8_t { none = 0, own = 1, aggregate = 2, duplicate = 3 };

/// Why the buckets are believed to be exclusive parts (stored: append only).
enum class UsageBasis : std::uint8_t { none = 0, known = 1, proven = 2, assumed = 3 };

/// Exclusive buckets in tokens. A bucket that the payload does not tell is absent, never 0.
/// `input` excludes cached tokens, `output` excludes reasoning. Raw totals as the client reported them stand
/// beside.
struct Usage {
  std::optional<std::uint64_t> input, cache_read, cache_write, cache_write_5m, cache_write_1h, input_audio,
      input_image;
  std::optional<std::uint64_t> output, reasoning, output_audio, output_image;
  std::optional<std::uint64_t> reported_input, reported_output, reported_total;
  UsageRole role = UsageRole::none;
  UsageBasis basis = UsageBasis::none;
  bool reported_input_excludes_cache = false;
};

/// Where a text that people read (prompt, completion, tool arguments, result) lies in the original span.
struct ContentRef {
  enum class Direction : std::uint8_t { input, output };
  Direction direction;
  std::int32_t event = -1;      ///< index of the event, or -1: an attribute of the span
  std::uint32_t attribute = 0;  ///< index into the attributes of that event or span
};

/// The typed columns of one span. Views point into the span, its resource, its scope or static text.
struct Columns {
  Kind kind = Kind::other;
  std::string_view provider, operation, request_model, response_model, response_id;
  std::string_view service_tier;
  std::string_view region;  ///< of a model call: where it ran, lower case
  std::string_view tool_name, agent_name, session, user;
  std::string_view prompt_name, prompt_version, experiment, variant, environment, release;
  std::string_view error_type;     ///< exception.type, else error.type
  std::string_view error_message;  ///< exception.message, else status text
  std::optional<std::int64_t> turn_number;
  std::optional<std::int64_t> reported_cost_nano_usd;
  std::optional<std::uint64_t> time_to_first_token_ns;
  Usage usage;
  bool is_error = false;            ///< status error, or the dialect's own sign of it
  bool placeholder = false;         ///< sent when its parent began, in whose place it stands until that ends
  std::string_view question;        ///< what the user asked, on agent, turn or root spans; else empty
  std::vector<ContentRef> content;  ///< in order
  /// Texts that had to be made (decoded JSON, joined numbers); views above may point here.
  std::vector<std::unique_ptr<std::string>> made;
  void clear();
};

/// Fills `out` (cleared first). Never fails, never throws: what is not understood is left absent.
void columns(const otlp::Span&, const otlp::Resource&, const otlp::Scope&, Columns& out);

/// Of a placeholder's attribute: the span above the one that has begun (0: it is a root), if it tells that.
std::optional<otlp::SpanId> announced_parent(std::string_view key, std::string_view value);

}  // namespace turnscope::genai
