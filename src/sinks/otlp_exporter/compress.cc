#include "sinks/otlp_exporter/compress.h"

#include <zlib.h>
#include <zstd.h>

namespace turnscope::sinks {
namespace {
// The cheapest levels: prompts shrink to a third with them already, and better ones cost more CPU than the
// network.
constexpr int kGzipLevel = 1;
constexpr int kZstdLevel = 1;
}  // namespace

struct Compressor::State {
  z_stream gzip{};
  ZSTD_CCtx* zstd = nullptr;
};

Compressor::Compressor(Compression kind) : kind_(kind), state_(std::make_unique<State>()) {
  if (kind == Compression::gzip)
    deflateInit2(&state_->gzip, kGzipLevel, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  if (kind == Compression::zstd) state_->zstd = ZSTD_createCCtx();
}

Compressor::~Compressor() {
  if (kind_ == Compression::gzip) deflateEnd(&state_->gzip);
  if (state_->zstd != nullptr) ZSTD_freeCCtx(state_->zstd);
}

const char* Compressor::name() const {
  return kind_ == Compression::gzip ? "gzip" : kind_ == Compression::zstd ? "zstd" : nullptr;
}

std::string_view Compressor::compress(std::string_view in) {
  if (kind_ == Compression::gzip) {
    z_stream& z = state_->gzip;
    deflateReset(&z);
    out_.resize(deflateBound(&z, in.size()));
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    z.avail_in = static_cast<uInt>(in.size());
    z.next_out = reinterpret_cast<Bytef*>(out_.data());
    z.avail_out = static_cast<uInt>(out_.size());
    deflate(&z, Z_FINISH);
    out_.resize(z.total_out);
    return out_;
  }
  if (kind_ == Compression::zstd) {
    out_.resize(ZSTD_compressBound(in.size()));
    const auto n =
        ZSTD_compressCCtx(state_->zstd, out_.data(), out_.size(), in.data(), in.size(), kZstdLevel);
    out_.resize(ZSTD_isError(n) ? 0 : n);
    return out_;
  }
  return in;
}

}  // namespace turnscope::sinks
