#include "store/objects/object_store.h"

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

#include "otlp/decode.h"

namespace turnscope::store {
namespace {
constexpr int kLevel = 3;
constexpr std::size_t kLongestField = 160;
}  // namespace

std::string object_key(std::uint32_t project, const otlp::TraceId& trace, otlp::SpanId span,
                       std::string_view field) {
  std::string name;
  for (const char c : field) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_';
    if (plain)
      name += c;
    else
      name += fmt::format("~{:02X}", static_cast<unsigned char>(c));
  }
  if (name.size() > kLongestField)
    name = fmt::format("{}~~{:016x}", name.substr(0, kLongestField - 18),
                       XXH3_64bits(field.data(), field.size()));
  return fmt::format("{}/{}/{:016x}/{}.zst", project, otlp::hex(trace), span, name);
}

std::string pack_object(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const auto n = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), kLevel);
  out.resize(ZSTD_isError(n) ? 0 : n);
  return out;
}

Result<std::string> unpack_object(std::string_view bytes, std::size_t most) {
  const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR)
    return fail(ErrorKind::corrupt, "the object is not what was put there (no zstd frame of a known size)");
  if (size > most)
    return fail(ErrorKind::too_large,
                fmt::format("the value has {} bytes; at most {} are given out", size, most));
  std::string out(size, '\0');
  const auto n = ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(n) || n != size)
    return fail(ErrorKind::corrupt, fmt::format("the object cannot be unpacked: {}",
                                                ZSTD_isError(n) ? ZSTD_getErrorName(n) : "it ends early"));
  return out;
}

}  // namespace turnscope::store
