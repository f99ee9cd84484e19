#include "receivers/decompress.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace turnscope::receivers {
namespace {

constexpr std::size_t max_parts =
    1'000;  // members or frames of one body; a million empty ones are an attack on our time
constexpr int zstd_window_log_max = 23;

Error too_large(std::size_t max_bytes) {
  return {ErrorKind::too_large, fmt::format("the request is larger than {} bytes after decompression "
                                            "(limits.request_bytes); send smaller batches",
                                            max_bytes)};
}
Error damaged(std::string_view what, std::string_view why) {
  return {ErrorKind::invalid_argument, fmt::format("the {} body cannot be decompressed: {}", what, why)};
}

/// Makes room for more output, but never beyond one byte above the limit: that byte proves that the limit is
/// exceeded.
Status grow(Buffer& out, std::size_t max_bytes) {
  if (out.room() > 0) return {};
  const std::size_t want = std::min(max_bytes + 1, std::max<std::size_t>(out.capacity() * 2, 16384));
  if (out.capacity() >= max_bytes + 1) return fail(too_large(max_bytes));
  if (!out.reserve(want))
    return fail(ErrorKind::overloaded, "no memory left to decompress the request; try again later");
  return {};
}

class Inflater {
 public:
  explicit Inflater(int window_bits) { ok_ = inflateInit2(&stream, window_bits) == Z_OK; }
  ~Inflater() {
    if (ok_) inflateEnd(&stream);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  bool ok() const { return ok_; }
  z_stream stream{};

 private:
  bool ok_;
};

Result<Buffer> inflate_all(Compression kind, std::string_view in, std::size_t max_bytes) {
  const bool gzip = kind == Compression::gzip;
  const std::string_view what = gzip ? "gzip" : "zlib";
  Buffer out;
  std::size_t guess = in.size() * 4;
  if (gzip && in.size() >= 18) {
    std::uint32_t declared;  // ISIZE: size of the last member modulo 2^32
    std::memcpy(&declared, in.data() + in.size() - 4, 4);
    // Deflate cannot give more than 1032 times its input: what claims so has other bytes at its end.
    if (declared <= in.size() * 1032) {
      if (declared > max_bytes) return fail(too_large(max_bytes));
      guess = std::min<std::size_t>(std::size_t{declared} + 1, in.size() * 32);
    }
  }
  if (!out.reserve(std::clamp<std::size_t>(guess, 64, max_bytes + 1)))
    return fail(ErrorKind::overloaded, "no memory left to decompress the request; try again later");
  Inflater inflater(gzip ? 15 + 16 : 15);
  if (!inflater.ok()) return fail(ErrorKind::internal, "zlib cannot be started");
  z_stream& z = inflater.stream;
  std::size_t parts = 0;
  while (!in.empty()) {
    TS_TRY(grow(out, max_bytes));
    const auto give = static_cast<uInt>(std::min<std::size_t>(in.size(), 1u << 30));
    const auto room = static_cast<uInt>(std::min<std::size_t>(out.room(), 1u << 30));
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    z.avail_in = give;
    z.next_out = reinterpret_cast<Bytef*>(out.free_space());
    z.avail_out = room;
    const int result = inflate(&z, Z_NO_FLUSH);
    in.remove_prefix(give - z.avail_in);
    out.used(room - z.avail_out);
    if (out.view().size() > max_bytes) return fail(too_large(max_bytes));
    if (result == Z_STREAM_END) {
      if (in.empty()) return out;
      if (!gzip || in.size() < 2 || in.substr(0, 2) != "\x1f\x8b")
        return fail(damaged(what, "bytes behind its end"));
      if (++parts >= max_parts) return fail(damaged(what, "it has more than 1000 members"));
      inflateReset(&z);
      continue;
    }
    if (result == Z_BUF_ERROR && out.room() == 0) continue;
    if (result != Z_OK) return fail(damaged(what, z.msg ? z.msg : "damaged"));
  }
  return fail(damaged(what, "it ends too early"));
}

Result<Buffer> zstd_all(std::string_view in, std::size_t max_bytes) {
  const unsigned long long declared = ZSTD_getFrameContentSize(in.data(), in.size());
  if (declared == ZSTD_CONTENTSIZE_ERROR) return fail(damaged("zstd", "no zstd frame"));
  Buffer out;
  std::size_t guess = in.size() * 4;
  if (declared != ZSTD_CONTENTSIZE_UNKNOWN) {
    if (declared > max_bytes) return fail(too_large(max_bytes));
    guess = std::min<std::size_t>(declared + 1, in.size() * 64);
  }
  if (!out.reserve(std::clamp<std::size_t>(guess, 64, max_bytes + 1)))
    return fail(ErrorKind::overloaded, "no memory left to decompress the request; try again later");
  // Kept per thread; its window is at most 8 MiB.
  thread_local const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                                  &ZSTD_freeDCtx);
  if (!context)
    return fail(ErrorKind::overloaded, "no memory left to decompress the request; try again later");
  ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, zstd_window_log_max);
  ZSTD_inBuffer input{in.data(), in.size(), 0};
  std::size_t parts = 0;
  bool frame_done = true;
  while (input.pos < input.size || !frame_done) {
    TS_TRY(grow(out, max_bytes));
    ZSTD_outBuffer output{out.free_space(), out.room(), 0};
    const std::size_t before = input.pos;
    const std::size_t result = ZSTD_decompressStream(context.get(), &output, &input);
    out.used(output.pos);
    if (ZSTD_isError(result)) {
      const std::string_view why = ZSTD_getErrorName(result);
      return fail(damaged("zstd", ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge
                                      ? "its window is larger than 8 MiB"
                                      : why));
    }
    if (out.view().size() > max_bytes) return fail(too_large(max_bytes));
    frame_done = result == 0;
    if (frame_done && ++parts > max_parts) return fail(damaged("zstd", "it has more than 1000 frames"));
    if (!frame_done && input.pos == before && output.pos == 0 && out.room() > 0)
      return fail(damaged("zstd", "it ends too early"));
  }
  return out;
}

}  // namespace

Compression detect(std::string_view bytes) {
  if (bytes.starts_with("\x1f\x8b")) return Compression::gzip;
  if (bytes.starts_with("\x28\xb5\x2f\xfd")) return Compression::zstd;
  if (bytes.size() >= 2 && bytes[0] == '\x78' && (0x7800 + static_cast<std::uint8_t>(bytes[1])) % 31 == 0)
    return Compression::zlib;
  return Compression::none;
}

Result<Buffer> decompress(Compression kind, std::string_view bytes, std::size_t max_bytes) {
  switch (kind) {
    case Compression::gzip:
    case Compression::zlib:
      return inflate_all(kind, bytes, max_bytes);
    case Compression::zstd:
      return zstd_all(bytes, max_bytes);
    case Compression::none:
      break;
  }
  return fail(ErrorKind::internal, "nothing to decompress");
}

}  // namespace turnscope::receivers
