// Any bytes as a compressed body: never more than the limit comes out, nothing crashes. Corpus:
// tests/fuzz/decompress.
#include <cstdlib>

#include "receivers/decompress.h"

using namespace turnscope::receivers;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t limit = 100'000;
  for (const Compression kind : {Compression::gzip, Compression::zlib, Compression::zstd}) {
    const auto out = decompress(kind, input, limit);
    if (out && out->view().size() > limit) std::abort();
    if (!out && out.error().message.empty()) std::abort();
  }
  (void)detect(input);
  return 0;
}
