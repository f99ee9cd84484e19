// Corpus: tests/fuzz/otlp_json. What must hold: fuzz_targets.h.
#include "otlp/fuzz_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  turnscope::otlp::fuzz::json({reinterpret_cast<const char*>(data), size});
  return 0;
}
