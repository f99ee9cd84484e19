// What a dialect says, as data: which attribute keys it writes and which canonical field each one fills. One
// file a dialect (src/genai/dialects/*.cc); the build lists the files, so adding one edits no other. Small
// functions stand only where a table cannot say it (messages.cc, usage.cc).
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace turnscope::genai {

enum class Field : std::uint8_t {
#define FIELD(name, content) name,
#include "genai/fields.def"
#undef FIELD
  count
};
inline constexpr std::size_t kFields = static_cast<std::size_t>(Field::count);
std::string_view name(Field);
/// The field of that name; Field::count if there is none.
Field field_of(std::string_view name);

/// How a value is read. Every converter accepts numbers as text, doubles for integers and integers for text.
enum class Convert : std::uint8_t {
  text,     ///< a string; other scalars are written out
  integer,  ///< a whole number ≥ 0
  number,   ///< money or a ratio
  boolean,
  seconds,       ///< a duration in seconds
  milliseconds,  ///< a duration in milliseconds
  structured,    ///< JSON text when it is an object or array (decoded), else text
  json,          ///< always JSON text: scalars are decoded too
  body,        ///< as structured; on a model call it is the request or response itself and holds the messages
  json_body,   ///< as json; on a model call it is the request or response itself
  list,        ///< an array of strings, JSON text of one, or one string
  comma_list,  ///< "a, b"
  json_string,  ///< text that may be a JSON string with its quotes
};

std::string_view name(Convert);

/// Lower ranks win; the order across dialects is that of docs/genai.md: current semantic conventions, their
/// older names, OpenInference, older OpenLLMetry, Langfuse, Vercel AI SDK, MLflow, LangSmith, then generic
/// names.
namespace rank {
inline constexpr std::uint8_t house = 0, seed = 5, semconv = 10, semconv_old = 20, vendor = 25,
                              openinference = 30, traceloop_old = 40, langfuse = 50, vercel = 60, mlflow = 70,
                              langsmith = 80, aggregate = 90, generic = 100;
}

struct KeyRule {
  std::string_view key;
  Field field;
  std::uint8_t rank;
  Convert convert = Convert::text;
};

/// Families of keys with an index or a name inside: the key begins with the prefix.
enum class Family : std::uint8_t {
  none,
  indexed_prompt,       ///< gen_ai.prompt.N.{role,content,tool_calls.K.*,tool_call_id}
  indexed_completion,   ///< gen_ai.completion.N.*
  openinference_input,  ///< llm.input_messages.N.message.*
  openinference_output,
  openinference_tools,  ///< llm.tools.N.tool.json_schema
  openinference_documents,
  openinference_embeddings,
  request_functions,   ///< llm.request.functions.N.{name,description,parameters}
  request_parameters,  ///< gen_ai.request.X
  ai_settings,         ///< ai.settings.X
  score,               ///< eval.score.NAME
  metadata,            ///< …metadata.K: free keys of the user
  known,               ///< understood as belonging to the dialect, with no canonical field
};
std::string_view name(Family);
struct PrefixRule {
  std::string_view prefix;
  Family family;
};

/// What a scope's name tells about every span of that scope.
enum ScopeTrait : std::uint16_t {
  scope_genai = 1,  ///< a library that traces GenAI calls: span names can tell the operation
  scope_sdk = 2,    ///< a model vendor's SDK tracing itself: its spans repeat those of frameworks above it
  scope_input_excludes_cache = 4,  ///< Anthropic counts come raw: input without cached tokens
  scope_input_includes_cache = 8,  ///< counts follow the convention: input with cached tokens
  scope_hand_written = 16,         ///< the example agent's own spans
  scope_logfire = 32,
  scope_vercel = 64,
  scope_pydantic = 128,
  scope_house = 256,  ///< named by a rule of the user
};
struct ScopeRule {
  std::string_view scope;  ///< whole name, or the beginning of it when it ends in '*'
  std::uint16_t traits;
};

/// Span names that stand for an operation (kind rules 9 and 10); a '*' at the end matches any rest.
struct NameRule {
  std::string_view name;
  std::uint8_t kind;           ///< genai::Kind
  std::uint16_t scope_traits;  ///< any of these must hold; 0: in every scope
};

struct Dialect {
  std::string_view name;
  std::span<const KeyRule> keys;
  std::span<const PrefixRule> prefixes;
  std::span<const ScopeRule> scopes;
  std::span<const NameRule> names;
};

}  // namespace turnscope::genai
