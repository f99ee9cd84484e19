// Corpus: tests/fuzz/otlp_differential. What must hold: fuzz_targets.h.
#include "otlp/fuzz_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  turnscope::otlp::fuzz::differential({reinterpret_cast<const char*>(data), size});
  return 0;
}
