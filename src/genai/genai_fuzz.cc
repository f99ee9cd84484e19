// Bytes → OTLP → columns and explain: must not crash, whatever comes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "genai/explain.h"
#include "otlp/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace turnscope;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  otlp::Arena arena;
  otlp::DecodeReport report;
  const auto traces = otlp::decode_traces_protobuf(bytes, arena, {}, report);
  if (!traces) return 0;
  genai::Columns columns;
  for (const auto& rs : traces->resources)
    for (const auto& ss : rs.scopes)
      for (const auto& s : ss.spans) genai::columns(s, rs.resource, ss.scope, columns);
  genai::Run run;
  run.traces.push_back(&*traces);
  (void)genai::explain_run(run);
  return 0;
}
