// What a span's page shows as input and output: messages where there are any, else what the span holds.
#include "genai/explain.h"
#include "genai/json.h"

namespace turnscope::genai {
namespace {

SourcedMessage text_message(std::string role, const json::value& v, const std::string& from) {
  SourcedMessage m;
  m.message.role = std::move(role);
  Part p;
  p.content = v.is_string() ? v : json::value(json::string(json::serialize(v)));
  m.message.parts.push_back(std::move(p));
  m.source = from;
  return m;
}

std::string from_of(const SpanView& v, std::string_view fact) {
  const json::value* o = v.origins.if_contains(fact);
  return o ? std::string(text_member(*o, "from")) : std::string();
}

}  // namespace

std::vector<SourcedMessage> detail_input(const SpanView& v) {
  std::vector<SourcedMessage> out;
  if (!v.system.empty())
    out.push_back({{"system", v.system, std::nullopt}, from_of(v, "system_instructions")});
  out.insert(out.end(), v.input.begin(), v.input.end());
  if (out.empty() && !v.raw_input.is_null())
    out.push_back(text_message("user", v.raw_input, from_of(v, "input")));
  if (out.empty() && !v.tool_arguments.is_null())
    out.push_back(text_message("tool", v.tool_arguments, from_of(v, "tool_arguments")));
  return out;
}

std::vector<SourcedMessage> detail_output(const SpanView& v) {
  std::vector<SourcedMessage> out = v.output;
  if (out.empty() && !v.raw_output.is_null())
    out.push_back(text_message("assistant", v.raw_output, from_of(v, "output")));
  if (out.empty() && !v.tool_result.is_null())
    out.push_back(text_message("tool", v.tool_result, from_of(v, "tool_result")));
  return out;
}

}  // namespace turnscope::genai
